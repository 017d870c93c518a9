"""Travellers and their one effective position."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
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
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Position(Base):
    """Where a traveller is held to be now; one row each. `lat` NULL means unknown (also after erasure).

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
    changed_xid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
