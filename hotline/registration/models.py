"""Proofs that somebody holds a number, each with its code, its few tries and its short life."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class PhoneCheck(HasId, Base):
    """One request for a code. The code and the visitor's address are kept only as keyed hashes.

    The indexes answer the limits: how many requests there were lately for a number, its neighbours, an address, in all.
    """

    __tablename__ = "phone_checks"
    __table_args__ = (
        Index("ix_phone_checks_phone_created_at", "phone", "created_at"),
        Index("ix_phone_checks_number_range_created_at", "number_range", "created_at"),
        Index("ix_phone_checks_address_hash_created_at", "address_hash", "created_at"),
        Index("ix_phone_checks_created_at", "created_at"),
    )

    phone: Mapped[str] = mapped_column(String(16))
    phone_region: Mapped[str] = mapped_column(String(2))
    number_range: Mapped[str] = mapped_column(String(16))
    """The number without its last three digits: fraud that lives on paid numbers asks for whole ranges."""
    address_hash: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64))
    """Of the visitor's cookie; a code is only good in the browser that asked for it."""
    code_hash: Mapped[str] = mapped_column(String(64))
    silent: Mapped[bool] = mapped_column(Boolean)
    """No code was sent because the number had too many already; the page says the same as always."""
    wrong_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """Set when the visitor leaves or erases everything; the proof is then good for nothing."""
    wishes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What was filled in beside the number, until it is acted upon."""
