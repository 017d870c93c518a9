"""Our own end of a test: it plays nothing and hangs up by itself, and the provider reports how it goes."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.voice_response import VoiceResponse

from hotline.calls import fields
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import SIGNED, permit
from hotline.providers.twilio_signature import require_twilio_signature
from overflow.drills import placing
from overflow.drills.placing import PATH

SILENT_S = 30
blueprint = Blueprint("twilio_line_tests", __name__, url_prefix=PATH)


@blueprint.post("")
@require_twilio_signature
@permit(SIGNED)
def quiet() -> ResponseReturnValue:
    """Say nothing for at most 30 seconds and hang up; needs no database."""
    response = VoiceResponse()
    response.pause(length=SILENT_S)
    response.hangup()
    return Response(str(response), content_type="text/xml; charset=utf-8")


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in a word about our own end."""
    services = current()
    test_id, attempt, sid, word = (
        fields.given_id("test"),
        fields.given_id("attempt"),
        fields.call_sid(),
        fields.status(),
    )
    if attempt > placing.MAX_DIALS:
        raise InvalidInput("attempt", request.args["attempt"], "give the numbers as in our own address")
    with services.db.transaction() as session:
        placing.report(session, services, test_id, attempt, sid, word)
    return Response(status=204)
