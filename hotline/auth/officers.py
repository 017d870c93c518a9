"""Officers: adding them, their roles, passwords (argon2id) and second factor; every change is on the audit trail."""

from __future__ import annotations

import functools
import hmac
import re
import secrets
from collections.abc import Iterable

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from hotline.auth.models import ApiToken, Officer, OfficerSession
from hotline.auth.permissions import ROLES, permissions_of
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.i18n import LANGUAGES

MIN_PASSWORD_CHARS = 12
VOLUNTEER = "volunteer"
"""The role of those whose own names are on no trail."""
MAX_PASSWORD_CHARS = 200
PAGE_ROWS, MAX_WORDS = 100, 5
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,58}[a-z0-9]")
_hasher = PasswordHasher()


@functools.cache
def _dummy_hash() -> str:
    """A hash nobody knows the password of; made when first needed, because argon2 is slow by design."""
    return _hasher.hash(secrets.token_urlsafe(16))


def actor_of(officer: Officer, via: str) -> Actor:
    """Return the officer as an actor with the permissions of their roles.

    Volunteers act by the name that they sign in with: what the audit trail says cannot be erased, and their own name must be.
    """
    return Actor(
        kind="officer",
        id=officer.id,
        name=officer.name if VOLUNTEER in officer.roles else officer.display_name,
        permissions=permissions_of(officer.roles),
        roles=frozenset(officer.roles),
        via=via,
    )


def add_officer(
    session: Session,
    clock: Clock,
    actor: Actor,
    *,
    name: str,
    display_name: str,
    roles: Iterable[str],
    password: str | None,
    language: str = "en",
) -> Officer:
    """Add an officer; raises InvalidInput for a bad name, role or password and Refused when the name is taken.

    Without a password nobody can sign in as them until an administrator gives one.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput("name", name, "use 3 to 60 small letters, digits, dots, hyphens or underscores")
    if session.scalar(select(Officer.id).where(Officer.name == name)):
        raise Refused(f"There is already an officer with the sign-in name {name}.", code="name-taken")
    if not display_name.strip() or len(display_name) > 120:
        raise InvalidInput("display_name", display_name, "give the officer's name in 1 to 120 characters")
    if language not in LANGUAGES:
        raise InvalidInput("language", language, f"use one of {', '.join(LANGUAGES)}")
    officer = Officer(
        name=name,
        display_name=display_name.strip(),
        roles=checked_roles(roles),
        password_hash=hash_password(password) if password is not None else None,
        language=language,
        created_at=clock.now(),
    )
    session.add(officer)
    session.flush()
    audit.record(
        session, clock, actor, "officer.added", "officer", officer.id,
        after={"name": name, "display_name": officer.display_name, "roles": officer.roles},
    )  # fmt: skip
    return officer


def checked_roles(roles: Iterable[str]) -> list[str]:
    """Return the roles in order and without repeats; raises InvalidInput for an unknown one or for none."""
    wanted = set(roles)
    unknown = wanted - set(ROLES)
    if unknown or not wanted:
        raise InvalidInput("roles", sorted(unknown), f"choose at least one of {', '.join(ROLES)}")
    return [role for role in ROLES if role in wanted]


def hash_password(password: str) -> str:
    """Return the argon2id hash; raises InvalidInput when the password is too short or too long."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise InvalidInput(
            "password",
            "(withheld)",
            f"use {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters; a few words do well",
        )
    return _hasher.hash(password)


