"""Who enters and leaves a conference, as the provider tells it; late and doubled words do no harm."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.calls.events import Reply
from hotline.calls.reading import get_call, legs_of
from hotline.calls.reports import joined
from hotline.core.services import Services

ENTERED, HELD, FREED, MUTED, UNMUTED = (
    "participant-join", "participant-hold", "participant-unhold", "participant-mute", "participant-unmute",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One event of a call's conference."""

    call_id: int
    conference_sid: str
    event: str
    call_sid: str
    sequence: int


def apply(session: Session, services: Services, told: Told) -> Reply:
    """Take in one event: the conference's name at the provider, and who is in it."""
    call = get_call(session, told.call_id)
    call.heard_at = services.clock.now()
    if told.conference_sid and call.conference_sid != told.conference_sid and told.event != "conference-end":
        call.conference_sid = told.conference_sid
    leg = next((each for each in legs_of(session, call.id) if each.provider_sid == told.call_sid), None)
    if leg is None:
        return Reply(None, call.id, changed=False)
    if told.event == ENTERED:
        joined(session, services, call, leg)
    elif told.event in (HELD, FREED):
        leg.held = told.event == HELD
    elif told.event in (MUTED, UNMUTED):
        leg.muted = told.event == MUTED
    return Reply(None, call.id)
