"""Presence: the only place where an agent's state changes, but for the one statement that reserves agent and call together.

A state chosen during a call applies afterwards. The caller of `begin_call`, `end_offer` and `hang_up` holds the agent's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import words
from hotline.agents.models import Agent, AgentMove, AgentWrapUp
from hotline.agents.states import (
    AFTER,
    AGENT,
    BUSY,
    CHOSEN,
    MANAGE,
    NOT_READY,
    OFFLINE,
    READY,
    RINGING,
    TALKING,
    WRAP_UP,
    choosing,
)  # fmt: skip
from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused

MAX_NOTE_CHARS = 2_000
REST_S = {"no_answer": 5, "expired": 5, "rejected": 10, "busy": 30}
"""Seconds until an agent is asked again, by why they did not take the call."""
COUNTED = ("no_answer", "expired")
"""What counts as a miss; a reject and a busy line are answers of a kind."""


def get_agent(session: Session, agent_id: int, *, lock: bool = False) -> Agent:
    """Return an agent; raises NotFound. `lock` keeps others from changing them until commit."""
    agent = session.get(Agent, agent_id, with_for_update=lock, populate_existing=lock)
    if agent is None:
        raise NotFound("agent", agent_id)
    return agent


def of_officer(session: Session, officer_id: int | None) -> Agent | None:
    """Return the agent that an officer is, if any."""
    return session.scalar(select(Agent).where(Agent.officer_id == (officer_id or -1)))


def choose(
    session: Session, clock: Clock, agent_id: int, state: str, reason: str = "", *, actor: Actor = SYSTEM
) -> Agent:
    """Choose ready, not_ready (with a reason) or offline; during a call it applies when the call is over.

    Raises InvalidInput for an unknown state or reason, Forbidden for a colleague's state without `agents.manage`, Refused
    when the longest time on duty is over.
    """
    if state not in CHOSEN:
        raise InvalidInput("state", state, f"choose one of {', '.join(CHOSEN)}")
    agent = get_agent(session, agent_id, lock=True)
    _may_choose(actor, agent)
    known = words.REASONS if actor.kind == "system" or agent.officer_id != actor.id else words.BREAKS
    if state == NOT_READY and reason not in known:
        raise InvalidInput("reason", reason, f"choose one of {', '.join(known)}")
    if state != NOT_READY:
        reason = ""
    now, before = clock.now(), {"state": agent.state, "reason": agent.reason, "next": agent.next_state}
    if state == READY and duty_over(agent, now):
        raise Refused("The longest time on duty is over; go off duty first.", code="duty-over")
    if not agent.enabled and state != OFFLINE:
        raise Refused("This agent takes no calls any more.", code="agent-closed")
    if agent.state in BUSY:
        agent.next_state, agent.next_reason = state, reason
    elif (agent.state, agent.reason) != (state, reason):
        move(session, agent, choosing(state), now, reason=reason, actor=actor)
    else:
        return agent
    after = {"state": agent.state, "reason": agent.reason, "next": agent.next_state}
    audit.record(session, clock, actor, "agent.chose", "agent", agent.id, before=before, after=after)
    return agent


def _may_choose(actor: Actor, agent: Agent) -> None:
    if actor.kind != "system" and actor.id != agent.officer_id and not actor.may(MANAGE):
        raise Forbidden(f"A colleague's state needs the permission {MANAGE}.")


def duty_over(agent: Agent, now: datetime) -> bool:
    """Say whether the longest time on duty is over: time that has passed, never a date, so midnight ends no shift."""
    return agent.duty_since is not None and now - agent.duty_since >= timedelta(minutes=agent.max_duty_min)


def move(session: Session, agent: Agent, event: str, now: datetime, *, reason: str = "", actor: Actor = SYSTEM) -> None:
    """Do one transition of the table and write it down; the caller holds the agent's row."""
    allowed = SYSTEM if actor.may(MANAGE) else actor
    target = AGENT.next_state(agent.state, event, allowed)
    if target == OFFLINE:
        agent.duty_since = None
    elif agent.duty_since is None:
        agent.duty_since = now
    if target in CHOSEN:
        agent.token = agent.wrap_up_until = None
    if target == READY and agent.state != READY:
        agent.idle_since = now
    if target in CHOSEN and event in AFTER.values():
        agent.next_state, agent.next_reason = None, ""
    if event == choosing(target) if target in CHOSEN else False:
        agent.misses, agent.rest_until = 0, None
    agent.state, agent.reason, agent.since = target, reason, now
    by = "system" if actor.kind == "system" else "self" if actor.id == agent.officer_id else "supervisor"
    session.add(AgentMove(agent_id=agent.id, at=now, state=target, reason=reason, by=by))
    session.flush()


