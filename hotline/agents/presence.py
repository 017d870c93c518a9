"""What an agent is doing now: chosen by them, by their supervisor, or following from a call.

Each function works on one locked row in the caller's transaction; lock a queue entry before its agent, never after.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, PresenceChange
from hotline.agents.states import (
    BENCHED,
    BREAKS,
    CHOICES,
    ENGAGED,
    GUARDED,
    MANAGE,
    NOT_READY,
    OFFLINE,
    PRESENCE,
    READY,
    WRAP_UP,
)
from hotline.cases.states import DISPOSITIONS
from hotline.core import audit, jobs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused

BUSY_PAUSE_S = 30
"""An agent whose own line was busy gets no call for so long."""
_EVENTS = {READY: "be_ready", NOT_READY: "rest", OFFLINE: "sign_off"}


def get_agent(session: Session, agent_id: int, *, lock: bool = False) -> Agent:
    """Return an agent; raises NotFound. `lock` keeps others from changing them until commit."""
    agent = session.get(Agent, agent_id, with_for_update=lock, populate_existing=lock)
    if agent is None:
        raise NotFound("agent", agent_id)
    return agent


def agent_of(session: Session, officer_id: int | None) -> Agent | None:
    """Return the agent that an officer is, if they are one."""
    return session.scalar(select(Agent).where(Agent.officer_id == officer_id)) if officer_id else None


def takers(call_is_drill: bool) -> ColumnElement[bool]:
    """Return the condition that an agent may get calls of a kind: `skills.may_take` for a statement."""
    return or_(Agent.drill == call_is_drill, ~Agent.first_level & ~Agent.drill)


def choose(
    session: Session, clock: Clock, agent_id: int, state: str, reason: str = "", *, actor: Actor = SYSTEM
) -> Agent:
    """Become ready, not ready for a reason, or offline; during a call the choice applies afterwards.

    Raises InvalidInput for what cannot be chosen, Forbidden for somebody else's state without the right to manage,
    Refused when the longest time on duty is over (`duty-over`) or a guard of another room says no.
    """
    if state not in CHOICES:
        raise InvalidInput("state", state, f"choose one of {', '.join(CHOICES)}")
    if state == NOT_READY and reason not in (*BREAKS, *BENCHED):
        raise InvalidInput("reason", reason, f"choose one of {', '.join(BREAKS)}")
    agent = get_agent(session, agent_id, lock=True)
    _may_choose(actor, agent)
    if state == READY:
        _may_work(session, agent, clock)
    given = reason if state == NOT_READY else ""
    before = {"state": agent.state, "reason": agent.reason}
    if agent.state in ENGAGED:
        agent.next_state, agent.next_reason = state, given
    elif state != agent.state or given != agent.reason:
        _become(session, clock, agent, state, given, actor)
    if actor.id is not None and actor.id != agent.officer_id:
        audit.record(
            session, clock, actor, "agent.state_set", "agent", agent.id, before=before,
            after={"state": state, "reason": given},
        )  # fmt: skip
    return agent


def _may_choose(actor: Actor, agent: Agent) -> None:
    if actor.kind != "system" and actor.id != agent.officer_id and not actor.may(MANAGE):
        raise Forbidden("Only a supervisor changes somebody else's state.", code="not-your-state")


def _may_work(session: Session, agent: Agent, clock: Clock) -> None:
    if not agent.active:
        raise Refused("This agent takes no calls any more.", code="agent-inactive")
    if duty_is_over(agent, clock):
        raise Refused("The longest time on duty is over; sign off and rest.", code="duty-over")
    ask_guards(session, clock, agent)


def ask_guards(session: Session, clock: Clock, agent: Agent) -> None:
    """Ask every room that has a say whether a locked agent may be ready; raises the first one's Refused."""
    for guard in jobs.registry().ready_guards:
        guard(session, clock, agent)


def _become(session: Session, clock: Clock, agent: Agent, state: str, reason: str, actor: Actor) -> None:
    """Walk to the chosen state; who comes from offline signs on first."""
    if agent.state == OFFLINE and state != OFFLINE:
        agent.duty_since, agent.misses = clock.now(), 0
        move(session, clock, agent, "sign_on", actor=actor, reason="signed_on")
    if state != agent.state or reason != agent.reason:
        move(session, clock, agent, _EVENTS[state], actor=actor, reason=reason)
    if state == OFFLINE:
        agent.duty_since = None


