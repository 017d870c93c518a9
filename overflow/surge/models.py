"""Call-outs, the people asked in each, every call made to them, and the line of how many are ready."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from overflow.surge.states import (
    ANSWERS,
    CALLOUT_STATES,
    CHANNELS,
    OPEN_CALLS,
    OVER,
    PERSON_STATES,
    TELEPHONE_STATES,
)

MAX_NEEDED = 500


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values)


class Callout(HasId, Base):
    """So many people with these skills and languages, ready by a moment, wanted until another (aware UTC)."""

    __tablename__ = "callouts"
    __table_args__ = (
        CheckConstraint(f"state IN ({_listed(CALLOUT_STATES)})", name="state"),
        CheckConstraint(f"needed BETWEEN 1 AND {MAX_NEEDED}", name="needed"),
        CheckConstraint("by_at < until_at", name="period"),
        CheckConstraint(f"(state IN ({_listed(OVER)})) = (ended_at IS NOT NULL)", name="ended"),
        Index("ix_callouts_open", "id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_callouts_incident_id", "incident_id", "id"),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    drill: Mapped[bool] = mapped_column(Boolean)
    """Copied from the incident: only people of drills are asked in a drill, and they are asked in nothing else."""
    state: Mapped[str] = mapped_column(String(10), default="asking", server_default="asking")
    needed: Mapped[int] = mapped_column(SmallInteger)
    skills: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Lowest level by skill, 1 to 5."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    by_at: Mapped[datetime]
    until_at: Mapped[datetime]
    task: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """What they will do, in the officer's words; empty for "answering calls of people who are affected"."""
    source: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """`mode` for one that disaster mode started, `forecast` for one that was recommended, empty by hand."""
    follows_forecast: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """People are stood down as the forecast recommends."""
    wave: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    waved_at: Mapped[datetime | None]
    more: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """How many an officer wants asked with the next wave in any case."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    satisfied_at: Mapped[datetime | None]
    """When as many as needed were ready for the first time."""
    ended_at: Mapped[datetime | None]
    release_checked_at: Mapped[datetime | None]


class AskedPerson(HasId, Base):
    """One volunteer in one call-out. Its row orders everything that happens between them and the call-out."""

    __tablename__ = "callout_people"
    __table_args__ = (
        CheckConstraint(f"state IN ({_listed(PERSON_STATES)})", name="state"),
        CheckConstraint(f"answer IS NULL OR answer IN ({_listed(ANSWERS)})", name="answer"),
        CheckConstraint(f"answered_by IS NULL OR answered_by IN ({_listed(CHANNELS)})", name="answered_by"),
        CheckConstraint("chance BETWEEN 0 AND 1", name="chance"),
        CheckConstraint("state <> 'released' OR released_at IS NOT NULL", name="released"),
        UniqueConstraint("callout_id", "volunteer_id"),
        Index("ix_callout_people_volunteer_id", "volunteer_id", "id"),
        Index("ix_callout_people_state", "callout_id", "state"),
        Index("ix_callout_people_call_at", "call_at", postgresql_where=text("call_at IS NOT NULL")),
        Index("ix_callout_people_phone", "phone", "id"),
        Index("ix_callout_people_came", "id", postgresql_where=text("ready_at IS NOT NULL")),
    )

    callout_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("callouts.id"))
    volunteer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("volunteers.id"))
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    phone: Mapped[str] = mapped_column(String(16))
    """E.164 as it was when they were asked; empty once they are erased."""
    speaks: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(12), default="asked", server_default="asked")
    wave: Mapped[int] = mapped_column(SmallInteger)
    asks: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    """How often they were asked in this call-out, each time in another wave."""
    chance: Mapped[float] = mapped_column(Float)
    """The chance that they come, as it was judged when they were asked."""
    asked_at: Mapped[datetime]
    call_at: Mapped[datetime | None]
    """When their telephone is to be rung, unless they answer before."""
    calls: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Calls placed to them in this call-out."""
    answer: Mapped[str | None] = mapped_column(String(5))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(5))
    comes_at: Mapped[datetime | None]
    """When they should be there, as it was agreed."""
    reminded_at: Mapped[datetime | None]
    briefed_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    """When they were ready for the first time."""
    away_since: Mapped[datetime | None]
    """Since when somebody who was ready takes no calls."""
    left_at: Mapped[datetime | None]
    """When they dropped out or were asked to finish."""
    released_at: Mapped[datetime | None]
    minutes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Minutes on duty for this call-out, counted when they left."""
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Why they dropped out or could not be reached."""
    survey: Mapped[dict[str, Any] | None]
    surveyed_at: Mapped[datetime | None]


class CalloutCall(HasId, Base):
    """One call to ask somebody; the row is committed before the provider is told, and is never dialled again itself."""

    __tablename__ = "callout_calls"
    __table_args__ = (
        CheckConstraint(f"state IN ({_listed(TELEPHONE_STATES)})", name="state"),
        UniqueConstraint("person_id", "number"),
        Index("uq_callout_calls_sid", "provider_sid", unique=True, postgresql_where=text("provider_sid IS NOT NULL")),
        Index("ix_callout_calls_open", "look_at", postgresql_where=text(f"state IN ({_listed(OPEN_CALLS)})")),
        Index("uq_callout_calls_one", "phone", unique=True, postgresql_where=text(f"state IN ({_listed(OPEN_CALLS)})")),
        Index("ix_callout_calls_started_at", "started_at"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("callout_people.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    phone: Mapped[str] = mapped_column(String(16))
    """E.164; only one call at a time is made to one telephone. Empty once they are erased."""
    state: Mapped[str] = mapped_column(String(8))
    sender: Mapped[str] = mapped_column(String(20))
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    word: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """The provider's furthest word about it."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """The provider port's outcomes, or `found`, `absent`, `lost` after a look-up."""
    error_code: Mapped[str] = mapped_column(String(10), default="", server_default="")
    started_at: Mapped[datetime]
    look_at: Mapped[datetime | None]
    """When it is looked up at the provider, unless a word comes before."""
    ended_at: Mapped[datetime | None]


class CalloutEvent(HasId, Base):
    """One line of a call-out's timeline: what happened to it or to one of its people, never changed itself."""

    __tablename__ = "callout_events"
    __table_args__ = (Index("ix_callout_events_callout_id", "callout_id", "id"),)

    callout_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("callouts.id"))
    person_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("callout_people.id"))
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))


class CalloutSample(Base):
    """How a call-out stood at a moment; written when a number changes, for its curve."""

    __tablename__ = "callout_samples"

    callout_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("callouts.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    needed: Mapped[int] = mapped_column(SmallInteger)
    asked: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[int] = mapped_column(Integer)
    briefed: Mapped[int] = mapped_column(Integer)
    ready: Mapped[int] = mapped_column(Integer)
