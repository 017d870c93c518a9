"""Twilio's webhook signature: nothing of a request is believed, or even parsed, before this has passed.

Source: Twilio's "Webhooks security": HMAC-SHA1 over the exact public address with its query, followed by the sorted form
fields; bodies that are no form are covered by `bodySHA256` in the signed query.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import structlog
from flask import request
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from hotline.core.errors import Forbidden, TooLarge
from hotline.core.services import current

log = structlog.get_logger(__name__)

HEADER = "X-Twilio-Signature"
MAX_WEBHOOK_BYTES = 64 * 1024
MAX_FIELDS = 200
FORM_TYPE = "application/x-www-form-urlencoded"

P = ParamSpec("P")
R = TypeVar("R")


def is_signed(auth_token: str, url: str, content_type: str, body: bytes, signature: str) -> bool:
    """Say whether `signature` fits the request as Twilio must have sent it to `url`, the public address with its query.

    Without an auth token nothing is ever valid: a signature made with an empty secret could be made by anybody.
    """
    if not auth_token or not signature or not signature.isascii():
        return False
    validator = _validator(auth_token)
    if content_type == FORM_TYPE or not body:
        fields = _form_fields(body)
        return fields is not None and bool(validator.validate(url, fields, signature))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    if "bodySHA256" not in parse_qs(urlsplit(url).query):
        return False
    return bool(validator.validate(url, text, signature))


def _form_fields(body: bytes) -> MultiDict[str, str] | None:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        return None
    return MultiDict(pairs)


@lru_cache(maxsize=4)
def _validator(auth_token: str) -> RequestValidator:
    return RequestValidator(auth_token)


def require_twilio_signature(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse the request before its form is read unless Twilio signed it: 403, or 413 for a body above the limit.

    The address is built from the configured public URL, never from the client's Host or forwarding headers.
    """

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if "Transfer-Encoding" in request.headers:
            raise Forbidden("A webhook must name the length of its body.", code="bad-signature")
        if (request.content_length or 0) > MAX_WEBHOOK_BYTES:
            raise TooLarge(f"A webhook's body is at most {MAX_WEBHOOK_BYTES // 1024} KiB.")
        settings = current().settings
        valid = is_signed(
            settings.twilio_auth_token.get_secret_value(),
            settings.public_url + _target(),
            request.mimetype,
            request.get_data(cache=True, parse_form_data=False),
            request.headers.get(HEADER, ""),
        )
        if not valid:
            log.warning("webhook.refused", path=request.path)
            raise Forbidden("The signature of this request is missing or wrong.", code="bad-signature")
        return view(*args, **kwargs)

    return checked


def _target() -> str:
    """Return path and query exactly as they were sent; the decoded path would not give the signed bytes back."""
    raw: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")
    return raw if raw.startswith("/") else "/"