def move(session: Session, clock: Clock, agent: Agent, event: str, *, actor: Actor = SYSTEM, reason: str = "") -> None:
    """Apply one event to a locked agent and write it down; the only place where presence changes one by one."""
    # A supervisor's choice for somebody else was allowed above; the table knows agents and the system only.
    mover = SYSTEM if actor.id != agent.officer_id else actor
    before, now = agent.state, clock.now()
    agent.state, agent.reason, agent.state_since = PRESENCE.next_state(before, event, mover), reason, now
    if agent.state == READY:
        agent.idle_since = now
    session.add(
        PresenceChange(agent_id=agent.id, at=now, before=before, after=agent.state, reason=reason, by_id=actor.id)
    )
    if agent.state not in ENGAGED:
        agent.token = agent.wrap_up_until = None
    session.flush()


def settle(session: Session, clock: Clock, agent: Agent) -> None:
    """After a call, an offer or a wrap-up: apply what was chosen meanwhile, and end a duty that is too long.

    Who was taken off the queue keeps the reason of that, unless they chose to go home: then their duty is over.
    """
    if agent.state in ENGAGED:
        return
    chosen, reason = agent.next_state, agent.next_reason
    agent.next_state, agent.next_reason = None, ""
    applies = agent.state == READY or chosen == OFFLINE
    if chosen is not None and applies and (chosen, reason) != (agent.state, agent.reason):
        _become(session, clock, agent, chosen, reason, SYSTEM)
    if agent.state == READY and duty_is_over(agent, clock):
        move(session, clock, agent, "bench", reason="duty_over")
    bench_unfit(session, clock, agent)


def bench_unfit(session: Session, clock: Clock, agent: Agent) -> bool:
    """Take a locked agent who is ready off the queue when a guard says that they may not be; returns whether it did.

    Nothing is raised: the end of a call, in which this is asked, has nobody to tell. The agent reads the reason on their desk.
    """
    if agent.state != READY:
        return False
    try:
        ask_guards(session, clock, agent)
    except Refused as refusal:
        reason = refusal.code.replace("-", "_")
        move(session, clock, agent, "bench", reason=reason if reason in BENCHED else GUARDED)
        return True
    return False


def missed(session: Session, clock: Clock, agent: Agent, why: str) -> None:
    """The agent did not come to the phone: several misses in a row, or a dead number, end their being ready.

    `why` is no_answer, rejected, busy, dead_number or expired. One miss changes nothing but whose turn it is.
    """
    now = clock.now()
    agent.misses += 1
    if why == "dead_number":
        move(session, clock, agent, "bench", reason="dead_number")
    elif agent.misses >= agent.max_misses:
        move(session, clock, agent, "bench", reason="misses")
        agent.misses = 0
    else:
        move(session, clock, agent, "miss")
        agent.not_before = now + timedelta(seconds=BUSY_PAUSE_S) if why == "busy" else None
    settle(session, clock, agent)


def wrapped_up(session: Session, clock: Clock, agent_id: int, disposition: str, *, actor: Actor = SYSTEM) -> Agent:
    """End the work after a call, saying what it was about; doing it twice changes nothing.

    Raises InvalidInput for an unknown disposition. The room of queues keeps the disposition with the reservation
    (`hotline.queues.offering.wrap_up`, which calls this).
    """
    if disposition not in DISPOSITIONS:
        raise InvalidInput("disposition", disposition, f"choose one of {', '.join(DISPOSITIONS)}")
    agent = get_agent(session, agent_id, lock=True)
    _may_choose(actor, agent)
    if agent.state == WRAP_UP:
        move(session, clock, agent, "wrap", actor=actor)
        settle(session, clock, agent)
    return agent


def duty_is_over(agent: Agent, clock: Clock) -> bool:
    """Say whether the longest time on duty has passed; a span of time, so that midnight means nothing to it."""
    if agent.duty_since is None:
        return False
    return clock.now() - agent.duty_since >= timedelta(minutes=agent.max_duty_minutes)
