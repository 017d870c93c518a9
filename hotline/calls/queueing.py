"""Where calls meet the queue: the one file that knows both. A wait is named `call:ID:N`, N counting the waits of a call."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls.models import Call, Leg
from hotline.calls.speaking import Place
from hotline.core.errors import NotFound, Refused
from hotline.core.services import Services
from hotline.queues import callbacks, entering, offering, standing
from hotline.queues.entering import NewEntry

_REF = re.compile(r"call:([0-9]{1,18}):[0-9]{1,4}")


def call_id_of(ref: str) -> int | None:
    """Return the call that a wait belongs to; None for a wait of another room."""
    found = _REF.fullmatch(ref)
    return int(found[1]) if found else None


def enter(session: Session, services: Services, call: Call) -> None:
    """Put the caller into the queue under the next name."""
    count = int(call.queue_ref.rsplit(":", 1)[1]) + 1 if call.queue_ref else 1
    call.queue_ref = f"call:{call.id}:{count}"
    session.flush()
    entering.enqueue(
        session, services.clock,
        NewEntry(
            call_ref=call.queue_ref, queue=call.queue, phone=call.phone, language=call.language, skills=tuple(call.skills),
            priority=call.priority, danger=call.danger, drill=call.drill, traveller_id=call.traveller_id,
        ),
    )  # fmt: skip


def leave(session: Session, services: Services, call: Call, reason: str) -> None:
    """Take the caller out of the queue; one who is not in it is left alone."""
    if call.queue_ref:
        entering.leave(session, services.clock, call.queue_ref, reason)


def place(session: Session, services: Services, call: Call) -> Place:
    """Return where the caller stands, as it is spoken."""
    found = standing.standing(session, services.clock, call.queue_ref)
    offer = bool(found.callback_offered and call.phone and not call.danger)
    return Place(max(0, found.position - 1), found.expected_wait_s, offer)


def overflowed(session: Session, services: Services, call: Call) -> str | None:
    """Return where the queue sends those who cannot be served: `voicemail`, another word, or None."""
    return standing.standing(session, services.clock, call.queue_ref).overflow


def keep_place(session: Session, services: Services, call: Call) -> bool:
    """Keep the caller's place for a callback; False when it cannot be (no number, or one is kept already)."""
    if not call.phone or call.danger:
        return False
    try:
        callbacks.keep_place(session, services.clock, call.queue_ref, call.phone)
    except Refused:
        return False
    return True


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
        except (Refused, NotFound):
            return  # the reaper was first


def finished(session: Session, services: Services, leg: Leg) -> None:
    """Tell the queue that the agent is free for wrap-up."""
    _quietly(offering.finished, session, services, leg)


def _quietly(act: object, session: Session, services: Services, leg: Leg) -> None:
    if leg.token and callable(act):
        try:
            act(session, services.clock, leg.token)
        except (Refused, NotFound):
            return  # the reservation ran out and was given to somebody else


def reach(session: Session, agent_id: int) -> str:
    """Return where an agent is called: their telephone, or their browser's name."""
    agent = session.get_one(Agent, agent_id)
    return client_name(agent.id) if agent.via == "browser" else agent.phone


def client_name(agent_id: int) -> str:
    """Return the name under which an agent's browser is known to the provider."""
    return f"client:agent-{agent_id}"


def agent_of(session: Session, officer_id: int | None) -> int | None:
    """Return the agent that an officer is; None for officers who take no calls."""
    return session.scalar(select(Agent.id).where(Agent.officer_id == officer_id)) if officer_id is not None else None


def presence_of(session: Session, agent_id: int | None) -> str:
    """Return the agent's state, empty for nobody."""
    agent = session.get(Agent, agent_id) if agent_id is not None else None
    return agent.state if agent is not None else ""


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
    """Return the queues that a call can be given to."""
    return []
