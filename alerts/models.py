"""Alerts, their texts, the frozen approval, one message per phone, attempts, receipts and running tallies."""

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
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from alerts.variants import ALERT, CORRECTION, Texts, main_variant
from hotline.core.db import Base, HasId
from hotline.people.models import PRECISIONS


class Alert(HasId, Base):
    """One warning, from draft to finished. CAP's own words keep CAP's names (`status`, `msg_type`, `scope`, …)."""

    fresh = False
    """True on the object that this process has just drafted; tells a new draft from one that existed. Not a column."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','submitted','approved','dispatching','finished','cancelled','rejected','expired',"
            "'superseded')",
            name="state",
        ),
        CheckConstraint("(follows_id IS NULL) = (chain_id IS NULL)", name="chain"),
        Index("ix_alerts_chain_id", "chain_id", postgresql_where=text("chain_id IS NOT NULL")),
        Index("ix_alerts_state", "state"),
        Index("ix_alerts_cap_key", "cap_sender", "cap_identifier"),
        UniqueConstraint("idempotency_key"),
    )

    state: Mapped[str] = mapped_column(String(16), default="draft")
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Grows with every change; an edit names the version it was made on, so that nobody overwrites a colleague."""
    source: Mapped[str] = mapped_column(String(20))
    """`hand`, `cap` (file), `api`, `feed`, or `correction` (the prepared text of the alert that it follows)."""
    idempotency_key: Mapped[str | None] = mapped_column(String(120))

    headline: Mapped[str] = mapped_column(String(300))
    event: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    instruction: Mapped[str] = mapped_column(Text, default="", server_default="")
    place: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Name of the place as the text shall say it."""
    names_by_language: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """`{language: {"place": …, "event": …}}` where the source named them in that language; wins in texts of it."""

    cap_identifier: Mapped[str | None] = mapped_column(String(300))
    cap_sender: Mapped[str | None] = mapped_column(String(300))
    cap_sent: Mapped[datetime | None]
    cap_status: Mapped[str | None] = mapped_column(String(16))
    """What the message itself said; an exercise of the sender never becomes a real warning here."""
    cap_document: Mapped[str | None] = mapped_column(Text)
    cap_warnings: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    cap_references: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    cap_signature: Mapped[dict[str, Any] | None]
    """`{status, signers, detail}` of the message's signatures (see `alerts.cap.verify.Seal`); None without a CAP source."""
    status: Mapped[str] = mapped_column(String(16), default="Actual")
    msg_type: Mapped[str] = mapped_column(String(16), default="Alert")
    scope: Mapped[str] = mapped_column(String(16), default="Public")
    category: Mapped[str] = mapped_column(String(40), default="Other")
    urgency: Mapped[str] = mapped_column(String(16), default="Unknown")
    severity: Mapped[str] = mapped_column(String(16), default="Unknown")
    certainty: Mapped[str] = mapped_column(String(16), default="Unknown")
    onset: Mapped[datetime | None]
    expires: Mapped[datetime]
    """After this moment nothing is sent any more."""

    areas: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    """Area JSON: list of {description, polygons: [[[lat, lon], …], …], circles: [{center: [lat, lon], radius_km}]}."""
    precisions: Mapped[list[Any]] = mapped_column(
        JSONB, default=lambda: list(PRECISIONS), server_default='["exact", "city", "country"]'
    )
    """How exactly people must be known to be reached; the officer decides, and the approval covers it."""
    mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))

    follows_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    """The alert that this one updates, ends or corrects."""
    chain_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    """The first alert of the chain; NULL for an alert that follows nothing (it may be the first of a chain itself)."""
    superseded_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    """The alert of the chain that has begun to be sent after this one and stands in its place."""
    released_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who let a prepared correction go; its text was approved with the alert that it corrects."""

    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """None for a draft that a feed made: whoever submits it is the first of the two people then."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    submitted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    submitted_at: Mapped[datetime | None]
    submitted_digest: Mapped[str | None] = mapped_column(String(64))
    """The digest that an approval would have had at submission; whoever approves without naming one agrees to exactly this."""
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    """When the message rows were written."""
    finished_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None] = mapped_column(Text)
    """Why it was returned, rejected, cancelled or could not be sent, in the officer's or the system's words."""

    texts: Mapped[list[AlertText]] = relationship(
        back_populates="alert",
        cascade="all, delete-orphan",
        order_by="(AlertText.variant, AlertText.language)",
        lazy="selectin",
    )
    approval: Mapped[Approval | None] = relationship(back_populates="alert", lazy="selectin")

    @property
    def drill(self) -> bool:
        """CAP status Exercise, System, Test and Draft reach only drill people."""
        return self.status != "Actual"

    @property
    def main_variant(self) -> str:
        """The variant that this alert is mainly about."""
        return CORRECTION if self.source == CORRECTION else main_variant(self.msg_type or "Alert")

    def texts_by_variant(self) -> Texts:
        """Return the texts as they are written: `{variant: {language: template}}`."""
        written: Texts = {}
        for row in self.texts:
            written.setdefault(row.variant or ALERT, {})[row.language] = row.body
        return written

    def bodies(self, variant: str | None = None) -> dict[str, str]:
        """Return the texts of one variant by language; of the main one without a name."""
        return self.texts_by_variant().get(variant or self.main_variant, {})


