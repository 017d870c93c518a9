"""What a call hears next, by its state: every redirection of the provider ends here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hotline.calls import callers, queueing, speaking
from hotline.calls.events import Reply
from hotline.calls.menu_store import menu_of
from hotline.calls.menus import Ask
from hotline.calls.models import Call
from hotline.calls.reading import get_call
from hotline.calls.speaking import Bridge, Said
from hotline.calls.states import DIALLING, FORWARDED, MENU, PARTING, TALKING, VOICEMAIL, WAITING
from hotline.core.services import Services

LAST_WORDS = {"abuse": "abuse_ended"}
"""What is said before hanging up, by why the call ends; else a goodbye."""


def line_of(services: Services, call: Call) -> speaking.Line:
    """Return the call as its next document needs it, under a turn that it never had; the caller has locked the call."""
    call.turns += 1
    return speaking.Line(services.settings.public_url, call.id, call.turns, call.language)


def hold_document(session: Session, services: Services, call: Call, number: int, before: Sequence[Said] = ()) -> str:
    """Return the document of one round of waiting, `number` counting from 0 in each wait."""
    place = queueing.place(session, services, call)
    return speaking.wait(line_of(services, call), place, number, before)


def go_on(session: Session, services: Services, call: Call, before: Sequence[Said] = ()) -> Reply:
    """Return what a call hears next in the state it is in."""
    if call.state == MENU:
        menu = menu_of(session, call.menu_id)
        twiml = speaking.ask(line_of(services, call), menu, Ask(node=menu.entry))
    elif call.state == WAITING:
        twiml = hold_document(session, services, call, 0, before)
    elif call.state in (TALKING, DIALLING):
        twiml = bridge_document(services, call, before)
    elif call.state == FORWARDED:
        twiml = forward_document(session, services, call, before)
    elif call.state == VOICEMAIL:
        twiml = speaking.take_message(line_of(services, call))
    elif call.state == PARTING:
        danger_key = menu_of(session, call.menu_id).danger_key
        twiml = speaking.last(call.language, LAST_WORDS.get(call.end_reason, "goodbye"), digit=danger_key)
    else:
        twiml = speaking.last(call.language, "screen_gone")
    return Reply(twiml, call.id)


def redirected(session: Session, services: Services, call_id: int, say: str) -> Reply:
    """Answer after a redirection of ours, with a sentence about it first where there is one."""
    call = get_call(session, call_id)
    before = [speaking.ours(say, speaking.heard_in(call.language))] if say else []
    return go_on(session, services, call, before)


def bridge_document(services: Services, call: Call, before: Sequence[Said] = ()) -> str:
    """Return the document that puts the person into their conference; it ends for everybody when they leave."""
    line = line_of(services, call)
    said = list(before) or [speaking.ours("connecting", speaking.heard_in(call.language))]
    bridge = Bridge(speaking.conference_name(call.id), ends=True, record=call.recorded)
    return speaking.join(line, bridge, line.address("out"), said)


def forward_document(session: Session, services: Services, call: Call, before: Sequence[Said] = ()) -> str:
    """Return the document that connects the caller to the telephone outside."""
    line = line_of(services, call)
    said = list(before) or [speaking.ours("forwarding", speaking.heard_in(call.language))]
    caller_id = callers.shown_to(session, services.settings, call.forward_to)
    return speaking.forward(
        line, call.forward_to, caller_id, line.address("dialled"), line.address("forward-screen"), said
    )
