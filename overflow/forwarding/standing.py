"""What is known of a mission's lines when a call is announced: read in a few statements, remembered for a moment.

A burst is hundreds of calls a second for a few missions, so a web process reads each mission again only after `REMEMBER`. What an
officer or a mission changes (a rule, "take all our calls", an ended key) therefore holds everywhere within that time. While the
database is away the remembered keys still tell whose call it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.missions import opening
from hotline.missions.hours import Calendar, Opening
from overflow.forwarding import rules
from overflow.forwarding.decision import Back, Facts, Rule, back_to
from overflow.forwarding.keys import KNOWN_AFTER_END, secret_of

REMEMBER = timedelta(seconds=3)
MAX_REMEMBERED = 1_000
"""Missions a process remembers; there are about 190."""
ROOM = "forwarding_standing"

FORWARDED = """
SELECT number FROM mission_lines WHERE closed_at IS NULL
 UNION SELECT unnest(ARRAY[phone, emergency_phone]) FROM missions WHERE closed_at IS NULL
"""
"""Every number that rings us: lines, and what missions give the public, which exchanges forward without our knowing of it
(`recognising` takes a call that comes from there as theirs). No call is handed to any of them."""

_MISSION = """
SELECT m.id, m.code, m.name_ko, m.name_en, m.country, m.closed_at IS NOT NULL AS ended, m.languages, m.partner_id, m.zone,
       (SELECT coalesce(json_agg(json_build_array(t.since, least(t.until, coalesce(t.ended_at, t.until)))), '[]') FROM take_all t
         WHERE t.mission_id = m.id AND least(t.until, coalesce(t.ended_at, t.until)) > :now) AS asked,
       (SELECT coalesce(json_agg(json_build_array(k.key_id, k.salt, k.valid_until)), '[]') FROM exchange_keys k
         WHERE k.mission_id = m.id AND (k.valid_until IS NULL OR k.valid_until > :known_since)) AS keys,
       (SELECT coalesce(json_agg(json_build_array(l.id, l.number,
               coalesce(l.pool_number, ''), coalesce(l.return_number, ''), l.label) ORDER BY l.id), '[]')
          FROM mission_lines l WHERE l.mission_id = m.id AND l.closed_at IS NULL) AS lines,
       (SELECT coalesce(json_agg(n), '[]') FROM (SELECT l.pool_number AS n FROM mission_lines l WHERE l.pool_number IS NOT NULL
                                                  UNION SELECT c.number FROM call_lines c) ours) AS ours,
       (SELECT count(*) FROM agents WHERE state = 'ready' AND NOT drill) AS ready,
       (SELECT count(*) FROM queue_entries WHERE state = 'waiting' AND NOT drill) AS waiting,
       (SELECT coalesce(json_agg(DISTINCT spoken), '[]') FROM agents a, unnest(a.languages) spoken
         WHERE a.state <> 'offline' AND NOT a.drill)
       AS languages_here
  FROM missions m WHERE m.code = :code
"""
FLAGGED = """
SELECT path FROM number_flags WHERE phone = :caller AND phone <> '' AND lifted_at IS NULL AND until > :now
 ORDER BY path <> 'blocked' LIMIT 1
"""
_PARTNER = """
SELECT m.id, m.name_ko, m.name_en,
       (SELECT l.return_number FROM mission_lines l
         WHERE l.mission_id = m.id AND l.closed_at IS NULL AND l.return_number IS NOT NULL ORDER BY l.id LIMIT 1) AS return_number
  FROM missions m WHERE m.id = :id AND m.closed_at IS NULL AND m.zone = :zone
"""


@dataclass(frozen=True)
class Key:
    """A key of the exchange; never in a log."""

    secret: str
    valid_until: datetime | None


@dataclass(frozen=True)
class Line:
    """A line that is forwarded: the mission's `number`, ours (`pool`), and the telephone for a hand-back."""

    id: int
    number: str
    pool: str
    return_number: str
    label: str = ""


