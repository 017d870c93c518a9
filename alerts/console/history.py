"""What happened to an alert, read from the audit trail: the timeline, and what changed since it was last returned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.console import labels
from hotline.core.audit import AuditEntry
from hotline.core.i18n import gettext

SHOWN_EVENTS = 200


@dataclass(frozen=True)
class Event:
    """One line of the timeline: when, who, what they did, and the reason they gave."""

    at: datetime
    who: str
    what: str
    why: str


def timeline(session: Session, alert_id: int) -> list[Event]:
    """Return who did what when, latest first, from the audit trail."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == "alert", AuditEntry.subject_id == alert_id)
        .order_by(AuditEntry.seq.desc())
        .limit(SHOWN_EVENTS)
    )
    return [_event(entry) for entry in entries]


def _event(entry: AuditEntry) -> Event:
    after = entry.after or {}
    what = labels.label(labels.ACTIONS, entry.action)
    changed = [labels.field_name(name) for name in after if name in labels.FIELDS and name != "version"]
    who = gettext("The system") if entry.actor_kind == "system" else entry.actor_name
    if entry.action == "alert.edited" and changed:
        what = f"{what}: {', '.join(changed)}"
    return Event(entry.at, who, what, str(after.get("reason") or ""))


def changes_since_return(session: Session, alert_id: int) -> list[tuple[str, str, str]]:
    """Return (field, before, after) of everything changed since the alert was last returned; empty when it never was."""
    returned = session.scalar(
        select(func.max(AuditEntry.seq)).where(
            AuditEntry.subject_kind == "alert", AuditEntry.subject_id == alert_id, AuditEntry.action == "alert.returned"
        )
    )
    if returned is None:
        return []
    edits = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == "alert", AuditEntry.subject_id == alert_id,
            AuditEntry.action == "alert.edited", AuditEntry.seq > returned,
        )
        .order_by(AuditEntry.seq)
    )  # fmt: skip
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for entry in edits:
        for name, value in (entry.after or {}).items():
            if name in labels.FIELDS and name != "version":
                first.setdefault(name, (entry.before or {}).get(name))
                last[name] = value
    return [
        (labels.field_name(path), before, after)
        for name in last
        for path, before, after in _difference(name, first[name], last[name])
    ]


def _difference(name: str, before: Any, after: Any) -> list[tuple[str, str, str]]:
    if name == "texts" and isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        languages = sorted({*old, *after})
        return [
            (f"texts.{each}", str(old.get(each, "")), str(after.get(each, "")))
            for each in languages
            if old.get(each) != after.get(each)
        ]
    if name == "areas":
        return [(name, "", gettext("The area was changed; look at the map."))]
    return [(name, _plain(before), _plain(after))]


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def estimate_at_submission(session: Session, alert_id: int) -> int | None:
    """Return the number of people inside that the author saw when asking for approval."""
    entry = session.scalar(
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == "alert",
            AuditEntry.subject_id == alert_id,
            AuditEntry.action == "alert.submitted",
        )
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )
    estimate = (entry.after or {}).get("audience_estimate") if entry else None
    return estimate if isinstance(estimate, int) else None
