"""Passport numbers are never kept: only a keyed hash, by which the same number is found again and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import re

from hotline.core.config import Settings
from hotline.core.errors import InvalidInput

_NUMBER = re.compile(r"[A-Z0-9]{6,12}")
"""ICAO Doc 9303 gives a passport's number nine places; older and foreign ones are a little longer or shorter."""


def passport_hash(settings: Settings, number: str) -> str:
    """Return the hash of a passport's number, however it is written; raises InvalidInput, whose text does not repeat it.

    The key follows from `HOTLINE_SECRET_KEY`: numbers have little chance in them, so without a key they could be tried out.
    """
    bare = re.sub(r"[\s-]", "", number).upper()
    if not _NUMBER.fullmatch(bare) or not re.search(r"[0-9]", bare):
        raise InvalidInput("passport", "…", "use 6 to 12 letters and digits")
    key = hmac.digest(settings.secret_key.get_secret_value().encode(), b"hotline passport 1", hashlib.sha256)
    return hmac.new(key, bare.encode(), hashlib.sha256).hexdigest()
