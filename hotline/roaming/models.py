"""Carriers, their keys, what they have sent, and the crossings that follow from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Carrier(HasId, Base):
    """A mobile carrier of the home country that tells us where its subscribers' telephones are. `code` is in its address."""

    __tablename__ = "carriers"

    code: Mapped[str] = mapped_column(String(11), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    style: Mapped[str] = mapped_column(String(20))
    """How it writes its events; one of `hotline.roaming.mapping.STYLES`."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CarrierKey(HasId, Base):
    """A key a carrier signs with. The secret itself is not kept: it is derived from the salt and the service's own key.

    Two keys may be good at once, so that a carrier can change over without losing an event.
    """

    __tablename__ = "carrier_keys"

    carrier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("carriers.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(24), unique=True)
    salt: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class RoamingBatch(HasId, Base):
    """One call of a carrier, appended durably inside the webhook; its events are removed once they are folded.

    The row itself stays for a while, so that a repeated call is known again.
    """

    __tablename__ = "roaming_batches"
    __table_args__ = (
        UniqueConstraint("carrier_id", "call_hash"),
        Index("ix_roaming_batches_waiting", "id", postgresql_where=text("folded_at IS NULL")),
        Index("ix_roaming_batches_received_at", "received_at"),
    )

    carrier_id: Mapped[int] = mapped_column(BigInteger)
    call_hash: Mapped[str] = mapped_column(String(64))
    """Over the idempotency key and the body: the same key with another body is another call, so nothing is lost."""
    events: Mapped[list[Any]]
    refused: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[datetime]
    folded_at: Mapped[datetime | None]


class RoamingDay(Base):
    """Counts of a carrier's events on one day (UTC). Of numbers that nobody registered only this count is kept."""

    __tablename__ = "roaming_days"

    carrier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("carriers.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    known: Mapped[int] = mapped_column(Integer)
    """Events about people on record (each person of a shared number counts)."""
    unknown: Mapped[int] = mapped_column(Integer)
    """Events about numbers that are not on record; nothing else of them is kept."""
    refused: Mapped[int] = mapped_column(Integer)
    """Events that could not be read, lay in the future or too far back, or named a network that is nowhere."""


class Crossing(HasId, Base):
    """A traveller's telephone has registered in another country, or back at home.

    A trip is what lies between two registrations at home. Rows are kept for as long as the rules on arrival look back.
    """

    __tablename__ = "crossings"
    __table_args__ = (
        UniqueConstraint("traveller_id", "at", "country"),
        Index("ix_crossings_new", "id", postgresql_where=text("NOT considered")),
        Index("ix_crossings_received_at", "received_at"),
    )

    traveller_id: Mapped[int] = mapped_column(BigInteger)
    country: Mapped[str] = mapped_column(String(2))
    home: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime]
    seen_until: Mapped[datetime]
    """The latest time at which the telephone is known to have still been there; registering again moves it on."""
    received_at: Mapped[datetime]
    considered: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    """Whether the room that greets arrivals has looked at it."""
