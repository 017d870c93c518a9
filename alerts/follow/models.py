"""What is kept of people who were told "you are inside no more" and came back while that alert is live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base


class PastMessage(Base):
    """A message that made room for a newer text of the same alert to the same number, as it stood then; never changed.

    The columns are those of `alerts.models.Message`, its attempts keep pointing at `id`. A receipt that comes later finds no
    message any more and is put aside.
    """

    __tablename__ = "past_messages"
    __table_args__ = (
        Index("ix_past_messages_alert_id", "alert_id"),
        Index("ix_past_messages_phone", "phone"),
        Index("ix_past_messages_traveller_id", "traveller_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    traveller_id: Mapped[int] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    variant: Mapped[str] = mapped_column(String(12))
    parts: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    provider_status: Mapped[str | None] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(10))
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime]


class AlertReturn(Base):
    """Somebody seen back inside (degrees) while the text that says they are out was still under way."""

    __tablename__ = "alert_returns"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False)
    traveller_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
