"""A key in the menu, or none: the next question, the queue, a telephone outside, or the message box."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.calls import menus, speaking
from hotline.calls.entering import enter_queue
from hotline.calls.events import Reply
from hotline.calls.going_on import forward_document, go_on, line_of
from hotline.calls.loops import comes_back
from hotline.calls.menu_store import menu_of
from hotline.calls.menus import Ask, Go
from hotline.calls.models import Call
from hotline.calls.moving import move
from hotline.calls.reading import get_call
from hotline.calls.states import MENU
from hotline.cases import contacts, protection
from hotline.cases.screening import BLOCKED, NORMAL
from hotline.core.services import Services


@dataclass(frozen=True)
class Pressed:
    """One key in one node of one call's menu; `key` is empty for none."""

    call_id: int
    node: str
    key: str
    misses: int


def choose(session: Session, services: Services, pressed: Pressed) -> Reply:
    """Take a key and answer with what follows."""
    call = get_call(session, pressed.call_id)
    if call.state != MENU:
        return go_on(session, services, call)
    call.heard_at = services.clock.now()
    menu = menu_of(session, call.menu_id)
    if call.path != NORMAL and pressed.key != menu.danger_key:
        return _shielded(session, services, call)
    outcome, language = menus.press(menu, pressed.node, pressed.key, min(pressed.misses, menus.MAX_MISSES))
    if language:
        call.language = language
    if isinstance(outcome, Ask):
        return Reply(speaking.ask(line_of(services, call), menu, outcome), call.id)
    return _leave_menu(session, services, call, outcome)


def _shielded(session: Session, services: Services, call: Call) -> Reply:
    """A number that is held apart may leave a message; one that is blocked hears the end."""
    if call.path == BLOCKED:
        move(session, services, call, "part")
        call.end_reason = "blocked"
        return Reply(speaking.last(call.language, "goodbye"), call.id)
    move(session, services, call, "record")
    return Reply(speaking.take_message(line_of(services, call)), call.id)


def _leave_menu(session: Session, services: Services, call: Call, gone: Go) -> Reply:
    choice = gone.choice
    if choice.dial and not comes_back(session, call, choice.dial):
        call.forward_to = choice.dial
        move(session, services, call, "forward")
        return Reply(forward_document(session, services, call), call.id)
    if choice.voicemail:
        move(session, services, call, "record")
        return Reply(speaking.take_message(line_of(services, call)), call.id)
    if gone.danger:
        _raise(session, services, call)
    if choice.dial:
        choice = menu_of(session, call.menu_id).person
    return enter_queue(session, services, call, choice, before="danger_heard" if gone.danger else "to_person")


def _raise(session: Session, services: Services, call: Call) -> None:
    """Danger to life is heard on every way, and the agent sees what else is held against the number."""
    call.danger, call.path = True, NORMAL
    protection.incoming(session, services.clock, call.phone, danger=True)
    if call.contact_id is not None:
        contacts.mark_danger(session, call.contact_id)
