"""The senders we send from, the routes texts take, how each provider does, and what is wrong with one right now.

All of it is in SQL, so that every process of every host acts on the same and pages show it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class ProviderFault(Base):
    """A fault of our own account, credentials or sender that stops all sending through one provider.

    The row stands while the fault does. After `retry_at` a lane tries a single text; an accepted one removes the row.
    """

    __tablename__ = "provider_faults"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    error_code: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
    retry_at: Mapped[datetime]


class RegionOff(Base):
    """A country to which a provider's account may not send (21408): its texts fail, all others go on."""

    __tablename__ = "regions_off"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    """Country of the number."""
    error_code: Mapped[str] = mapped_column(String(10))
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class Sender(HasId, Base):
    """An address we send from through one provider: a number, a name, a messaging service.

    `paced_until` is the end of the last time slot that was given out on the sender's timeline (see `pacing`).
    """

    __tablename__ = "senders"
    __table_args__ = (
        UniqueConstraint("provider", "address"),
        CheckConstraint("parts_per_s BETWEEN 1 AND 10000", name="parts_per_s"),
    )

    provider: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(40))
    parts_per_s: Mapped[int | None] = mapped_column(Integer)
    """Parts (not texts) a second that the carrier lets this sender send; None is unlimited."""
    paced_until: Mapped[datetime | None]
    slowed_until: Mapped[datetime | None]
    """Until then only half of the pace is used, because the provider's queue overflowed."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Route(HasId, Base):
    """One way for texts to numbers that begin with `prefix`; the routes of the longest prefix that fits are the ones tried.

    Of those the smallest `priority` goes first, then the lowest cost; equal ones share by `weight`. A provider that does
    badly passes a part of its texts on to the others (`Provider.share`).
    """

    __tablename__ = "routes"
    __table_args__ = (
        UniqueConstraint("prefix", "sender_id"),
        CheckConstraint("weight BETWEEN 1 AND 1000 AND priority BETWEEN 1 AND 99", name="numbers"),
        CheckConstraint("prefix ~ '^([+][1-9][0-9]{0,14})?$'", name="prefix"),
    )

    prefix: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """`+` and the first digits of the numbers; empty for every number."""
    sender_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("senders.id"))
    priority: Mapped[int] = mapped_column(SmallInteger, default=10)
    weight: Mapped[int] = mapped_column(SmallInteger, default=100)
    cost_micros: Mapped[int | None] = mapped_column(Integer)
    """Price of one part in millionths of a US dollar; None counts as dearest."""
    open: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Provider(HasId, Base):
    """How one provider does, judged by all processes together."""

    __tablename__ = "providers"
    __table_args__ = (UniqueConstraint("name"), CheckConstraint("share BETWEEN 0 AND 100", name="share"))

    name: Mapped[str] = mapped_column(String(20))
    share: Mapped[int] = mapped_column(SmallInteger, default=100, server_default="100")
    """Percent of the texts its routes give it that it really gets; the rest goes to the other routes."""
    share_at: Mapped[datetime | None]
    away_since: Mapped[datetime | None]
    """Since when a circuit breaker has been open somewhere; None while the provider answers."""
    seen_at: Mapped[datetime]


class ProviderPulse(Base):
    """What became of a provider's texts in one short stretch of time, summed over all lanes."""

    __tablename__ = "provider_pulses"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    """Beginning of the stretch (`health.SLOT_S` seconds)."""
    answered: Mapped[int] = mapped_column(Integer)
    """Texts the provider took or refused in so many words."""
    failed: Mapped[int] = mapped_column(Integer)
    """No connection, no answer, or an answer of its own trouble."""
    throttled: Mapped[int] = mapped_column(Integer)
    answer_ms: Mapped[int] = mapped_column(BigInteger)
    """Sum of the times to the answers, in milliseconds."""
