"""What is known of a number before anybody says hello: one statement, and one more where a room above knows of alerts.

Calls fill the agent's screen from it and routing asks it whom the caller belongs to. Numbers are shared and can be forged, so
nothing here proves who calls; several people under one number are all named, and none of them is taken for the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.cases.judging import COUNTED, SENIOR_SKILL, SeniorNeeded, senior_needed
from hotline.core import jobs
from hotline.core.services import current

MAX_PERSONS, MAX_CASES = 5, 10
_KNOWN = """
WITH who AS (
    SELECT coalesce(p.merged_into_id, p.id) AS id FROM person_phones f JOIN persons p ON p.id = f.person_id
     WHERE f.phone = :phone AND p.erased_at IS NULL GROUP BY 1 ORDER BY 1 LIMIT :max_persons
), everybody AS (
    SELECT p.id, who.id AS known_as, p.traveller_id FROM who JOIN persons p ON p.id = who.id OR p.merged_into_id = who.id
), named AS (
    SELECT who.id AS person_id, p.name, p.language, t.traveller_id
      FROM who JOIN persons p ON p.id = who.id
      LEFT JOIN LATERAL (SELECT max(e.traveller_id) AS traveller_id FROM everybody e WHERE e.known_as = who.id) t ON true
    UNION ALL
    SELECT NULL, t.name, t.language, t.id FROM travellers t
     WHERE t.phone = :phone AND t.erased_at IS NULL AND NOT EXISTS (SELECT FROM persons p WHERE p.traveller_id = t.id)
     LIMIT :max_persons
), theirs AS (
    SELECT c.id, c.state, c.priority, c.source, c.summary, c.risks, c.country, c.owner_id, o.display_name AS owner_name,
           o.disabled_at IS NULL AS owner_here, c.updated_at, c.person_id
      FROM cases c LEFT JOIN officers o ON o.id = c.owner_id
     WHERE c.state <> 'closed' AND c.id IN (
           SELECT own.id FROM cases own JOIN everybody ON own.person_id = everybody.id UNION
           SELECT x.case_id FROM case_people x JOIN everybody ON x.person_id = everybody.id)
     ORDER BY c.priority, c.updated_at DESC LIMIT :max_cases
), talked AS (
    SELECT k.id, k.kind, k.direction, k.opened_at, k.mood, k.risks, k.disposition, k.officer_id, o.display_name AS officer_name
      FROM contacts k LEFT JOIN officers o ON o.id = k.officer_id
     WHERE k.id IN (
           SELECT same.id FROM contacts same WHERE same.phone = :phone AND same.phone <> '' AND same.opened_at > :long_ago UNION
           SELECT own.id FROM contacts own JOIN everybody ON own.person_id = everybody.id WHERE own.opened_at > :long_ago)
       AND k.ref <> :this_ref AND k.kind <> 'answer'
     ORDER BY k.opened_at DESC, k.id DESC LIMIT 20
)
SELECT (SELECT jsonb_agg(named) FROM named) AS persons,
       (SELECT jsonb_agg(theirs) FROM theirs) AS cases,
       (SELECT jsonb_agg(heard) FROM (SELECT * FROM talked WHERE disposition <> '' LIMIT 1) heard) AS last_closed,
       (SELECT jsonb_agg(latest) FROM (SELECT * FROM talked LIMIT 1) latest) AS last_contact,
       (SELECT count(*) FROM talked WHERE kind = 'call' AND direction = 'in' AND opened_at > :since) AS calls,
       (SELECT array_agg(DISTINCT kind) FROM number_flags
         WHERE phone = :phone AND lifted_at IS NULL AND since <= :now AND until > :now) AS flags,
       (SELECT jsonb_agg(p) FROM (
            SELECT p.country, p.lat, p.lon, p.precision, p.observed_at FROM positions p
             WHERE p.traveller_id IN (SELECT traveller_id FROM named) AND p.lat IS NOT NULL
             ORDER BY p.observed_at DESC LIMIT 1) p) AS place
"""
REMEMBERED = timedelta(days=90)
"""How far back a number's contacts are looked at."""


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who has this number. `person_id` is None for a traveller who was never in touch."""

    person_id: int | None
    name: str
    language: str
    traveller_id: int | None


@dataclass(frozen=True)
class KnownCase:
    """An open case of theirs, the most urgent first. `owner_here` is False when the owner's account was closed."""

    id: int
    state: str
    priority: int
    source: str
    summary: str
    risks: tuple[str, ...]
    country: str
    owner_id: int | None
    owner_name: str
    owner_here: bool


@dataclass(frozen=True)
class KnownContact:
    """The last time they were in touch."""

    id: int
    kind: str
    direction: str
    opened_at: datetime
    mood: str
    risks: tuple[str, ...]
    disposition: str
    officer_id: int | None
    officer_name: str


