"""Notices, the attempts to send them, and their receipts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from hotline.notices.states import STATES

_STATE_LIST = ",".join(f"'{state}'" for state in STATES)


class Notice(HasId, Base):
    """One text for one phone. The dedupe key is unique, so whoever asks for the same text again gets the same row."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index("ix_notices_waiting", "priority", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_notices_unsettled", "lease_until", postgresql_where=text("state IN ('sending', 'in_doubt')")),
        Index("ix_notices_provider_sid", "provider_sid", postgresql_where=text("provider_sid IS NOT NULL")),
        Index("ix_notices_phone", "phone", "id"),
        Index("ix_notices_purpose", "purpose", "id"),
        Index("ix_notices_traveller_id", "traveller_id", postgresql_where=text("traveller_id IS NOT NULL")),
        Index("ix_notices_kept", "created_at", postgresql_where=text("phone <> ''")),
        Index("ix_notices_retry", "retry_at", postgresql_where=text("retry_at IS NOT NULL")),
        Index("ix_notices_secret", "expires_at", postgresql_where=text("secret AND body <> ''")),
        CheckConstraint(f"state IN ({_STATE_LIST})", name="state"),
    )

    purpose: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    """What the handset gets; empty once a secret text has arrived, failed for good, or means nothing any more."""
    dedupe_key: Mapped[str] = mapped_column(String(120))
    priority: Mapped[int] = mapped_column(SmallInteger)
    asked_for: Mapped[bool] = mapped_column(Boolean)
    secret: Mapped[bool] = mapped_column(Boolean)
    traveller_id: Mapped[int | None] = mapped_column(BigInteger)
    """The person it is for, where that is known."""
    state: Mapped[str] = mapped_column(String(10), server_default="queued", default="queued")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    not_before: Mapped[datetime | None]
    """Earliest moment of the next attempt."""
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
    """When a failed notice is tried again (`hotline.providers.retrying`); None for never. Always before `expires_at`."""
    avoid: Mapped[str | None] = mapped_column(String(62))
    """The sender (`provider/address`) through which it was filtered as spam; another one is taken where there is one."""


class NoticeAttempt(HasId, Base):
    """Append-only: one hand-over of a notice, written and committed before the request leaves."""

    __tablename__ = "notice_attempts"
    __table_args__ = (UniqueConstraint("notice_id", "number"),)

    notice_id: Mapped[int] = mapped_column(BigInteger)
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
    """As for alerts: the provider port's outcomes, `found`, `absent` or `lost`."""
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    error_code: Mapped[str | None] = mapped_column(String(10))


class NoticeReceipt(HasId, Base):
    """A delivery receipt as it came, waiting to be folded into its notice; appended durably inside the webhook.

    Those that come over a message centre's link are put here by whoever finds out that they are a notice's.
    """

    __tablename__ = "notice_receipts"

    notice_id: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int | None] = mapped_column(SmallInteger)
    """Number of the attempt it is about; None where nothing says so (it is then about the last)."""
    provider_sid: Mapped[str] = mapped_column(String(64))
    provider_status: Mapped[str] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(10))
    recipient: Mapped[str | None] = mapped_column(String(20))
    received_at: Mapped[datetime]


class NoticePart(Base):
    """One part of a text that went out as several messages of the provider, each with a name and a receipt of its own."""

    __tablename__ = "notice_parts"
    __table_args__ = (UniqueConstraint("notice_id", "attempt", "part"),)

    provider_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    notice_id: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(SmallInteger)
    part: Mapped[int] = mapped_column(SmallInteger)
    parts: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str | None] = mapped_column(String(20))
    """The greatest word that was said about it (`hotline.providers.ranks`)."""
    error_code: Mapped[str | None] = mapped_column(String(10))
