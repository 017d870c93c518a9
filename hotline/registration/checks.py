"""Asking for a code and giving it back, within limits that protect strangers from texts and their numbers from guessing.

Whether a number is known to us is told to nobody who has not proved that they hold it: every request with a usable number
takes the same way, gets the same answer, and writes the same row.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import phonenumbers
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from hotline.core import ids
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, TooMany
from hotline.core.phone import PhoneNumber, parse_e164
from hotline.core.services import Services
from hotline.notices import store
from hotline.registration.models import PhoneCheck

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
MAX_WRONG_TRIES = 5
PROOF_LIFE = timedelta(minutes=30)
"""How long the page stays open after the code was right."""
KEPT_FOR = timedelta(days=2)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_NUMBER = ((3, HOUR), (6, DAY))
PER_RANGE = ((20, HOUR),)
PER_ADDRESS = ((30, HOUR), (120, DAY))
"""Wide enough for an airport's or a hotel's network, which many share."""
IN_ALL = ((3_000, HOUR),)
_LIMITS_LOCK = 0x48_4F_54_09
"""Key of the advisory lock that makes counting and adding one step."""

_TEXTS = {
    "ko": "[외교부] 인증번호 {code}. {minutes}분 안에 입력하세요. 요청하지 않으셨다면 무시하세요.",
    "en": "Consular hotline: your code is {code}, valid for {minutes} minutes. If you did not ask for it, ignore this.",
}
_REFUSED_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.VOICEMAIL,
        phonenumbers.PhoneNumberType.PAGER,
        phonenumbers.PhoneNumberType.FIXED_LINE,
    }
)


@dataclass(frozen=True)
class Asked:
    """A check that was begun; the token goes into the visitor's signed cookie."""

    check_id: int
    token: str


@dataclass(frozen=True)
class Proof:
    """Who holds which number for now."""

    check_id: int
    phone: str
    phone_region: str
    wishes: dict[str, Any] | None


def checked_mobile(value: str, region: str | None) -> PhoneNumber:
    """Return a number that texts can reach; raises InvalidInput naming `phone` for others (landlines, paid services)."""
    number = parse_e164(value.strip(), region)
    kind = phonenumbers.number_type(phonenumbers.parse(number.e164, None))
    if kind in _REFUSED_TYPES:
        raise InvalidInput("phone", "…", "give a mobile number that can receive texts")
    return number


