"""Agents, their sites and groups, every change of their presence, and what they wrote up."""

from __future__ import annotations

from datetime import datetime

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class AgentGroup(HasId, Base):
    """Agents who are staffed together, at one site; an outsourced group is another company's."""

    __tablename__ = "agent_groups"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    site: Mapped[str] = mapped_column(String(40))
    outsourced: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class Agent(HasId, Base):
    """An officer who takes calls. At most one call is theirs at any moment: `token` names its reservation."""

    __tablename__ = "agents"
    __table_args__ = (
        CheckConstraint(
            "state IN ('offline', 'not_ready', 'ready', 'reserved', 'ringing', 'talking', 'wrap_up')", name="state"
        ),
        CheckConstraint("(state IN ('reserved', 'ringing', 'talking', 'wrap_up')) = (token IS NOT NULL)", name="token"),
        CheckConstraint("next_state IS NULL OR next_state IN ('ready', 'not_ready', 'offline')", name="next_state"),
        CheckConstraint("via IN ('phone', 'browser')", name="via"),
        Index("ix_agents_ready", "idle_since", "id", postgresql_where=text("state = 'ready'")),
        Index("ix_agents_wrap_up_until", "wrap_up_until", postgresql_where=text("state = 'wrap_up'")),
    )

    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"), unique=True)
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agent_groups.id"))
    site: Mapped[str] = mapped_column(String(40), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """E.164; empty for those who answer in the browser alone."""
    via: Mapped[str] = mapped_column(String(10), default="browser", server_default="browser")
    skills: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Levels 1 to 5 by skill."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """`ko` languages as `lang:ko`, level 2 of a skill as `skill:1` and `skill:2`: what a caller needs is contained or not."""
    max_duty_min: Mapped[int] = mapped_column(Integer, default=600, server_default="600")
    max_misses: Mapped[int] = mapped_column(SmallInteger, default=3, server_default="3")
    state: Mapped[str] = mapped_column(String(10), default="offline", server_default="offline")
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    since: Mapped[datetime]
    next_state: Mapped[str | None] = mapped_column(String(10))
    next_reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    token: Mapped[str | None] = mapped_column(String(64))
    idle_since: Mapped[datetime | None]
    """Since when the agent could have had a call; the longest idle is asked first."""
    offered_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    """Not asked again before this: a moment's rest after a call that was not picked up."""
    wrap_up_until: Mapped[datetime | None]
    duty_since: Mapped[datetime | None]
    misses: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Calls missed in a row."""
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    created_at: Mapped[datetime]


class AgentMove(HasId, Base):
    """One change of an agent's presence, never changed: the record of what calls do to states (people's choices are
    on the audit trail as well, whose chain admits one writer at a time)."""

    __tablename__ = "agent_moves"
    __table_args__ = (Index("ix_agent_moves_agent_id_at", "agent_id", "at"),)

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    by: Mapped[str] = mapped_column(String(20), default="system", server_default="system")


class AgentWrapUp(HasId, Base):
    """What an agent wrote up after a call; one for each reservation."""

    __tablename__ = "agent_wrap_ups"
    __table_args__ = (Index("ix_agent_wrap_ups_at", "at"),)

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    token: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    disposition: Mapped[str] = mapped_column(String(20))
    """Empty when the time to write up ran out."""
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
