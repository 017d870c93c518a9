"""Where calls meet the queue: the one file that knows both. A wait is named `call:ID:N`, N counting the waits of a call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import NOT_READY, READY
from hotline.auth.models import Officer
from hotline.calls.menus import OTHER
from hotline.calls.models import Call, Leg
from hotline.calls.speaking import Place
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.queues import callbacks, entering, offering, standing
from hotline.queues.entering import NewEntry
from hotline.queues.models import CallQueue

MAX_QUEUES = 200
_REF = re.compile(r"call:([0-9]{1,18}):[0-9]{1,4}")


def call_id_of(ref: str) -> int | None:
    """Return the call that a wait belongs to; None for a wait of another room."""
    found = _REF.fullmatch(ref)
    return int(found[1]) if found else None


def enter(session: Session, services: Services, call: Call) -> None:
    """Put the caller into the queue under the next name; a queue that is full or gone makes room in the first active one.

    Raises NotFound when the house has no queue at all: the caller then gets the emergency text and the duty number.
    """
    count = int(call.queue_ref.rsplit(":", 1)[1]) + 1 if call.queue_ref else 1
    call.queue_ref = f"call:{call.id}:{count}"
    codes = [queue.code for queue in _active(session)]
    if not codes:
        raise NotFound("queue", call.queue)
    if call.queue not in codes:
        call.queue = codes[0]
    session.flush()
    new = NewEntry(
        call_ref=call.queue_ref, queue=call.queue, phone=call.phone, language=_routed_as(call.language),
        skills=tuple(call.skills), priority=call.priority, danger=call.danger, drill=call.drill,
        traveller_id=call.traveller_id, enqueued_at=call.queued_at,
    )  # fmt: skip
    try:
        entering.enqueue(session, services.clock, new)
    except Refused:
        entering.enqueue(
            session, services.clock, replace(new, queue=next((code for code in codes if code != call.queue), codes[0]))
        )


def _active(session: Session) -> list[CallQueue]:
    return list(session.scalars(select(CallQueue).where(CallQueue.active).order_by(CallQueue.id).limit(MAX_QUEUES)))


def _routed_as(language: str) -> str:
    """Return the language an agent must speak: Korean where none was chosen, English with an interpreter for any other."""
    return {"": "ko", OTHER: "en"}.get(language, language)


def leave(session: Session, services: Services, call: Call, reason: str) -> None:
    """Take the caller out of the queue; one who is not in it is left alone."""
    if call.queue_ref:
        entering.leave(session, services.clock, call.queue_ref, reason)


def place(session: Session, services: Services, call: Call) -> Place:
    """Return where the caller stands, as it is spoken."""
    found = standing.standing(session, services.clock, call.queue_ref)
    offer = bool(found.callback_offered and call.phone and not call.danger)
    return Place(max(0, found.position - 1), found.expected_wait_s, offer)


def nobody_left(session: Session, services: Services, call: Call) -> bool:
    """Say whether the message box is the last resort: the queue cannot serve the caller, and no other queue takes them over."""
    found = standing.standing(session, services.clock, call.queue_ref)
    if found.overflow is None or call.danger:
        return False
    entry = entering.entry_of(session, call.queue_ref)
    queue = session.get_one(CallQueue, entry.queue_id)
    return queue.overflow_queue_id is None or entry.overflowed_from is not None


def keep_place(session: Session, services: Services, call: Call) -> bool:
    """Keep the caller's place for a callback; False when it cannot be (no number, or an agent is on the way already)."""
    if not call.phone or call.danger:
        return False
    try:
        callbacks.keep_place(session, services.clock, call.queue_ref, call.phone)
    except (Refused, InvalidInput):
        return False
    return True


def attempted(session: Session, services: Services, token: str, outcome: str) -> None:
    """Tell the callback how the person was reached; one that was told already is left alone."""
    try:
        callbacks.attempted(session, services.clock, token, outcome)
    except Refused:
        return  # a call of ours that is no callback, or one that was ended by hand


def ringing(session: Session, services: Services, leg: Leg) -> None:
    """Tell the queue that the agent's telephone rings; a reservation that ran out meanwhile stays so."""
    _quietly(offering.ringing, session, services, leg)


def accepted(session: Session, services: Services, leg: Leg) -> None:
    """Give the call to the agent; raises Refused when the reservation is not the present one."""
    if leg.token:
        offering.accepted(session, services.clock, leg.token)


def missed(session: Session, services: Services, leg: Leg, why: str) -> None:
    """Tell the queue that the agent did not take the call: the caller keeps the place."""
    if leg.token:
        try:
            offering.missed(session, services.clock, leg.token, why)
        except Refused:
            return  # the reaper was first


def finished(session: Session, services: Services, leg: Leg) -> None:
    """Tell the queue that the agent is free for wrap-up."""
    _quietly(offering.finished, session, services, leg)


def _quietly(act: Callable[[Session, Clock, str], object], session: Session, services: Services, leg: Leg) -> None:
    if leg.token:
        try:
            act(session, services.clock, leg.token)
        except Refused:
            return  # the reservation ran out, and the agent is no longer bound by it


def reach(session: Session, agent_id: int) -> str:
    """Return where an agent is called: their telephone, or their browser's name; raises NotFound."""
    agent = presence.get_agent(session, agent_id)
    return agent.phone if agent.via == "phone" and agent.phone else client_name(agent.id)


def client_name(agent_id: int) -> str:
    """Return the name under which an agent's browser is known to the provider."""
    return f"client:agent-{agent_id}"


def agent_of(session: Session, officer_id: int | None) -> int | None:
    """Return the agent that an officer is; None for officers who take no calls."""
    agent = presence.of_officer(session, officer_id)
    return agent.id if agent is not None else None


def agent_row(session: Session, agent_id: int | None) -> Agent | None:
    """Return an agent for showing."""
    return session.get(Agent, agent_id) if agent_id is not None else None


def write_up(session: Session, services: Services, actor: Actor, agent_id: int, disposition: str, note: str) -> None:
    """Write up the call that the agent is in or has just ended."""
    presence.wrapped_up(session, services.clock, agent_id, disposition, note=note, actor=actor)


def step_out(session: Session, services: Services, agent_id: int) -> None:
    """Keep the queue from offering calls to an agent who talks without a reservation: called in, or calling out."""
    agent = presence.get_agent(session, agent_id, lock=True)
    if agent.state == READY:
        presence.choose(session, services.clock, agent_id, NOT_READY, "case_work")


def names_of_agents(session: Session, agent_ids: set[int]) -> dict[int, str]:
    """Return agents' names."""
    if not agent_ids:
        return {}
    rows = session.execute(
        select(Agent.id, Officer.display_name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Agent.id.in_(agent_ids))
    )
    return {agent_id: name for agent_id, name in rows}  # rows are not pairs to the type checker


def colleagues(session: Session, but_not: int | None) -> list[tuple[int, str]]:
    """Return the agents who are there and free, by name."""
    rows = session.execute(
        select(Agent.id, Officer.display_name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Agent.state == "ready", Agent.id != (but_not or -1))
        .order_by(Officer.display_name)
        .limit(200)
    )
    return [(agent_id, name) for agent_id, name in rows]


def queue_names(session: Session) -> list[tuple[str, str]]:
    """Return the queues that a call can be given to, as (code, name)."""
    return [(queue.code, queue.name_en) for queue in _active(session)]
