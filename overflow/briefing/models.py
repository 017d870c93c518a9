"""Briefings with their versions, tries and passes; knowledge tests; buddies and wishes for a listener."""

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
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class BriefingVersion(HasId, Base):
    """One version of an incident's page and its three questions; a published one never changes.

    `questions` is described in `overflow.briefing.questions`. A pass of any version from `counts_from` on counts for this one.
    """

    __tablename__ = "briefing_versions"
    __table_args__ = (
        CheckConstraint("state IN ('draft','published')", name="state"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
        CheckConstraint("number >= 1 AND counts_from BETWEEN 1 AND number", name="numbers"),
        UniqueConstraint("incident_id", "number"),
        Index("uq_briefing_versions_draft", "incident_id", unique=True, postgresql_where=text("state = 'draft'")),
        Index(
            "ix_briefing_versions_published", "incident_id", text("number DESC"), postgresql_where=text("state = 'published'")
        ),
    )  # fmt: skip

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    number: Mapped[int] = mapped_column(Integer)
    counts_from: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10), default="draft", server_default="draft")
    body_ko: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    questions: Mapped[list[Any]]
    edited: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Counts the changes of a draft; who saves names the one they read."""
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class BriefingTry(HasId, Base):
    """One set of answers to a version's three questions; never changed."""

    __tablename__ = "briefing_tries"
    __table_args__ = (
        UniqueConstraint("version_id", "agent_id", "number"),
        CheckConstraint("rights BETWEEN 0 AND 3", name="rights"),
        Index("ix_briefing_tries_agent_id", "agent_id", "incident_id"),
    )

    version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("briefing_versions.id"))
    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    version_number: Mapped[int] = mapped_column(Integer)
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    """Counts the tries of this person at this version from 1."""
    answers: Mapped[list[Any]]
    """Number of the chosen option of each question, as they stand in the version."""
    rights: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]


class BriefingPass(HasId, Base):
    """Somebody answered all three questions of a version rightly."""

    __tablename__ = "briefing_passes"
    __table_args__ = (
        UniqueConstraint("version_id", "agent_id"),
        Index("ix_briefing_passes_agent_id", "agent_id", "incident_id", "version_number"),
    )

    version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("briefing_versions.id"))
    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    version_number: Mapped[int] = mapped_column(Integer)
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    at: Mapped[datetime]


class BriefingLift(HasId, Base):
    """A senior looked at somebody's three wrong tries and gave them three more, saying what was found."""

    __tablename__ = "briefing_lifts"
    __table_args__ = (
        UniqueConstraint("version_id", "agent_id", "after_try"),
        CheckConstraint("note <> ''", name="note"),
    )

    version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("briefing_versions.id"))
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    after_try: Mapped[int] = mapped_column(SmallInteger)
    by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    note: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime]


class KnowledgeTest(HasId, Base):
    """A test that gives a certificate for one skill at one level. `questions` as those of a briefing, more of them."""

    __tablename__ = "knowledge_tests"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 5", name="level"),
        CheckConstraint("pass_percent BETWEEN 1 AND 100", name="pass_percent"),
        CheckConstraint("months BETWEEN 1 AND 60", name="months"),
        CheckConstraint("wait_hours BETWEEN 0 AND 8760", name="wait_hours"),
    )

    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    skill: Mapped[str] = mapped_column(String(30))
    level: Mapped[int] = mapped_column(SmallInteger)
    pass_percent: Mapped[int] = mapped_column(SmallInteger)
    months: Mapped[int] = mapped_column(SmallInteger)
    """How long the certificate holds."""
    wait_hours: Mapped[int] = mapped_column(SmallInteger)
    """So long after a failed try the next one is possible."""
    questions: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    updated_at: Mapped[datetime]


class KnowledgeTry(HasId, Base):
    """One volunteer's answers to a test, as it was at `version`; never changed."""

    __tablename__ = "knowledge_tries"
    __table_args__ = (
        UniqueConstraint("test_id", "volunteer_id", "number"),
        CheckConstraint("rights BETWEEN 0 AND asked", name="rights"),
        Index("ix_knowledge_tries_volunteer_id", "volunteer_id", "test_id"),
    )

    test_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("knowledge_tests.id"))
    volunteer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("volunteers.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer)
    answers: Mapped[list[Any]]
    rights: Mapped[int] = mapped_column(SmallInteger)
    asked: Mapped[int] = mapped_column(SmallInteger)
    passed: Mapped[bool] = mapped_column(Boolean)
    certificate_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("volunteer_certificates.id", ondelete="SET NULL")
    )
    at: Mapped[datetime]


class Buddy(HasId, Base):
    """A senior who stands beside a volunteer on duty, from `since` until `until`."""

    __tablename__ = "buddies"
    __table_args__ = (
        CheckConstraint("agent_id <> senior_id", name="two"),
        CheckConstraint("(until IS NULL) = (why = '')", name="why"),
        Index("uq_buddies_now", "agent_id", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_buddies_senior_id", "senior_id", postgresql_where=text("until IS NULL")),
    )

    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    senior_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """off_duty, or senior_left."""


class ListenWish(HasId, Base):
    """A volunteer asked in a call that a senior listen; `senior_id` is who is asked now."""

    __tablename__ = "listen_wishes"
    __table_args__ = (
        CheckConstraint("state IN ('asked','joined','over')", name="state"),
        CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name="ended"),
        Index("uq_listen_wishes_open", "call_id", unique=True, postgresql_where=text("state <> 'over'")),
        Index("ix_listen_wishes_senior_id", "senior_id", postgresql_where=text("state <> 'over'")),
    )

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("calls.id"))
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    senior_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    passed_over: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Seniors who said that they cannot now."""
    state: Mapped[str] = mapped_column(String(6), default="asked", server_default="asked")
    asked_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """call_over, taken_back, or nobody."""
