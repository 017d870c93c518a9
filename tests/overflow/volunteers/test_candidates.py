"""Who can be asked to come: every condition by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls.models import Call
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from overflow.volunteers.candidates import Candidate, candidates
from overflow.volunteers.models import CertifiedSkill, Volunteer
from tests.factories import NOW
from tests.overflow.volunteers.making import make_away, make_certificate, make_change, make_hours, make_volunteer


def _found(
    session: Session, at: datetime = NOW, *, skills: Mapping[str, int] | None = None, languages: Sequence[str] = (),
    drill: bool = False, until: timedelta = timedelta(hours=6), most: int = 100,
) -> list[Candidate]:  # fmt: skip
    return candidates(
        session, FrozenClock(at), skills=skills or {}, languages=languages, drill=drill, until=at + until, most=most
    )


def _asked(session: Session, volunteer: Volunteer, at: datetime = NOW, **more: Any) -> bool:
    return volunteer.id in [each.volunteer_id for each in _found(session, at, **more)]


def test_a_candidate_comes_with_what_a_call_out_needs(services: Services) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, speaks="en", max_hours_day=6, max_hours_week=20)
        assert _found(session) == [Candidate(volunteer.id, volunteer.agent_id or 0, volunteer.phone, "en", 360)]


@pytest.mark.parametrize(
    "lacks",
    [
        {"state": "suspended"}, {"state": "applied"}, {"consent_at": None}, {"drill": True},
        {"not_before": NOW + timedelta(minutes=1)}, {"languages": ["es"]}, {"skills": {"visa": 1}},
    ],
)  # fmt: skip
def test_who_lacks_one_thing_is_not_asked(services: Services, lacks: dict[str, Any]) -> None:
    with services.db.transaction() as session:
        right = make_volunteer(session, languages=["ko", "es"], skills={"visa": 2})
        wrong = make_volunteer(session, **({"languages": ["ko", "es"], "skills": {"visa": 2}} | lacks))
        found = [each.volunteer_id for each in _found(session, skills={"visa": 2}, languages=["es", "ko"])]
        assert found == [right.id] and wrong.id not in found


def test_in_a_drill_only_drill_people_are_asked(services: Services) -> None:
    with services.db.transaction() as session:
        make_volunteer(session)
        made_up = make_volunteer(session, drill=True)
        assert [each.volunteer_id for each in _found(session, drill=True)] == [made_up.id]


def test_nobody_on_duty_or_closed_or_on_the_phone_is_asked(services: Services) -> None:
    with services.db.transaction() as session:
        on_duty, inactive, closed, calling = (make_volunteer(session) for _ in range(4))
        session.get_one(Agent, on_duty.agent_id).state = "not_ready"
        session.get_one(Agent, inactive.agent_id).active = False
        session.get_one(Officer, closed.officer_id).disabled_at = NOW
        session.add(
            Call(
                provider_sid="CA1", direction="in", state="waiting", phone=calling.phone, called="+82232100404",
                started_at=NOW, heard_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        assert _found(session) == []


def test_a_certificate_is_asked_for_where_the_skill_needs_one(services: Services) -> None:
    with services.db.transaction() as session:
        session.add(CertifiedSkill(skill="trauma"))
        none, low, withdrawn, ending, right = (make_volunteer(session, skills={"trauma": 3}) for _ in range(5))
        make_certificate(session, low, skill="trauma", level=1)
        make_certificate(session, withdrawn, skill="trauma", level=3, withdrawn_at=NOW)
        make_certificate(session, ending, skill="trauma", level=3, expires_at=NOW + timedelta(hours=6))
        make_certificate(session, right, skill="trauma", level=3, expires_at=NOW + timedelta(hours=6, minutes=1))
        assert [each.volunteer_id for each in _found(session, skills={"trauma": 2})] == [right.id]
        assert not _asked(session, none, skills={"trauma": 2})
        assert _asked(session, ending, skills={"trauma": 2}, until=timedelta(hours=5))


@pytest.mark.parametrize(
    ("clock", "asked"), [("12:00", True), ("21:59", True), ("22:00", False), ("00:00", False), ("06:59", False), ("07:00", True)]
)  # fmt: skip
def test_quiet_hours_run_over_midnight_on_the_volunteers_own_clock(services: Services, clock: str, asked: bool) -> None:
    at = datetime.fromisoformat(f"2026-11-21T{clock}:00+01:00").astimezone(UTC)
    with services.db.transaction() as session:
        in_madrid = make_volunteer(session, quiet_from=1320, quiet_to=420, zone="Europe/Madrid")
        assert _asked(session, in_madrid, at) is asked


def test_weekly_hours_run_into_the_next_day_and_over_the_end_of_the_week(services: Services) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        make_hours(session, volunteer, weekday=6, starts=1320, minutes=480)  # Sunday 22:00 to Monday 06:00 in Seoul
        monday_0559 = datetime.fromisoformat("2026-11-23T05:59:00+09:00")
        assert _asked(session, volunteer, monday_0559)
        assert not _asked(session, volunteer, monday_0559 + timedelta(minutes=1))
        assert not _asked(session, volunteer, monday_0559 - timedelta(hours=8))
        assert _asked(session, volunteer, monday_0559 - timedelta(hours=7, minutes=59))


def test_a_change_of_summer_time_moves_nothing_on_the_wall(services: Services) -> None:
    """In Berlin the night of 25 October 2026 has two hours from 02:00 to 03:00; 29 March 2026 has none."""
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, zone="Europe/Berlin")
        make_hours(session, volunteer, weekday=5, starts=1320, minutes=360)  # Saturday 22:00 to Sunday 04:00
        for last in ("2026-10-25T02:59:00+00:00", "2026-03-29T01:59:00+00:00"):
            assert _asked(session, volunteer, datetime.fromisoformat(last))
            assert not _asked(session, volunteer, datetime.fromisoformat(last) + timedelta(minutes=1))


def test_away_days_are_the_volunteers_own_days(services: Services) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, zone="Pacific/Auckland")
        make_away(session, volunteer, first=date(2026, 11, 21), last=date(2026, 11, 22))
        first = datetime.fromisoformat("2026-11-21T00:00:00+13:00")
        assert _asked(session, volunteer, first - timedelta(minutes=1))
        assert not _asked(session, volunteer, first)
        assert not _asked(session, volunteer, first + timedelta(hours=47, minutes=59))
        assert _asked(session, volunteer, first + timedelta(hours=48))


def test_hours_worked_leave_less_and_who_worked_least_is_first(services: Services) -> None:
    with services.db.transaction() as session:
        tired, over, fresh = (make_volunteer(session, max_hours_day=4, max_hours_week=5) for _ in range(3))
        for volunteer, hours in ((tired, 1.0), (over, 3.6)):
            make_change(session, volunteer.agent_id or 0, NOW - timedelta(hours=hours + 1), "ready")
            make_change(session, volunteer.agent_id or 0, NOW - timedelta(hours=1), "offline")
        make_change(session, tired.agent_id or 0, NOW - timedelta(hours=60), "ready")
        make_change(session, tired.agent_id or 0, NOW - timedelta(hours=57.5), "offline")
        found = _found(session)
        assert [(each.volunteer_id, each.hours_left_minutes) for each in found] == [(fresh.id, 240), (tired.id, 90)]
        assert [each.volunteer_id for each in _found(session, most=1)] == [fresh.id]


def test_impossible_wishes_name_their_field(services: Services) -> None:
    with services.db.transaction() as session:
        for more, field in (
            ({"most": 0}, "most"), ({"until": timedelta(hours=-1)}, "until"), ({"skills": {"Visa!": 1}}, "skills"),
            ({"languages": ["xx-long"]}, "languages"),
        ):  # fmt: skip
            with pytest.raises(InvalidInput) as fault:
                _found(session, **more)  # type: ignore[arg-type]
            assert fault.value.field == field
