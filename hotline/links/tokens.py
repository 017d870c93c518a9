"""Personal links `/p/{token}`: 27 letters and digits that name a person, an alert and a moment, signed and unreadable.

A token is no row: a million texts carry a million links and nothing is written. It holds the person's id (5 bytes), the
alert's id (4 bytes, 0 for none) and the minute of issue (3 bytes), hidden and signed after the pattern of RFC 5297 (SIV):
the first 8 bytes of an HMAC-SHA256 over the content are both its signature and the start value of the stream that hides it.
The same person, alert and minute always give the same token, so a text whose fate is in doubt can be looked up by its body.
Only letters and digits are used: handsets end a link before a sign, and each of these costs one unit in every encoding.

A token of somebody who is no traveller names a person of the centre and the one case it shows, in the same form under keys of
its own: no token of one kind is ever one of the other, and every token that was sent before there were two kinds opens as it did.

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


@dataclass(frozen=True)
class PersonClaims:
    """What the token of a person of the centre says: who they are, the case it shows, and its aware minute of issue in UTC."""

    person_id: int
    case_id: int
    issued_at: datetime

    @property
    def ends_at(self) -> datetime:
        """Return the moment from which the link opens nothing any more."""
        return self.issued_at + LIFETIME


@dataclass(frozen=True)
class _Keys:
    sign: bytes
    hide: bytes


class LinkMaker:
    """Makes and reads tokens with one installation's key."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._travellers = _Keys(_derived(secret_key, "sign"), _derived(secret_key, "hide"))
        self._persons = _Keys(_derived(secret_key, "sign person"), _derived(secret_key, "hide person"))
        self.start = public_url + PATH

    @classmethod
    def of(cls, settings: Settings) -> LinkMaker:
        """Return the maker of this installation; another `HOTLINE_SECRET_KEY` ends every link."""
        return cls(settings.secret_key.get_secret_value(), settings.public_url)

    def token(self, claims: Claims | PersonClaims) -> str:
        """Return the token of these claims; raises OverflowError for ids beyond the token's room (a trillion people)."""
        if isinstance(claims, PersonClaims):
            return _sealed(self._persons, claims.person_id, claims.case_id, claims.issued_at)
        return _sealed(self._travellers, claims.traveller_id, claims.alert_id or 0, claims.issued_at)

    def url(self, claims: Claims | PersonClaims) -> str:
        """Return the whole address."""
        return self.start + self.token(claims)

    def read(self, token: str) -> Claims:
        """Return what a traveller's token says; raises BadToken. Whether it has ended or was revoked is not looked at here."""
        traveller_id, alert_id, issued_at = _opened(self._travellers, _read_number(token))
        return Claims(traveller_id, alert_id or None, issued_at)

    def read_any(self, token: str) -> Claims | PersonClaims:
        """Return what a token of either kind says; raises BadToken."""
        try:
            return self.read(token)
        except BadToken:
            return PersonClaims(*_opened(self._persons, _read_number(token)))


class OwnLinks:
    """Tokens of one more kind of people, which a room above gives a page of their own under an address of its own.

    `kind` goes into the keys, so that no token of one kind is ever one of another. `about` is a number below 2^32 that means
    what that room says.
    """

    def __init__(self, settings: Settings, kind: str) -> None:
        secret = settings.secret_key.get_secret_value()
        self._keys = _Keys(_derived(secret, f"sign {kind}"), _derived(secret, f"hide {kind}"))

    def token(self, whose: int, about: int, issued_at: datetime) -> str:
        """Return the token that names them, issued at an aware moment of which the minute is kept."""
        return _sealed(self._keys, whose, about, issued_at)

    def read(self, token: str) -> tuple[int, int, datetime]:
        """Return whose it is, what it is about and its aware minute of issue in UTC; raises BadToken."""
        return _opened(self._keys, _read_number(token))


def _sealed(keys: _Keys, whose: int, about: int, issued_at: datetime) -> str:
    minute = (issued_at - _EPOCH) // _MINUTE
    content = b"".join((
        whose.to_bytes(_PERSON_BYTES), about.to_bytes(_ALERT_BYTES), max(0, minute).to_bytes(_MINUTE_BYTES),
    ))  # fmt: skip
    signature = hmac.digest(keys.sign, content, "sha256")[:_SIGNATURE_BYTES]
    return _written(int.from_bytes(_hidden(keys, content, signature) + signature))


def _opened(keys: _Keys, number: int) -> tuple[int, int, datetime]:
    whole = number.to_bytes(_CONTENT_BYTES + _SIGNATURE_BYTES)
    signature = whole[_CONTENT_BYTES:]
    content = _hidden(keys, whole[:_CONTENT_BYTES], signature)
    expected = hmac.digest(keys.sign, content, "sha256")[:_SIGNATURE_BYTES]
    if not hmac.compare_digest(signature, expected):
        raise BadToken
    whose, rest = content[:_PERSON_BYTES], content[_PERSON_BYTES:]
    issued_at = _EPOCH + int.from_bytes(rest[_ALERT_BYTES:]) * _MINUTE
    return int.from_bytes(whose), int.from_bytes(rest[:_ALERT_BYTES]), issued_at


def _hidden(keys: _Keys, content: bytes, signature: bytes) -> bytes:
    stream = hmac.digest(keys.hide, signature, "sha256")
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
