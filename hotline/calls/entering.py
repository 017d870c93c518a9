"""Into the queue: from the menu, from an agent, or back from a telephone outside that nobody answered."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.calls import fallback, queueing, speaking
from hotline.calls.events import ASSIGN_JOB, Reply
from hotline.calls.going_on import hold_document, line_of
from hotline.calls.menus import Choice
from hotline.calls.models import Call
from hotline.calls.moving import move
from hotline.cases.known import Known, who_is
from hotline.core.services import Services


def enter_queue(session: Session, services: Services, call: Call, choice: Choice, *, before: str) -> Reply:
    """Put the caller into a queue and say where they stand; where every queue is full a message is taken.

    Somebody with danger to life, whom no queue takes, is connected to the duty number by the emergency document.
    """
    call.queue, call.skills = choice.queue, list(choice.skills)
    call.priority = max(call.priority, choice.priority)
    if not queueing.enter(session, services, call, known(session, services, call)):
        return _no_queue(session, services, call)
    move(session, services, call, "queue")
    said = [speaking.ours(before, speaking.heard_in(call.language))]
    return Reply(hold_document(session, services, call, 0, said), call.id, (ASSIGN_JOB,))


def known(session: Session, services: Services, call: Call) -> Known:
    """Return what is known of the caller's number, this call left out."""
    return who_is(session, call.phone, now=services.clock.now(), this_ref=contact_ref(call.id))


def contact_ref(call_id: int) -> str:
    """Return the name under which a call's contact is kept."""
    return f"call:{call_id}"


def _no_queue(session: Session, services: Services, call: Call) -> Reply:
    if call.danger and (number := fallback.duty_number(services.settings)):
        call.forward_to = number
        move(session, services, call, "forward")
        return Reply(fallback.document(services.settings), call.id)
    move(session, services, call, "record")
    said = [speaking.ours("all_busy", speaking.heard_in(call.language))]
    return Reply(speaking.take_message(line_of(services, call), said), call.id)
