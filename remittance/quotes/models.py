"""Exchange rates with their source and time, and quotes: what a relative is asked to deposit for what a traveller is handed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId

KINDS = ("quote", "accepted")
"""quote: what was asked for · accepted: what an officer made of a deposit that came otherwise than asked."""


class ExchangeRate(HasId, Base):
    """One unit of `base` costs `value` units of `quoted` at `at` (UTC), by a source. Exact: a decimal text, never a float.

    Typed by hand it counts only once a second officer agreed (`agreed_by_id`).
    """

    __tablename__ = "exchange_rates"
    __table_args__ = (
        CheckConstraint("base <> quoted AND base ~ '^[A-Z]{3}$' AND quoted ~ '^[A-Z]{3}$'", name="pair"),
        CheckConstraint("agreed_by_id IS DISTINCT FROM entered_by_id OR agreed_by_id IS NULL", name="four_eyes"),
        UniqueConstraint("base", "quoted", "source", "at"),
        Index("ix_exchange_rates_at", "at"),
    )

    base: Mapped[str] = mapped_column(String(3))
    quoted: Mapped[str] = mapped_column(String(3))
    value: Mapped[str] = mapped_column(String(30))
    source: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """SHA-256 of the file it came in; empty for one typed by hand."""
    entered_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    entered_at: Mapped[datetime]
    agreed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    agreed_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]


class Quote(HasId, Base):
    """One quote of a remittance; the highest `nth` holds. All amounts in minor units; `due = value + fee + residue`.

    While its remittance is in a state of `requests.states.RESERVING`, `paid_minor` of the mission's cash is reserved for it.
    """

    __tablename__ = "remittance_quotes"
    __table_args__ = (
        UniqueConstraint("remittance_id", "nth"),
        CheckConstraint(f"kind IN ({', '.join(repr(each) for each in KINDS)})", name="kind"),
        CheckConstraint("due_minor = value_minor + fee_minor + residue_minor", name="sum"),
        CheckConstraint("paid_minor > 0 AND value_minor >= 0 AND fee_minor >= 0 AND residue_minor >= 0", name="signs"),
    )

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    nth: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(10), default="quote", server_default="quote")
    bank_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bank_accounts.id"))
    rate: Mapped[str] = mapped_column(String(80))
    """How much of the deposit's currency one unit of the paid one costs, as an exact fraction `numerator/denominator`."""
    rate_source: Mapped[str] = mapped_column(String(20))
    rate_at: Mapped[datetime]
    rate_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    spread_basis_points: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    currency: Mapped[str] = mapped_column(String(3))
    paid_minor: Mapped[int] = mapped_column(BigInteger)
    due_currency: Mapped[str] = mapped_column(String(3))
    due_minor: Mapped[int] = mapped_column(BigInteger)
    value_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    residue_minor: Mapped[int] = mapped_column(BigInteger)
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    """`paid_minor` as the equivalent in the policy's limit currency, rounded up."""
    expires_at: Mapped[datetime]
    quoted_at: Mapped[datetime]
    quoted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
