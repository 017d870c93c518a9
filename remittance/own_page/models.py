"""Relatives' links that were ended before their time, and from where travellers asked on their own pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base


class RelativePage(Base):
    """A remittance whose relative's links were ended by an officer; every other has no row here."""

    __tablename__ = "remittance_relative_pages"

    remittance_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("remittances.id"), primary_key=True, autoincrement=False
    )
    generation: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Only links of this generation open; ending them begins the next one."""
    ended_at: Mapped[datetime]


class OwnRequest(Base):
    """From where somebody asked on their own page, as keyed digests that only tell equal from different."""

    __tablename__ = "remittance_own_requests"
    __table_args__ = (
        Index("ix_remittance_own_requests_address", "address_digest", "asked_at"),
        Index("ix_remittance_own_requests_device", "device_digest", "asked_at"),
    )

    remittance_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("remittances.id"), primary_key=True, autoincrement=False
    )
    address_digest: Mapped[str] = mapped_column(String(64))
    """Of the network address."""
    device_digest: Mapped[str] = mapped_column(String(64))
    """Of what the browser says of itself."""
    asked_at: Mapped[datetime]
