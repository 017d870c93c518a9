"""A key in the menu, or none: the next question, the queue, a telephone outside, or the message box."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.calls import menus, speaking
from hotline.calls.entering import enter_queue
from hotline.calls.events import Reply
from hotline.calls.going_on import forward_document, go_on, line_of
from hotline.calls.menu_store import menu_of
from hotline.calls.menus import Ask, Go
from hotline.calls.models import Call
from hotline.calls.moving import move
from hotline.calls.reading import get_call
from hotline.calls.states import MENU
from hotline.core.services import Services


@dataclass(frozen=True)
class Pressed:
    """One key in one node of one call's menu; `key` is empty for none."""

    call_id: int
    node: str
    key: str
    turn: int
    misses: int


def choose(session: Session, services: Services, pressed: Pressed) -> Reply:
    """Take a key and answer with what follows."""
    call = get_call(session, pressed.call_id)
    if call.state != MENU:
        return go_on(session, services, call, pressed.turn)
    menu = menu_of(session, call.menu_id)
    outcome, language = menus.press(menu, pressed.node, pressed.key, min(pressed.misses, menus.MAX_MISSES))
    if language:
        call.language = language
    call.heard_at = services.clock.now()
    if isinstance(outcome, Ask):
        line = line_of(services, call)
        return Reply(speaking.ask(line, menu, outcome, pressed.turn), call.id)
    return _leave_menu(session, services, call, outcome)


def _leave_menu(session: Session, services: Services, call: Call, gone: Go) -> Reply:
    line = line_of(services, call)
    choice = gone.choice
    if choice.dial:
        call.forward_to = choice.dial
        move(session, services, call, "forward")
        return Reply(forward_document(session, services, call), call.id)
    if choice.voicemail:
        move(session, services, call, "record")
        return Reply(speaking.take_message(line, 0), call.id)
    call.danger = call.danger or gone.danger
    key = "danger_heard" if gone.danger else "to_person"
    return enter_queue(session, services, call, choice, before=key)
