"""A hand-over of a bad night is read in as many statements as one of a calm night, with everybody's own name and numbers."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.cases.person_models import Person, PersonPhone
from hotline.cases.persons import phones_of, phones_of_each
from hotline.core.services import Services
from overflow.handover import reading
from overflow.handover.models import Handover, HandoverItem
from tests.growth.plans import recorded
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MORNING,
    make_call,
    make_case_of,
    make_promise,
    make_shanghai,
    make_staff,
)


def _taken(session: Session, handover: Handover, officer_id: int, kind: str, subject_id: int) -> None:
    session.add(
        HandoverItem(
            handover_id=handover.id, kind=kind, subject_id=subject_id, revision=1, urgency=3, state="acknowledged",
            officer_id=officer_id, decided_at=MORNING, added_at=MORNING,
        )
    )  # fmt: skip


def _night(session: Session, count: int) -> tuple[int, list[Case]]:
    """Add a hand-over whose things the mission has taken: so many cases, promises and unhelped calls."""
    mission = make_shanghai(session)
    officer = make_staff(session, mission)
    handover = Handover(
        mission_id=mission.id,
        period_start=EVENING,
        period_end=MORNING,
        state="acknowledged",
        revision=1,
        created_at=MORNING,
    )
    session.add(handover)
    session.flush()
    cases = []
    for number in range(count):
        call = make_call(session, mission, at=EVENING + HOUR)
        case = make_case_of(session, call)
        session.get_one(Person, case.person_id).name = f"Person {case.id}"
        session.add(PersonPhone(person_id=case.person_id, phone=f"+8210900{case.id:05d}", added_at=EVENING))
        _taken(session, handover, officer.id or 0, "case", case.id)
        _taken(session, handover, officer.id or 0, "promise", make_promise(session, call, due_at=MORNING).id)
        missed = make_call(session, mission, at=EVENING + HOUR, connected=False, phone=f"+8210800{number:05d}")
        _taken(session, handover, officer.id or 0, "unhelped", missed.id)
        cases.append(case)
    session.flush()
    return handover.id, cases


def test_a_bad_night_is_read_in_as_many_statements_as_a_calm_one(services: Services) -> None:
    counts = []
    for size in (1, 12):
        with services.db.transaction() as session:
            handover_id, cases = _night(session, size)
        with recorded(services.db) as asked, services.db.transaction() as session:
            whole = reading.whole(session, handover_id, persons=True)
        counts.append(len(asked))
        assert len(whole.things) == 3 * size
        shown = {each.item.subject_id: each for each in whole.things if each.item.kind == "case"}
        for case in cases:
            assert (shown[case.id].person, shown[case.id].phones) == (f"Person {case.id}", (f"+8210900{case.id:05d}",))
        assert all(each.phones for each in whole.things)
        with services.db.transaction() as session:
            hidden = reading.whole(session, handover_id, persons=False)
        assert not any(each.phones or each.person for each in hidden.things)
    assert counts[0] == counts[1]


def test_a_person_found_to_be_two_has_the_numbers_of_both_the_latest_first(services: Services) -> None:
    with services.db.transaction() as session:
        kept, alone = (Person(created_at=EVENING, updated_at=EVENING) for _ in range(2))
        session.add_all([kept, alone])
        session.flush()
        other = Person(created_at=EVENING, updated_at=EVENING, merged_into_id=kept.id)
        session.add(other)
        session.flush()
        for person, phone, hours in (
            (kept, "+821011110001", 0),
            (other, "+821011110002", 1),
            (other, "+821011110001", 2),
        ):
            session.add(PersonPhone(person_id=person.id, phone=phone, added_at=EVENING + timedelta(hours=hours)))
        session.flush()
        both = ["+821011110001", "+821011110002"]
        assert phones_of_each(session, [kept.id, alone.id]) == {kept.id: both, alone.id: []}
        assert phones_of(session, kept.id) == both
        assert phones_of(session, other.id) == both
