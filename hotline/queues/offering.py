"""What becomes of a reservation: it rings, is answered or missed, ends, and is wrapped up.

Every function takes the reservation's token and refuses (`stale-reservation`) when the agent's or caller's present one is
another; the same event twice changes nothing. Rows are locked in one order: entry, agent, reservation.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.agents.states import READY, WRAP_UP
from hotline.cases.states import DISPOSITIONS
from hotline.core import outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from hotline.core.ids import new_token
from hotline.queues import calling
from hotline.queues.models import Queue, QueueEntry, Reservation
from hotline.queues.states import ENTRY, MISSES

RING_GRACE_S = 5
OUTBOUND_WRAP_UP_S = 180
DIRECT_RING_S = 25


def ringing(session: Session, clock: Clock, token: str) -> Reservation:
    """The agent's phone or browser rings now."""
    _, agent, found = _locked(session, token)
    if found.state == "ringing":
        return found
    _demand(found, agent, "reserved")
    found.state = "ringing"
    ring_s = session.get_one(Queue, found.queue_id).ring_s if found.queue_id else DIRECT_RING_S
    found.expires_at = clock.now() + timedelta(seconds=ring_s + RING_GRACE_S)
    presence.move(session, clock, agent, "ring")
    return found


def accepted(session: Session, clock: Clock, token: str) -> Reservation:
    """The agent has answered: they talk, and the caller waits no more."""
    entry, agent, found = _locked(session, token)
    if found.state == "talking":
        return found
    _demand(found, agent, "reserved", "ringing")
    now = clock.now()
    if entry is not None:
        entry.state, entry.taken_at = ENTRY.next_state(entry.state, "accept", SYSTEM), now
    found.state, found.accepted_at = "talking", now
    agent.misses = 0
    presence.move(session, clock, agent, "answer")
    return found


def missed(session: Session, clock: Clock, token: str, why: str) -> Reservation:
    """The agent did not come to the phone; the caller keeps the place and is offered to the next one.

    `why` is no_answer, rejected, busy, dead_number or expired.
    """
    if why not in MISSES:
        raise InvalidInput("why", why, f"use one of {', '.join(MISSES)}")
    entry, agent, found = _locked(session, token)
    if found.state == "missed":
        return found
    _demand(found, agent, "reserved", "ringing")
    found.state, found.why, found.finished_at = "missed", why, clock.now()
    if entry is not None:
        entry.state = ENTRY.next_state(entry.state, "miss", SYSTEM)
        calling.back_to_queue(session, entry)
    session.flush()  # the reservation is closed before the agent's row says that they are free
    presence.missed(session, clock, agent, why)
    if why == "dead_number":
        outbox.publish(session, clock, "AgentNumberDead", {"agent_id": agent.id, "reservation_id": found.id})
    return found


def finished(session: Session, clock: Clock, token: str) -> Reservation:
    """The talk is over; the agent writes down what it was about."""
    entry, agent, found = _locked(session, token)
    if found.state in ("wrap_up", "done"):
        return found
    _demand(found, agent, "talking")
    now = clock.now()
    found.state, found.finished_at = "wrap_up", now
    if entry is not None:
        entry.state, entry.ended_at = ENTRY.next_state(entry.state, "finish", SYSTEM), now
        calling.unreported(session, clock, entry)
    presence.move(session, clock, agent, "finish")
    wrap_up_s = session.get_one(Queue, found.queue_id).wrap_up_s if found.queue_id else OUTBOUND_WRAP_UP_S
    agent.wrap_up_until = now + timedelta(seconds=wrap_up_s)
    return found


