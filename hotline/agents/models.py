"""Agents, the groups and sites they sit in, and every change of their presence."""

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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.agents.states import STATES
from hotline.core.db import Base, HasId


class Site(HasId, Base):
    """A place where agents sit."""

    __tablename__ = "sites"

    name: Mapped[str] = mapped_column(String(80), unique=True)


class AgentGroup(HasId, Base):
    """Agents who work together: a desk, a shift's team, or a firm that answers for the centre (`outsourced`)."""

    __tablename__ = "agent_groups"

    name: Mapped[str] = mapped_column(String(80), unique=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    outsourced: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))


class Agent(HasId, Base):
    """An officer who answers calls, with what they can and what they are doing now."""

    __tablename__ = "agents"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint("via IN ('phone', 'browser')", name="via"),
        CheckConstraint("(token IS NOT NULL) = (state IN ('reserved','ringing','talking','wrap_up'))", name="token"),
        Index("ix_agents_ready", "idle_since", "id", postgresql_where=text("state = 'ready'")),
        Index("ix_agents_state", "state"),
    )

    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"), unique=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agent_groups.id"))
    phone: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """E.164; empty for somebody who answers in the browser only."""
    via: Mapped[str] = mapped_column(String(10), default="browser", server_default="browser")
    skills: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Level by skill, 1 to 5."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    marks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """Skills and languages as `hotline.agents.skills` writes them; what routing compares."""
    max_duty_minutes: Mapped[int] = mapped_column(Integer, default=720, server_default="720")
    """Longest time on duty; it runs from signing on, over midnight, until signing off."""
    max_misses: Mapped[int] = mapped_column(SmallInteger, default=3, server_default="3")
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    first_level: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """A volunteer: every skill counts at level 1 at most, and hard calls (`QueueEntry.hard`) never come to them."""
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """A made-up person of drills: real calls never come to them (`hotline.agents.skills.may_take`)."""
    created_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(String(10), default="offline", server_default="offline")
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    state_since: Mapped[datetime]
    next_state: Mapped[str | None] = mapped_column(String(10))
    """Chosen during a call; applies afterwards."""
    next_reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    duty_since: Mapped[datetime | None]
    idle_since: Mapped[datetime]
    """Since when they have had no call; who waits longest is next."""
    not_before: Mapped[datetime | None]
    """No call before this moment: their own line was busy."""
    misses: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Calls missed in a row."""
    token: Mapped[str | None] = mapped_column(String(64))
    """Token of the one reservation that is theirs now; every later step of the call must present it."""
    wrap_up_until: Mapped[datetime | None]


class PresenceChange(HasId, Base):
    """One change of presence, never changed itself; the record that reports of working times are made from."""

    __tablename__ = "presence_changes"
    __table_args__ = (Index("ix_presence_changes_agent_id_at", "agent_id", "at"),)

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    at: Mapped[datetime]
    before: Mapped[str] = mapped_column(String(10))
    after: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The officer who chose it; empty for what the service did."""
