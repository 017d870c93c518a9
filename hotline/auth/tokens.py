"""API tokens: made once, shown once, stored as hashes, revocable; each acts with its officer's permissions."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.auth.models import ApiToken, Officer
from hotline.core import audit, ids
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused

PREFIX = "hl_"
MAX_TOKENS_PER_OFFICER = 20
TOUCH_EVERY = timedelta(minutes=1)


def create_token(
    session: Session, clock: Clock, actor: Actor, officer: Officer, label: str, expires_at: datetime | None = None
) -> str:
    """Make a token for an officer and return it; it cannot be shown again."""
    if not label.strip() or len(label) > 80:
        raise InvalidInput("label", label, "say in 1 to 80 characters what the token is for")
    live = session.scalars(
        select(ApiToken.id).where(ApiToken.officer_id == officer.id, ApiToken.revoked_at.is_(None))
    ).all()
    if len(live) >= MAX_TOKENS_PER_OFFICER:
        raise Refused(
            f"An officer has at most {MAX_TOKENS_PER_OFFICER} tokens; revoke one first.", code="too-many-tokens"
        )
    token = ids.new_token(PREFIX)
    row = ApiToken(
        officer_id=officer.id,
        token_hash=ids.hash_token(token),
        label=label.strip(),
        created_at=clock.now(),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "token.created", "officer", officer.id, after={"token_id": row.id, "label": row.label}
    )
    return token


def officer_of_token(session: Session, clock: Clock, token: str) -> Officer | None:
    """Return the officer behind a bearer token, or None when it is unknown, expired, revoked or the account closed."""
    row = session.execute(
        select(ApiToken, Officer)
        .join(Officer, Officer.id == ApiToken.officer_id)
        .where(ApiToken.token_hash == ids.hash_token(token))
    ).first()
    if row is None:
        return None
    found, officer = row._tuple()
    now = clock.now()
    if found.revoked_at or officer.disabled_at or (found.expires_at is not None and found.expires_at <= now):
        return None
    if found.last_used_at is None or now - found.last_used_at > TOUCH_EVERY:
        session.execute(update(ApiToken).where(ApiToken.id == found.id).values(last_used_at=now))
    return officer


def revoke_token(session: Session, clock: Clock, actor: Actor, officer_id: int, token_id: int) -> None:
    """Revoke one token of an officer; raises NotFound."""
    row = session.get(ApiToken, token_id)
    if row is None or row.officer_id != officer_id:
        raise NotFound("token", token_id)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        audit.record(session, clock, actor, "token.revoked", "officer", officer_id, before={"token_id": row.id})


def list_tokens(session: Session, officer_id: int) -> list[ApiToken]:
    """Return an officer's tokens, newest first."""
    return list(session.scalars(select(ApiToken).where(ApiToken.officer_id == officer_id).order_by(ApiToken.id.desc())))
