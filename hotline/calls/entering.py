"""Into the queue: from the menu, from an agent, or back from a telephone outside that nobody answered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hotline.calls import fallback, queueing, speaking
from hotline.calls.events import ASSIGN_JOB, Reply
from hotline.calls.going_on import forward_document, line_of
from hotline.calls.menus import Choice
from hotline.calls.models import Call
from hotline.calls.moving import move
from hotline.calls.speaking import Said
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
    return stand(session, services, call, 0, said)


def stand(session: Session, services: Services, call: Call, number: int, before: Sequence[Said] = ()) -> Reply:
    """Answer a round of waiting, or what the queue's rules have instead: the message box, or for danger the duty number.

    The message box is the last resort, where the queue cannot serve the caller and its rules send them nowhere else. With
    danger to life and nobody at any desk the duty number is rung, once; whom it does not reach waits on.
    """
    with session.no_autoflush:  # the call's row is written once, at the end
        place = queueing.place(session, services, call)
    if place.message:
        queueing.leave(session, services, call, "voicemail")
        move(session, services, call, "record")
        said = [*before, speaking.ours("nobody_free", speaking.heard_in(call.language))]
        return Reply(speaking.take_message(line_of(services, call), said), call.id)
    duty = fallback.duty_number(services.settings)
    if call.danger and place.nobody and duty and call.forward_to != duty:
        queueing.leave(session, services, call, "transfer")
        call.forward_to = duty
        move(session, services, call, "forward")
        said = [speaking.ours("duty", speaking.heard_in(call.language))]
        return Reply(forward_document(session, services, call, said), call.id)
    twiml = speaking.wait(line_of(services, call), place, number, before)
    return Reply(twiml, call.id, (ASSIGN_JOB,) if number == 0 else (), changed=number == 0)


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
