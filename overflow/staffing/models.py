"""First calls by minute and country, the advice of every minute, and the what-ifs that were asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class StaffingMinute(Base):
    """Calls that asked for an agent in one minute, by the country of the mission they were for (empty: the centre's own line).

    `first` counts each caller once: who calls again within the hour without having been answered is in `calls` only.
    """

    __tablename__ = "staffing_minutes"
    __table_args__ = (CheckConstraint("0 <= first AND first <= calls", name="counts"),)

    drill: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    first: Mapped[int] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(Integer)


class StaffingAdvice(HasId, Base):
    """What was advised at a minute and why; never changed. Numbers of people; `by_at` is when they are needed."""

    __tablename__ = "staffing_advice"
    __table_args__ = (Index("ix_staffing_advice_drill_at", "drill", "at", unique=True),)

    at: Mapped[datetime]
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    per_hour: Mapped[float] = mapped_column(Float)
    """First calls an hour as they are estimated to come now."""
    usual_per_hour: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    needed_now: Mapped[int] = mapped_column(Integer)
    on_duty: Mapped[int] = mapped_column(Integer)
    call_out: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    release: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    by_at: Mapped[datetime | None]
    spare_since: Mapped[datetime | None]
    """Since when there have been more on duty than needed; people are released only after a while of that."""
    why: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Reasons as `[code, numbers]`, which `overflow.staffing.words` says in words."""
    slots: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Quarter hours ahead as `overflow.staffing.deciding.Need` has them."""


class WhatIf(HasId, Base):
    """One question "what if", played by a job: what was asked, how far it is, and the curves."""

    __tablename__ = "staffing_what_ifs"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("ix_staffing_what_ifs_open", "id", postgresql_where=text("state IN ('waiting','running')")),
        Index("ix_staffing_what_ifs_asked_by_id", "asked_by_id", "id"),
    )

    asked_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    question: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8), default="waiting", server_default="waiting")
    progress: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Why it failed: too_long, too_slow or lost."""
    curves: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
