"""While somebody waits: position, expected wait, the offer of a callback; and what follows on a bridge or a forwarded call."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.calls import queueing, speaking
from hotline.calls.entering import enter_queue, stand
from hotline.calls.events import Reply
from hotline.calls.going_on import go_on
from hotline.calls.menu_store import menu_of
from hotline.calls.moving import move
from hotline.calls.reading import get_call
from hotline.calls.states import FORWARDED, TALKING, VOICEMAIL, WAITING
from hotline.core.services import Services

NOT_REACHED_PRIORITY = 7
"""Whoever was sent to a telephone that nobody answered has waited twice."""


def turn(session: Session, services: Services, call_id: int, key: str, number: int) -> Reply:
    """Answer one round of waiting; a key keeps the place for a callback where that is offered."""
    call = get_call(session, call_id)
    call.heard_at = services.clock.now()
    if call.state != WAITING:
        return go_on(session, services, call)
    if key == speaking.KEEP_PLACE_KEY and queueing.keep_place(session, services, call):
        move(session, services, call, "part")
        call.end_reason = "callback"
        aloud = speaking.number_aloud(call.phone)
        return Reply(speaking.last(call.language, "promised", number=aloud), call.id)
    return stand(session, services, call, number)


def out_of_bridge(session: Session, services: Services, call_id: int) -> Reply:
    """Answer when the person's bridge was ended by the others: the last sentence, or whatever the call's state asks for."""
    call = get_call(session, call_id)
    if call.state == TALKING:
        move(session, services, call, "part")
        call.end_reason = "agent"
    return go_on(session, services, call)


def forward_ended(session: Session, services: Services, call_id: int, how: str) -> Reply:
    """Answer when the telephone outside is done: the last sentence after a talk, else back to a person."""
    call = get_call(session, call_id)
    if call.state != FORWARDED:
        return go_on(session, services, call)
    if how in ("completed", "answered"):
        move(session, services, call, "part")
        call.end_reason = "forwarded"
        return go_on(session, services, call)
    person = menu_of(session, call.menu_id).person
    raised = person.model_copy(update={"priority": max(person.priority, NOT_REACHED_PRIORITY)})
    return enter_queue(session, services, call, raised, before="not_reached")


def message_left(session: Session, services: Services, call_id: int) -> Reply:
    """Thank for the message and end."""
    call = get_call(session, call_id)
    if call.state == VOICEMAIL:
        move(session, services, call, "part")
        call.end_reason = "voicemail"
        return Reply(speaking.last(call.language, "voicemail_kept"), call.id)
    return go_on(session, services, call)
