"""Officers and what lets them in: passwords (argon2), sessions and API tokens (only their hashes are stored)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Officer(HasId, Base):
    """Somebody who works here. `name` is what they sign in with; roles decide what they may do."""

    __tablename__ = "officers"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    display_name: Mapped[str] = mapped_column(String(120))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    second_factor_secret: Mapped[str | None] = mapped_column(String(64))
    second_factor_step: Mapped[int | None] = mapped_column(BigInteger)
    """Time step of the last one-time code that was taken; a code counts once, and no earlier one after it."""
    language: Mapped[str] = mapped_column(String(5), server_default="en", default="en")
    zone: Mapped[str] = mapped_column(String(60), server_default="Asia/Seoul", default="Asia/Seoul")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class OfficerSession(HasId, Base):
    """One sign-in in one browser; ends by sign-out, by time or by the officer being disabled."""

    __tablename__ = "officer_sessions"

    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300))


class ApiToken(HasId, Base):
    """A bearer token of an officer for `/api/v1`; acts with that officer's permissions."""

    __tablename__ = "api_tokens"

    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInAttempt(HasId, Base):
    """A sign-in that failed; the rate limit counts these in PostgreSQL so that emptying Redis opens nothing."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_name_at", "name", "at"),
        Index("ix_sign_in_attempts_address_at", "address", "at"),
    )

    name: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any] | None]
