"""Every change of a remittance's state: by the table, under its row's lock, with a change written down, audited and told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, NotFound
from hotline.core.outbox import publish
from remittance.requests import effects
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import FINAL, LASTS, ON_HOLD, REMITTANCE

MAX_REASON_CHARS = 300
MOVED = "RemittanceMoved"
"""Fact of the outbox: {remittance_id, change_id, before, after, event}."""


def get(session: Session, remittance_id: int, *, lock: bool = False) -> Remittance:
    """Return a remittance; raises NotFound. `lock` keeps others from changing it until commit."""
    found = session.get(Remittance, remittance_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("remittance", remittance_id)
    return found


def move(
    session: Session, clock: Clock, actor: Actor, one: Remittance, event: str, *, reason: str = "", needs_reason: bool = False,
    **facts: Any,
) -> Remittance:  # fmt: skip
    """Move a locked remittance by an event of the table.

    Raises Refused where the event is impossible now, Forbidden where the actor may not cause it, InvalidInput for a reason that
    is missing or too long. Facts are numbers and words of ours, never names or numbers of people.
    """
    words = " ".join(reason.split())
    if len(words) > MAX_REASON_CHARS or (needs_reason and not words):
        raise InvalidInput("reason", reason, f"say why in 1 to {MAX_REASON_CHARS} characters")
    before, now = one.state, clock.now()
    after, held = REMITTANCE.next_state(before, event, actor), one.held_state
    one.state, one.version, one.updated_at = after, one.version + 1, now
    one.held_state = before if after == ON_HOLD else None
    one.due_at, one.overdue_at = (now + LASTS[after] if after in LASTS else None), None
    one.ended_at = now if after in FINAL else None
    effects.apply(session, clock, one, effects.Step(before, after, event, actor, held))
    change = RemittanceChange(
        remittance_id=one.id, at=now, before=before, after=after, event=event, reason=words, facts=facts, by_id=actor.id
    )
    tell(session, clock, change)
    audit.record(
        session,
        clock,
        actor,
        f"remittance.{event}",
        "remittance",
        one.id,
        before={"state": before},
        after={"state": after, **facts},
    )
    return one


def tell(session: Session, clock: Clock, change: RemittanceChange) -> None:
    """Write a change down, and tell of it by its own id, so that whoever hears of it twice knows it."""
    session.add(change)
    session.flush()
    publish(
        session, clock, MOVED,
        {
            "remittance_id": change.remittance_id, "change_id": change.id, "before": change.before, "after": change.after,
            "event": change.event,
        },
    )  # fmt: skip


def demand_version(one: Remittance, version: int | None) -> None:
    """Raise Conflict when somebody changed the remittance since it was read; None asks for nothing."""
    if version is not None and one.version != version:
        raise Conflict("Somebody changed this remittance meanwhile. Read it again.", code="remittance-changed")


def changes(session: Session, remittance_id: int) -> list[RemittanceChange]:
    """Return every change, the oldest first."""
    return list(
        session.scalars(
            select(RemittanceChange)
            .where(RemittanceChange.remittance_id == remittance_id)
            .order_by(RemittanceChange.id)
            .limit(500)
        )
    )
