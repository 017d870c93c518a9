"""Remittances, every change of one, and the policy by which they are granted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
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
from remittance.requests.states import FINAL, HOLDABLE, STATES

IDENTITIES = ("passport", "second_factor")
"""How nationality was proven: the passport was seen, or, where it is lost, records and questions that only they can answer."""
DURESS = ("not_asked", "free", "unsure", "under_pressure")
"""What the private interview gave; nothing of it is ever said to anybody but reviewers."""


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Policy(HasId, Base):
    """A ministry's rules, in versions: the newest that has begun holds. Money is minor units of `limit_currency`."""

    __tablename__ = "remittance_policies"
    __table_args__ = (CheckConstraint("limit_minor > 0 AND open_per_person > 0", name="limits"),)

    begins_at: Mapped[datetime]
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    """The most per incident, as the equivalent in `limit_currency`."""
    limit_currency: Mapped[str] = mapped_column(String(3), default="USD", server_default="USD")
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """For what money is given; every other purpose is refused (drugs, gambling, unlawful or commercial ones)."""
    open_per_person: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    deposit_currency: Mapped[str] = mapped_column(String(3), default="KRW", server_default="KRW")
    payout_currencies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """In `deposit_currency`."""
    spread_basis_points: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    quote_minutes: Mapped[int] = mapped_column(Integer, default=24 * 60, server_default=text("1440"))
    rate_hours: Mapped[int] = mapped_column(SmallInteger, default=24, server_default="24")
    """How old a rate may be; an older one stops the quote."""
    more: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    kept_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    created_at: Mapped[datetime]


class Remittance(HasId, Base):
    """Emergency money from somebody at home to a traveller, paid out at a mission.

    Amounts are minor units of ISO 4217. `number` is what people say on the telephone; `reference` is what the depositor writes
    on the transfer, and nothing else finds a deposit as surely.
    """

    __tablename__ = "remittances"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("reference"),
        UniqueConstraint("request_key"),
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(f"held_state IS NULL OR {_one_of('held_state', HOLDABLE)}", name="held"),
        CheckConstraint("(state = 'on_hold') = (held_state IS NOT NULL)", name="hold"),
        CheckConstraint(_one_of("identity", IDENTITIES), name="identity"),
        CheckConstraint(_one_of("duress", DURESS), name="duress"),
        CheckConstraint("wanted_minor > 0", name="wanted"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id IS DISTINCT FROM requested_by_id", name="four_eyes"),
        CheckConstraint(f"({_one_of('state', FINAL)}) = (ended_at IS NOT NULL)", name="ended"),
        Index("ix_remittances_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_remittances_state", "state", "id"),
        Index("ix_remittances_requested_at", "requested_at"),
        Index("ix_remittances_person_id", "person_id"),
        Index("ix_remittances_case_id", "case_id"),
        Index("ix_remittances_mission_id", "mission_id", "state"),
    )

    number: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(12))
    request_key: Mapped[str] = mapped_column(String(80))
    """Idempotency key of the request: the same one never makes a second remittance."""
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"))
    incident_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    policy_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittance_policies.id"))
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(20), default="requested", server_default="requested")
    held_state: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    reason: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    wanted_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    """Of the payout."""
    payee_name: Mapped[str] = mapped_column(String(120))
    """As in the passport."""
    payee_born_on: Mapped[date | None] = mapped_column(Date)
    payee_phone: Mapped[str] = mapped_column(String(20), default="", server_default="")
    payee_language: Mapped[str] = mapped_column(String(2), default="ko", server_default="ko")
    identity: Mapped[str] = mapped_column(String(14))
    identity_words: Mapped[str] = mapped_column(String(200), default="", server_default="")
    duress: Mapped[str] = mapped_column(String(14), default="not_asked", server_default="not_asked")
    payer_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    payer_phone: Mapped[str] = mapped_column(String(20), default="", server_default="")
    payer_language: Mapped[str] = mapped_column(String(2), default="ko", server_default="ko")
    payer_consent_at: Mapped[datetime | None]
    """When the traveller allowed us to speak with the relative; nobody is called or texted without it."""
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Empty for what somebody asked for on their own page."""
    requested_via: Mapped[str] = mapped_column(String(10))
    reviewed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    approved_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    approved_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """When the present state is over, or overdue."""
    overdue_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RemittanceChange(HasId, Base):
    """One change of a remittance's state, never changed itself."""

    __tablename__ = "remittance_changes"
    __table_args__ = (Index("ix_remittance_changes_remittance_id", "remittance_id", "id"),)

    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    at: Mapped[datetime]
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The officer who caused it; empty for the service itself and for a person on their own page."""
