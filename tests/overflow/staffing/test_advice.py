"""The advice over real rows: history, a jump, an alert, drills apart, and the row of every minute."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.models import Tally
from alerts.progress import people_since
from hotline.core import jobs
from hotline.core.clock import FrozenClock
from hotline.core.db import Database, psycopg_of
from hotline.core.services import Services
from hotline.incidents.models import Incident
from hotline.queues.models import QueueEntry, Reservation
from overflow.staffing import reading
from overflow.staffing.advice import advise, keep, latest
from overflow.staffing.models import StaffingAdvice
from tests.factories import NOW, make_alert, make_officer
from tests.overflow.staffing.making import MINUTE, make_call, make_history, make_minutes, make_volunteer
from tests.queues.making import call_in, make_agent, make_queue


def _staffed(session: Session, agents: int = 18) -> None:
    make_queue(session)
    for _ in range(agents):
        make_agent(session)


def _calm(session: Session, *, weeks: int = 3, per_minute: int = 2) -> None:
    make_history(session, weeks=weeks, per_minute=per_minute, until=NOW)


def test_a_usual_hour_needs_what_history_says(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session)
        _calm(session)
        found = advise(session, clock, drill=False)
    assert found.usual_per_hour == pytest.approx(120, rel=0.01)
    assert found.per_hour == pytest.approx(120, rel=0.01)
    assert (found.on_duty, found.call_out, found.release) == (18, 0, 0)
    assert len(found.slots) == 17
    assert found.slots[0].at == NOW
    assert [reason.code for reason in found.why] == ["enough", "usual", "assumed"]


def test_eightfold_calls_are_answered_by_a_call_out_within_minutes(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session)
        _calm(session)
        make_minutes(session, [16] * 3, until=NOW + 3 * MINUTE, country="JP")
        clock.advance(3 * MINUTE)
        found = advise(session, clock, drill=False)
    assert found.call_out > 60
    assert found.by is not None and found.by <= NOW + timedelta(minutes=20)
    codes = [reason.code for reason in found.why]
    assert codes == ["short", "size", "lead", "jump", "assumed"]
    assert found.why[3].numbers["country"] == "JP"


def test_one_week_of_crisis_does_not_become_usual(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _calm(session, weeks=5)
        session.execute(text(
            "UPDATE staffing_minutes SET first = 40, calls = 40 WHERE minute BETWEEN :since AND :until"
        ), {"since": NOW - timedelta(days=8), "until": NOW - timedelta(days=5)})  # fmt: skip
        assert advise(session, clock, drill=False).usual_per_hour == pytest.approx(120, rel=0.01)


def test_without_a_week_of_history_today_is_usual(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_minutes(session, [2] * 200, until=NOW)
        found = advise(session, clock, drill=False)
    assert found.usual_per_hour == pytest.approx(120, rel=0.01)
    assert [reason.code for reason in found.why if reason.code == "jump"] == []


def test_an_alert_calls_for_people_before_the_first_call(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session)
        _calm(session)
        _alert(session, people=200_000)
        found = advise(session, clock, drill=False)
        assert advise(session, clock, drill=True).per_hour < 1
    assert found.call_out > 30
    assert [reason.code for reason in found.why][3] == "alert"
    assert found.why[3].numbers["people"] == 200_000


def _alert(session: Session, *, people: int, **more: object) -> int:
    alert = make_alert(session, author=make_officer(session), **({"started_at": NOW - MINUTE} | more))
    session.add(Tally(alert_id=alert.id, country="JP", state="queued", reason="", provider="", messages=people))
    session.flush()
    return alert.id


def test_alerts_tell_their_people_by_country_and_drill(db: Database) -> None:
    with db.transaction() as session:
        first = _alert(session, people=100)
        session.add(Tally(alert_id=first, country="JP", state="sent", reason="", provider="x", messages=50))
        _alert(session, people=7, status="Exercise")
        _alert(session, people=9, follows_id=first, chain_id=first)
        _alert(session, people=9, started_at=NOW - timedelta(hours=9))
        session.flush()
        since = NOW - timedelta(hours=6)
        assert [(each.country, each.people) for each in people_since(session, since, False)] == [("JP", 150)]
        assert [each.people for each in people_since(session, since, True)] == [7]


def test_staff_of_drills_and_of_the_centre_are_kept_apart(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session, 3)
        make_agent(session, state="not_ready")
        make_volunteer(session)
        make_volunteer(session, drill=True)
        make_volunteer(session, drill=True, state="offline")
        registry = jobs.registry()
        real, drill = (reading.staff(session, registry, NOW, drill=each) for each in (False, True))
        assert advise(session, clock, drill=True).on_duty == 1
    assert (len(real.ends), real.volunteers) == (4, 1)
    assert (len(drill.ends), drill.volunteers) == (1, 1)


def test_duty_that_ends_is_seen_ahead(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session, 2)
        make_agent(session, duty_since=NOW - timedelta(hours=11), max_duty_minutes=720)
        found = advise(session, clock, drill=False)
    assert [need.on_duty for need in found.slots[:6]] == [3, 3, 3, 3, 2, 2]


def test_planned_shifts_are_seen_ahead(services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with services.db.transaction() as session:
        early, stays, late = make_agent(session), make_agent(session), make_agent(session, state="offline")
        of_drill = make_volunteer(session, drill=True, state="offline")
        plan = {early.id: (0, 60), late.id: (60, 300), of_drill.agent_id or 0: (60, 300)}

        def on_shift(_session: Session, at: datetime) -> set[int]:
            return {
                agent for agent, (since, until) in plan.items() if NOW + since * MINUTE <= at < NOW + until * MINUTE
            }

        monkeypatch.setattr(jobs.registry(), "on_shift", on_shift)
        found = advise(session, clock, drill=False)
        drill = advise(session, clock, drill=True)
        assert stays.id not in plan
    assert [need.on_duty for need in found.slots[:6]] == [2, 2, 2, 2, 2, 2]  # one goes and one comes at the hour
    assert found.slots[-1].on_duty == 2
    assert [need.on_duty for need in drill.slots[:6]] == [0, 0, 0, 0, 1, 1]


def test_calls_and_patience_are_measured_when_there_were_enough(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        queue, agent = make_queue(session), make_agent(session)
        assert reading.callers(session, services.settings, NOW, drill=False).calls.handling_s == 240
        for number in range(12):
            session.add(Reservation(
                token=f"t{number}", agent_id=agent.id, queue_id=queue.id, call_ref=f"r{number}", via="phone", matched_step=0,
                state="done", reserved_at=NOW - 10 * MINUTE, expires_at=NOW, accepted_at=NOW - 9 * MINUTE,
                finished_at=NOW - 5 * MINUTE, wrapped_at=NOW - 3 * MINUTE,
            ))  # fmt: skip
        _hung_up(session, clock, 30)
        found = reading.callers(session, services.settings, NOW, drill=False)
    assert (found.handling_measured, found.patience_measured) == (True, True)
    assert (found.calls.handling_s, found.calls.patience_s) == (360, 90)


def _hung_up(session: Session, clock: FrozenClock, people: int) -> None:
    for _ in range(people):
        entry: QueueEntry = call_in(session, clock)
        entry.enqueued_at, entry.left_at = NOW - 10 * MINUTE, NOW - 10 * MINUTE + timedelta(seconds=90)
        entry.state, entry.left_reason = "left", "hangup"
    session.flush()


def test_hooks_of_other_rooms_count(services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = jobs.registry()
    with services.db.transaction() as session:
        _staffed(session)
        _calm(session)
        make_minutes(session, [16] * 5, until=NOW + 5 * MINUTE, country="JP")
        clock.advance(5 * MINUTE)
        alone = advise(session, clock, drill=False)
        monkeypatch.setattr(registry, "volunteers_coming", lambda _session, _drill: 25)
        monkeypatch.setattr(registry, "minutes_to_come", lambda _session, _drill: 35.0)
        found = advise(session, clock, drill=False)
    assert found.call_out == alone.call_out - 25
    assert {reason.code: reason.numbers for reason in found.why}["lead"]["minutes"] == 35


def _kept(db: Database) -> list[tuple[datetime, bool]]:
    with db.transaction() as session:
        return [
            (row.at, row.drill) for row in session.scalars(select(StaffingAdvice).order_by(StaffingAdvice.id)).all()
        ]


def test_every_minute_keeps_one_row(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        _staffed(session, 2)
        make_call(session, at=NOW - 2 * MINUTE)
    assert (keep(services), keep(services)) == (1, 0)
    clock.advance(timedelta(seconds=70))
    assert keep(services) == 1
    assert [drill for _, drill in _kept(services.db)] == [False, False]
    with services.db.transaction() as session:
        row = latest(session, drill=False)
        assert row is not None
        assert row.needed_now >= 1
        assert len(row.slots) == 17
        assert {code for code, _ in row.why} >= {"assumed"}


def test_drills_are_advised_only_while_one_is_open(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        officer = make_officer(session)
        session.add(Incident(
            name_ko="훈련", name_en="Drill", kind="earthquake", severity="Severe", countries=["JP"], drill=True,
            began_at=NOW, opened_at=NOW, opened_by_id=officer.id, updated_at=NOW,
        ))  # fmt: skip
    assert keep(services) == 2
    assert [drill for _, drill in _kept(services.db)] == [False, True]


def test_plenty_is_remembered_from_row_to_row(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(12):
            make_volunteer(session)
    released = []
    for _ in range(12):
        keep(services)
        with services.db.transaction() as session:
            row = latest(session, drill=False)
            assert row is not None
            released.append(row.release)
        clock.advance(timedelta(minutes=5))
    assert released[:9] == [0] * 9
    assert released[9] > 0


def test_the_forecast_reads_short_stretches_of_the_key(db: Database) -> None:
    with db.transaction() as session:
        make_history(session, weeks=9, per_minute=1, until=NOW)
        session.execute(text("ANALYZE staffing_minutes"))
        for statement, values in (
            (reading.USUAL, {"drill": False, "base": NOW, "weeks": 8}),
            (reading.LIVE_MINUTES, {"drill": False, "since": NOW - reading.LIVE, "until": NOW}),
        ):
            plan = "\n".join(row[0] for row in psycopg_of(session).execute("EXPLAIN " + statement, values))
            assert "pk_staffing_minutes" in plan, plan
            assert "Seq Scan on staffing_minutes" not in plan, plan
