"""Nobody works longer than they agreed, and what they worked is stated by the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.services import Services
from overflow.volunteers import fatigue, leaving, links, statement
from tests.auth.conftest import Visitor
from tests.overflow.volunteers.making import make_change, make_volunteer
from tests.queues.making import make_agent


def _on_duty(services: Services, clock: FrozenClock, state: str, hours: float) -> int:
    """Add somebody with four hours a day who has been in a state for so long; return their agent."""
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, max_hours_day=4, max_hours_week=10)
        agent = session.get_one(Agent, volunteer.agent_id)
        since = clock.now() - timedelta(hours=hours)
        agent.state, agent.duty_since, agent.token = state, since, "t" if state in ("talking", "wrap_up") else None
        make_change(session, agent.id, since, state)
        return agent.id


def _agent(services: Services, agent_id: int) -> Agent:
    with services.db.transaction() as session:
        return session.get_one(Agent, agent_id)


def test_who_is_over_their_hours_does_not_become_ready(services: Services, clock: FrozenClock) -> None:
    agent_id = _on_duty(services, clock, "ready", 4)
    with services.db.transaction() as session:
        presence.choose(session, clock, agent_id, "offline", actor=SYSTEM)
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        presence.choose(session, clock, agent_id, "ready", actor=SYSTEM)
    assert refused.value.code == "hours-over"
    clock.advance(timedelta(hours=21))
    with services.db.transaction() as session:
        assert presence.choose(session, clock, agent_id, "ready", actor=SYSTEM).state == "ready"


def test_the_sweep_signs_off_who_waits_and_lets_a_call_end(services: Services, clock: FrozenClock) -> None:
    waiting, talking = _on_duty(services, clock, "ready", 4), _on_duty(services, clock, "talking", 4.5)
    fresh = _on_duty(services, clock, "ready", 3.9)
    assert fatigue.sweep(services) == 2
    assert _agent(services, waiting).state == "offline" and _agent(services, fresh).state == "ready"
    in_call = _agent(services, talking)
    assert (in_call.state, in_call.next_state) == ("talking", "offline")
    assert fatigue.sweep(services) == 0, "said once"
    with services.db.transaction() as session:
        agent = presence.get_agent(session, talking, lock=True)
        presence.move(session, clock, agent, "finish")
        assert presence.wrapped_up(session, clock, talking, "other").state == "offline"


@pytest.mark.parametrize(("days_ago", "over"), [((1, 2, 3), True), ((1, 2, 8), False)])
def test_the_hours_of_seven_days_count_although_no_day_was_too_long(
    services: Services, clock: FrozenClock, days_ago: tuple[int, ...], over: bool
) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, max_hours_day=4, max_hours_week=10)
        agent_id = volunteer.agent_id or 0
        for days in sorted(days_ago, reverse=True):
            began = clock.now() - timedelta(days=days)
            make_change(session, agent_id, began, "ready")
            make_change(session, agent_id, began + timedelta(hours=3, minutes=30), "offline")
    with services.db.transaction() as session:
        agent = session.get_one(Agent, agent_id)
        if over:
            with pytest.raises(Refused) as refused:
                fatigue.guard(session, clock, agent)
            assert refused.value.code == "hours-over"
        else:
            fatigue.guard(session, clock, agent)
        agent.state, agent.duty_since = "ready", clock.now()
        make_change(session, agent_id, clock.now(), "ready")
    assert fatigue.sweep(services) == int(over)
    assert _agent(services, agent_id).state == ("offline" if over else "ready")


def test_an_agent_who_is_no_volunteer_is_left_alone(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        agent = make_agent(session, state="ready")
        make_change(session, agent.id, clock.now() - timedelta(hours=30), "ready")
    assert fatigue.sweep(services) == 0
    with services.db.transaction() as session:
        fatigue.guard(session, clock, session.get_one(Agent, agent.id))


def test_hours_are_stated_by_the_volunteers_own_day(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, name="김하늘", zone="Asia/Seoul")
        for at, after, reason in (
            ("2026-11-18T22:30", "ready", ""), ("2026-11-19T00:30", "not_ready", "meal"), ("2026-11-19T01:00", "talking", ""),
            ("2026-11-19T01:20", "offline", ""),
        ):  # fmt: skip
            moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Asia/Seoul")).astimezone(UTC)
            make_change(session, volunteer.agent_id or 0, moment, after, reason)
        found = statement.state(session, clock, SYSTEM, volunteer.id, date(2026, 11, 1), date(2026, 11, 21))
        assert found.days == [(date(2026, 11, 18), 90), (date(2026, 11, 19), 50)] and found.minutes == 140
        for first, last in ((date(2026, 11, 2), date(2026, 11, 1)), (date(2025, 1, 1), date(2026, 11, 1))):
            with pytest.raises(InvalidInput):
                statement.state(session, clock, SYSTEM, volunteer.id, first, last)
        leaving.leave(session, clock, SYSTEM, volunteer.id)
        leaving.erase(session, clock, SYSTEM, volunteer.id)
        with pytest.raises(NotFound):
            statement.state(session, clock, SYSTEM, volunteer.id, date(2026, 11, 1), date(2026, 11, 21))


def test_a_day_of_a_clock_change_has_its_true_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    began, ended = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 26, 0, tzinfo=UTC)
    assert list(statement.by_day(began, ended, berlin)) == [
        (date(2026, 10, 25), 25 * 3600.0), (date(2026, 10, 26), 3600.0),
    ]  # fmt: skip


def test_the_page_to_print_comes_from_both_pages(services: Services, chief: Visitor) -> None:
    with services.db.transaction() as session:
        volunteer_id = make_volunteer(session, name="김하늘").id
    for path in (f"/volunteers/{volunteer_id}/hours.pdf", f"/v/{links.token_for(services, volunteer_id)}/hours.pdf"):
        sent = chief.get(path)
        assert sent.content_type == "application/pdf" and sent.data.startswith(b"%PDF-") and b"Pretendard" in sent.data
    for odd in ("first=x", "last=9999-12-31", "last=9999-12-31&first=9999-12-31", "last=0001-01-01", "first=1999-12-31",
                "first=2201-01-01&last=2201-01-01"):  # fmt: skip
        assert chief.get(f"/volunteers/{volunteer_id}/hours.pdf?{odd}").status_code == 422, odd
    assert chief.get(f"/volunteers/{volunteer_id}/hours.pdf?first=2200-01-01&last=2200-12-31").status_code == 200
