"""What needs attention: handlers that raise it, the list of what still matters, and its acknowledgement.

Facts come from the outbox at least once and perhaps late; each handler looks at its row again and does nothing when the matter
is settled. Nothing here ends a callback: that is done where callbacks are worked on, and then it leaves the list by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, case, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from hotline.agents.models import Agent
from hotline.agents.states import MANAGE, NOT_READY
from hotline.auth.models import Officer
from hotline.cases import tracing
from hotline.core import audit, live
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.services import Services
from hotline.queues.addressing import (
    EVERYBODY,
    GIVEN_UP,
    KINDS,
    NUMBER_DEAD,
    OVERDUE,
    OWNER,
    SENIORS,
    SOON,
    addressed_to,
)
from hotline.queues.attention_models import AttentionItem
from hotline.queues.models import Callback
from hotline.queues.states import GIVEN_UP as CALLBACK_GIVEN_UP
from hotline.queues.states import OPEN, WORK

MAX_ROWS = 200
DEAD_REASON = "dead_number"
TRACES = {OVERDUE: "callback_overdue", GIVEN_UP: "callback_given_up"}
"""Entries in a case's history; a reminder is nothing that happened to the person."""


@dataclass(frozen=True)
class Attention:
    """One item as lists show it: with its callback or agent, the names, and whether the reader must act."""

    item: AttentionItem
    callback: Callback | None
    agent: Agent | None
    name: str
    """Who owns the callback, or the agent's name; empty without an owner."""
    acknowledged_by: str
    addressed: tuple[str, ...]
    mine: bool