def ring(session: Session, agent: Agent, now: datetime) -> None:
    """The agent's telephone rings."""
    if agent.state != RINGING:
        move(session, agent, "ring", now)


def begin_call(session: Session, agent: Agent, now: datetime) -> None:
    """The agent has picked up."""
    agent.misses = 0
    move(session, agent, "accept", now)


def end_offer(session: Session, agent: Agent, now: datetime, why: str) -> None:
    """The offer came to nothing: `why` is a reason of REST_S, dead_number, or empty when it was not the agent's doing."""
    if why in COUNTED:
        agent.misses += 1
    agent.rest_until = now + timedelta(seconds=REST_S[why]) if why in REST_S else None
    if why == "dead_number":
        move(session, agent, "withdraw", now, reason="dead_number")
    elif agent.misses >= agent.max_misses and agent.next_state is None:
        agent.misses = 0
        move(session, agent, "withdraw", now, reason="missed_calls")
    else:
        _after(session, agent, now)


def hang_up(session: Session, agent: Agent, now: datetime, wrap_up_s: int) -> None:
    """The call is over; the agent writes it up, at most `wrap_up_s` seconds."""
    move(session, agent, "hang_up", now)
    agent.wrap_up_until = now + timedelta(seconds=wrap_up_s)


def _after(session: Session, agent: Agent, now: datetime) -> None:
    """Go where the agent chose to go during the call, or back to the queue unless the time on duty is over."""
    target, reason = agent.next_state or READY, agent.next_reason
    if target == READY and duty_over(agent, now):
        target, reason = NOT_READY, "duty_over"
    move(session, agent, AFTER[target], now, reason=reason)


def wrapped_up(
    session: Session, clock: Clock, agent_id: int, disposition: str, *, note: str = "", actor: Actor = SYSTEM
) -> Agent:
    """Write the call up and end the wrap-up; while the call still runs, what is written waits for its end.

    Raises InvalidInput for an unknown disposition, Refused when there is no call to write up.
    """
    if disposition not in words.DISPOSITIONS:
        raise InvalidInput("disposition", disposition, f"choose one of {', '.join(words.DISPOSITIONS)}")
    if len(note) > MAX_NOTE_CHARS:
        raise InvalidInput("note", note, f"use at most {MAX_NOTE_CHARS} characters")
    agent = get_agent(session, agent_id, lock=True)
    _may_choose(actor, agent)
    if agent.state not in (TALKING, WRAP_UP) or agent.token is None:
        raise Refused("There is no call to write up now.", code="not-wrapping-up")
    token = agent.token
    _written(session, agent, token, clock.now(), disposition, note.strip())
    if agent.state == WRAP_UP:
        _after(session, agent, clock.now())
    after = {"disposition": disposition, "state": agent.state}
    audit.record(session, clock, actor, "agent.wrapped_up", "agent", agent.id, after=after)
    return agent


def _written(session: Session, agent: Agent, token: str, now: datetime, disposition: str, note: str) -> None:
    row = session.scalar(select(AgentWrapUp).where(AgentWrapUp.token == token))
    if row is None:
        session.add(AgentWrapUp(agent_id=agent.id, token=token, at=now, disposition=disposition, note=note))
    elif disposition:
        row.disposition, row.note, row.at = disposition, note, now


def end_wrap_ups(session: Session, clock: Clock, *, limit: int = 200) -> int:
    """End wrap-ups whose time is over; a call that was not written up is kept with an empty disposition."""
    now = clock.now()
    due = select(Agent).where(Agent.state == WRAP_UP, Agent.wrap_up_until <= now).order_by(Agent.id).limit(limit)
    agents = session.scalars(due.with_for_update(skip_locked=True)).all()
    for agent in agents:
        assert agent.token is not None  # held by a check of the table
        _written(session, agent, agent.token, now, "", "")
        _after(session, agent, now)
    return len(agents)


def end_duties(session: Session, clock: Clock, *, limit: int = 200) -> int:
    """Take agents who are ready beyond their longest time on duty out of the queue."""
    now = clock.now()
    due = (
        select(Agent)
        .where(Agent.state == READY, Agent.duty_since + Agent.max_duty_min * timedelta(minutes=1) <= now)
        .order_by(Agent.id)
        .limit(limit)
    )
    agents = session.scalars(due.with_for_update(skip_locked=True)).all()
    for agent in agents:
        move(session, agent, choosing(NOT_READY), now, reason="duty_over")
    return len(agents)
