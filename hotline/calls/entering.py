"""Into the queue: from the menu, from an agent, or back from a telephone outside that nobody answered."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.calls import menus, queueing, speaking
from hotline.calls.events import ASSIGN_JOB, Reply
from hotline.calls.going_on import first_round, hold_document
from hotline.calls.menus import Choice
from hotline.calls.models import Call
from hotline.calls.moving import move
from hotline.core.services import Services


def enter_queue(session: Session, services: Services, call: Call, choice: Choice, *, before: str) -> Reply:
    """Put the caller into a queue and say where they stand."""
    call.queue, call.skills = choice.queue, list(choice.skills)
    call.priority = menus.DANGER_PRIORITY if call.danger else choice.priority
    move(session, services, call, "queue")
    call.queued_at = call.queued_at or services.clock.now()
    queueing.enter(session, services, call)
    said = [speaking.ours(before, speaking.heard_in(call.language))]
    return Reply(hold_document(session, services, call, first_round(call), said), call.id, (ASSIGN_JOB,))
