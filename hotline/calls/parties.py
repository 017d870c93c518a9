"""Others in a call: an interpreter, a colleague, a partner agency, a mission, a supervisor; each screened by a key."""

from __future__ import annotations

from sqlalchemy.orm import Session
from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline.calls import moving, queueing, reports, speaking
from hotline.calls.events import ORDERS_JOB, Reply
from hotline.calls.going_on import line_of
from hotline.calls.models import Call, Leg
from hotline.calls.reading import call_of_leg, open_legs
from hotline.calls.speaking import PATH, Bridge
from hotline.calls.states import JOINED, OVER, TALKING
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.providers.speech import voice_of


def picked_up(session: Session, services: Services, leg_id: int, sid: str) -> Reply:
    """Ask whoever picked up to press 1; a browser is in at once."""
    call, leg = call_of_leg(session, leg_id)
    if not moving.picked_up(session, services, leg, sid) or call.state != TALKING:
        return Reply(speaking.last("", "screen_gone"), call.id, changed=False)
    if leg.to.startswith("client:"):
        return _enter(session, services, call, leg)
    line = line_of(services, call)
    action = line.address("party-key", leg=leg.id)
    said = [speaking.ours("consult", ("ko", "en"))]
    return Reply(speaking.screen(line, said, action, action), call.id, changed=False)


def pressed(session: Session, services: Services, leg_id: int, key: str) -> Reply:
    """Take the key: 1 enters the conference, everything else ends the leg."""
    call, leg = call_of_leg(session, leg_id)
    if key != speaking.TAKE_KEY or leg.state == OVER or call.state != TALKING:
        return Reply(speaking.hang_up(), call.id)
    return _enter(session, services, call, leg)


def _enter(session: Session, services: Services, call: Call, leg: Leg) -> Reply:
    try:
        queueing.accepted(session, services, leg)
    except Refused:
        return Reply(speaking.last("", "screen_gone"), call.id, changed=False)
    reports.joined(session, services, call, leg)
    line = line_of(services, call)
    listens = leg.purpose in ("listen", "whisper")
    coached = ""
    if leg.purpose == "whisper":
        agent = next(
            (each for each in open_legs(session, call.id) if each.role == "agent" and each.state == JOINED), None
        )
        coached = agent.provider_sid or "" if agent is not None else ""
    bridge = Bridge(
        speaking.conference_name(call.id), starts=not listens, muted=leg.purpose == "listen", coach=coached,
        beep=leg.role != "supervisor",
    )  # fmt: skip
    return Reply(speaking.join(line, bridge, line.address("left", leg=leg.id)), call.id, (ORDERS_JOB,))


def forward_screen(base: str, call_id: int) -> str:
    """Ask whoever picked up a forwarded call to press 1, so that no answering machine takes it; needs no database."""
    response = VoiceResponse()
    gather = Gather(
        num_digits=1, timeout=8, action=f"{base}{PATH}/forward-key?call={call_id}", method="POST", input="dtmf"
    )
    for _ in range(2):
        for language in ("ko", "en"):
            gather.say(speaking.words(language)["consult"], language=voice_of(language))
    response.append(gather)
    response.hangup()
    return str(response)


def forward_key(key: str) -> str:
    """Connect after a 1, else hang up; needs no database."""
    return speaking.nothing() if key == speaking.TAKE_KEY else speaking.hang_up()
