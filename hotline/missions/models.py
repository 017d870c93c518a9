"""Missions: embassies and consulates with the names and numbers that texts and greetings carry, their hours and their people."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Mission(HasId, Base):
    """An embassy or consulate. `countries` are the ISO codes it is responsible for; `country` is where it stands."""

    fresh = False
    """True on the object that this process has just added; tells a new mission from one that existed. Not a column."""

    __tablename__ = "missions"
    __table_args__ = (
        CheckConstraint("kind IN ('embassy', 'consulate')", name="kind"),
        CheckConstraint("partner_id <> id", name="partner"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_en: Mapped[str] = mapped_column(String(160))
    name_ko: Mapped[str] = mapped_column(String(160))
    country: Mapped[str] = mapped_column(String(2), index=True)
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    city: Mapped[str] = mapped_column(String(120))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    zone: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    emergency_phone: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10), default="embassy", server_default="embassy")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """ISO 639 codes of the languages in which it answers."""
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """Parts of its country that it looks after, by any name; none means all that no other mission names."""
    services_ko: Mapped[str] = mapped_column(Text, default="", server_default="")
    services_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    """Where the morning's hand-over goes; empty while nobody has said."""
    partner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    """A mission near by in the same zone that helps when this one cannot be reached."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class MissionLine(HasId, Base):
    """A number of a mission that people call. Numbers are E.164.

    After hours it forwards to `pool_number`, a number of the centre's; a call handed back rings `return_number`, which must not
    be forwarded itself. `technique` says how a call tells us which mission was meant.
    """

    __tablename__ = "mission_lines"
    __table_args__ = (
        CheckConstraint("technique IN ('webhook', 'number', 'sip')", name="technique"),
        CheckConstraint("return_number <> number", name="returns_elsewhere"),
        CheckConstraint("technique <> 'number' OR pool_number IS NOT NULL OR closed_at IS NOT NULL", name="pool"),
        Index("ix_mission_lines_mission_id", "mission_id"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    number: Mapped[str] = mapped_column(String(16), unique=True)
    pool_number: Mapped[str | None] = mapped_column(String(16), unique=True)
    return_number: Mapped[str | None] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(80), default="", server_default="")
    technique: Mapped[str] = mapped_column(String(8), default="number", server_default="number")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class MissionHours(Base):
    """The ordinary hours of a mission (OSM notation, normal form) and those of the holidays it keeps; no row while unknown."""

    __tablename__ = "mission_hours"

    mission_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("missions.id"), primary_key=True, autoincrement=False
    )
    hours: Mapped[str] = mapped_column(Text)
    holiday_hours: Mapped[str] = mapped_column(Text, default="off", server_default="off")
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class MissionHoliday(HasId, Base):
    """A holiday of the host country, of home or of the mission's own; kept only when `chosen`. `day` is its local day."""

    __tablename__ = "mission_holidays"
    __table_args__ = (
        CheckConstraint("calendar IN ('host', 'home', 'own')", name="calendar"),
        UniqueConstraint("mission_id", "day", "calendar"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    day: Mapped[date] = mapped_column(Date)
    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    calendar: Mapped[str] = mapped_column(String(4))
    chosen: Mapped[bool] = mapped_column(Boolean)


class MissionException(HasId, Base):
    """One local day with hours of its own, or `off`; wins over ordinary hours and holidays."""

    __tablename__ = "mission_exceptions"
    __table_args__ = (UniqueConstraint("mission_id", "day"),)

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    day: Mapped[date] = mapped_column(Date)
    hours: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")


class MissionOverride(HasId, Base):
    """Open or closed by one tap, from `starts_at` until before `ends_at`, or until it was undone at `ended_at`.

    Whoever begins one ends the one before, under the mission's lock, so that none overlap.
    """

    __tablename__ = "mission_overrides"
    __table_args__ = (
        CheckConstraint("kind IN ('closed_now', 'open_now')", name="kind"),
        CheckConstraint("ends_at > starts_at AND (ended_at IS NULL OR ended_at >= starts_at)", name="in_order"),
        Index("ix_mission_overrides_mission_id_ends_at", "mission_id", "ends_at"),
        Index("uq_mission_overrides_last", "mission_id", unique=True, postgresql_where=text("last")),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    kind: Mapped[str] = mapped_column(String(10))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    last: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    """True on the newest of a mission only; the database refuses a second, so that two taps at once cannot both begin one."""
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class MissionDuty(HasId, Base):
    """The duty phone (position 1) and its deputies in the order in which they are called. `phone` is E.164."""

    __tablename__ = "mission_duty"
    __table_args__ = (UniqueConstraint("mission_id", "position"), CheckConstraint("position >= 1", name="position"))

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(16))


class MissionNotice(HasId, Base):
    """A bulletin of a mission for those who answer in its name, from `valid_from` until before `valid_until`, or for good."""

    __tablename__ = "mission_notices"
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", name="in_order"),
        Index("ix_mission_notices_mission_id_valid_from", "mission_id", "valid_from"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    text_ko: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    withdrawn_at: Mapped[datetime | None]


class MissionStaff(HasId, Base):
    """An officer works at a mission; what `missions.own` allows is allowed for these missions."""

    __tablename__ = "mission_staff"
    __table_args__ = (UniqueConstraint("officer_id", "mission_id"), Index("ix_mission_staff_mission_id", "mission_id"))

    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    since: Mapped[datetime]