def ask(
    services: Services,
    session: Session,
    number: PhoneNumber,
    *,
    address: str,
    language: str,
    wishes: dict[str, Any] | None,
) -> Asked:
    """Begin a check and have a code sent, in the caller's transaction.

    A number, or a range of numbers, that had too many codes gets none, and the answer is the same. Raises TooMany when the
    visitor's own address, or everybody together, asks too often.
    """
    clock, secret = services.clock, services.settings.secret_key.get_secret_value()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LIMITS_LOCK})
    address_hash = _keyed(secret, "address", _network(address))
    number_range = number.e164[:-3]
    if _reached(session, clock, PhoneCheck.address_hash, address_hash, PER_ADDRESS):
        raise TooMany("Too many codes were asked for from here. Try again in an hour.", 3600)
    if _reached(session, clock, None, None, IN_ALL):
        raise TooMany("Too many codes are being asked for at the moment. Try again later.", 3600)
    silent = _reached(session, clock, PhoneCheck.phone, number.e164, PER_NUMBER) or _reached(
        session, clock, PhoneCheck.number_range, number_range, PER_RANGE
    )
    now, token = clock.now(), ids.new_token()
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    check = PhoneCheck(
        phone=number.e164,
        phone_region=number.region,
        number_range=number_range,
        address_hash=address_hash,
        token_hash=ids.hash_token(token),
        code_hash="",
        silent=silent,
        created_at=now,
        expires_at=now + CODE_LIFE,
        wishes=wishes,
    )
    session.add(check)
    session.flush()
    check.code_hash = _code_hash(secret, check, code)
    if not silent:
        body = _TEXTS["ko" if language == "ko" else "en"].format(code=code, minutes=CODE_LIFE.seconds // 60)
        store.publish(
            session,
            clock,
            phone=number.e164,
            body=body,
            purpose="code",
            dedupe_key=f"code:{check.id}",
            expires_at=check.expires_at,
        )
    session.flush()
    return Asked(check.id, token)


def give(services: Services, session: Session, asked: Asked, code: str) -> Proof | None:
    """Check a code: the proof when it is right, None when it is wrong, too old, used up or was never sent.

    A wrong code is counted in the caller's transaction, so commit it. A right one works once.
    """
    check = _of_cookie(session, asked, lock=True)
    now = services.clock.now()
    if check is None or check.verified_at or check.expires_at <= now or check.wrong_tries >= MAX_WRONG_TRIES:
        return None
    given = "".join(code.split())[: 2 * CODE_DIGITS]
    expected = _code_hash(services.settings.secret_key.get_secret_value(), check, given)
    if check.silent or not hmac.compare_digest(check.code_hash, expected):
        check.wrong_tries += 1
        return None
    check.verified_at = now
    return Proof(check.id, check.phone, check.phone_region, check.wishes)


def proof_of(session: Session, clock: Clock, asked: Asked) -> Proof | None:
    """Return the proof that this browser has given and that still holds."""
    check = _of_cookie(session, asked)
    if check is None or check.verified_at is None or check.ended_at is not None:
        return None
    if clock.now() >= check.verified_at + PROOF_LIFE:
        return None
    return Proof(check.id, check.phone, check.phone_region, check.wishes)


def tries_left(session: Session, clock: Clock, asked: Asked) -> int:
    """Return how many codes may still be tried; 0 when the check is over."""
    check = _of_cookie(session, asked)
    if check is None or check.verified_at or check.expires_at <= clock.now():
        return 0
    return max(0, MAX_WRONG_TRIES - check.wrong_tries)


def end(session: Session, clock: Clock, check_id: int) -> None:
    """End a proof: the browser must ask for another code to come back."""
    session.get_one(PhoneCheck, check_id).ended_at = clock.now()


def forget_old(services: Services) -> int:
    """Delete checks that no limit counts any more; the job `registration.forget_old`."""
    with services.db.transaction() as session:
        before = services.clock.now() - KEPT_FOR
        deleted = session.execute(delete(PhoneCheck).where(PhoneCheck.created_at < before).returning(PhoneCheck.id))
        return len(deleted.all())


def _of_cookie(session: Session, asked: Asked, *, lock: bool = False) -> PhoneCheck | None:
    check = session.get(PhoneCheck, asked.check_id, with_for_update=lock)
    if check is None or not hmac.compare_digest(check.token_hash, ids.hash_token(asked.token)):
        return None
    return check


def _reached(
    session: Session, clock: Clock, column: Any, value: str | None, limits: tuple[tuple[int, timedelta], ...]
) -> bool:
    """Whether one of the limits (most, within) is reached; never reads more rows than the limit allows."""
    for most, within in limits:
        rows = select(PhoneCheck.id).where(PhoneCheck.created_at > clock.now() - within).limit(most)
        if column is not None:
            rows = rows.where(column == value)
        if value is not None and column is not PhoneCheck.address_hash:
            # Only codes that went out: else a stranger could keep somebody from ever registering.
            rows = rows.where(~PhoneCheck.silent)
        if (session.scalar(select(func.count()).select_from(rows.subquery())) or 0) >= most:
            return True
    return False


def _code_hash(secret: str, check: PhoneCheck, code: str) -> str:
    """Return the keyed hash of a code: six digits alone would be guessed from any plain hash in a moment."""
    return _keyed(secret, f"code:{check.id}:{check.phone}", code)


def _keyed(secret: str, purpose: str, value: str) -> str:
    return hmac.new(secret.encode(), f"registration:{purpose}:{value}".encode(), hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    """Return what counts as one visitor: an IPv4 address, or the /64 that one IPv6 household has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False).network_address)
    return str(known)
