"""Signatures of webhooks that partners of ours send: HMAC-SHA256 over a timestamp and the exact body, with a replay window.

Three headers come with a call: `X-Hotline-Key` (which of the partner's keys), `X-Hotline-Timestamp` (Unix seconds) and
`X-Hotline-Signature` (`v1=` and the HMAC in hex over the timestamp, a full stop and the body). Nothing of the body is
parsed before this has passed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "X-Hotline-Key", "X-Hotline-Timestamp", "X-Hotline-Signature"
REPLAY_WINDOW_S = 300
"""A call that is older, or further ahead, is refused; within the window its idempotency key tells a repetition."""
_VERSION = "v1="
_MAX_TIMESTAMP_DIGITS = 12


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature header's value."""
    return _VERSION + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Say whether a call's timestamp lies within the replay window around `now` (aware)."""
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _MAX_TIMESTAMP_DIGITS:
        return False
    return abs(now.timestamp() - int(timestamp)) <= REPLAY_WINDOW_S


def is_signed(secret: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Say whether the signature is the one that the holder of the secret makes for this timestamp and body."""
    return signature.isascii() and hmac.compare_digest(sign(secret, timestamp, body), signature)
