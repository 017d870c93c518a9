"""What carriers call: refused before the body is parsed unless signed, one durable write, and an answer that counts."""

from __future__ import annotations

import re
from datetime import datetime

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from hotline.core.errors import Forbidden, InvalidInput, TooLarge
from hotline.core.services import current
from hotline.core.signed_body import (
    IDEMPOTENCY_HEADER,
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    is_fresh,
    is_signed,
)
from hotline.core.web import SIGNED, permit
from hotline.roaming import carriers, intake, mapping

log = structlog.get_logger(__name__)
blueprint = Blueprint("roaming", __name__, url_prefix="/webhooks/roaming")

MAX_BODY_BYTES = 256 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_HEADER_CHARS = 200


@blueprint.post("/<carrier>")
@permit(SIGNED)
def events(carrier: str) -> ResponseReturnValue:
    """Take in a burst of events; 202 with how many were usable, once they are on the disk."""
    caller, key, body, now = signed_call(carrier)
    if not _KEY.fullmatch(key):
        raise InvalidInput(IDEMPOTENCY_HEADER, key, "name each call by 1 to 100 visible characters")
    read = mapping.read(caller.style, body, now)
    intake.append(current(), intake.call_of(caller.carrier_id, body, read, now))
    return jsonify({"accepted": len(read.events), "refused": read.refused}), 202


def signed_call(carrier: str) -> tuple[carriers.Caller, str, bytes, datetime]:
    """Return who calls, the call's name, its body and the time, once the signature has passed.

    Raises Forbidden for anything but a fresh, valid signature of an open carrier: who asks learns no more. The size is
    checked first (TooLarge), so that nobody can make us hash megabytes.
    """
    if "Transfer-Encoding" in request.headers:
        raise Forbidden("A webhook must name the length of its body.", code="bad-signature")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLarge(f"A call's body is at most {MAX_BODY_BYTES // 1024} KiB; send several.")
    services, body = current(), request.get_data(cache=False, parse_form_data=False)
    now = services.clock.now()
    timestamp, key = _header(TIMESTAMP_HEADER), request.headers.get(IDEMPOTENCY_HEADER, "")
    caller = (
        carriers.caller(services, code=carrier[:20], key_id=_header(KEY_HEADER)) if is_fresh(timestamp, now) else None
    )
    if caller is None or not is_signed(
        caller.secret, timestamp, body, _header(SIGNATURE_HEADER), idempotency_key=key[:_HEADER_CHARS]
    ):
        log.warning("webhook.refused", path="/webhooks/roaming")
        raise Forbidden("The signature of this request is missing, wrong or too old.", code="bad-signature")
    return caller, key, body, now


def _header(name: str) -> str:
    return request.headers.get(name, "")[:_HEADER_CHARS].replace("\x00", "")
