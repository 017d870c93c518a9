"""The roster kept: volunteers added and changed, their hours, days away and "not now", each with its line on the audit trail.

The trail names which fields changed and never the values that say who somebody is, so that erasing them leaves nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from overflow.volunteers import fields
from overflow.volunteers.approving import keep_as_agent
from overflow.volunteers.fields import Away, Hours
from overflow.volunteers.models import AvailableHours, AwayDays, CertifiedSkill, Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.states import APPLIED, APPROVED, LEFT, REFUSED

CONSENT_WORDS = "2026-11"
"""Version of the words about their data that people agree to now (`volunteers/_consent.html`)."""
LONGEST_NOT_NOW = timedelta(days=366)
_PERSONAL = ("name", "phone", "email", "note")
_GONE = (LEFT, REFUSED)


def add(
    session: Session, clock: Clock, actor: Actor, values: Mapping[str, Any], *, verified: bool = False, consented: bool = False
) -> Volunteer:  # fmt: skip
    """Add somebody who waits for a decision. `values` are fields of `fields.CHECKS`; name, phone and languages are needed.

    `verified`: they have just shown that they hold the number; `consented`: and agreed to the words of CONSENT_WORDS.
    Raises SeveralFaults, and Refused (`volunteer-known`) when the number is on the roster already.
    """
    for name in ("name", "phone", "languages"):
        if not values.get(name):
            raise InvalidInput(name, values.get(name), "must be given")
    kept = fields.checked(values)
    demand_known_zone(session, str(kept.get("zone", "Asia/Seoul")))
    if of_phone(session, kept["phone"]) is not None:
        raise Refused("This number is on the roster already.", code="volunteer-known")
    now = clock.now()
    volunteer = Volunteer(state=APPLIED, created_at=now, updated_at=now, **kept)
    if verified:
        volunteer.phone_verified_at = now
    if consented:
        volunteer.consent_at, volunteer.consent_words = now, CONSENT_WORDS
    session.add(volunteer)
    session.flush()
    audit.record(session, clock, actor, "volunteer.added", "volunteer", volunteer.id, after=_shown(kept))
    return volunteer


def change(session: Session, clock: Clock, actor: Actor, volunteer_id: int, values: Mapping[str, Any]) -> Volunteer:
    """Change what is kept; what is left out stays. Their agent follows with the next call.

    Raises NotFound, SeveralFaults, Refused: `volunteer-gone` for who left or was not taken, `volunteer-phone-proof` for
    another number of somebody on the roster (they prove it themselves), `volunteer-known` for a number of somebody else.
    """
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    kept = {name: value for name, value in fields.checked(values).items() if getattr(volunteer, name) != value}
    if "zone" in kept:
        demand_known_zone(session, kept["zone"])
    if "phone" in kept:
        if volunteer.state != APPLIED:
            raise Refused("They change their number on their own page, with a code.", code="volunteer-phone-proof")
        set_phone(session, volunteer, kept.pop("phone"), None)
        # Whoever holds the number before has a link, and may have agreed by it: neither counts for the right number.
        volunteer.links_ended_at, volunteer.consent_at = clock.now().replace(microsecond=0), None
    before = _shown({name: getattr(volunteer, name) for name in kept})
    for name, value in kept.items():
        setattr(volunteer, name, value)
    volunteer.updated_at = clock.now()
    _follow(session, clock, actor, volunteer)
    if kept:
        audit.record(
            session, clock, actor, "volunteer.changed", "volunteer", volunteer.id, before=before, after=_shown(kept)
        )
    return volunteer


def set_phone(session: Session, volunteer: Volunteer, phone: str, verified_at: datetime | None) -> None:
    """Write another number (E.164) of a locked volunteer, proven at an aware moment or not; raises Refused."""
    other = of_phone(session, phone)
    if other is not None and other.id != volunteer.id:
        raise Refused("This number is on the roster already.", code="volunteer-known")
    volunteer.phone, volunteer.phone_verified_at = phone, verified_at
    session.flush()


def confirm(session: Session, clock: Clock, actor: Actor, volunteer_id: int) -> Volunteer:
    """Take down that somebody holds their number, which the link was sent to, and agrees to the words about their data."""
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    now = clock.now()
    volunteer.phone_verified_at = volunteer.phone_verified_at or now
    volunteer.consent_at, volunteer.consent_words, volunteer.updated_at = now, CONSENT_WORDS, now
    audit.record(
        session, clock, actor, "volunteer.confirmed", "volunteer", volunteer.id, after={"words": CONSENT_WORDS}
    )
    return volunteer


def set_hours(session: Session, clock: Clock, actor: Actor, volunteer_id: int, rows: Sequence[Hours]) -> None:
    """Put these hours of the week in the place of what was there; none at all binds them to no hour."""
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    session.execute(delete(AvailableHours).where(AvailableHours.volunteer_id == volunteer.id))
    session.add_all(
        AvailableHours(volunteer_id=volunteer.id, weekday=row.weekday, starts=row.starts, minutes=row.minutes)
        for row in rows
    )
    audit.record(session, clock, actor, "volunteer.hours_set", "volunteer", volunteer.id, after={"times": len(rows)})


def set_away(session: Session, clock: Clock, actor: Actor, volunteer_id: int, rows: Sequence[Away]) -> None:
    """Put these days away in the place of what was there."""
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    session.execute(delete(AwayDays).where(AwayDays.volunteer_id == volunteer.id))
    session.add_all(AwayDays(volunteer_id=volunteer.id, first=row.first, last=row.last) for row in rows)
    audit.record(session, clock, actor, "volunteer.away_set", "volunteer", volunteer.id, after={"times": len(rows)})


def set_not_before(session: Session, clock: Clock, actor: Actor, volunteer_id: int, until: datetime | None) -> None:
    """Ask them not before an aware moment, within a year; None: they can be asked again."""
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    if until is not None and not clock.now() < until <= clock.now() + LONGEST_NOT_NOW:
        raise InvalidInput("until", until.isoformat(), "choose a moment within the coming year")
    volunteer.not_before = until
    audit.record(
        session, clock, actor, "volunteer.not_now", "volunteer", volunteer.id,
        after={"until": until.isoformat() if until is not None else None},
    )  # fmt: skip


def set_certified(session: Session, clock: Clock, actor: Actor, skills: Sequence[str]) -> None:
    """Say which skills count only with a certificate; raises InvalidInput."""
    wanted = sorted(fields.checked({"skills": dict.fromkeys(skills, 1)})["skills"])
    before = sorted(session.scalars(select(CertifiedSkill.skill)))
    session.execute(delete(CertifiedSkill))
    session.add_all(CertifiedSkill(skill=skill) for skill in wanted)
    if before != wanted:
        audit.record(
            session, clock, actor, "volunteer.certified_skills", "volunteer", None, before={"skills": before},
            after={"skills": wanted},
        )  # fmt: skip


def of_phone(session: Session, phone: str) -> Volunteer | None:
    """Return who is on the roster, or waits for it, with this number (E.164)."""
    return session.scalar(select(Volunteer).where(Volunteer.phone == phone, Volunteer.state.not_in(_GONE)))


def demand_there(volunteer: Volunteer) -> None:
    """Raise Refused for who left, was not taken, or was erased."""
    if volunteer.state in _GONE or volunteer.erased_at is not None:
        raise Refused("This person is not on the roster any more.", code="volunteer-gone")


def demand_known_zone(session: Session, zone: str) -> None:
    """Raise InvalidInput for a zone that the database does not know: one such row would end every search for candidates."""
    try:
        with session.begin_nested():
            session.execute(text("SELECT now() AT TIME ZONE :zone"), {"zone": zone})
    except DataError:
        raise InvalidInput("zone", zone, "choose a zone from the list, such as Asia/Seoul") from None


def _follow(session: Session, clock: Clock, actor: Actor, volunteer: Volunteer) -> None:
    """Have officer and agent be what the volunteer is now."""
    if volunteer.officer_id is None:
        return
    officer = session.get(Officer, volunteer.officer_id)
    if officer is None:
        raise NotFound("officer", volunteer.officer_id)
    officer.display_name, officer.language, officer.zone = volunteer.name, volunteer.speaks, volunteer.zone
    keep_as_agent(session, clock, actor, volunteer, active=volunteer.state == APPROVED)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "…" if name in _PERSONAL else value for name, value in values.items()}
