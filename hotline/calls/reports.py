"""How each leg goes: the provider's words move it forward only, whatever order they come in, and what follows from each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.calls import agent_leg, moving, queueing
from hotline.calls.events import ASSIGN_JOB, ORDERS_JOB, Reply
from hotline.calls.models import Call, Leg
from hotline.calls.reading import call_of_leg, has_others, leg_of_sid
from hotline.calls.states import ANSWERED, DIALLING, JOINED, LEG, OVER, RINGING, event_of_word, is_forward, rank
from hotline.core.actor import SYSTEM
from hotline.core.services import Services


@dataclass(frozen=True)
class Report:
    """One word of the provider about one leg; `leg_id` is ours where we dialled it."""

    sid: str
    status: str
    leg_id: int | None = None
    error_code: str = ""


def apply(session: Session, services: Services, report: Report) -> Reply:
    """Take in one word; what is late, doubled or about nobody we know changes nothing."""
    found = call_of_leg(session, report.leg_id) if report.leg_id is not None else leg_of_sid(session, report.sid)
    if found is None:
        return Reply(None, None, changed=False)
    call, leg = found
    if leg.provider_sid is None:
        leg.provider_sid = report.sid
    if leg.provider_sid != report.sid:
        return Reply(None, call.id, changed=False)  # an earlier attempt, which was given up
    call.heard_at = services.clock.now()
    if not advance(session, services, call, leg, report):
        return _unchanged(call)
    # A caller who never came to an agent leaves nobody to hang up and frees nobody.
    alone = leg.role == "caller" and call.agent_id is None and not has_others(session, call.id)
    return Reply(None, call.id, () if alone else (ORDERS_JOB, ASSIGN_JOB))


def _unchanged(call: Call) -> Reply:
    return Reply(None, call.id, changed=False)


def advance(session: Session, services: Services, call: Call, leg: Leg, report: Report) -> bool:
    """Move a leg by a word of the provider, from a webhook or its record; False when it is already further."""
    event = event_of_word(report.status)
    if not is_forward(leg.state, event):
        return False
    if leg.status and rank(report.status) < rank(leg.status):
        return False
    was, now = leg.state, services.clock.now()
    leg.state, leg.status = LEG.next_state(leg.state, event, SYSTEM), report.status
    leg.due_at, leg.error_code = None, report.error_code or leg.error_code
    if leg.state == ANSWERED:
        leg.answered_at = now
    if leg.state == OVER:
        leg.ended_at = now
    session.flush()
    if leg.role == "caller":
        _caller_moved(session, services, call, leg)
    elif leg.state == RINGING and leg.token:
        queueing.ringing(session, services, leg)
    elif leg.state == OVER:
        agent_leg.over(session, services, call, leg, was)
    return True


def _caller_moved(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """End the call with the person's own leg; why is the more telling of what they did and what the provider says."""
    if leg.state != OVER:
        return
    said = {"busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "canceled"}.get(leg.status, "")
    if call.state == DIALLING:
        result = {"failed": "dead_number", "canceled": "failed", "": "failed"}.get(said, said)
        agent_leg.told_of_callback(session, services, call, result)
    moving.end_call(session, services, call, said or call.end_reason or "hangup")


def joined(session: Session, services: Services, call: Call, leg: Leg) -> bool:
    """Note that a leg is in the bridge; False when it was already, or is over."""
    if not is_forward(leg.state, "join"):
        return False
    leg.state = LEG.next_state(leg.state, "join", SYSTEM)
    leg.joined_at = services.clock.now()
    leg.answered_at = leg.answered_at or leg.joined_at
    leg.due_at = None
    session.flush()
    return leg.state == JOINED
