"""Sanctions lists in versions, who was compared with which, what was found, and the rules that hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from remittance.screening.list_files import KINDS as ENTRY_KINDS
from remittance.screening.states import ROLES, SEVERITIES, STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class SanctionList(HasId, Base):
    """One version of a list; of each `code` the newest holds. Versions are never changed."""

    __tablename__ = "sanction_lists"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,19}$'", name="code"),
        Index("ix_sanction_lists_code", "code", "id"),
    )

    code: Mapped[str] = mapped_column(String(20))
    layout: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of its files."""
    entries: Mapped[int] = mapped_column(Integer)
    added: Mapped[int] = mapped_column(Integer)
    gone: Mapped[int] = mapped_column(Integer)
    """Entries that the version before did not have, or had otherwise; and those it had that are no more."""
    imported_at: Mapped[datetime]
    imported_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class SanctionEntry(HasId, Base):
    """One entry as it stood from one version of its list until another; unchanged ones are kept once."""

    __tablename__ = "sanction_entries"
    __table_args__ = (
        CheckConstraint(_one_of("kind", ENTRY_KINDS), name="kind"),
        Index(
            "ix_sanction_entries_now", "code", "reference", unique=True, postgresql_where=text("until_list_id IS NULL")
        ),
    )

    code: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(300))
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    born: Mapped[list[str]] = mapped_column(ARRAY(Text))
    country: Mapped[str] = mapped_column(String(60))
    programme: Mapped[str] = mapped_column(String(200))
    remarks: Mapped[str] = mapped_column(Text)
    from_list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sanction_lists.id"))
    until_list_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sanction_lists.id"))
    """The version in which it stood no more, or stood otherwise."""


class SanctionName(HasId, Base):
    """One name of an entry with the pieces by which it is found; names of ships and aircraft are not kept here."""

    __tablename__ = "sanction_names"
    __table_args__ = (
        Index("ix_sanction_names_keys", "keys", postgresql_using="gin", postgresql_where=text("live")),
        Index("ix_sanction_names_entry_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sanction_entries.id"))
    name: Mapped[str] = mapped_column(String(300))
    keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    live: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    """Its entry stands on the version that holds."""


class ScreeningCheck(HasId, Base):
    """The fact that a name of a remittance was compared with all lists as they stood at version `list_id`; hits or none."""

    __tablename__ = "screening_checks"
    __table_args__ = (
        UniqueConstraint("remittance_id", "role", "name_digest", "list_id"),
        CheckConstraint(_one_of("role", ROLES), name="role"),
        Index("ix_screening_checks_name", "role", "name_digest", "at"),
    )

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    role: Mapped[str] = mapped_column(String(10))
    name_digest: Mapped[str] = mapped_column(String(40))
    """`comparing.digest` of the name, with the birth where one is known."""
    list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sanction_lists.id"))
    at: Mapped[datetime]
    compared: Mapped[int] = mapped_column(Integer)
    """Names of the lists that were near enough to be compared letter by letter."""
    best_tenths: Mapped[int] = mapped_column(SmallInteger)
    """The highest likeness among them, in tenths of a per cent."""
    hits: Mapped[int] = mapped_column(SmallInteger)


class ScreeningFinding(HasId, Base):
    """What speaks against a remittance: a name on a list, or a rule against fraud. Decided by somebody without a part in it."""

    __tablename__ = "screening_findings"
    __table_args__ = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(_one_of("severity", SEVERITIES), name="severity"),
        CheckConstraint("role = '' OR " + _one_of("role", ROLES), name="role"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id IS DISTINCT FROM raised_by_id", name="four_eyes"),
        UniqueConstraint("remittance_id", "kind", "pair"),
        Index("ix_screening_findings_state", "state", "id"),
        Index("ix_screening_findings_pair", "pair", postgresql_where=text("state = 'cleared'")),
    )

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"))
    kind: Mapped[str] = mapped_column(String(20))
    """`list`, or a rule of `rules.RULES`."""
    severity: Mapped[str] = mapped_column(String(4))
    state: Mapped[str] = mapped_column(String(10), default="open", server_default="open")
    role: Mapped[str] = mapped_column(String(10), default="", server_default="")
    name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sanction_entries.id"))
    listed_name: Mapped[str] = mapped_column(String(300), default="", server_default="")
    score_tenths: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    born: Mapped[str] = mapped_column(String(8), default="", server_default="")
    """How the births compare: same, near, other, unknown."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Numbers of a rule: how many, within how many days or hours, and which remittances."""
    pair: Mapped[str] = mapped_column(String(64))
    """What was found about whom: the name and the entry, or what the rule counted. Cleared once it is not raised again."""
    raised_at: Mapped[datetime]
    raised_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Empty for the service itself."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    reason: Mapped[str] = mapped_column(String(500), default="", server_default="")


class ScreeningMark(Base):
    """Up to which change, list and rules a remittance has been looked into."""

    __tablename__ = "screening_marks"

    remittance_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("remittances.id"), primary_key=True, autoincrement=False
    )
    change_id: Mapped[int] = mapped_column(BigInteger)
    list_id: Mapped[int] = mapped_column(BigInteger)
    rules_id: Mapped[int] = mapped_column(BigInteger)
    """0 where there was no list, or where the rules that come with the software held."""
    at: Mapped[datetime]


class ScreeningRules(HasId, Base):
    """A version of the rules' numbers; the newest holds."""

    __tablename__ = "screening_rules"

    numbers: Mapped[dict[str, Any]] = mapped_column()
    kept_at: Mapped[datetime]
    kept_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
