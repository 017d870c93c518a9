"""Incidents: what happened where and when, how grave it is, what it was opened from, who works on it, and its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from hotline.incidents.states import KINDS, PARTS, SEVERITIES, STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Incident(HasId, Base):
    """A crisis. A drill's incident (`drill`) touches only people and lines of drills."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("severity", SEVERITIES), name="severity"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (radius_km IS NULL)", name="place"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index("ix_incidents_open", "id", postgresql_where=text("state = 'open'")),
        Index("uq_incidents_source", "source", unique=True, postgresql_where=text("source <> '' AND state = 'open'")),
    )

    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    severity: Mapped[str] = mapped_column(String(10))
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """ISO codes of the countries that are hit; at least one."""
    place: Mapped[str] = mapped_column(String(160), default="", server_default="")
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    radius_km: Mapped[float | None] = mapped_column(Float)
    summary: Mapped[str] = mapped_column(Text, default="", server_default="")
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    source: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """What it was opened from, such as `alert:12`; empty for one opened by hand."""
    began_at: Mapped[datetime]
    """When the thing itself happened or is expected."""
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Counts changes; who edits names the version that they saw."""


class LogEntry(HasId, Base):
    """A line of an incident's log; a trigger refuses to change or remove one, what was wrong is corrected by another.

    `words` of a note are what was written; of a fact they are a message id whose parameters are in `facts`.
    """

    __tablename__ = "incident_log"
    __table_args__ = (
        CheckConstraint("kind IN ('note', 'fact')", name="kind"),
        Index("ix_incident_log_incident_id", "incident_id", "id"),
        Index("uq_incident_log_corrects", "corrects_id", unique=True),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(4))
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    by: Mapped[str] = mapped_column(String(200))
    """Who, as they were called then; `system` for the house itself."""
    words: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    corrects_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("incident_log.id"))


class TeamMember(HasId, Base):
    """An officer with a part in an incident, from `since` until `until`."""

    __tablename__ = "incident_team"
    __table_args__ = (
        CheckConstraint(_one_of("part", PARTS), name="part"),
        Index("ix_incident_team_incident_id", "incident_id"),
        Index(
            "uq_incident_team_now",
            "incident_id",
            "officer_id",
            "part",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    part: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
