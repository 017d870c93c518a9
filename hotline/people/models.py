"""Travellers, what is known of where they are and will be, and the one effective position that follows from it."""

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
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import UserDefinedType

from hotline.core.db import Base, HasId

PRECISIONS = ("exact", "city", "country")


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id; lets the resident index read changes without ever missing a late commit."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the column type's name."""
        return "xid8"


class Traveller(HasId, Base):
    """Somebody who receives alerts. `drill` people are the only ones an exercise or test can reach.

    The indexes serve the search: numbers by their first or last digits, names by the beginning of any word (and any part
    of a Korean word, see `name_keys` in the migration).
    """

    fresh = False
    """True on the object that this process has just added; tells a new person from one that existed. Not a column."""

    __tablename__ = "travellers"
    __table_args__ = (
        Index("ix_travellers_phone", text("phone text_pattern_ops")),
        Index("ix_travellers_phone_reversed", text("reverse(phone) text_pattern_ops")),
        Index("ix_travellers_reference", "reference", unique=True, postgresql_where=text("reference IS NOT NULL")),
        Index("ix_travellers_name_keys", text("name_keys(name)"), postgresql_using="gin"),
    )

    reference: Mapped[str | None] = mapped_column(String(80))
    """The source system's own key; importing the same reference again updates the row."""
    name: Mapped[str] = mapped_column(String(160))
    phone: Mapped[str] = mapped_column(String(16))
    phone_region: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8), server_default="ko", default="ko")
    drill: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    opted_out_at: Mapped[datetime | None]
    number_bad_at: Mapped[datetime | None]
    """Set when the provider said for good that the number cannot be reached; kept until the number changes."""
    email: Mapped[str | None] = mapped_column(String(254))
    """Where alerts go that no text or call could bring; several people may share one."""
    email_bad_at: Mapped[datetime | None]
    """Set when a mail server said for good that there is no such mailbox; kept until the address changes."""
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Position(Base):
    """Where a traveller is held to be now; one row each. `lat` NULL means unknown (also after erasure).

    The row follows from the traveller's sightings and itineraries (hotline.people.effective); nobody else writes it.
    `cell` is the number of the 0.25° grid cell (hotline.geo.cells); `changed_xid` is the transaction that last wrote the
    row (a trigger sets it), which the resident index polls.
    """

    __tablename__ = "positions"
    __table_args__ = (
        CheckConstraint("(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (cell IS NULL)", name="whole"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="on_earth"),
        CheckConstraint("precision IN ('exact', 'city', 'country')", name="precision"),
        Index("ix_positions_cell", "cell"),
        Index("ix_positions_changed_xid", "changed_xid"),
        Index("ix_positions_country", "country"),
        Index("ix_positions_country_only", "country", postgresql_where=text("precision = 'country'")),
        Index("ix_positions_recheck_at", "recheck_at", postgresql_where=text("recheck_at IS NOT NULL")),
    )

    traveller_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("travellers.id"), primary_key=True, autoincrement=False
    )
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    cell: Mapped[int | None] = mapped_column(Integer)
    country: Mapped[str] = mapped_column(String(2), server_default="ZZ", default="ZZ")
    """ISO country of the place itself (not of the phone); ZZ at sea or unknown."""
    language: Mapped[str] = mapped_column(String(8), server_default="ko", default="ko")
    """Copy of the traveller's language, so that counts by language need no join."""
    drill: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    """Copy of the traveller's drill flag, for the same reason."""
    precision: Mapped[str] = mapped_column(String(8), server_default="exact", default="exact")
    source: Mapped[str] = mapped_column(String(20))
    observed_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    recheck_at: Mapped[datetime | None]
    """The next moment at which another sighting or leg may take over; a sweep comes by then."""
    changed_xid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))


class Sighting(Base):
    """The latest place that one source knows of a traveller with one precision; older ones are not kept.

    Of many reports by the same source only the last says anything about now, so a person has a handful of rows and no
    trail of movements lies about.
    """

    __tablename__ = "sightings"
    __table_args__ = (
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="on_earth"),
        CheckConstraint("precision IN ('exact', 'city', 'country')", name="precision"),
        CheckConstraint("valid_until > observed_at", name="in_order"),
        Index("ix_sightings_valid_until", "valid_until"),
    )

    traveller_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("travellers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    precision: Mapped[str] = mapped_column(String(8), primary_key=True)
    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    cell: Mapped[int] = mapped_column(Integer)
    country: Mapped[str] = mapped_column(String(2))
    decisive: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    """Proves that the person has left every other country, also for finer but older sightings (see `validity`)."""
    observed_at: Mapped[datetime]
    valid_until: Mapped[datetime]


class Itinerary(HasId, Base):
    """A journey as it is planned: its legs, and who travels along."""

    __tablename__ = "itineraries"
    __table_args__ = (
        Index(
            "ix_itineraries_reference", "traveller_id", "reference", unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
    )  # fmt: skip

    traveller_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("travellers.id", ondelete="CASCADE"), index=True)
    reference: Mapped[str | None] = mapped_column(String(80))
    """The source system's own key of the journey; lists find it again by this."""
    source: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Grows with every change; an edit names the version it was made on."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    legs: Mapped[list[ItineraryLeg]] = relationship(
        cascade="all, delete-orphan", order_by="(ItineraryLeg.starts_at, ItineraryLeg.id)", lazy="selectin"
    )
    companions: Mapped[list[Companion]] = relationship(
        cascade="all, delete-orphan", order_by="Companion.id", lazy="selectin"
    )


class ItineraryLeg(HasId, Base):
    """One stay of a journey. It counts from `starts_at` until `ends_at`: its dates in the local time of the place, in UTC."""

    __tablename__ = "itinerary_legs"
    __table_args__ = (
        CheckConstraint("precision IN ('city', 'country')", name="precision"),
        CheckConstraint("first_date <= last_date AND starts_at < ends_at", name="in_order"),
        UniqueConstraint(
            "itinerary_id", "first_date", "last_date", "country", "lat", "lon", name="uq_itinerary_legs_stay"
        ),
    )

    itinerary_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("itineraries.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """The place as it was named; empty for a whole country."""
    country: Mapped[str] = mapped_column(String(2))
    precision: Mapped[str] = mapped_column(String(8))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    cell: Mapped[int] = mapped_column(Integer)
    zone: Mapped[str] = mapped_column(String(40))
    """IANA zone whose dates count; empty for a country with several, where the earliest and the latest midnight count."""
    first_date: Mapped[date] = mapped_column(Date)
    last_date: Mapped[date] = mapped_column(Date)
    """The last day of the stay; it counts to its end."""
    means: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """How the person gets there, such as a flight; may be empty."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Companion(HasId, Base):
    """Somebody who travels along. With a phone they are a traveller of their own, whose place the legs give too."""

    __tablename__ = "companions"
    __table_args__ = (Index("ix_companions_traveller_id", "traveller_id"),)

    itinerary_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("itineraries.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    """Empty when they are a traveller of their own, who has the name."""
    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id", ondelete="CASCADE"))
