"""Shifts, the patterns they are made from, how many people are needed, swaps, texts about shifts, and calendars' addresses."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from overflow.shifts.states import PARTS, STATES, SWAP_STATES, TELLING_KINDS, TELLING_STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class ShiftPattern(HasId, Base):
    """A week, or several in turn, that repeats. `zone` empty: the times are those of each person's own zone."""

    __tablename__ = "shift_patterns"
    __table_args__ = (CheckConstraint("weeks BETWEEN 1 AND 8", name="weeks"),)

    name: Mapped[str] = mapped_column(String(80), unique=True)
    zone: Mapped[str] = mapped_column(String(60), default="", server_default="")
    weeks: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class ShiftPatternLine(HasId, Base):
    """One shift of a pattern: minutes after local midnight; an end not after the start lies on the next day."""

    __tablename__ = "shift_pattern_lines"
    __table_args__ = (
        CheckConstraint("week BETWEEN 0 AND 7 AND weekday BETWEEN 0 AND 6", name="day"),
        CheckConstraint("starts BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439", name="times"),
        Index("ix_shift_pattern_lines_pattern_id", "pattern_id"),
    )

    pattern_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shift_patterns.id", ondelete="CASCADE"))
    week: Mapped[int] = mapped_column(SmallInteger)
    weekday: Mapped[int] = mapped_column(SmallInteger)
    """0 is Monday."""
    starts: Mapped[int] = mapped_column(SmallInteger)
    ends: Mapped[int] = mapped_column(SmallInteger)


class Shift(HasId, Base):
    """Somebody's planned duty from `starts_at` until before `ends_at` (UTC), made from the local times beside them.

    One person's live shifts never overlap: the database itself refuses them. The person is written as a range of one number
    there, because a range and a number stand in one such index only with an extension that an embedded server may lack.
    """

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(_one_of("part", PARTS), name="part"),
        CheckConstraint("starts_at < ends_at AND ends_at <= starts_at + interval '24 hours'", name="length"),
        CheckConstraint("starts BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439", name="times"),
        CheckConstraint("start_note IN ('', 'moved', 'first') AND end_note IN ('', 'moved', 'first')", name="notes"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published"),
        CheckConstraint("(state IN ('cancelled', 'declined')) = (ended_at IS NOT NULL)", name="ended"),
        ExcludeConstraint(
            (text("int8range(agent_id, agent_id, '[]')"), "&&"),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            where=text("state IN ('draft', 'published')"),
            using="gist",
            name="ex_shifts_one_at_a_time",
        ),
        Index("ix_shifts_starts_at", "starts_at", "id"),
        Index("ix_shifts_agent_id", "agent_id", "starts_at"),
        Index("ix_shifts_missed_at", "missed_at", postgresql_where=text("missed_at IS NOT NULL")),
    )

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    """Volunteers are agents too once they are approved."""
    zone: Mapped[str] = mapped_column(String(60))
    day: Mapped[date] = mapped_column(Date)
    """Local day on which it begins."""
    starts: Mapped[int] = mapped_column(SmallInteger)
    """Minutes after local midnight, as they were planned."""
    ends: Mapped[int] = mapped_column(SmallInteger)
    part: Mapped[str] = mapped_column(String(8))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    start_note: Mapped[str] = mapped_column(String(6), default="", server_default="")
    end_note: Mapped[str] = mapped_column(String(6), default="", server_default="")
    """`moved`: the clocks leave that time out · `first`: it comes twice and the first is meant (`wall`)."""
    state: Mapped[str] = mapped_column(String(10), default="draft", server_default="draft")
    version: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    """Grows with every change of times or person; texts name the one that they tell."""
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """Why it was changed, cancelled or declined, for the person or from them."""
    pattern_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("shift_patterns.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """When it was cancelled or declined."""
    missed_at: Mapped[datetime | None]
    """When the service saw that it had begun and nobody had signed on."""


class CoverageNeed(HasId, Base):
    """So many people are needed in these hours of a weekday, or of one day, which then stands instead of its weekday's.

    Hours are those of the centre's zone. `mark` is empty for anybody, or a skill or language as `visa:2` or `lang:en`.
    """

    __tablename__ = "coverage_needs"
    __table_args__ = (
        CheckConstraint("(weekday IS NULL) <> (day IS NULL)", name="which"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "hour_from BETWEEN 0 AND 23 AND hour_to BETWEEN 1 AND 24 AND hour_from < hour_to", name="hours"
        ),
        CheckConstraint("needed BETWEEN 0 AND 999", name="needed"),
        Index("ix_coverage_needs_day", "day"),
    )

    weekday: Mapped[int | None] = mapped_column(SmallInteger)
    day: Mapped[date | None] = mapped_column(Date)
    hour_from: Mapped[int] = mapped_column(SmallInteger)
    hour_to: Mapped[int] = mapped_column(SmallInteger)
    mark: Mapped[str] = mapped_column(String(40), default="", server_default="")
    needed: Mapped[int] = mapped_column(SmallInteger)


class ShiftSwap(HasId, Base):
    """A shift that its person offers to others; at most one such offer of a shift is open."""

    __tablename__ = "shift_swaps"
    __table_args__ = (
        CheckConstraint(_one_of("state", SWAP_STATES), name="state"),
        CheckConstraint("state NOT IN ('taken', 'approved', 'refused') OR to_agent_id IS NOT NULL", name="taker"),
        CheckConstraint("to_agent_id <> from_agent_id", name="another"),
        Index(
            "uq_shift_swaps_open", "shift_id", unique=True, postgresql_where=text("state IN ('offered', 'taken')")
        ),
        Index("ix_shift_swaps_shift_id", "shift_id"),
    )  # fmt: skip

    shift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shifts.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    """Version of the shift that was offered."""
    from_agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    to_agent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agents.id"))
    state: Mapped[str] = mapped_column(String(10), default="offered", server_default="offered")
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    why_asked: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Which rule wants a planner to look; empty where none does."""
    offered_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class ShiftTelling(HasId, Base):
    """One thing to tell one person about one shift, at most once: its kind and what it is about make it unique.

    `about` is the shift's version for news, or the swap that was refused, and the start for reminders: a shift that moves away
    and back reminds once.
    """

    __tablename__ = "shift_tellings"
    __table_args__ = (
        CheckConstraint(_one_of("kind", TELLING_KINDS), name="kind"),
        CheckConstraint(_one_of("state", TELLING_STATES), name="state"),
        UniqueConstraint("shift_id", "agent_id", "kind", "about"),
        Index("ix_shift_tellings_due", "due_at", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_shift_tellings_agent_id", "agent_id", "id"),
    )

    shift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shifts.id"))
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    kind: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(40))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """The times that it tells; what somebody knows of a shift is what they were told last."""
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """After it nobody is told any more."""
    state: Mapped[str] = mapped_column(String(12), default="waiting", server_default="waiting")
    notice_id: Mapped[int | None] = mapped_column(BigInteger)
    settled_at: Mapped[datetime | None]


class ShiftCalendar(Base):
    """Which personal address of somebody's calendar holds; a new number ends the address before."""

    __tablename__ = "shift_calendars"

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime]
