"""Signatures of webhooks that partners of ours send: HMAC-SHA256 over what makes the call, with a replay window.

Four headers come with a call: `X-Hotline-Key` (which of the partner's keys), `X-Hotline-Timestamp` (Unix seconds),
`Idempotency-Key` (the call's name) and `X-Hotline-Signature`. Its value is one of

    v2=HMAC over  timestamp LF idempotency-key LF body     (what we ask of everybody)
    v1=HMAC over  timestamp "." body                       (the first form; who signs by it may go on)

in hex. In v2 nobody but the partner can give a call another name; LF occurs in neither timestamp nor key, so no octet of one
can be passed off as the other's. In v1 the name is not covered, so nothing may ever depend on it: see `hotline.roaming.intake`.
Nothing of the body is parsed before this has passed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "X-Hotline-Key", "X-Hotline-Timestamp", "X-Hotline-Signature"
IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAY_WINDOW_S = 300
"""A call that is older, or further ahead, is refused; within the window its content tells a repetition."""
_FIRST_FORM, _NAMED_FORM = "v1=", "v2="
_MAX_TIMESTAMP_DIGITS = 12


def sign(secret: str, timestamp: str, body: bytes, *, idempotency_key: str) -> str:
    """Return the signature header's value (v2)."""
    return _NAMED_FORM + _hmac(secret, f"{timestamp}\n{idempotency_key}\n".encode() + body)


def sign_without_key(secret: str, timestamp: str, body: bytes) -> str:
    """Return the header's value in the first form (v1), which does not cover the idempotency key."""
    return _FIRST_FORM + _hmac(secret, timestamp.encode() + b"." + body)


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Say whether a call's timestamp lies within the replay window around `now` (aware)."""
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _MAX_TIMESTAMP_DIGITS:
        return False
    return abs(now.timestamp() - int(timestamp)) <= REPLAY_WINDOW_S


def is_signed(secret: str, timestamp: str, body: bytes, signature: str, *, idempotency_key: str) -> bool:
    """Say whether the signature is one that the holder of the secret makes for this timestamp, key and body."""
    if not signature.isascii():
        return False
    if signature.startswith(_FIRST_FORM):
        return hmac.compare_digest(sign_without_key(secret, timestamp, body), signature)
    return hmac.compare_digest(sign(secret, timestamp, body, idempotency_key=idempotency_key), signature)


def _hmac(secret: str, text: bytes) -> str:
    return hmac.digest(secret.encode(), text, hashlib.sha256).hex()
