"""The ordered list of rules as officers keep it: switched, moved, changed; incidents with an end are added in front.

While nobody has changed anything there are no rows, and the list is the one of the software (`decision.DEFAULT`); the first
change writes it down.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, NotFound
from hotline.geo.countries import countries
from hotline.missions import missions
from overflow.forwarding.decision import ACTIONS, DEFAULT, Rule
from overflow.forwarding.models import OverflowRule

MAX_RULES = 100
MAX_WAITING = 10_000
MAX_NOTE_CHARS = 200
LONGEST_INCIDENT = timedelta(days=60)
KEPT_AFTER_END = timedelta(days=30)
"""Incident rules that are over stay on the list so long, then the next change takes them away."""
_LOCK = 0x4F_56_46_01
"""Key of the advisory lock under which the list is changed: two officers never order it at once."""


def in_force(session: Session) -> tuple[Rule, ...]:
    """Return the list in its order, as it decides."""
    rows = session.scalars(select(OverflowRule).order_by(OverflowRule.position, OverflowRule.id)).all()
    return tuple(_rule(row) for row in rows) or DEFAULT


def listed(session: Session) -> list[OverflowRule]:
    """Return the list for its page; without rows the software's own, with the places as ids."""
    rows = list(session.scalars(select(OverflowRule).order_by(OverflowRule.position, OverflowRule.id)))
    return rows or [_row(rule, place, None) for place, rule in enumerate(DEFAULT)]


def add_incident(
    session: Session, clock: Clock, actor: Actor, *, action: str, mission_id: int | None, country: str,
    ends_at: datetime, note: str,
) -> OverflowRule:  # fmt: skip
    """Put a rule for an incident in front of the list: for one mission or one country, until `ends_at` (aware).

    Raises InvalidInput, NotFound for an unknown mission, Conflict when the list is full.
    """
    now = clock.now()
    if action not in ACTIONS["incident"]:
        raise InvalidInput("action", action, f"use one of {', '.join(ACTIONS['incident'])}")
    if (mission_id is None) == (not country):
        raise InvalidInput("country", country, "choose either a mission or a country")
    if country and country not in {each.code for each in countries()}:
        raise InvalidInput("country", country, "use ISO 3166 codes of two letters, such as PH")
    if mission_id is not None:
        missions.get(session, mission_id)
    if not now < ends_at <= now + LONGEST_INCIDENT:
        raise InvalidInput(
            "ends_at", ends_at.isoformat(), f"choose a time within the next {LONGEST_INCIDENT.days} days"
        )
    words = " ".join(note.split())
    if not 1 <= len(words) <= MAX_NOTE_CHARS:
        raise InvalidInput("note", note, f"say why, in at most {MAX_NOTE_CHARS} characters")
    rows = _locked(session, now)
    if len(rows) >= MAX_RULES:
        raise Conflict("The list of rules is full.", code="rules-full")
    row = OverflowRule(
        position=min(each.position for each in rows) - 1, kind="incident", action=action, mission_id=mission_id,
        country=country, starts_at=now, ends_at=ends_at, note=words, updated_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "overflow.rule_added", "overflow_rule", row.id,
        after={"action": action, "mission_id": mission_id, "country": country, "ends_at": ends_at, "note": words},
    )  # fmt: skip
    return row


def end_incident(session: Session, clock: Clock, actor: Actor, rule_id: int) -> None:
    """End an incident's rule now; raises NotFound for any other rule."""
    _locked(session, clock.now())
    row = session.get(OverflowRule, rule_id)
    if row is None or row.kind != "incident":
        raise NotFound("rule", rule_id)
    if row.ends_at is not None and row.ends_at > clock.now():
        row.ends_at = row.updated_at = clock.now()
        audit.record(session, clock, actor, "overflow.rule_ended", "overflow_rule", row.id)


def change(
    session: Session, clock: Clock, actor: Actor, kind: str, *, enabled: bool | None = None, action: str | None = None,
    limit: int | None = None,
) -> None:  # fmt: skip
    """Switch one of the standing rules on or off, or change what it does; raises NotFound, InvalidInput."""
    row = _standing(_locked(session, clock.now()), kind)
    before = {"enabled": row.enabled, "action": row.action, "limit": row.limit}
    if action is not None and action not in ACTIONS[kind]:
        raise InvalidInput("action", action, f"use one of {', '.join(ACTIONS[kind])}")
    if limit is not None and not 0 <= limit <= MAX_WAITING:
        raise InvalidInput("limit", limit, f"use 0 to {MAX_WAITING}")
    row.enabled = row.enabled if enabled is None else enabled
    row.action = action or row.action
    row.limit = row.limit if limit is None else limit
    after = {"enabled": row.enabled, "action": row.action, "limit": row.limit}
    changed = {name: value for name, value in after.items() if value != before[name]}
    if not changed:
        return
    row.updated_at = clock.now()
    audit.record(
        session, clock, actor, "overflow.rule_changed", "overflow_rule", row.id,
        before={name: before[name] for name in changed}, after={"kind": kind} | changed,
    )  # fmt: skip


def move(session: Session, clock: Clock, actor: Actor, kind: str, *, up: bool) -> None:
    """Move a standing rule one place; at the end of the list nothing happens. Raises NotFound."""
    rows = [row for row in _locked(session, clock.now()) if row.kind != "incident"]
    row = _standing(rows, kind)
    place = rows.index(row)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(rows):
        return
    row.position, rows[other].position = rows[other].position, row.position
    row.updated_at = clock.now()
    session.flush()
    audit.record(
        session, clock, actor, "overflow.rule_moved", "overflow_rule", row.id, after={"kind": kind, "place": other + 1}
    )


def _locked(session: Session, now: datetime) -> list[OverflowRule]:
    """Return the list's rows, written down where they were not, for this transaction alone to change."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    rows = list(session.scalars(select(OverflowRule).order_by(OverflowRule.position, OverflowRule.id)))
    if not rows:
        rows = [_row(rule, place, now) for place, rule in enumerate(DEFAULT, start=1)]
        session.add_all(rows)
        session.flush()
    for row in [each for each in rows if each.ends_at is not None and each.ends_at < now - KEPT_AFTER_END]:
        session.delete(row)
        rows.remove(row)
    return rows


def _standing(rows: list[OverflowRule], kind: str) -> OverflowRule:
    found = next((row for row in rows if row.kind == kind and kind != "incident"), None)
    if found is None:
        raise NotFound("rule", kind)
    return found


def _row(rule: Rule, place: int, now: datetime | None) -> OverflowRule:
    return OverflowRule(
        position=place, kind=rule.kind, action=rule.action, mission_id=rule.mission_id, country=rule.country,
        enabled=rule.enabled, limit=rule.limit, note=rule.note, updated_at=now,
    )  # fmt: skip


def _rule(row: OverflowRule) -> Rule:
    return Rule(
        kind=row.kind, action=row.action, number=row.id, mission_id=row.mission_id, country=row.country, enabled=row.enabled,
        limit=row.limit, starts_at=row.starts_at, ends_at=row.ends_at, note=row.note,
    )  # fmt: skip
