"""Personal links `/p/{token}`: 27 letters and digits that name a person, an alert and a moment, signed and unreadable.

A token is no row: a million texts carry a million links and nothing is written. It holds the person's id (5 bytes), the
alert's id (4 bytes, 0 for none) and the minute of issue (3 bytes), hidden and signed after the pattern of RFC 5297 (SIV):
the first 8 bytes of an HMAC-SHA256 over the content are both its signature and the start value of the stream that hides it.
The same person, alert and minute always give the same token, so a text whose fate is in doubt can be looked up by its body.
Only letters and digits are used: handsets end a link before a sign, and each of these costs one unit in every encoding.

64 bits of signature suffice because every guess needs a request: at a thousand a second, and a million links in force, the
first hit is due after more than five hundred centuries.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.services import current
from hotline.links.models import LinkRevocation

LIFETIME = timedelta(days=30)
"""A link outlives its alert by weeks, because people answer late and come back to see what became of their request."""
TOKEN_CHARS = 27
BLANK_TOKEN = "EachPersonGetsTheirOwnLink0"  # noqa: S105  # a stand-in that officers read, never a valid token
"""What stands in a text until it is handed over: of the same length, so that parts and cost are counted exactly."""
PATH = "/p/"

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_PERSON_BYTES, _ALERT_BYTES, _MINUTE_BYTES, _SIGNATURE_BYTES = 5, 4, 3, 8
_CONTENT_BYTES = _PERSON_BYTES + _ALERT_BYTES + _MINUTE_BYTES
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_LIMIT = 1 << 8 * (_CONTENT_BYTES + _SIGNATURE_BYTES)
assert len(BLANK_TOKEN) == TOKEN_CHARS and 62**TOKEN_CHARS >= _LIMIT


class BadToken(ValueError):
    """The token was not made here, or was changed on its way."""


@dataclass(frozen=True)
class Claims:
    """What a valid token says; `issued_at` is an aware minute in UTC, `alert_id` None outside any alert."""

    traveller_id: int
    alert_id: int | None
    issued_at: datetime

    @property
    def ends_at(self) -> datetime:
        """Return the moment from which the link opens nothing any more."""
        return self.issued_at + LIFETIME


class LinkMaker:
    """Makes and reads tokens with one installation's key."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._sign_key = _derived(secret_key, "sign")
        self._hide_key = _derived(secret_key, "hide")
        self.start = public_url + PATH

    @classmethod
    def of(cls, settings: Settings) -> LinkMaker:
        """Return the maker of this installation; another `HOTLINE_SECRET_KEY` ends every link."""
        return cls(settings.secret_key.get_secret_value(), settings.public_url)

    def token(self, claims: Claims) -> str:
        """Return the token of these claims; raises OverflowError for ids beyond the token's room (a trillion people)."""
        minute = (claims.issued_at - _EPOCH) // _MINUTE
        content = b"".join((
            claims.traveller_id.to_bytes(_PERSON_BYTES), (claims.alert_id or 0).to_bytes(_ALERT_BYTES),
            max(0, minute).to_bytes(_MINUTE_BYTES),
        ))  # fmt: skip
        signature = hmac.digest(self._sign_key, content, "sha256")[:_SIGNATURE_BYTES]
        return _written(int.from_bytes(self._hidden(content, signature) + signature))

    def url(self, claims: Claims) -> str:
        """Return the whole address."""
        return self.start + self.token(claims)

    def read(self, token: str) -> Claims:
        """Return what a token says; raises BadToken. Whether it has ended or was revoked is not looked at here."""
        number = _read_number(token)
        whole = number.to_bytes(_CONTENT_BYTES + _SIGNATURE_BYTES)
        signature = whole[_CONTENT_BYTES:]
        content = self._hidden(whole[:_CONTENT_BYTES], signature)
        expected = hmac.digest(self._sign_key, content, "sha256")[:_SIGNATURE_BYTES]
        if not hmac.compare_digest(signature, expected):
            raise BadToken
        person, rest = content[:_PERSON_BYTES], content[_PERSON_BYTES:]
        issued_at = _EPOCH + int.from_bytes(rest[_ALERT_BYTES:]) * _MINUTE
        return Claims(int.from_bytes(person), int.from_bytes(rest[:_ALERT_BYTES]) or None, issued_at)

    def _hidden(self, content: bytes, signature: bytes) -> bytes:
        stream = hmac.digest(self._hide_key, signature, "sha256")
        return bytes(byte ^ mask for byte, mask in zip(content, stream, strict=False))


def blank_url(settings: Settings) -> str:
    """Return the address that stands for a personal link in texts that are checked, counted and approved."""
    return settings.public_url + PATH + BLANK_TOKEN


def link_for(session: Session, clock: Clock, traveller_id: int, *, alert_id: int | None = None) -> str:
    """Return a link for a person that is valid from now on, also right after their earlier ones were revoked."""
    issued_at = to_minute(clock.now())
    revoked = session.get(LinkRevocation, traveller_id)
    if revoked is not None:
        issued_at = max(issued_at, to_minute(revoked.revoked_at) + _MINUTE)
    return LinkMaker.of(current().settings).url(Claims(traveller_id, alert_id, issued_at))


def to_minute(moment: datetime) -> datetime:
    """Return the minute that a moment lies in, as a token can carry it."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _derived(secret_key: str, purpose: str) -> bytes:
    return hmac.digest(secret_key.encode(), f"hotline personal link {purpose} 1".encode(), hashlib.sha256)


def _written(number: int) -> str:
    chars = []
    for _ in range(TOKEN_CHARS):
        number, rest = divmod(number, 62)
        chars.append(_ALPHABET[rest])
    return "".join(reversed(chars))


def _read_number(token: str) -> int:
    if len(token) != TOKEN_CHARS:
        raise BadToken
    number = 0
    for char in token:
        value = _VALUES.get(char)
        if value is None:
            raise BadToken
        number = number * 62 + value
    if number >= _LIMIT:
        raise BadToken
    return number
