"""Bank accounts of the ministry; each is an account of the books (kind `bank`, this short name as its reference)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class BankAccount(HasId, Base):
    """One account at a bank: what a relative is told to deposit to. `opened_minor` is what it held when it was first entered."""

    __tablename__ = "bank_accounts"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name="code"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index("ix_bank_accounts_main", "currency", unique=True, postgresql_where=text("main AND closed_at IS NULL")),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    """Short name: the `reference` of its account in the books."""
    bank_en: Mapped[str] = mapped_column(String(80))
    bank_ko: Mapped[str] = mapped_column(String(80))
    holder: Mapped[str] = mapped_column(String(80))
    number: Mapped[str] = mapped_column(String(40))
    """As it is told to people and stands in statements, with its hyphens."""
    currency: Mapped[str] = mapped_column(String(3))
    opened_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    main: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """New quotes in its currency name this one."""
    entered_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    agreed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The second person; nobody is told of an account before."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