@dataclass(frozen=True)
class Standing:
    """A mission as it stood at `read_at`, with everything a decision needs but the call itself."""

    mission_id: int
    code: str
    country: str
    names: Mapping[str, str]
    ended: bool
    languages: frozenset[str]
    asked: tuple[tuple[datetime, datetime], ...]
    """From when until when it has asked us to take all its calls."""
    keys: Mapping[str, Key]
    lines: tuple[Line, ...]
    forwarded: frozenset[str]
    ours: frozenset[str]
    rules: tuple[Rule, ...]
    calendar: Calendar
    opening: Opening
    partner: Back
    partners_calendar: Calendar | None
    ready: int
    waiting: int
    languages_here: frozenset[str]
    read_at: datetime

    def line_of(self, called: str) -> Line | None:
        """Return the line with this number, else the first."""
        return next((each for each in self.lines if each.number == called), None) or next(iter(self.lines), None)

    def facts(self, now: datetime, *, reason: str, language: str, flagged: str, line: Line | None) -> Facts:
        """Return what decides about one call at `now` (aware)."""
        shown = self.opening
        if shown.until is not None and shown.until <= now:
            shown = self.calendar.opening(now)
        partner = self.partner
        if self.partners_calendar is not None:
            partner = replace(partner, open=self.partners_calendar.is_open(now))
        called, number = (line.number, line.return_number) if line is not None else ("", "")
        return Facts(
            mission_id=self.mission_id, country=self.country, now=now, open=shown.open, why=shown.why, until=shown.until,
            reason=reason, language=language, ended=self.ended, flagged=flagged,
            take_all_until=max((until for since, until in self.asked if since <= now < until), default=None),
            languages_here=self.languages_here, languages_there=self.languages, ready=self.ready, waiting=self.waiting,
            back=back_to(number, called=called, forwarded=self.forwarded, ours=self.ours), partner=partner,
        )  # fmt: skip


def of(services: Services, code: str) -> Standing | None:
    """Return a mission as it stands, at most `REMEMBER` old; None when there is none with this code."""
    now = services.clock.now()
    known: dict[str, Standing] = services.rooms.setdefault(ROOM, {})
    found = known.get(code)
    if found is not None and timedelta() <= now - found.read_at < REMEMBER:
        return found
    with services.db.transaction() as session:
        found = read(session, services, code, now)
    if found is None:
        known.pop(code, None)
    elif code in known or len(known) < MAX_REMEMBERED:
        known[code] = found
    return found


def remembered(services: Services, code: str) -> Standing | None:
    """Return a mission as it stood when the database could last be asked; None when it was not asked yet."""
    known: dict[str, Standing] = services.rooms.setdefault(ROOM, {})
    return known.get(code)


def read(session: Session, services: Services, code: str, when: datetime) -> Standing | None:
    """Read a mission as it stands at `when` (aware); who is on duty and who waits are as they are now."""
    given = {"code": code, "now": when, "known_since": when - KNOWN_AFTER_END}
    row = session.execute(text(_MISSION), given).one_or_none()
    if row is None:
        return None
    service_key = services.settings.secret_key.get_secret_value()
    calendar = opening.calendar_of(session, row.id)
    forwarded = frozenset(session.scalars(text(FORWARDED)))
    ours = frozenset([*row.ours, services.settings.hotline_number, services.settings.twilio_voice_from]) - {""}
    partner, partners_calendar = _partner(session, row, forwarded, ours)
    return Standing(
        mission_id=row.id, code=row.code, country=row.country, names={"ko": row.name_ko, "en": row.name_en}, ended=row.ended,
        languages=frozenset(row.languages),
        asked=tuple((datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in row.asked),
        keys={key_id: Key(secret_of(service_key, key_id, salt), _time(until)) for key_id, salt, until in row.keys},
        lines=tuple(Line(*each) for each in row.lines), forwarded=forwarded, ours=ours, rules=rules.in_force(session),
        calendar=calendar, opening=calendar.opening(when), partner=partner, partners_calendar=partners_calendar,
        ready=row.ready, waiting=row.waiting, languages_here=frozenset(row.languages_here), read_at=when,
    )  # fmt: skip


def flagged(session: Session, caller: str, now: datetime) -> str:
    """Return the way that the list of protection holds for a number; empty for none."""
    return str(session.scalar(text(FLAGGED), {"caller": caller, "now": now}) or "")


def _partner(
    session: Session, row: Any, forwarded: frozenset[str], ours: frozenset[str]
) -> tuple[Back, Calendar | None]:
    """Return the partner mission's telephone for hand-backs; only one in the same time zone is a partner for calls."""
    if row.partner_id is None:
        return Back(), None
    other = session.execute(text(_PARTNER), {"id": row.partner_id, "zone": row.zone}).one_or_none()
    if other is None:
        return Back(), None
    found = back_to(other.return_number or "", called="", forwarded=forwarded, ours=ours)
    names = {"ko": other.name_ko, "en": other.name_en}
    return Back(found.number, found.fault, names), opening.calendar_of(session, other.id)


def _time(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
