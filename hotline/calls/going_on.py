"""What a call hears next, by its state: every redirection of the provider ends here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hotline.calls import callers, queueing, speaking
from hotline.calls.events import Reply
from hotline.calls.menu_store import menu_of
from hotline.calls.menus import Ask
from hotline.calls.models import Call
from hotline.calls.speaking import Bridge, Said
from hotline.calls.states import DIALLING, FORWARDED, MENU, PARTING, TALKING, VOICEMAIL, WAITING
from hotline.core.services import Services


def line_of(services: Services, call: Call) -> speaking.Line:
    """Return the call as documents need it."""
    return speaking.Line(services.settings.public_url, call.id, call.language)


ROUNDS = 3_000
"""More rounds than anybody waits; each wait of a call counts from its own multiple, so that no round's name comes twice."""


def first_round(call: Call) -> int:
    """Return the number of the first round of the call's present wait."""
    return ROUNDS * (int(call.queue_ref.rsplit(":", 1)[1]) - 1) if call.queue_ref else 0


def hold_document(session: Session, services: Services, call: Call, number: int, before: Sequence[Said] = ()) -> str:
    """Return the document of one round of waiting."""
    place = queueing.place(session, services, call)
    return speaking.wait(line_of(services, call), place, number, before)


def go_on(session: Session, services: Services, call: Call, number: int, before: Sequence[Said] = ()) -> Reply:
    """Return what a call hears next in the state it is in; every redirection of the provider ends here."""
    line = line_of(services, call)
    if call.state == MENU:
        menu = menu_of(session, call.menu_id)
        return Reply(speaking.ask(line, menu, Ask(node=menu.entry), number), call.id)
    if call.state == WAITING:
        if not before and call.agent_id is not None:
            before = [speaking.ours("left", speaking.heard_in(call.language))]
        return Reply(hold_document(session, services, call, first_round(call), before), call.id)
    if call.state in (TALKING, DIALLING):
        return Reply(bridge_document(services, call, number, before), call.id)
    if call.state == FORWARDED:
        return Reply(forward_document(session, services, call, number), call.id)
    if call.state == VOICEMAIL:
        return Reply(speaking.take_message(line, number), call.id)
    return Reply(speaking.last(call.language, "goodbye" if call.state == PARTING else "screen_gone"), call.id)


def bridge_document(services: Services, call: Call, number: int, before: Sequence[Said] = ()) -> str:
    """Return the document that puts the person into their conference; it ends for everybody when they leave."""
    line = line_of(services, call)
    said = list(before) or [speaking.ours("connecting", speaking.heard_in(call.language))]
    bridge = Bridge(speaking.conference_name(call.id), ends=True, record=call.recorded)
    return speaking.join(line, bridge, line.address("out", turn=number + 1), said)


def forward_document(session: Session, services: Services, call: Call, number: int = 0) -> str:
    """Return the document that connects the caller to the telephone outside."""
    line = line_of(services, call)
    caller_id = callers.shown_to(session, services.settings, call.forward_to)
    return speaking.forward(
        line, call.forward_to, caller_id, line.address("dialled", turn=number), line.address("forward-screen")
    )  # fmt: skip
