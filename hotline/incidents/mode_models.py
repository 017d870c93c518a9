"""Plans of disaster mode with their versions, and each time that one was switched on, with its steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from hotline.incidents.states import MODE_STATES, STEP_STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class ModePlan(HasId, Base):
    """A plan made in advance: for which kinds and countries of incidents (none: for all), and its version that holds."""

    __tablename__ = "mode_plans"

    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    retired: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ModePlanVersion(HasId, Base):
    """The steps of a plan as they were written once, in order: `[{"kind": …, "params": {…}}, …]`. Never changed."""

    __tablename__ = "mode_plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mode_plans.id"))
    number: Mapped[int] = mapped_column(Integer)
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class ModeRun(HasId, Base):
    """Disaster mode of one incident: asked for and agreed to, and taken back the same way.

    `digest` is what both people saw when it was asked for (see `digests`); it is compared again whenever a step is done.
    """

    __tablename__ = "mode_runs"
    __table_args__ = (
        CheckConstraint(_one_of("state", MODE_STATES), name="state"),
        CheckConstraint("agreed_by_id <> asked_by_id", name="two_people_on"),
        CheckConstraint("off_agreed_by_id <> off_asked_by_id", name="two_people_off"),
        Index(
            "uq_mode_runs_now", "incident_id", unique=True,
            postgresql_where=text("state IN ('asked', 'on', 'off_asked', 'restoring')"),
        ),
        Index("ix_mode_runs_incident_id", "incident_id", "id"),
    )  # fmt: skip

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    plan_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mode_plans.id"))
    plan_version: Mapped[int] = mapped_column(Integer)
    drill: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(10), default="asked", server_default="asked")
    digest: Mapped[str] = mapped_column(String(64))
    asked_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    agreed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    agreed_at: Mapped[datetime | None]
    off_asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    off_asked_at: Mapped[datetime | None]
    off_agreed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    off_agreed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ModeRunStep(HasId, Base):
    """One step of a run. `kept` is what its reversal needs; `due_at` when it is tried next."""

    __tablename__ = "mode_run_steps"
    __table_args__ = (
        CheckConstraint(_one_of("state", STEP_STATES), name="state"),
        UniqueConstraint("run_id", "position"),
        Index("ix_mode_run_steps_due", "due_at", postgresql_where=text("state IN ('waiting', 'reverting')")),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mode_runs.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(30))
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    reason: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    """Why it failed or is held: `code`, `message` (English) and `params`; empty otherwise."""
    kept: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    forced: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    due_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who did something to it by hand last; the step is then done in their name."""
    done_at: Mapped[datetime | None]
    reverted_at: Mapped[datetime | None]