class AlertText(Base):
    """One variant of the text in one language, with placeholders such as {mission} and {mission_phone} still in it."""

    __tablename__ = "alert_texts"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    variant: Mapped[str] = mapped_column(String(12), primary_key=True, default=ALERT, server_default=ALERT)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    alert: Mapped[Alert] = relationship(back_populates="texts")


class Approval(Base):
    """What exactly was agreed: texts and area frozen, with a digest that every batch is compared against when sending."""

    __tablename__ = "approvals"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True)
    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    at: Mapped[datetime]
    areas: Mapped[list[Any]] = mapped_column(JSONB)
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Final texts, `{variant: {language: text}}`, placeholders filled: exactly what handsets get."""
    digest: Mapped[str] = mapped_column(String(64))
    precisions: Mapped[list[Any]] = mapped_column(
        JSONB, default=lambda: list(PRECISIONS), server_default='["exact", "city", "country"]'
    )
    """Whom it reaches, by how exactly they are known."""
    audience_estimate: Mapped[int] = mapped_column(Integer)
    drill: Mapped[bool] = mapped_column(Boolean)
    expires: Mapped[datetime]
    alert: Mapped[Alert] = relationship(back_populates="approval")


class Message(HasId, Base):
    """One alert for one phone. The pair is unique, so no handset ever gets a second copy of the same alert."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("alert_id", "phone"),
        Index("ix_messages_waiting", "alert_id", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_messages_unsettled", "lease_until", postgresql_where=text("state IN ('sending', 'in_doubt')")),
        Index("ix_messages_provider_sid", "provider_sid", postgresql_where=text("provider_sid IS NOT NULL")),
        Index("ix_messages_phone", "phone"),
        Index(
            "ix_messages_moment",
            "alert_id",
            text("(coalesce(sent_at, settled_at))"),
            "id",
            postgresql_where=text("coalesce(sent_at, settled_at) IS NOT NULL"),
        ),
        Index(
            "ix_messages_waits_for", "waits_for", postgresql_where=text("waits_for IS NOT NULL AND state = 'queued'")
        ),
        Index("ix_messages_retry", "retry_at", postgresql_where=text("retry_at IS NOT NULL")),
        CheckConstraint(
            "state IN ('queued','sending','in_doubt','sent','delivered','failed','withdrawn','lapsed')", name="state"
        ),
    )

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    traveller_id: Mapped[int] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    """Language of the text this handset gets (already resolved through the fallback chain)."""
    variant: Mapped[str] = mapped_column(String(12), server_default=ALERT, default=ALERT)
    """Which of the alert's texts this handset gets."""
    provider: Mapped[str] = mapped_column(String(20), server_default="", default="")
    """Provider of the last attempt; empty before the first."""
    parts: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), server_default="queued", default="queued")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    not_before: Mapped[datetime | None]
    """Earliest moment of the next attempt (back-off after 20429 and the like)."""
    waits_for: Mapped[int | None] = mapped_column(BigInteger)
    """The message of an earlier alert of the chain that is still in flight: only when it has settled is it known which
    text this person needs. Until then `not_before` stands at the alert's expiry."""
    lease_until: Mapped[datetime | None]
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    provider_status: Mapped[str | None] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(10))
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    """When it reached a final state."""
    retries: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    """How often it was tried again after it had failed."""
    retry_at: Mapped[datetime | None]
    """When a failed message is tried again (`hotline.providers.retrying`); None for never."""
    avoid: Mapped[str | None] = mapped_column(String(62))
    """The sender (`provider/address`) through which it was filtered as spam; another one is taken where there is one."""