def on_reminder(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallbackReminder`: the owner of a promise is told that its time is near; idempotent."""
    _callback_fact(services, SOON, int(payload["callback_id"]))


def on_overdue(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallbackOverdue`: seniors are told, and the case's history says so; idempotent."""
    _callback_fact(services, OVERDUE, int(payload["callback_id"]))


def on_given_up(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallbackGivenUp`: owner and seniors are told, and the case's history says so; idempotent."""
    _callback_fact(services, GIVEN_UP, int(payload["callback_id"]))


def on_number_dead(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AgentNumberDead`: seniors are told; the agent was taken off the queue with the fact itself. Idempotent."""
    agent_id, ref = int(payload["agent_id"]), f"{NUMBER_DEAD}:{int(payload['reservation_id'])}"
    with services.db.transaction() as session:
        if session.get(Agent, agent_id) is None:
            return
        raised = _raise(session, services.clock, NUMBER_DEAD, ref, agent_id=agent_id)
    if raised:
        for topic in ("attention", "agents"):
            live.notify(services.redis, topic)


def _callback_fact(services: Services, kind: str, callback_id: int) -> None:
    with services.db.transaction() as session:
        callback = session.get(Callback, callback_id)
        # The moment on the row names the fact: a second telling finds the row that is there, and a later fact gets its own.
        moments = {SOON: "reminded_at", OVERDUE: "escalated_at", GIVEN_UP: "closed_at"}
        moment = getattr(callback, moments[kind]) if callback is not None else None
        wanted = (CALLBACK_GIVEN_UP,) if kind == GIVEN_UP else OPEN
        if callback is None or moment is None or callback.state not in wanted:
            return  # settled, cancelled or tried again since it was told
        raised = _raise(session, services.clock, kind, f"{kind}:{callback.id}:{moment:%Y%m%dT%H%M%S.%f}", callback.id)
        traced = bool(raised and kind in TRACES and callback.case_id and _trace(session, services, callback, kind))
        case_id = callback.case_id
    if raised:
        for topic in ("attention", "callbacks", *(("cases", f"case:{case_id}") if traced else ())):
            live.notify(services.redis, topic)


def _trace(session: Session, services: Services, callback: Callback, kind: str) -> bool:
    details = {"callback_id": callback.id, "why": callback.last_result}
    # An owner who put the case aside waits for something; that nobody could be reached is news for them.
    return tracing.trace(
        session, services.clock, callback.case_id or 0, TRACES[kind], details=details, wakes=kind == GIVEN_UP
    )


def _raise(
    session: Session, clock: Clock, kind: str, ref: str, callback_id: int | None = None, *, agent_id: int | None = None
) -> bool:
    made = insert(AttentionItem).values(kind=kind, ref=ref, callback_id=callback_id, agent_id=agent_id, at=clock.now())
    done = session.scalar(made.on_conflict_do_nothing(index_elements=["ref"]).returning(AttentionItem.id))
    return done is not None


def needs_attention(session: Session, clock: Clock, reader: Actor) -> list[Attention]:
    """Return what still matters, at most MAX_ROWS: what nobody has acknowledged first, then by gravity and age.

    A promise that is overdue is not shown as due soon as well. An agent's dead number matters until somebody has acknowledged
    it and the agent is no longer held back by it.
    """
    acknowledger, owner = aliased(Officer), aliased(Officer)
    gravity = case({kind: place for place, kind in enumerate(KINDS)}, value=AttentionItem.kind)
    rows = session.execute(
        select(AttentionItem, Callback, Agent, owner, acknowledger.display_name)
        .outerjoin(Callback, Callback.id == AttentionItem.callback_id)
        .outerjoin(Agent, Agent.id == AttentionItem.agent_id)
        .outerjoin(owner, or_(owner.id == Callback.owner_id, owner.id == Agent.officer_id))
        .outerjoin(acknowledger, acknowledger.id == AttentionItem.acknowledged_by_id)
        .where(AttentionItem.id.in_(_candidates()), _matters())
        .order_by(AttentionItem.acknowledged_at.is_not(None), gravity, AttentionItem.at, AttentionItem.id)
        .limit(MAX_ROWS)
    )
    found: list[Attention] = []
    for item, callback, agent, who, acknowledged_by in rows.tuples():
        addressed = _addressed(clock, item, who)
        mine = item.acknowledged_at is None and _is_for(reader, item, who, addressed)
        name = who.display_name if who is not None else ""
        found.append(Attention(item, callback, agent, name, acknowledged_by or "", addressed, mine))
    return found


def _candidates() -> CompoundSelect[tuple[int]]:
    """Return what can matter, found from the few rows that are alive: the items of all times are read by no list."""
    of_callback = select(AttentionItem.id).join(Callback, Callback.id == AttentionItem.callback_id)
    of_agent = select(AttentionItem.id).join(Agent, Agent.id == AttentionItem.agent_id)
    return union_all(
        of_callback.where(Callback.state.in_(OPEN)),
        of_callback.where(Callback.state == CALLBACK_GIVEN_UP),
        of_agent.where(Agent.state == NOT_READY, Agent.reason == DEAD_REASON),
        select(AttentionItem.id).where(AttentionItem.kind == NUMBER_DEAD, AttentionItem.acknowledged_at.is_(None)),
    )


def _matters() -> ColumnElement[bool]:
    later = aliased(AttentionItem)
    superseded = select(later.id).where(
        later.callback_id == AttentionItem.callback_id, later.kind != SOON, later.id > AttentionItem.id
    )
    open_callback = Callback.state.in_(OPEN)
    # Tried again, a callback begins anew: what was said of its earlier tries is history.
    same_try = AttentionItem.at >= case(
        (AttentionItem.kind == SOON, Callback.reminded_at),
        (AttentionItem.kind == OVERDUE, Callback.escalated_at),
        else_=Callback.closed_at,
    )
    held = (Agent.state == NOT_READY) & (Agent.reason == DEAD_REASON)
    return or_(
        (AttentionItem.kind == SOON) & open_callback & same_try & ~superseded.exists(),
        (AttentionItem.kind == OVERDUE) & open_callback & same_try,
        (AttentionItem.kind == GIVEN_UP) & (Callback.state == CALLBACK_GIVEN_UP) & same_try,
        (AttentionItem.kind == NUMBER_DEAD) & (AttentionItem.acknowledged_at.is_(None) | held),
    )


def acknowledge(session: Session, clock: Clock, actor: Actor, item_id: int) -> AttentionItem:
    """Say that one has seen it and acts; again by anybody changes nothing.

    Raises NotFound, Forbidden for whoever it is not addressed to, Refused for a machine without a name.
    """
    item = session.get(AttentionItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("attention item", item_id)
    if item.acknowledged_at is not None:
        return item
    if actor.id is None:
        raise Refused("Only a named officer can acknowledge.", code="attention-nobody")
    callback = session.get(Callback, item.callback_id) if item.callback_id is not None else None
    owner = session.get(Officer, callback.owner_id) if callback is not None and callback.owner_id is not None else None
    if not _is_for(actor, item, owner, _addressed(clock, item, owner)):
        raise Forbidden("This is addressed to somebody else.", code="attention-not-yours")
    item.acknowledged_at, item.acknowledged_by_id = clock.now(), actor.id
    kind, subject_id = ("agent", item.agent_id) if item.agent_id else ("callback", item.callback_id)
    audit.record(
        session, clock, actor, "attention.acknowledged", kind, subject_id, after={"item": item.id, "kind": item.kind}
    )
    return item


def _addressed(clock: Clock, item: AttentionItem, owner: Officer | None) -> tuple[str, ...]:
    owned = owner is not None and owner.disabled_at is None
    return addressed_to(item.kind, owned=owned, waits=clock.now() - item.at)


def _is_for(actor: Actor, item: AttentionItem, owner: Officer | None, addressed: tuple[str, ...]) -> bool:
    if item.kind == NUMBER_DEAD:
        return actor.may(MANAGE)
    own = owner is not None and owner.id == actor.id
    if not actor.may(WORK) or (own and item.kind == OVERDUE):
        return False  # what has climbed over its owner's head is not theirs to quieten
    return (own and OWNER in addressed) or EVERYBODY in addressed or (SENIORS in addressed and actor.may(MANAGE))
