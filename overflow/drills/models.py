"""Rounds of tests, each test of a line, the alarms that stand, and training calls with their sheets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId

_ACTIVE = "state IN ('placing','doubt','ringing','arrived')"


class LineTestRound(HasId, Base):
    """One week's tests of every line; `week` is the Monday of the missions' own calendars. `report` is kept when it is over."""

    __tablename__ = "line_test_rounds"
    __table_args__ = (CheckConstraint("state IN ('open','finished')", name="state"),)

    week: Mapped[date] = mapped_column(Date, unique=True)
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class LineTest(HasId, Base):
    """One call to a mission's own number that should come back to us.

    `due_at` is when something is to be done next: place it, look it up, or judge it. `sender` is the number of ours that it was
    placed from, by which it is known when it arrives; `leg_word` the provider's furthest word about our own end.
    """

    __tablename__ = "line_tests"
    __table_args__ = (
        CheckConstraint("state IN ('planned','placing','doubt','ringing','arrived','passed','failed')", name="state"),
        CheckConstraint("(state = 'failed') = (reason <> '')", name="reason"),
        CheckConstraint("(state IN ('passed','failed')) = (finished_at IS NOT NULL)", name="finished"),
        Index("uq_line_tests_active", "line_id", unique=True, postgresql_where=text(_ACTIVE)),
        Index("uq_line_tests_round", "round_id", "line_id", unique=True, postgresql_where=text("repeat_of_id IS NULL")),
        Index("uq_line_tests_repeat", "repeat_of_id", unique=True),
        Index("ix_line_tests_line", "line_id", "id"),
        Index("ix_line_tests_due", "due_at", postgresql_where=text("state NOT IN ('passed','failed')")),
        Index("ix_line_tests_placed_at", "placed_at"),
    )

    line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mission_lines.id"))
    round_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("line_test_rounds.id"))
    repeat_of_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("line_tests.id"))
    started_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    state: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    sender: Mapped[str] = mapped_column(String(20), default="", server_default="")
    provider_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    leg_word: Mapped[str] = mapped_column(String(12), default="", server_default="")
    placed_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    arrived_call_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("calls.id"), unique=True)
    recognised_how: Mapped[str] = mapped_column(String(16), default="", server_default="")
    greeted_mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    error_code: Mapped[str] = mapped_column(String(10), default="", server_default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class LineAlarm(HasId, Base):
    """A line that failed twice in a row; at most one stands for each line. It ends when a later test passes."""

    __tablename__ = "line_alarms"
    __table_args__ = (
        Index("uq_line_alarms_standing", "line_id", unique=True, postgresql_where=text("resolved_at IS NULL")),
    )

    line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mission_lines.id"))
    test_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("line_tests.id"))
    raised_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_test_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("line_tests.id"))


class TrainingScenario(HasId, Base):
    """What the trainer plays, and what a good answer has in it, in both languages."""

    __tablename__ = "training_scenarios"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    title_ko: Mapped[str] = mapped_column(String(120))
    title_en: Mapped[str] = mapped_column(String(120))
    text_ko: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    retired: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    updated_at: Mapped[datetime]


class TrainingCall(HasId, Base):
    """One training call: whom, by whom, which scenario, and what follows from it. `phone` is E.164, `total` of 25."""

    __tablename__ = "training_calls"
    __table_args__ = (
        CheckConstraint("state IN ('scheduled','calling','held','cancelled')", name="state"),
        CheckConstraint("(state = 'held') = (total IS NOT NULL AND held_at IS NOT NULL)", name="held"),
        Index("ix_training_calls_mission", "mission_id", "scheduled_at"),
        Index("ix_training_calls_trainee", "trainee_id", "scheduled_at"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    trainee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    trainer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    scenario_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("training_scenarios.id"))
    state: Mapped[str] = mapped_column(String(10))
    phone: Mapped[str] = mapped_column(String(20))
    call_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("calls.id"))
    scheduled_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    total: Mapped[int | None] = mapped_column(SmallInteger)
    follow_up: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime]


class TrainingScore(HasId, Base):
    """One line of a sheet: an area, 0 to 5, and what was noticed."""

    __tablename__ = "training_scores"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 5", name="score"),
        CheckConstraint("area IN ('reachability','greeting','attitude','competence','closing')", name="area"),
        UniqueConstraint("training_id", "area"),
    )

    training_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("training_calls.id"))
    area: Mapped[str] = mapped_column(String(14))
    score: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")
