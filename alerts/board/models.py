"""The figures of an alert minute by minute, sampled from the running counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base


class BoardMinute(Base):
    """What the running counts said at the end of a minute (aware UTC); a minute in which nothing moved has no row."""

    __tablename__ = "board_minutes"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    accepted: Mapped[int] = mapped_column(Integer)
    """Handed over and not failed: sent or delivered."""
    delivered: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    safe: Mapped[int] = mapped_column(Integer)
    help: Mapped[int] = mapped_column(Integer)


class BoardSplit(Base):
    """The same by country and provider (empty: none yet); a minute in which a pair did not move has no row of it."""

    __tablename__ = "board_splits"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    accepted: Mapped[int] = mapped_column(Integer)
    delivered: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    safe: Mapped[int] = mapped_column(Integer)
    help: Mapped[int] = mapped_column(Integer)