@dataclass(frozen=True)
class KnownPlace:
    """Where they are held to be; degrees are WGS 84."""

    country: str
    lat: float
    lon: float
    precision: str
    observed_at: datetime


@dataclass(frozen=True)
class KnownAlert:
    """The latest alert that was sent to this number and still holds."""

    id: int
    headline: str
    severity: str
    sent_at: datetime


@dataclass(frozen=True)
class Known:
    """Everything about a number. `person` is the only one who has it, or None; `persons` are all who have it."""

    persons: tuple[KnownPerson, ...] = ()
    cases: tuple[KnownCase, ...] = ()
    last_contact: KnownContact | None = None
    mood: str = ""
    """As noted when they were last spoken with."""
    times_called: int = 0
    """Calls to us within the last 72 hours, before this one."""
    flags: frozenset[str] = field(default_factory=frozenset)
    """Kinds of flags on the number now, risks of the open cases, and `several` when several people share the number."""
    place: KnownPlace | None = None
    alert: KnownAlert | None = None
    senior: SeniorNeeded = field(default_factory=lambda: SeniorNeeded(False))

    @property
    def person(self) -> KnownPerson | None:
        """Return the only person who has the number."""
        return self.persons[0] if len(self.persons) == 1 else None

    @property
    def owner(self) -> int | None:
        """Return the officer whom a call from this number goes to first: the owner of the most urgent case that has one."""
        return next((case.owner_id for case in self.cases if case.owner_id is not None and case.owner_here), None)

    @property
    def skills(self) -> tuple[str, ...]:
        """Return the skills that the rules ask for."""
        return (SENIOR_SKILL,) if self.senior.needed else ()


def who_is(session: Session, phone: str, *, now: datetime | None = None, this_ref: str = "") -> Known:
    """Return what is known of a number in E.164; nothing for a withheld one.

    `now` (aware) is the clock of this process when left out. `this_ref` is the ref of the call that asks, where its contact is
    open already, so that it does not count as one before itself.
    """
    if not phone:
        return Known()
    moment = now or current().clock.now()
    given = {
        "phone": phone, "now": moment, "since": moment - COUNTED, "long_ago": moment - REMEMBERED, "this_ref": this_ref,
        "max_persons": MAX_PERSONS, "max_cases": MAX_CASES,
    }  # fmt: skip
    row = session.execute(text(_KNOWN), given).mappings().one()
    return _read(dict(row), _alert(session, phone, moment))


def _alert(session: Session, phone: str, now: datetime) -> KnownAlert | None:
    tells = jobs.registry().received
    sent = tells(session, [phone], 1, now) if tells is not None else ()
    return next((KnownAlert(each.number, each.words, each.severity, each.at) for each in sent if each.holds), None)


def _read(row: Mapping[str, Any], alert: KnownAlert | None) -> Known:
    persons = tuple(KnownPerson(**each) for each in row["persons"] or ())
    cases = tuple(_case(each) for each in row["cases"] or ())
    heard = _contact(row["last_closed"])
    risks = {risk for case in cases for risk in case.risks} | set(heard.risks if heard else ())
    mood = heard.mood if heard else ""
    flags = set(row["flags"] or ()) | {risk for case in cases for risk in case.risks}
    return Known(
        persons=persons, cases=cases, last_contact=_contact(row["last_contact"]), mood=mood, times_called=row["calls"],
        flags=frozenset(flags | ({"several"} if len(persons) > 1 else set())), place=_place(row["place"]),
        alert=alert, senior=senior_needed(calls_before=row["calls"], mood=mood, risks=risks),
    )  # fmt: skip


def _case(given: Mapping[str, Any]) -> KnownCase:
    plain = ("id", "state", "priority", "source", "summary", "country", "owner_id")
    return KnownCase(
        **{name: given[name] for name in plain}, risks=tuple(given["risks"]), owner_name=given["owner_name"] or "",
        owner_here=given["owner_id"] is not None and given["owner_here"],
    )  # fmt: skip


def _contact(rows: list[Mapping[str, Any]] | None) -> KnownContact | None:
    if not rows:
        return None
    given = dict(rows[0])
    return KnownContact(
        **given | {
            "opened_at": datetime.fromisoformat(given["opened_at"]), "risks": tuple(given["risks"]),
            "officer_name": given["officer_name"] or "",
        }
    )  # fmt: skip


def _place(rows: list[Mapping[str, Any]] | None) -> KnownPlace | None:
    if not rows:
        return None
    return KnownPlace(**dict(rows[0]) | {"observed_at": datetime.fromisoformat(rows[0]["observed_at"])})
