"""Pickup codes, payouts in cash with who was there, allowed exceptions from opening hours, and vouchers as they were issued."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from remittance.payouts.states import DOCUMENTS, PAYOUT_STATES, WAYS


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class PickupCode(HasId, Base):
    """One code for fetching the money; of a remittance at most one lives. Kept is a keyed hash, never the code itself."""

    __tablename__ = "pickup_codes"
    __table_args__ = (
        UniqueConstraint("remittance_id", "nth"),
        CheckConstraint(_one_of("way", WAYS), name="way"),
        CheckConstraint("wrong_tries >= 0", name="tries"),
        Index("uq_pickup_codes_live", "remittance_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_pickup_codes_made_at", "remittance_id", "made_at"),
    )

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    nth: Mapped[int] = mapped_column(SmallInteger)
    code_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    way: Mapped[str] = mapped_column(String(10))
    proof: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """How the traveller proved who they are before a code was told by voice; empty for one sent by text."""
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Empty for the one that the release made."""
    expires_at: Mapped[datetime]
    wrong_tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    tried_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who tried it last."""
    locked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(String(10), default="", server_default="")


class HoursException(HasId, Base):
    """Leave to pay one remittance outside the mission's hours, given for a while by somebody who is responsible for it."""

    __tablename__ = "payout_hours_exceptions"
    __table_args__ = (Index("ix_payout_hours_exceptions_remittance_id", "remittance_id"),)

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    reason: Mapped[str] = mapped_column(String(300))
    given_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Payout(HasId, Base):
    """Cash for one remittance: prepared by a cashier, paid once a witness confirmed. Of a remittance at most one stands."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint(_one_of("state", PAYOUT_STATES), name="state"),
        CheckConstraint(_one_of("document_kind", DOCUMENTS), name="document"),
        CheckConstraint("witness_id IS DISTINCT FROM prepared_by_id", name="four_eyes"),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL AND witness_id IS NOT NULL)", name="paid"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        CheckConstraint("paid_minor > 0", name="amount"),
        Index("uq_payouts_standing", "remittance_id", unique=True, postgresql_where=text("state <> 'withdrawn'")),
        Index("ix_payouts_remittance_id", "remittance_id"),
        Index("ix_payouts_mission_id", "mission_id", "state"),
    )

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    quote_nth: Mapped[int] = mapped_column(SmallInteger)
    code_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("pickup_codes.id"))
    state: Mapped[str] = mapped_column(String(10), default="prepared", server_default="prepared")
    currency: Mapped[str] = mapped_column(String(3))
    paid_minor: Mapped[int] = mapped_column(BigInteger)
    notes: Mapped[list[Any]]
    """`[[value, count], …]` in minor units, the largest first; they sum to `paid_minor`."""
    document_kind: Mapped[str] = mapped_column(String(20))
    document_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Keyed: tells whether a document that is shown again is the same, and nothing else."""
    document_last: Mapped[str] = mapped_column(String(3), default="", server_default="")
    document_name: Mapped[str] = mapped_column(String(120))
    hours_exception_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("payout_hours_exceptions.id"))
    """The exception under which it was prepared, where the mission was closed."""
    prepared_at: Mapped[datetime]
    prepared_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    witness_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    paid_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_why: Mapped[str] = mapped_column(String(20), default="", server_default="")


class Voucher(HasId, Base):
    """The receipt of a payout exactly as it was issued: a signed PDF, kept for good with its digest."""

    __tablename__ = "payout_vouchers"
    __table_args__ = (UniqueConstraint("payout_id"), UniqueConstraint("token_hash"))

    payout_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payouts.id"))
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the token in the printed address, under which anybody may ask whether the voucher is genuine."""
    issued_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the content."""
    signed_by: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the certificate that signed it."""
