"""The roster kept: fields, numbers, hours, certificates, leaving and being erased."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.agents.models import Agent, PresenceChange
from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.volunteers import approving, certificates, fields, keeping, leaving, links
from overflow.volunteers.fields import Away, Hours
from overflow.volunteers.models import AvailableHours, AwayDays, Certificate, Volunteer
from tests.overflow.volunteers.making import make_certificate, make_change, make_hours, make_volunteer

CHIEF = Actor("officer", None, "chief", frozenset({"volunteers.write", "volunteers.approve"}))
THEMSELVES = Actor("person", None, "volunteer", via="link")
FIELDS: dict[str, Any] = {"name": "Kim Haneul", "phone": "010-9000-0001", "languages": "ko en"}


def test_every_faulty_field_is_named_at_once(services: Services, clock: FrozenClock) -> None:
    wrong = FIELDS | {"zone": "Seoul", "quiet_from": "25:99", "max_hours_day": "13", "skills": "visa:x", "speaks": "fr"}
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as faults:
        keeping.add(session, clock, CHIEF, wrong)
    named = {fault["field"] for fault in faults.value.faults}
    assert named == {"zone", "quiet_from", "max_hours_day", "skills", "speaks"}


def test_a_number_is_on_the_roster_once_and_free_again_after_leaving(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        first = keeping.add(session, clock, CHIEF, FIELDS).id
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        keeping.add(session, clock, CHIEF, FIELDS | {"phone": "+82 10 9000 0001"})
    assert refused.value.code == "volunteer-known"
    with services.db.transaction() as session:
        leaving.leave(session, clock, THEMSELVES, first)
        assert keeping.add(session, clock, CHIEF, FIELDS).id != first


def test_a_change_reaches_officer_and_agent(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer_id = make_volunteer(session, state="applied").id
        approving.approve(session, clock, CHIEF, volunteer_id)
    with services.db.transaction() as session:
        changed = keeping.change(
            session, clock, CHIEF, volunteer_id, {"name": "New Name", "languages": ["ja"], "skills": {"legal": 5}}
        )
        agent, officer = session.get_one(Agent, changed.agent_id), session.get_one(Officer, changed.officer_id)
        assert (officer.display_name, agent.languages, agent.skills) == ("New Name", ["ja"], {"legal": 1})
        assert "lang:ja" in agent.marks and "legal:1" in agent.marks and "legal:2" not in agent.marks


def test_nobody_else_changes_the_number_of_somebody_on_the_roster(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        on_it, waiting = make_volunteer(session).id, make_volunteer(session, state="applied").id
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        keeping.change(session, clock, CHIEF, on_it, {"phone": "010-9000-0009"})
    assert refused.value.code == "volunteer-phone-proof"
    with services.db.transaction() as session:
        assert keeping.change(session, clock, CHIEF, waiting, {"phone": "010-9000-0009"}).phone_verified_at is None


def test_a_corrected_number_ends_links_and_the_yes_that_came_by_the_one_before(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        volunteer_id = keeping.add(session, clock, CHIEF, FIELDS, consented=True).id
    sent = links.token_for(services, volunteer_id)
    clock.advance(timedelta(seconds=5))
    with services.db.transaction() as session:
        assert keeping.change(session, clock, CHIEF, volunteer_id, {"note": "tall"}).consent_at is not None
        assert links.volunteer_of(session, services, sent).id == volunteer_id
        assert keeping.change(session, clock, CHIEF, volunteer_id, {"phone": "010-9000-0009"}).consent_at is None
    with services.db.transaction() as session, pytest.raises(NotFound):
        links.volunteer_of(session, services, sent)
    clock.advance(timedelta(seconds=1))
    fresh = links.token_for(services, volunteer_id)
    with services.db.transaction() as session:
        assert links.volunteer_of(session, services, fresh).phone == "+821090000009"


def test_the_trail_never_says_who_somebody_is(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer_id = keeping.add(session, clock, CHIEF, FIELDS | {"email": "kim@example.org", "note": "tall"}).id
        keeping.confirm(session, clock, THEMSELVES, volunteer_id)
        approving.approve(session, clock, CHIEF, volunteer_id)
        keeping.change(session, clock, CHIEF, volunteer_id, {"name": "Kim Bada", "note": "short"})
        written = str([(entry.before, entry.after) for entry in session.scalars(select(AuditEntry))])
    for personal in ("Haneul", "Bada", "9000", "example.org", "tall", "short"):
        assert personal not in written


def test_hours_and_days_away_are_replaced_as_a_whole(services: Services, clock: FrozenClock) -> None:
    rows = [{"weekday": 6, "from": "22:00", "to": "06:00"}, {"weekday": 0, "from": "00:00", "to": "24:00"}]
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        make_hours(session, volunteer, weekday=3, starts=0, minutes=60)
        keeping.set_hours(session, clock, THEMSELVES, volunteer.id, fields.checked_hours(rows))
        keeping.set_away(session, clock, THEMSELVES, volunteer.id, [Away(date(2026, 12, 1), date(2026, 12, 3))])
        kept = session.execute(select(AvailableHours.weekday, AvailableHours.starts, AvailableHours.minutes)).all()
        assert sorted(map(tuple, kept)) == [(0, 0, 1440), (6, 1320, 480)]
    assert fields.checked_hours(rows)[1] == Hours(6, 1320, 480)
    with pytest.raises(InvalidInput):
        fields.checked_hours([{"weekday": 0, "from": "10:00", "to": "10:10"}])
    with pytest.raises(InvalidInput):
        fields.checked_away([Away(date(2026, 12, 3), date(2026, 12, 1))])


def test_a_certificate_lifts_its_skill_and_is_withdrawn_once(services: Services, clock: FrozenClock) -> None:
    ends = clock.now() + timedelta(days=300)
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, skills={"trauma": 1})
        given = certificates.give(
            session, clock, CHIEF, volunteer.id, skill="trauma", level=3, source="test:3", expires_at=ends
        )
        assert volunteer.skills == {"trauma": 3}
        assert session.get_one(Agent, volunteer.agent_id).skills == {"trauma": 1}, (
            "the queues know it, on the first level"
        )
        certificates.withdraw(session, clock, CHIEF, volunteer.id, given.id, "wrong person")
        with pytest.raises(Refused):
            certificates.withdraw(session, clock, CHIEF, volunteer.id, given.id, "again")
        for wrong in ({"level": 6}, {"skill": "No!"}, {"expires_at": clock.now()}, {"source": "x" * 61}):
            with pytest.raises(InvalidInput):
                certificates.give(
                    session, clock, CHIEF, volunteer.id,
                    **({"skill": "a", "level": 1, "source": "", "expires_at": ends} | wrong),  # type: ignore[arg-type]
                )  # fmt: skip


def test_erasure_leaves_hours_without_a_name(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, name="Kim Haneul", email="kim@example.org", skills={"visa": 1})
        volunteer_id, agent_id, officer_id = volunteer.id, volunteer.agent_id, volunteer.officer_id
        make_certificate(session, volunteer, skill="visa")
        make_hours(session, volunteer, weekday=1, starts=0, minutes=60)
        make_change(session, agent_id or 0, clock.now() - timedelta(hours=2), "ready")
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        leaving.erase(session, clock, CHIEF, volunteer_id)
    assert refused.value.code == "volunteer-still-there"
    with services.db.transaction() as session:
        leaving.leave(session, clock, THEMSELVES, volunteer_id)
        leaving.erase(session, clock, THEMSELVES, volunteer_id)
    with services.db.transaction() as session:
        gone, agent = session.get_one(Volunteer, volunteer_id), session.get_one(Agent, agent_id)
        officer = session.get_one(Officer, officer_id)
        assert (gone.name, gone.phone, gone.email, gone.languages, gone.skills) == ("", "", "", [], {})
        assert (agent.phone, agent.languages, agent.active) == ("", [], False)
        assert officer.display_name == "Former volunteer" and officer.disabled_at is not None
        for table in (Certificate, AvailableHours, AwayDays):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        assert session.scalar(select(func.count()).select_from(PresenceChange)) == 1, "hours stay, without a name"


def test_who_left_is_erased_after_a_year_and_who_was_refused_after_a_quarter(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        left, refused = make_volunteer(session).id, make_volunteer(session, state="applied").id
        leaving.remove(session, clock, CHIEF, left, "moved away")
        approving.refuse(session, clock, CHIEF, refused, "too young")
    for days, erased in ((89, 0), (2, 1), (273, 0), (2, 1), (1, 0)):
        clock.advance(timedelta(days=days))
        assert leaving.erase_gone(services) == erased


def test_only_who_may_approve_removes_somebody(services: Services, clock: FrozenClock) -> None:
    writer = Actor("officer", None, "writer", frozenset({"volunteers.write"}))
    with services.db.transaction() as session:
        volunteer_id = make_volunteer(session).id
        with pytest.raises(Forbidden):
            leaving.remove(session, clock, writer, volunteer_id, "x")