class Attempt(HasId, Base):
    """Append-only: one hand-over of a message to a provider, written and committed before the request leaves."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("message_id", "number"),)

    message_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str | None] = mapped_column(String(40))
    """The address it was sent from."""
    left_at: Mapped[datetime | None]
    """Written just before the text leaves, for providers that keep no record one could read; an open attempt without it
    has certainly not left."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    """accepted, refused, retry_later, blocked (our account's fault), unsent (the request never left), unanswered, found
    (looked up, or proved by a receipt: it had arrived), absent (looked up: it had not) or lost (nobody could tell in time)."""
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    error_code: Mapped[str | None] = mapped_column(String(10))


class Receipt(HasId, Base):
    """A delivery receipt as it came, waiting to be folded into its message; appended durably inside the webhook."""

    __tablename__ = "receipts"

    message_id: Mapped[int | None] = mapped_column(BigInteger)
    attempt: Mapped[int | None] = mapped_column(SmallInteger)
    """Number of the attempt it is about; None where the callback's address did not say (it is then about the last)."""
    provider: Mapped[str | None] = mapped_column(String(20))
    """The provider on whose bind it came; such a receipt knows the provider's id alone, and waits until we know it too."""
    provider_sid: Mapped[str] = mapped_column(String(64))
    provider_status: Mapped[str] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(10))
    recipient: Mapped[str | None] = mapped_column(String(20))
    """The number the provider says it is about; a receipt whose message went to another number is not believed."""
    received_at: Mapped[datetime]


class MessagePart(Base):
    """One part of a text that went out as several messages of the provider, each with a name and a receipt of its own."""

    __tablename__ = "message_parts"
    __table_args__ = (UniqueConstraint("message_id", "attempt", "part"),)

    provider_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(SmallInteger)
    part: Mapped[int] = mapped_column(SmallInteger)
    parts: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str | None] = mapped_column(String(20))
    """The greatest word that was said about it (`hotline.providers.ranks`)."""
    error_code: Mapped[str | None] = mapped_column(String(10))


class Tally(Base):
    """Running count of messages by country, state, reason and provider; kept by the statements that change states.

    Nobody counts message rows while sending; pages and the API read these few rows.
    """

    __tablename__ = "tallies"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), primary_key=True)
    reason: Mapped[str] = mapped_column(String(10), primary_key=True, default="", server_default="")
    """Provider's error code for failed messages, else empty."""
    provider: Mapped[str] = mapped_column(String(20), primary_key=True, default="", server_default="")
    """Whose message it is (see `alerts.tallies`), empty for what waits or was taken back."""
    messages: Mapped[int] = mapped_column(Integer)


class InboundText(HasId, Base):
    """A text that somebody sent us, kept as it came; tied to the latest alert its sender got."""

    __tablename__ = "inbound_texts"
    __table_args__ = (
        UniqueConstraint("provider_sid"),
        Index("ix_inbound_texts_alert_id", "alert_id"),
        Index("ix_inbound_texts_sender", "sender", "id"),
    )

    provider_sid: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    traveller_id: Mapped[int | None] = mapped_column(BigInteger)
    alert_id: Mapped[int | None] = mapped_column(BigInteger)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    """What a repetition has in common with it, where the provider gives texts no names; see `alerts.inbound`."""


class TextPart(HasId, Base):
    """One part of a long text that somebody sends over a message centre's link; kept for a while after all have come.

    The parts of one text are those with the same provider, numbers, reference and total.
    """

    __tablename__ = "text_parts"
    __table_args__ = (
        UniqueConstraint("sender", "recipient", "provider", "reference", "total", "number"),
        Index("ix_text_parts_received_at", "received_at"),
    )

    provider: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str] = mapped_column(String(20))
    reference: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int] = mapped_column(SmallInteger)
    coding: Mapped[int] = mapped_column(SmallInteger)
    octets: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    """When the text was put together and taken in; the part then only tells a repetition."""


class AudienceSnapshot(Base):
    """Counts of the people inside at the moment of dispatch, by country, language and precision, for the report."""

    __tablename__ = "audience_snapshots"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True)
    taken_at: Mapped[datetime]
    total: Mapped[int] = mapped_column(Integer)
    by_country: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by_language: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by_precision: Mapped[dict[str, Any]] = mapped_column(JSONB)
    excluded: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """People inside who get no text, by reason: opted_out, number_bad, shared_number."""
    by_variant: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Messages written at the start, by the variant of their text."""
    joined: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Messages added later, for people who entered the area while the alert was live."""


class AlertWatch(Base):
    """A live alert whose area is watched for people who enter it; gone when the alert is live no more."""

    __tablename__ = "alert_watches"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False)
    snapshot: Mapped[str] = mapped_column(Text)
    """PostgreSQL's snapshot (`pg_snapshot` as text) up to which changes of positions have been looked at."""
