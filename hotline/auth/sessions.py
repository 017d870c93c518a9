"""Signing in and out: server-side sessions, a second factor where it is on, and a rate limit kept in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hotline.auth.models import Officer, OfficerSession, SignInAttempt
from hotline.auth.officers import actor_of, find_by_name, verify_password, verify_second_factor
from hotline.core import audit, ids
from hotline.core.clock import Clock
from hotline.core.errors import TooMany, Unauthenticated

WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_NAME = 8
MAX_FAILURES_PER_ADDRESS = 40
"""An office behind one address shares it, so the address limit is wider than the one for a name."""
IDLE_LIMIT = timedelta(hours=4)
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: the token goes into the browser's cookie, only its hash is stored."""

    officer: Officer
    token: str


class SecondFactorNeeded(Unauthenticated):
    """The password was right; a one-time code must follow."""

    slug = "second-factor-needed"


def check_rate(session: Session, clock: Clock, name: str, address: str) -> None:
    """Raise TooMany when this name or this address failed too often within the window."""
    since = clock.now() - WINDOW
    for column, value, limit in (
        (SignInAttempt.name, name, MAX_FAILURES_PER_NAME),
        (SignInAttempt.address, address, MAX_FAILURES_PER_ADDRESS),
    ):
        failures = session.scalar(select(func.count()).where(column == value, SignInAttempt.at > since)) or 0
        if failures >= limit:
            raise TooMany("Too many failed sign-ins. Wait a quarter of an hour or ask the administrator.", 900)


def note_failure(session: Session, clock: Clock, name: str, address: str) -> None:
    """Remember a failed sign-in and forget those that no longer count; commit this even though sign-in is refused."""
    session.add(SignInAttempt(name=name, address=address, at=clock.now(), detail=None))
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < clock.now() - timedelta(days=30)))


def check_password(session: Session, clock: Clock, *, name: str, password: str, address: str) -> Officer:
    """Return the officer whose name and password these are; raises TooMany or Unauthenticated.

    The caller records a failure in a transaction of its own (`note_failure`), because this one is rolled back.
    """
    name = name.strip().lower()[:60]
    check_rate(session, clock, name, address)
    officer = find_by_name(session, name)
    if not verify_password(officer, password) or officer is None or officer.disabled_at is not None:
        raise Unauthenticated("The name or the password is not right.", code="wrong-password")
    return officer


def check_code(session: Session, clock: Clock, officer: Officer, *, code: str, address: str) -> None:
    """Check the one-time code where the officer has one; raises TooMany, SecondFactorNeeded or Unauthenticated.

    The account is looked at again, because it may have been closed since the password was typed.
    """
    if officer.disabled_at is not None:
        raise Unauthenticated("The name or the password is not right.", code="wrong-password")
    if officer.second_factor_secret is None:
        return
    check_rate(session, clock, officer.name, address)
    if not code.strip():
        raise SecondFactorNeeded("Type the six-digit code of your authenticator.", code="second-factor-needed")
    session.refresh(officer, with_for_update=True)  # two requests with one code: the second sees that it is used up
    if not verify_second_factor(officer, code, clock):
        raise Unauthenticated("The code is not right; it changes every 30 seconds.", code="wrong-code")


def open_session(
    session: Session, clock: Clock, officer: Officer, *, address: str, user_agent: str, lifetime: timedelta
) -> SignedIn:
    """Open a session for an officer who has just proven everything, and forget their failed attempts."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.name == officer.name))
    token = ids.new_token()
    session.add(
        OfficerSession(
            officer_id=officer.id,
            token_hash=ids.hash_token(token),
            created_at=clock.now(),
            last_seen_at=clock.now(),
            expires_at=clock.now() + lifetime,
            address=address[:64],
            user_agent=user_agent[:300],
        )
    )
    audit.record(session, clock, actor_of(officer, "console"), "officer.signed_in", "officer", officer.id)
    return SignedIn(officer, token)


def sign_in(
    session: Session,
    clock: Clock,
    *,
    name: str,
    password: str,
    code: str,
    address: str,
    user_agent: str,
    lifetime: timedelta,
) -> SignedIn:
    """Check name, password and, where it is on, the one-time code, and open a session.

    Raises TooMany, Unauthenticated or SecondFactorNeeded. The caller records a failure in a transaction of its own
    (`note_failure`), because this one is rolled back by the error.
    """
    officer = check_password(session, clock, name=name, password=password, address=address)
    check_code(session, clock, officer, code=code, address=address)
    return open_session(session, clock, officer, address=address, user_agent=user_agent, lifetime=lifetime)


def officer_of_session(session: Session, clock: Clock, token: str) -> Officer | None:
    """Return the officer behind a session token, or None when it is unknown, ended, too old, idle or closed."""
    now = clock.now()
    row = session.execute(
        select(OfficerSession, Officer)
        .join(Officer, Officer.id == OfficerSession.officer_id)
        .where(OfficerSession.token_hash == ids.hash_token(token))
    ).first()
    if row is None:
        return None
    opened, officer = row._tuple()
    if opened.ended_at or opened.expires_at <= now or now - opened.last_seen_at > IDLE_LIMIT or officer.disabled_at:
        return None
    if now - opened.last_seen_at > TOUCH_EVERY:
        session.execute(update(OfficerSession).where(OfficerSession.id == opened.id).values(last_seen_at=now))
    return officer


def sign_out(session: Session, clock: Clock, token: str) -> None:
    """End one session; ending an unknown one is no error."""
    session.execute(
        update(OfficerSession)
        .where(OfficerSession.token_hash == ids.hash_token(token), OfficerSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def shorten(session: Session, clock: Clock, officer_id: int, within: timedelta) -> None:
    """Let no session of an officer last longer than this from now on; those that end sooner stay as they are."""
    latest = clock.now() + within
    session.execute(
        update(OfficerSession)
        .where(
            OfficerSession.officer_id == officer_id, OfficerSession.ended_at.is_(None), OfficerSession.expires_at > latest
        )
        .values(expires_at=latest)
    )  # fmt: skip


def end_other_sessions(session: Session, clock: Clock, officer_id: int, keep_token: str | None) -> None:
    """End every other session of an officer, for example after the password changed."""
    statement = update(OfficerSession).where(OfficerSession.officer_id == officer_id, OfficerSession.ended_at.is_(None))
    if keep_token is not None:
        statement = statement.where(OfficerSession.token_hash != ids.hash_token(keep_token))
    session.execute(statement.values(ended_at=clock.now()))
