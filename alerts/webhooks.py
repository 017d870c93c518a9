"""What the message provider calls: delivery receipts and inbound texts, refused without a valid signature.

A view does one durable write and answers; everything else happens later. A malformed call that is nonetheless signed gets
422, because the provider would only repeat it unchanged.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from alerts import inbound
from alerts.receipts.intake import IncomingReceipt, append
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import SIGNED, permit
from hotline.providers.twilio_signature import require_twilio_signature

blueprint = Blueprint("twilio_sms", __name__, url_prefix="/webhooks/twilio/sms")

MAX_BODY_CHARS = 1_600
"""Longest text the provider carries."""
_BIGINT_MAX, _SMALLINT_MAX = 2**63 - 1, 2**15 - 1
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_STATUS = re.compile(r"[a-z_-]{1,20}")
_ERROR_CODE = re.compile(r"[0-9]{1,10}")
_NUMBER = re.compile(r"[^\x00]{1,20}")
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in a delivery receipt; 204 once it is on the disk."""
    services = current()
    error_code = request.form.get("ErrorCode", "")
    receipt = IncomingReceipt(
        message_id=_number_in_address("message", _BIGINT_MAX),
        attempt=_number_in_address("attempt", _SMALLINT_MAX),
        provider_sid=_field("MessageSid", _SID),
        provider_status=_field("MessageStatus", _STATUS),
        # The provider sends 0 or nothing where there was no error.
        error_code=None if error_code in ("", "0") else _field("ErrorCode", _ERROR_CODE),
        recipient=_field("To", _NUMBER) if request.form.get("To") else None,
        received_at=services.clock.now(),
    )
    append(services, receipt)
    return Response(status=204)


@blueprint.post("/inbound")
@require_twilio_signature
@permit(SIGNED)
def inbound_text() -> ResponseReturnValue:
    """Keep a text that somebody sent; the answer says nothing back to the handset."""
    incoming = inbound.IncomingText(
        provider_sid=_field("MessageSid", _SID),
        sender=_field("From", _NUMBER),
        recipient=_field("To", _NUMBER),
        # PostgreSQL has no NUL in texts, and nobody typed one.
        body=request.form.get("Body", "")[:MAX_BODY_CHARS].replace("\x00", ""),
    )
    inbound.receive(current(), incoming)
    return Response(EMPTY_TWIML, content_type="text/xml")


def _number_in_address(name: str, largest: int) -> int | None:
    """Our own message's id or attempt, which we put into the callback's address; None for an address without it."""
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:20]) <= largest:
        raise InvalidInput(name, given, "give the number as in the message's callback address")
    return int(given)


def _field(name: str, form: re.Pattern[str]) -> str:
    value = request.form.get(name, "")
    if not form.fullmatch(value):
        raise InvalidInput(name, value, "send the field in the provider's documented form")
    return value
