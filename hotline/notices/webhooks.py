"""Where the provider reports on notices: an address of their own, so that no receipt can be taken for an alert's."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import SIGNED, permit
from hotline.notices.receipts import IncomingReceipt, append
from hotline.providers.twilio_signature import require_twilio_signature

blueprint = Blueprint("twilio_notices", __name__, url_prefix="/webhooks/twilio/notices")

_BIGINT_MAX, _SMALLINT_MAX = 2**63 - 1, 2**15 - 1
_FORMS = {
    "MessageSid": re.compile(r"[A-Za-z0-9]{1,64}"),
    "MessageStatus": re.compile(r"[a-z_-]{1,20}"),
    "ErrorCode": re.compile(r"[0-9]{1,10}"),
    "To": re.compile(r"[^\x00]{1,20}"),
}


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in a delivery receipt; 204 once it is on the disk."""
    services = current()
    append(
        services,
        IncomingReceipt(
            notice_id=_number_in_address("notice", _BIGINT_MAX),
            # The address of a text that left before attempts were named there has none.
            attempt=_number_in_address("attempt", _SMALLINT_MAX) if "attempt" in request.args else None,
            provider_sid=_field("MessageSid"),
            provider_status=_field("MessageStatus"),
            # The provider sends 0 or nothing where there was no error.
            error_code=None if request.form.get("ErrorCode", "") in ("", "0") else _field("ErrorCode"),
            recipient=_field("To") if request.form.get("To") else None,
            received_at=services.clock.now(),
        ),
    )
    return Response(status=204)


def _number_in_address(name: str, largest: int) -> int:
    given = request.args.get(name, "")
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:20]) <= largest:
        raise InvalidInput(name, given, "give the number as in the notice's callback address")
    return int(given)


def _field(name: str) -> str:
    value = request.form.get(name, "")
    if not _FORMS[name].fullmatch(value):
        raise InvalidInput(name, value, "send the field in the provider's documented form")
    return value
