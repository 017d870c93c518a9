"""One person's shifts as a calendar that telephones and mail programs fetch (RFC 5545), at an address only they know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound
from hotline.core.services import Services
from overflow.shifts import reading
from overflow.shifts.models import Shift, ShiftCalendar
from overflow.shifts.people import Person, people
from overflow.shifts.states import PUBLISHED

MAX_TOKEN_CHARS = 200
MAX_EVENTS = 500
BACK = timedelta(days=60)
_LINE_OCTETS = 75
_TITLES = {"ko": "영사콜센터 근무", "en": "Consular centre: shift"}


def address(session: Session, services: Services, agent_id: int) -> str:
    """Return the address of somebody's calendar; it holds until they ask for another."""
    kept = session.get(ShiftCalendar, agent_id)
    token = _signer(services).dumps([agent_id, kept.serial if kept is not None else 0])
    return f"{services.settings.public_url}/shifts/calendar/{token}.ics"


def renew(session: Session, clock: Clock, actor: Actor, agent_id: int) -> None:
    """End the address that somebody's calendar had."""
    kept = session.get(ShiftCalendar, agent_id, with_for_update=True)
    if kept is None:
        session.add(ShiftCalendar(agent_id=agent_id, serial=1, changed_at=clock.now()))
    else:
        kept.serial, kept.changed_at = kept.serial + 1, clock.now()
    audit.record(session, clock, actor, "shift.calendar_renewed", "agent", agent_id)


def whose(session: Session, services: Services, token: str) -> int:
    """Return whose calendar an address opens; raises NotFound, which never names the token, also where they are gone."""
    try:
        agent_id, serial = _signer(services).loads(token[: MAX_TOKEN_CHARS + 1])
    except (BadSignature, ValueError, TypeError):
        raise NotFound("calendar", "at this address") from None
    kept = session.get(ShiftCalendar, agent_id)
    owner = people(session, [int(agent_id)]).get(int(agent_id))
    if owner is None or not owner.active or serial != (kept.serial if kept is not None else 0):
        raise NotFound("calendar", "at this address")
    return int(agent_id)


def _signer(services: Services) -> URLSafeSerializer:
    return URLSafeSerializer(services.settings.secret_key.get_secret_value(), salt="shifts.calendar")


def of_person(session: Session, now: datetime, person: Person) -> str:
    """Return a person's published shifts as an iCalendar file; those of the last sixty days and all to come."""
    shifts = reading.of_person(session, person.agent_id, now - BACK, states=(PUBLISHED,), limit=MAX_EVENTS)
    return written(shifts, _TITLES.get(person.language, _TITLES["en"]), now)


def written(shifts: Sequence[Shift], title: str, now: datetime) -> str:
    """Return shifts as an iCalendar file; times in UTC, which every program shows on its own wall."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Consular crisis hotline//shifts//EN", "METHOD:PUBLISH"]
    lines += [f"X-WR-CALNAME:{_escaped(title)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for shift in shifts:
        lines += [
            "BEGIN:VEVENT", f"UID:shift-{shift.id}@hotline", f"SEQUENCE:{shift.version}", f"DTSTAMP:{_stamp(now)}",
            f"LAST-MODIFIED:{_stamp(shift.updated_at)}", f"DTSTART:{_stamp(shift.starts_at)}",
            f"DTEND:{_stamp(shift.ends_at)}", f"SUMMARY:{_escaped(title)}", "END:VEVENT",
        ]  # fmt: skip
    return "\r\n".join(_folded(line) for line in [*lines, "END:VCALENDAR"]) + "\r\n"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line broken where it is longer than RFC 5545 allows, never inside a character."""
    parts: list[str] = []
    held = b""
    for char in line:
        octets = char.encode()
        if len(held) + len(octets) > _LINE_OCTETS - (1 if parts else 0):
            parts.append(held.decode())
            held = b""
        held += octets
    return "\r\n ".join([*parts, held.decode()])
