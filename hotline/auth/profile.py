"""What officers change about themselves: language, zone, password and second factor; each change is on the audit trail."""

from __future__ import annotations

from zoneinfo import available_timezones

import pyotp
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import get_officer, set_password, set_second_factor, verify_password
from hotline.auth.sessions import end_other_sessions
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from hotline.core.i18n import LANGUAGES

ISSUER = "Hotline"
"""The name an authenticator shows beside the account."""


def set_preferences(
    session: Session, clock: Clock, actor: Actor, officer_id: int, *, language: str, zone: str
) -> Officer:
    """Change the language and the time zone pages are shown in; raises InvalidInput."""
    officer = get_officer(session, officer_id)
    if language not in LANGUAGES:
        raise InvalidInput("language", language, f"use one of {', '.join(LANGUAGES)}")
    if zone not in available_timezones():
        raise InvalidInput("zone", zone, "choose a zone from the list, such as Asia/Seoul")
    before = {"language": officer.language, "zone": officer.zone}
    after = {"language": language, "zone": zone}
    if before != after:
        officer.language, officer.zone = language, zone
        audit.record(session, clock, actor, "officer.preferences", "officer", officer.id, before=before, after=after)
    return officer


def change_password(
    session: Session, clock: Clock, actor: Actor, officer_id: int, *, current: str, new: str, keep_token: str | None
) -> None:
    """Change the officer's own password after proof of the current one, and end their other sessions."""
    officer = get_officer(session, officer_id)
    require_password(officer, current)
    if new == current:
        raise InvalidInput("password", "(withheld)", "choose a password that differs from the current one", code="same")
    set_password(session, clock, actor, officer, new)
    end_other_sessions(session, clock, officer.id, keep_token)


def require_password(officer: Officer, password: str) -> None:
    """Raise InvalidInput unless this is the officer's current password."""
    if not verify_password(officer, password):
        raise InvalidInput("current", "(withheld)", "type the password you signed in with")


def require_same(password: str, repeated: str) -> None:
    """Raise InvalidInput unless the new password was typed twice in the same way."""
    if password != repeated:
        raise InvalidInput("repeat", "(withheld)", "type the new password twice in the same way")


def new_secret() -> str:
    """Return a fresh secret for an authenticator (160 bits, base32, RFC 6238)."""
    return pyotp.random_base32()


def provisioning_uri(officer: Officer, secret: str) -> str:
    """Return the `otpauth://` address that an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=officer.name, issuer_name=ISSUER)


def switch_second_factor_on(
    session: Session, clock: Clock, actor: Actor, officer_id: int, *, secret: str, code: str, keep_token: str | None
) -> None:
    """Switch the second factor on once a code proves that the authenticator holds the secret.

    Other sessions of the officer end, because they were opened without it. Raises InvalidInput for a wrong code.
    """
    if not pyotp.TOTP(secret).verify(code.strip(), for_time=clock.now(), valid_window=1):
        raise InvalidInput("code", "(withheld)", "type the six digits your authenticator shows now")
    set_second_factor(session, clock, actor, get_officer(session, officer_id), secret)
    end_other_sessions(session, clock, officer_id, keep_token)


def switch_second_factor_off(session: Session, clock: Clock, actor: Actor, officer_id: int, *, current: str) -> None:
    """Switch the second factor off after proof of the password."""
    officer = get_officer(session, officer_id)
    require_password(officer, current)
    set_second_factor(session, clock, actor, officer, None)
