"""Sources that are polled, what each of them reports, and the events behind the reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class FeedSource(HasId, Base):
    """One address that is fetched every so often, and how its last fetch went."""

    __tablename__ = "feed_sources"
    __table_args__ = (
        UniqueConstraint("url"),
        CheckConstraint("kind IN ('cap','gdacs','usgs')", name="kind"),
        Index("ix_feed_sources_due", "next_poll_at", postgresql_where=text("enabled")),
    )

    name: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(10))
    threshold: Mapped[str] = mapped_column(String(10))
    """A magnitude (usgs), a level (gdacs) or CAP's severity (cap) from which on an event becomes a draft."""
    interval_s: Mapped[int] = mapped_column(Integer)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Grows with every change of its settings; an answer to the old settings is not recorded under the new ones."""

    next_poll_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    """Until then one process is fetching it."""
    etag: Mapped[str | None] = mapped_column(String(300))
    last_modified: Mapped[str | None] = mapped_column(String(100))
    polled_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """In a row; each doubles the wait."""
    last_error: Mapped[str | None] = mapped_column(Text)
    """As `saying.pack` writes it."""
    entries: Mapped[int | None] = mapped_column(Integer)
    """How many the last answer held."""
    unreadable: Mapped[int | None] = mapped_column(Integer)
    """How many of them could not be read."""


class FeedHazard(HasId, Base):
    """One event of the world, however many feeds report it, and the draft that was made of it."""

    __tablename__ = "feed_hazards"
    __table_args__ = (Index("ix_feed_hazards_kind_occurred_at", "kind", "occurred_at"), UniqueConstraint("alert_id"))

    kind: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
    lat: Mapped[float] = mapped_column(Double)
    lon: Mapped[float] = mapped_column(Double)
    magnitude: Mapped[float | None] = mapped_column(Double)
    alert_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    draft_version: Mapped[int | None] = mapped_column(Integer)
    """The draft's version that a feed wrote last; at any other one a person has changed it."""
    drafted: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the draft says: title, place, magnitude, level, severity of the report it was made from."""
    created_at: Mapped[datetime]


class FeedSighting(HasId, Base):
    """What one source says of one event; the pair is unique, so that polling twice at once is harmless."""

    __tablename__ = "feed_sightings"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_feed_sightings_hazard_id", "hazard_id"),
        Index("ix_feed_sightings_alert_id", "alert_id"),
    )

    source_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("feed_sources.id"))
    external_id: Mapped[str] = mapped_column(String(200))
    hazard_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("feed_hazards.id"))
    alert_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    """The draft that a CAP message became; events of other feeds have theirs through the hazard."""
    stamp: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Changes when the entry of a CAP feed does."""
    title: Mapped[str] = mapped_column(String(300))
    place: Mapped[str] = mapped_column(String(200), default="", server_default="")
    magnitude: Mapped[float | None] = mapped_column(Double)
    level: Mapped[str] = mapped_column(String(10), default="", server_default="")
    severity: Mapped[str] = mapped_column(String(16), default="", server_default="")
    occurred_at: Mapped[datetime | None]
    url: Mapped[str] = mapped_column(String(500), default="", server_default="")
    note: Mapped[str | None] = mapped_column(Text)
    """Why nothing was made of it, as `saying.pack` writes it."""
    reported_at: Mapped[datetime]
    """When the source last changed it."""
    seen_at: Mapped[datetime]
    """When the last change was seen here."""
