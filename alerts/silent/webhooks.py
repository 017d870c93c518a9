"""What the provider calls while somebody is called: what to say, which key was pressed, how the call went.

Refused without a valid signature, before anything is parsed. A caller must never hear an error page, so every failure behind
the signature ends in a sentence with the hotline's number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alerts.replies import recording
from alerts.silent import reports, speech
from alerts.silent.answering import Heard, what_is_said
from alerts.silent.answering import take_key as keep_key
from alerts.silent.calling import PATH
from alerts.silent.reports import Report
from alerts.silent.speech import AGAIN_KEY, HELP_KEY, SAFE_KEY, Turn
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.services import Services, current
from hotline.core.web import SIGNED, permit
from hotline.providers.twilio_signature import require_twilio_signature
from hotline.providers.voice import STATUS_RANK

log = structlog.get_logger(__name__)

blueprint = Blueprint("twilio_outreach", __name__, url_prefix=PATH)

_NUMBER = re.compile(r"[0-9]{1,18}")
_SMALL = re.compile(r"[0-9]{1,4}")
_FORMS = {
    "CallSid": re.compile(r"[A-Za-z0-9]{1,64}"),
    "CallStatus": re.compile(r"[a-z-]{1,12}"),
    "ErrorCode": re.compile(r"[0-9]{1,10}"),
    "To": re.compile(r"[^\x00]{1,20}"),
}
MEANINGS = {SAFE_KEY: recording.SAFE, HELP_KEY: recording.HELP}


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in how a call goes; 204 once it is on the disk."""
    services, turn, said = current(), _turn(), _field("CallStatus")
    if said not in STATUS_RANK:
        raise InvalidInput("CallStatus", said, "use one of the provider's documented words")
    code = None if request.form.get("ErrorCode", "") in ("", "0") else _field("ErrorCode")
    to = _field("To") if request.form.get("To") else None
    with services.db.transaction() as session:
        report = Report(turn.outreach_id, turn.attempt, _field("CallSid"), said, to, code)
        alert_id = reports.apply(session, services.clock.now(), report)
    if alert_id is not None:
        live.notify(services.redis, f"alert:{alert_id}")
    return Response(status=204)


@blueprint.post("/say")
@require_twilio_signature
@permit(SIGNED)
def say() -> ResponseReturnValue:
    """Say the alert and ask for a key."""

    def answer(services: Services) -> str:
        turn = _turn()
        with services.db.transaction() as session:
            heard = what_is_said(session, services.clock.now(), turn, _field("To"))
        return _ask(services, heard, turn)

    return _spoken(answer)


@blueprint.post("/key")
@require_twilio_signature
@permit(SIGNED)
def key() -> ResponseReturnValue:
    """Take the key that was pressed; the same call and key again change nothing and are thanked alike."""

    def answer(services: Services) -> str:
        turn, pressed = _turn(), request.form.get("Digits", "")
        with services.db.transaction() as session:
            heard = what_is_said(session, services.clock.now(), turn, _field("To"))
        if pressed in MEANINGS:
            word = MEANINGS[pressed]
            with services.db.transaction() as session:
                recorded = keep_key(session, services.clock, turn, _field("CallSid"), word)
            recording.notify(services, recorded)
            return speech.thanks(heard.language, services.settings.hotline_number, word)
        if pressed == AGAIN_KEY:
            return _ask(services, heard, Turn(turn.outreach_id, turn.attempt, 0, turn.again + 1))
        missed = Turn(turn.outreach_id, turn.attempt, turn.misses + 1, turn.again)
        return _ask(services, heard, missed, wrong=True)

    return _spoken(answer)


def _ask(services: Services, heard: Heard, turn: Turn, *, wrong: bool = False) -> str:
    hotline = services.settings.hotline_number
    if heard.text is None:
        return speech.thanks(heard.language, hotline, "over")
    base = services.settings.public_url + PATH
    return speech.ask(
        base, turn, text=heard.text, language=heard.language, drill=heard.drill, hotline=hotline, wrong=wrong
    )  # fmt: skip


def _spoken(answer: Callable[[Services], str]) -> Response:
    """Return an answer as TwiML; whatever fails, the person hears whom to call."""
    services = current()
    try:
        twiml = answer(services)
    except (HotlineError, OperationalError, PoolTimeout) as error:
        log.warning("silent.call_page_failed", error=type(error).__name__)
        twiml = speech.apology(services.settings.hotline_number, answered=request.form.get("Digits", "") in MEANINGS)
    return Response(twiml, content_type="text/xml; charset=utf-8")


def _turn() -> Turn:
    """Read which call it is from the address, which we made and the provider signed."""
    values: dict[str, Any] = {}
    for name, form in (("outreach", _NUMBER), ("attempt", _SMALL), ("misses", _SMALL), ("again", _SMALL)):
        given = request.args.get(name, "0")
        if not given.isascii() or not form.fullmatch(given):
            raise InvalidInput(name, given, "give the numbers as in our own address")
        values[name] = int(given)
    return Turn(values["outreach"], values["attempt"], values["misses"], values["again"])


def _field(name: str) -> str:
    value = request.form.get(name, "")
    if not _FORMS[name].fullmatch(value):
        raise InvalidInput(name, value, "send the field in the provider's documented form")
    return value
