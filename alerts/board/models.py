"""The figures of an alert minute by minute, sampled from the running counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer
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
