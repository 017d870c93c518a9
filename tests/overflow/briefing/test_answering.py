"""Answering: checked on the server, mixed per person, replays harmless, three tries and then a senior by name."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from hotline.auth.officers import actor_of
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.briefing import answering, keeping, passing, questions
from overflow.briefing.models import BriefingLift, BriefingPass, BriefingTry, BriefingVersion
from overflow.volunteers.models import Volunteer
from tests.overflow.briefing.making import (
    QUESTIONS,
    RIGHT,
    acting,
    form_of,
    make_incident,
    make_version,
    make_volunteer,
    someone,
)


def fields(version: BriefingVersion, agent_id: int, number: int, wanted: list[int]) -> dict[str, str]:
    """Return the form of somebody who chooses the options `wanted` (as kept) on their sheet."""
    found = {}
    for each, place in zip(
        questions.shown(version.questions, f"briefing:{version.id}:{agent_id}:{number}"), wanted, strict=True
    ):
        option = version.questions[each.number]["options"][place]
        found[f"q{each.number}"] = str(each.options.index(option))
    return found


class Desk:
    """One volunteer with one briefing."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        """Make both."""
        self.services, self.clock = services, clock
        with services.db.transaction() as session:
            volunteer = make_volunteer(session)
            version = make_version(session, make_incident(session))
            assert volunteer.agent_id is not None
            self.volunteer, self.agent, self.version = volunteer.id, volunteer.agent_id, version.id
            self.incident = version.incident_id

    def answer(self, wanted: list[int], number: int, *, version: int | None = None) -> answering.Outcome:
        """Send answers as try `number`."""
        with self.services.db.transaction() as session:
            row = session.get_one(BriefingVersion, version or self.version)
            return answering.answer(
                session, self.clock, self.agent, row.incident_id, row.id, number,
                fields(row, self.agent, number, wanted), by=someone(),
            )  # fmt: skip

    def due(self) -> int:
        """Return how many briefings are outstanding."""
        with self.services.db.transaction() as session:
            return len(passing.outstanding(session, self.volunteer))

    def count(self, model: Any) -> int:
        """Return how many rows there are."""
        with self.services.db.transaction() as session:
            return session.query(model).count()


@pytest.fixture
def desk(services: Services, clock: FrozenClock) -> Desk:
    """Return the desk."""
    return Desk(services, clock)


def test_three_right_answers_pass_and_open_the_gate(desk: Desk) -> None:
    assert desk.due() == 1
    assert desk.answer(RIGHT, 1) == answering.Outcome(True, 3, 2)
    assert desk.due() == 0
    with desk.services.db.transaction() as session:
        assert session.query(AuditEntry).filter_by(action="briefing.passed").count() == 1


def test_two_right_answers_do_not(desk: Desk) -> None:
    assert desk.answer([0, 1, 0], 1) == answering.Outcome(False, 2, 2)
    assert desk.due() == 1


def test_the_same_form_twice_is_one_try_and_a_pass_is_one_pass(desk: Desk) -> None:
    first = desk.answer([3, 3, 3], 1)
    assert desk.answer(RIGHT, 1).passed is False, "a replay with other answers is still the first try"
    assert desk.answer([3, 3, 3], 1) == first and desk.count(BriefingTry) == 1
    assert desk.answer(RIGHT, 2).passed and desk.answer(RIGHT, 2).passed and desk.answer(RIGHT, 3).passed
    assert (desk.count(BriefingTry), desk.count(BriefingPass)) == (2, 1)


def test_a_number_out_of_turn_is_told_to_read_again(desk: Desk) -> None:
    with pytest.raises(Conflict) as conflict:
        desk.answer(RIGHT, 2)
    assert conflict.value.code == "briefing-changed" and desk.count(BriefingTry) == 0


def test_two_taps_at_the_same_moment_are_one_try(desk: Desk) -> None:
    outcomes: list[answering.Outcome] = []
    taps = [threading.Thread(target=lambda: outcomes.append(desk.answer([3, 3, 3], 1))) for _ in range(4)]
    for tap in taps:
        tap.start()
    for tap in taps:
        tap.join(120)
    assert len(outcomes) == 4 and desk.count(BriefingTry) == 1


def test_after_three_tries_a_senior_looks_and_is_on_record(desk: Desk) -> None:
    for number in (1, 2, 3):
        outcome = desk.answer([3, 3, 3], number)
    assert outcome.left == 0
    with pytest.raises(Refused) as refusal:
        desk.answer(RIGHT, 4)
    assert refusal.value.code == "briefing-locked"
    with desk.services.db.transaction() as session:
        (held,) = answering.held(session)
        assert (held.agent_id, held.incident_id, held.tries) == (desk.agent, desk.incident, 3)
        senior = acting(session, "senior_agent")
        with pytest.raises(InvalidInput):
            answering.lift(session, desk.clock, senior, desk.version, desk.agent, "  ")
        answering.lift(session, desk.clock, senior, desk.version, desk.agent, "Misread the second question.")
        assert answering.held(session) == []
        with pytest.raises(Refused) as again:
            answering.lift(session, desk.clock, senior, desk.version, desk.agent, "once more")
        assert again.value.code == "briefing-not-locked"
        kept = session.query(BriefingLift).one()
        assert (kept.by_id, kept.note) == (senior.id, "Misread the second question.")
        line = session.query(AuditEntry).filter_by(action="briefing.lifted").one()
        assert line.after == {"version": 1}, "what was found about somebody is not on a trail that nothing leaves"
    assert desk.answer(RIGHT, 4).passed


def test_nobody_lifts_without_the_right_or_for_themselves(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.answer([3, 3, 3], number)
    with desk.services.db.transaction() as session:
        plain = acting(session, "agent")
        with pytest.raises(Forbidden):
            answering.lift(session, desk.clock, plain, desk.version, desk.agent, "x")
        own = session.get_one(Volunteer, desk.volunteer).officer_id
        from hotline.auth.models import Officer

        officer = session.get_one(Officer, own)
        officer.roles = ["senior_agent"]
        session.flush()
        with pytest.raises(Forbidden) as refusal:
            answering.lift(session, desk.clock, actor_of(officer, via="console"), desk.version, desk.agent, "x")
        assert refusal.value.code == "briefing-own-lift"


def test_a_small_change_gives_no_new_tries_and_a_big_one_does(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.answer([3, 3, 3], number)
    with desk.services.db.transaction() as session:
        incident = keeping.incident_of(session, desk.incident)
        small = make_version(session, incident, number=2, counts_from=1).id
    with pytest.raises(Refused):
        desk.answer(RIGHT, 1, version=small)
    with desk.services.db.transaction() as session:
        big = make_version(session, keeping.incident_of(session, desk.incident), number=3).id
        assert answering.held(session) == []
    assert desk.answer(RIGHT, 1, version=big).passed


def test_an_earlier_version_cannot_be_answered_any_more(desk: Desk) -> None:
    with desk.services.db.transaction() as session:
        make_version(session, keeping.incident_of(session, desk.incident), number=2)
    with pytest.raises(Conflict):
        desk.answer(RIGHT, 1)


def test_missing_and_impossible_answers_are_named_and_cost_no_try(desk: Desk) -> None:
    with pytest.raises(SeveralFaults) as faults, desk.services.db.transaction() as session:
        answering.answer(
            session, desk.clock, desk.agent, desk.incident, desk.version, 1, {"q0": "9", "q1": "x", "q2": ""}, by=someone()
        )  # fmt: skip
    assert [each["field"] for each in faults.value.faults] == ["q0", "q1", "q2"]
    assert desk.count(BriefingTry) == 0


def test_options_stand_in_an_order_of_each_persons_own(services: Services) -> None:
    orders = {
        tuple(
            tuple(QUESTIONS[each.number]["options"].index(option) for option in each.options)
            for each in questions.shown(QUESTIONS, f"briefing:1:{agent}:1")
        )
        for agent in range(60)
    }
    assert len(orders) > 50
    first = {order[0].index(QUESTIONS[0]["right"]) for order in orders}
    assert first == {0, 1, 2, 3}, "the right answer is at every place for somebody"
    again = questions.shown(QUESTIONS, "briefing:1:7:1")
    assert again == questions.shown(QUESTIONS, "briefing:1:7:1"), "and stays where it is while they read"


class TestWriting:
    """Drafts, versions and what is refused."""

    def test_a_draft_is_saved_changed_and_published_and_a_later_one_needs_a_decision(
        self, services: Services, clock: FrozenClock
    ) -> None:
        with services.db.transaction() as session:
            incident = make_incident(session)
            chief = acting(session, "duty_chief")
            keeping.save(session, clock, chief, incident.id, form_of(), 0)
            with pytest.raises(Conflict):
                keeping.save(session, clock, chief, incident.id, form_of(), 0)
            saved = keeping.save(session, clock, chief, incident.id, form_of(body_ko="새 본문"), 1)
            assert keeping.current(session, incident.id) is None and saved.body_ko == "새 본문"
            with pytest.raises(Conflict):
                keeping.publish(session, clock, chief, incident.id, 1, again=None)
            first = keeping.publish(session, clock, chief, incident.id, 2, again=None)
            assert (first.number, first.counts_from, first.published_by_id) == (1, 1, chief.id)
            keeping.save(session, clock, chief, incident.id, form_of(body_en="A word"), 0)
            with pytest.raises(InvalidInput) as fault:
                keeping.publish(session, clock, chief, incident.id, 1, again=None)
            assert fault.value.field == "again"
            second = keeping.publish(session, clock, chief, incident.id, 1, again=False)
            assert (second.number, second.counts_from) == (2, 1)
            keeping.save(session, clock, chief, incident.id, form_of(), 0)
            third = keeping.publish(session, clock, chief, incident.id, 1, again=True)
            assert (third.number, third.counts_from) == (3, 3)
            assert keeping.draft(session, incident.id) is None

    def test_a_discarded_draft_leaves_what_was_published(self, services: Services, clock: FrozenClock) -> None:
        with services.db.transaction() as session:
            incident = make_incident(session)
            holds = make_version(session, incident)
            chief = acting(session, "duty_chief")
            keeping.save(session, clock, chief, incident.id, form_of(), 0)
            keeping.discard(session, clock, chief, incident.id, 1)
            keeping.discard(session, clock, chief, incident.id, 1)
            assert keeping.draft(session, incident.id) is None
            assert keeping.current(session, incident.id) is holds

    def test_who_may_not_write_is_refused_and_a_closed_incident_stays_as_it_is(
        self, services: Services, clock: FrozenClock
    ) -> None:
        with services.db.transaction() as session:
            incident = make_incident(session)
            with pytest.raises(Forbidden):
                keeping.save(session, clock, acting(session, "agent"), incident.id, form_of(), 0)
            chief = acting(session, "duty_chief")
            closed = make_incident(session, state="closed", closed_at=clock.now())
            with pytest.raises(Refused):
                keeping.save(session, clock, chief, closed.id, form_of(), 0)
            with pytest.raises(NotFound):
                keeping.publish(session, clock, chief, incident.id, 0, again=None)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"body_ko": " "}, "body_ko"), ({"body_en": "x" * 3_001}, "body_en"), ({"q0_ko": ""}, "q0_ko"),
            ({"q1_en": "x" * 301}, "q1_en"), ({"q2_options_ko": "one"}, "q2_options_ko"),
            ({"q2_options_en": "a\nb\nc"}, "q2_options_en"), ({"q0_options_en": "a\na\nb\nc"}, "q0_options_en"),
            ({"q0_options_ko": "\n".join("x" * 201 + str(each) for each in range(4))}, "q0_options_ko"),
            ({"q0_right": "5"}, "q0_right"), ({"q0_right": ""}, "q0_right"), ({"q0_right": "²"}, "q0_right"),
        ],
    )  # fmt: skip
    def test_every_fault_names_its_field(
        self, services: Services, clock: FrozenClock, change: dict[str, str], field: str
    ) -> None:
        with services.db.transaction() as session:
            chief = acting(session, "duty_chief")
            with pytest.raises(SeveralFaults) as faults:
                keeping.save(session, clock, chief, make_incident(session).id, form_of(**change), 0)
            assert field in [each["field"] for each in faults.value.faults]

    def test_the_gate_of_a_version_published_later_counts_from_then(self, desk: Desk) -> None:
        desk.answer(RIGHT, 1)
        desk.clock.advance(timedelta(hours=1))
        with desk.services.db.transaction() as session:
            chief = acting(session, "duty_chief")
            keeping.save(session, desk.clock, chief, desk.incident, form_of(), 0)
            keeping.publish(session, desk.clock, chief, desk.incident, 1, again=True)
        assert desk.due() == 1