def verify_password(officer: Officer | None, password: str) -> bool:
    """Check a password; takes the same time whether or not the officer exists, so that names cannot be probed."""
    stored = officer.password_hash if officer is not None and officer.password_hash else _dummy_hash()
    try:
        matches = _hasher.verify(stored, password[:MAX_PASSWORD_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return matches and officer is not None and officer.password_hash is not None


def verify_second_factor(officer: Officer, code: str, clock: Clock) -> bool:
    """Check a time-based one-time code (RFC 6238, 30 s steps, one step of drift either way) and use it up.

    A code is taken once (RFC 6238, section 5.2), so that one read over a shoulder is worth nothing afterwards. The caller
    holds the officer's row locked.
    """
    if officer.second_factor_secret is None:
        return True
    generator = pyotp.TOTP(officer.second_factor_secret)
    present = generator.timecode(clock.now())
    for step in range(present - 1, present + 2):
        fits = hmac.compare_digest(generator.generate_otp(step).encode(), code.strip().encode("utf-8", "replace"))
        if fits and step > (officer.second_factor_step or 0):
            officer.second_factor_step = step
            return True
    return False


def set_password(session: Session, clock: Clock, actor: Actor, officer: Officer, password: str) -> None:
    """Change a password and note that it changed (never what to)."""
    officer.password_hash = hash_password(password)
    audit.record(session, clock, actor, "officer.password_changed", "officer", officer.id)


def set_second_factor(session: Session, clock: Clock, actor: Actor, officer: Officer, secret: str | None) -> None:
    """Switch the second factor on (with a secret that was just proven) or off (None)."""
    officer.second_factor_secret, officer.second_factor_step = secret, None
    action = "officer.second_factor_on" if secret else "officer.second_factor_off"
    audit.record(session, clock, actor, action, "officer", officer.id)


def set_roles(session: Session, clock: Clock, actor: Actor, officer_id: int, roles: Iterable[str]) -> Officer:
    """Change what an officer may do; nobody changes their own roles."""
    officer = get_officer(session, officer_id)
    if actor.id == officer.id:
        raise Refused("Nobody changes their own roles; ask another administrator.", code="own-roles")
    before, officer.roles = officer.roles, checked_roles(roles)
    audit.record(
        session, clock, actor, "officer.roles_changed", "officer", officer.id,
        before={"roles": before}, after={"roles": officer.roles},
    )  # fmt: skip
    return officer


def set_disabled(session: Session, clock: Clock, actor: Actor, officer_id: int, disabled: bool) -> Officer:
    """Close or reopen an officer's account; their sessions and tokens end at once and for good."""
    officer = get_officer(session, officer_id)
    if actor.id == officer.id:
        raise Refused("Nobody closes their own account; ask another administrator.", code="own-account")
    officer.disabled_at = clock.now() if disabled else None
    if disabled:
        shut_out(session, clock, officer.id)
    action = "officer.disabled" if disabled else "officer.enabled"
    audit.record(session, clock, actor, action, "officer", officer.id)
    return officer


def shut_out(session: Session, clock: Clock, officer_id: int) -> None:
    """End every session and revoke every token of an officer; reopening the account brings none of them back."""
    now = clock.now()
    session.execute(
        update(OfficerSession)
        .where(OfficerSession.officer_id == officer_id, OfficerSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.execute(
        update(ApiToken).where(ApiToken.officer_id == officer_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )


def get_officer(session: Session, officer_id: int) -> Officer:
    """Return an officer; raises NotFound."""
    officer = session.get(Officer, officer_id)
    if officer is None:
        raise NotFound("officer", officer_id)
    return officer


def find_by_name(session: Session, name: str) -> Officer | None:
    """Return the officer with this sign-in name, or None."""
    return session.scalar(select(Officer).where(Officer.name == name.strip().lower()[:60]))


def list_officers(session: Session, search: str = "", page: int = 1) -> tuple[list[Officer], int]:
    """Return one page of PAGE_ROWS officers by name, the closed accounts last, and how many there are in all.

    Each word of `search` is a part of the name shown or of the sign-in name; volunteers are officers too, so there are thousands.
    """
    statement = select(Officer)
    for word in search.split()[:MAX_WORDS]:
        found = (each.icontains(word, autoescape=True) for each in (Officer.name, Officer.display_name))
        statement = statement.where(or_(*found))
    count = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    ordered = statement.order_by(Officer.disabled_at.isnot(None), func.lower(Officer.name), Officer.id)
    return list(session.scalars(ordered.offset((page - 1) * PAGE_ROWS).limit(PAGE_ROWS))), count