def wrap_up(session: Session, clock: Clock, agent_id: int, disposition: str, *, actor: Actor = SYSTEM) -> Agent:
    """End an agent's wrap-up and keep the disposition with the call it belongs to; twice changes nothing.

    Raises InvalidInput for an unknown disposition, Refused while the agent still talks.
    """
    if disposition not in DISPOSITIONS:
        raise InvalidInput("disposition", disposition, f"choose one of {', '.join(DISPOSITIONS)}")
    agent = presence.get_agent(session, agent_id, lock=True)
    if agent.state != WRAP_UP:
        if agent.token is not None:
            raise Refused("The call is not over yet.", code="still-talking")
        return agent
    close_wrap_up(session, clock, agent, disposition)
    return presence.wrapped_up(session, clock, agent_id, disposition, actor=actor)


def close_wrap_up(session: Session, clock: Clock, agent: Agent, disposition: str) -> None:
    """Close the reservation of an agent who wraps up; the caller then moves the agent on."""
    found = session.scalars(select(Reservation).where(Reservation.token == agent.token).with_for_update()).one()
    found.state, found.wrapped_at, found.disposition = "done", clock.now(), disposition
    session.flush()


def claim(session: Session, clock: Clock, agent_id: int, call_ref: str, *, outbound: bool) -> Reservation:
    """Keep one named agent for a call outside the queues: their own outbound call, or a colleague's transfer to them.

    An outbound call counts as talking at once; a transfer rings like any other. Raises Refused (`agent-busy`).
    """
    agent = presence.get_agent(session, agent_id, lock=True)
    if agent.token is not None or agent.state == "offline" or (agent.state != READY and not outbound):
        raise Refused("This agent is not free.", code="agent-busy")
    now = clock.now()
    found = Reservation(
        token=new_token(), agent_id=agent.id, call_ref=call_ref, via=agent.via, matched_step=0,
        state="talking" if outbound else "reserved", why="outbound" if outbound else "transfer", reserved_at=now,
        expires_at=now + timedelta(seconds=DIRECT_RING_S), accepted_at=now if outbound else None,
    )  # fmt: skip
    session.add(found)
    agent.token = found.token
    presence.move(session, clock, agent, "dial" if outbound else "reserve")
    return found


def released(session: Session, clock: Clock, token: str, why: str) -> Reservation:
    """Take back an offer of `claim` that nobody needs any more (the caller of a transfer has hung up)."""
    entry, agent, found = _locked(session, token)
    if found.state == "released":
        return found
    _demand(found, agent, "reserved", "ringing")
    if entry is not None:
        raise Refused("A caller of a queue leaves it by hotline.queues.entering.leave.", code="in-queue")
    found.state, found.why, found.finished_at = "released", why[:20], clock.now()
    session.flush()
    presence.move(session, clock, agent, "free")
    presence.settle(session, clock, agent)
    return found


def kept(session: Session, clock: Clock, tokens: Collection[str]) -> set[str]:
    """Return those of the tokens under which an agent is kept for a call, or talks in it, at this moment."""
    offered = Reservation.state.in_(("reserved", "ringing")) & (Reservation.expires_at > clock.now())
    return set(
        session.scalars(
            select(Reservation.token)
            .join(Agent, Agent.token == Reservation.token)
            .where(Reservation.token.in_(tokens), offered | (Reservation.state == "talking"))
        )
    )


def _locked(session: Session, token: str) -> tuple[QueueEntry | None, Agent, Reservation]:
    found = session.scalar(select(Reservation).where(Reservation.token == token))
    if found is None:
        raise Refused("There is no such reservation.", code="stale-reservation")
    entry = None
    if found.entry_id is not None:
        entry = session.get_one(QueueEntry, found.entry_id, with_for_update=True, populate_existing=True)
    agent = presence.get_agent(session, found.agent_id, lock=True)
    session.refresh(found, with_for_update=True)
    return entry, agent, found


def _demand(found: Reservation, agent: Agent, *states: str) -> None:
    if found.state not in states or agent.token != found.token:
        raise Refused(
            "This reservation is over; somebody else has the call, or the agent another one.",
            code="stale-reservation",
            params={"state": found.state},
        )
