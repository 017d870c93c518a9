"""Cases: one open case per person, never two owners, every act on the record, and lists that find them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.cases import working
from hotline.cases.models import Case
from hotline.cases.opening import HELP_TOPIC, Word, lock_open_case, open_or_join
from hotline.cases.reading import CaseFilter, counts_of_open, history, latest_of_person, list_cases
from hotline.cases.states import CASE, CLOSED, LOWEST, STATES, priority
from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.outbox import OutboxEvent
from tests.factories import make_officer, make_traveller


def make_case(session: Session, clock: FrozenClock, **more: Any) -> Case:
    """Open a case for a person of its own unless one is named."""
    values: dict[str, Any] = {"source": "alert:1", "says": "help", "channel": "link", "country": "PH"} | more
    traveller_id = values.pop("traveller_id", None) or make_traveller(session).id
    return open_or_join(session, clock, SYSTEM, Word(traveller_id=traveller_id, **values))


def agent(session: Session, *roles: str) -> Actor:
    return actor_of(make_officer(session, roles=roles or ("agent",)), "console")


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


@given(
    st.none() | st.booleans(),
    st.none() | st.integers(1, 500),
    st.sampled_from(["Extreme", "Severe", "Minor", "Unknown"]),
)
def test_priority_lies_between_one_and_four_and_injury_is_always_first(
    injured: bool | None, people: int | None, severity: str
) -> None:
    rank = priority(injured=injured, people=people, severity=severity)
    assert 1 <= rank <= LOWEST
    assert not injured or rank == 1
    assert priority(injured=injured, people=(people or 1) + 10, severity=severity) <= rank


def test_a_case_is_opened_once_and_announced_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = make_case(session, clock)
        again = make_case(session, clock, traveller_id=first.traveller_id, people=12)
        other = make_case(session, clock, traveller_id=first.traveller_id, source="alert:2")
        assert first.id == again.id != other.id
        assert (first.people, first.priority) == (12, 2)
        topics = session.scalars(select(OutboxEvent.payload).where(OutboxEvent.topic == HELP_TOPIC)).all()
        assert topics == [{"case_id": first.id}, {"case_id": other.id}]
        assert actions(session) == ["case.opened", "case.heard", "case.opened"]


def test_nobody_becomes_less_urgent_by_what_they_say_later(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = make_case(session, clock, injured=True)
        assert first.priority == 1
        again = make_case(session, clock, traveller_id=first.traveller_id, injured=False, people=1)
        assert (again.id, again.injured, again.priority) == (first.id, False, 1)


def test_the_database_itself_refuses_a_second_open_case(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case = make_case(session, clock)
        traveller_id = case.traveller_id
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(Case(traveller_id=traveller_id, source="alert:1", state="open", priority=4, opened_at=clock.now(),
                         updated_at=clock.now()))  # fmt: skip


def test_after_a_case_is_closed_help_opens_another(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        working.close(session, clock, who, case.id, reason="Found by a neighbour")
        again = make_case(session, clock, traveller_id=case.traveller_id)
        assert again.id != case.id
        latest = latest_of_person(session, case.traveller_id, "alert:1")
        assert latest is not None and latest.id == again.id
        assert lock_open_case(session, case.traveller_id, "alert:9") is None


def test_only_one_of_many_who_take_a_case_at_once_gets_it(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case_id = make_case(session, clock).id
        agents = [agent(session) for _ in range(6)]
    got: list[int | None] = []
    refused: list[str] = []

    def take(who: Actor) -> None:
        try:
            with db.transaction() as session:
                got.append(working.take(session, clock, who, case_id).owner_id)
        except Refused as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=take, args=(who,)) for who in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(got) == 1 and refused == ["case-taken"] * 5
    with db.transaction() as session:
        assert session.get_one(Case, case_id).owner_id == got[0]
        assert actions(session).count("case.taken") == 1


def test_taking_ones_own_case_again_changes_nothing(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        working.take(session, clock, who, case.id)
        working.take(session, clock, who, case.id)
        assert actions(session).count("case.taken") == 1


def test_the_life_of_a_case_is_on_its_record(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who, other = make_case(session, clock), agent(session), agent(session)
        working.take(session, clock, who, case.id)
        working.note(session, clock, who, case.id, body="Called; line dead")
        working.wait(session, clock, who, case.id, note="Embassy drives there")
        assert case.state == "waiting"
        make_case(session, clock, traveller_id=case.traveller_id, says="help")
        assert case.state == "in_hand"
        assert other.id is not None
        working.hand_over(session, clock, who, case.id, other.id, note="Your shift")
        working.release(session, clock, other, case.id)
        working.take(session, clock, who, case.id)
        working.close(session, clock, who, case.id, reason="Brought to the embassy")
        kinds = [entry.kind for entry in reversed(history(session, case.id))]
        assert kinds == [
            "answer", "taken", "note", "waiting", "answer", "handed_over", "released", "taken", "closed",
        ]  # fmt: skip
        assert (case.state, case.closed_reason, case.owner_id) == (CLOSED, "Brought to the embassy", who.id)


def test_nobody_changes_a_colleagues_case_but_who_assigns_work(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who, other, senior = (
            make_case(session, clock),
            agent(session),
            agent(session),
            agent(session, "senior_agent"),
        )
        working.take(session, clock, who, case.id)
        for act in (working.wait, working.release):
            with pytest.raises(Forbidden):
                act(session, clock, other, case.id)
        with pytest.raises(Forbidden):
            working.close(session, clock, other, case.id, reason="x")
        working.note(session, clock, other, case.id, body="The sister rang")
        assert other.id is not None
        working.hand_over(session, clock, senior, case.id, other.id)
        assert case.owner_id == other.id


def test_a_free_case_is_given_out_only_by_who_assigns_work(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who, senior = make_case(session, clock), agent(session), agent(session, "senior_agent")
        assert who.id is not None
        with pytest.raises(Forbidden):
            working.hand_over(session, clock, who, case.id, who.id)
        working.hand_over(session, clock, senior, case.id, who.id)
        assert (case.state, case.owner_id) == ("in_hand", who.id)


def test_a_case_is_handed_only_to_somebody_who_works_on_cases(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        working.take(session, clock, who, case.id)
        gone = make_officer(session, roles=("agent",), disabled_at=clock.now())
        for receiver in (make_officer(session, roles=("cashier",)).id, gone.id, 10**9):
            with pytest.raises(InvalidInput):
                working.hand_over(session, clock, who, case.id, receiver)


def test_words_have_limits_and_a_reason_is_needed_to_close(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        with pytest.raises(InvalidInput):
            working.close(session, clock, who, case.id, reason="  ")
        with pytest.raises(InvalidInput):
            working.note(session, clock, who, case.id, body="x" * 4001)
        with pytest.raises(NotFound):
            working.take(session, clock, who, 10**12)


def test_who_only_reads_cases_changes_none(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, reader = make_case(session, clock), agent(session, "auditor")
        with pytest.raises(Forbidden):
            working.take(session, clock, reader, case.id)
        with pytest.raises(Forbidden):
            working.note(session, clock, reader, case.id, body="x")


def test_a_closed_case_stays_closed(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        working.close(session, clock, who, case.id, reason="done")
        for act in (working.take, working.resume, working.wait, working.release):
            with pytest.raises(Refused):
                act(session, clock, who, case.id)
    assert {t.event for t in CASE.transitions if t.state == CLOSED} == {"reopen to its owner", "reopen to anybody"}
    assert {t.state for t in CASE.transitions} == set(STATES)


def test_lists_are_in_the_order_of_urgency_and_page_without_gaps(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        made = [make_case(session, clock, injured=nth % 3 == 0, people=nth % 5 + 1) for nth in range(7)]
        wanted = [case.id for case in sorted(made, key=lambda case: (case.priority, case.id))]
        seen, cursor = [], ""
        for _ in range(5):
            page = list_cases(session, CaseFilter(), cursor=cursor, limit=2)
            seen += [case.id for case in page.cases]
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == wanted


def test_filters_narrow_a_list(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        who = agent(session)
        hurt = make_case(session, clock, injured=True, country="JP")
        mine = make_case(session, clock, source="alert:2", traveller_id=make_traveller(session, name="Kim Minsu").id)
        done = make_case(session, clock)
        working.take(session, clock, who, mine.id)
        working.close(session, clock, who, done.id, reason="done")

        def found(**more: Any) -> list[int]:
            return [case.id for case in list_cases(session, CaseFilter(**more)).cases]

        assert found() == [hurt.id, mine.id]
        assert found(state="closed") == [done.id]
        assert found(state="in_hand") == found(owner=who.id) == found(source="alert:2") == [mine.id]
        assert found(owner=0) == found(country="JP") == found(priority=1) == [hurt.id]
        assert found(search="kim min") == found(search=f"CS-{mine.id:06d}") == [mine.id]
        assert found(search="nobody like this") == []
        assert counts_of_open(session, who.id) == {"all": 2, "free": 1, "mine": 1}


@pytest.mark.parametrize("wrong", [{"state": "gone"}, {"source": "x' OR 1=1"}])
def test_impossible_filters_are_refused(db: Database, wrong: dict[str, str]) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput):
        list_cases(session, CaseFilter(**wrong))
    with db.transaction() as session, pytest.raises(InvalidInput):
        list_cases(session, CaseFilter(), cursor="9-1; DROP")


def test_the_list_of_open_cases_reads_its_index_among_many_closed_ones(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        person = make_case(session, clock, source="person")
        session.execute(
            text(
                "INSERT INTO cases (traveller_id, person_id, source, state, priority, says, drill, severity, country,"
                " opened_at, updated_at)"
                " SELECT :person, :who, 'alert:' || n,"
                " CASE WHEN n % 100 = 0 THEN 'open' ELSE 'closed' END, 1 + n % 4, 'help', false,"
                " 'Severe', 'PH', now(), now() FROM generate_series(1, 20000) n"
            ),
            {"person": person.traveller_id, "who": person.person_id},
        )
        session.execute(text("ANALYZE cases"))
        plan = "\n".join(
            session.scalars(
                text(
                    "EXPLAIN SELECT * FROM cases WHERE state <> 'closed' AND (priority, id) > (2, 100)"
                    " ORDER BY priority, id LIMIT 51"
                )
            )
        )
        assert "ix_cases_due" in plan and "Seq Scan" not in plan and "Sort" not in plan


def test_officers_keep_their_clock(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        case, who = make_case(session, clock), agent(session)
        clock.advance(timedelta(minutes=3))
        working.take(session, clock, who, case.id)
        assert case.updated_at - case.opened_at == timedelta(minutes=3)
        assert session.get_one(Officer, case.owner_id).id == who.id
