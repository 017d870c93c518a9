"""What becomes of a reservation: it rings, is accepted or missed, and finishes. Every step presents the token.

The same event twice changes nothing; a token that is not the present one is refused with `stale-reservation`. Locks are taken
in one order everywhere: entry, agent, reservation.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from hotline.queues.models import CallQueue, QueueEntry, QueueStep, Reservation

MISSES = ("no_answer", "rejected", "busy", "dead_number", "expired")
RINGING_GRACE_S = 10
"""How long after the longest ringing a reservation still holds: reports of a carrier may be late."""
_LIVE = ("reserved", "ringing", "accepted")


def _locked(session: Session, token: str) -> tuple[QueueEntry, Agent, Reservation]:
    known = session.scalar(select(Reservation).where(Reservation.token == token))
    if known is None:
        raise stale(token)
    entry = session.get_one(QueueEntry, known.entry_id, with_for_update=True, populate_existing=True)
    agent = presence.get_agent(session, known.agent_id, lock=True)
    reservation = session.get_one(Reservation, known.id, with_for_update=True, populate_existing=True)
    return entry, agent, reservation


def stale(token: str) -> Refused:
    """Return the refusal of a token that is not the present one; only its beginning is told."""
    return Refused("This reservation is over.", code="stale-reservation", params={"token": token[:6]})


def ringing(session: Session, clock: Clock, token: str) -> Reservation:
    """The agent's telephone rings; from now on the queue's ring time counts."""
    _entry, agent, reservation = _locked(session, token)
    if reservation.state in ("ringing", "accepted"):
        return reservation
    if reservation.state != "reserved":
        raise stale(token)
    now = clock.now()
    queue = session.get_one(CallQueue, reservation.queue_id)
    reservation.state, reservation.ringing_at = "ringing", now
    reservation.expires_at = now + timedelta(seconds=queue.ring_s + RINGING_GRACE_S)
    presence.ring(session, agent, now)
    return reservation


def accepted(session: Session, clock: Clock, token: str) -> Reservation:
    """The agent has picked up: agent and caller talk, and waiting is over."""
    entry, agent, reservation = _locked(session, token)
    if reservation.state == "accepted":
        return reservation
    if reservation.state not in ("reserved", "ringing"):
        raise stale(token)
    now = clock.now()
    reservation.state, reservation.accepted_at = "accepted", now
    entry.state, entry.ended_at, entry.matched_step, entry.widen_at = "taken", now, reservation.step, None
    presence.begin_call(session, agent, now)
    return reservation


def missed(session: Session, clock: Clock, token: str, why: str) -> Reservation:
    """The agent did not take the call; the caller keeps the place, and the agent rests as `hotline.agents.presence` says."""
    if why not in MISSES:
        raise InvalidInput("why", why, f"use one of {', '.join(MISSES)}")
    entry, agent, reservation = _locked(session, token)
    if reservation.state == "missed":
        return reservation
    if reservation.state not in ("reserved", "ringing"):
        raise stale(token)
    now = clock.now()
    reservation.state, reservation.why, reservation.finished_at = "missed", why, now
    entry.state, entry.agent_id, entry.token = "waiting", None, None
    session.add(QueueStep(entry_id=entry.id, at=now, what="back", step=entry.step, detail=why))
    presence.end_offer(session, agent, now, why)
    return reservation


def finished(session: Session, clock: Clock, token: str) -> Reservation:
    """The call is over; the agent writes it up."""
    _entry, agent, reservation = _locked(session, token)
    if reservation.state == "finished":
        return reservation
    if reservation.state != "accepted":
        raise stale(token)
    now = clock.now()
    queue = session.get_one(CallQueue, reservation.queue_id)
    reservation.state, reservation.finished_at = "finished", now
    presence.hang_up(session, agent, now, queue.wrap_up_s)
    return reservation


def present(session: Session, agent_id: int) -> Reservation | None:
    """Return the agent's present reservation, if any."""
    return session.scalar(
        select(Reservation).where(Reservation.agent_id == agent_id, Reservation.state.in_(_LIVE)).limit(1)
    )
