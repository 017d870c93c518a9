"""The CAP documents that were published, bytes that never change, and the certificates that are believed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class CapDocument(HasId, Base):
    """One published message. A trigger refuses every change, because others refer to it by what it said.

    An alert has at most one document of each type: an alert that was sent and then stopped has an Alert and a Cancel.
    """

    __tablename__ = "cap_documents"
    __table_args__ = (
        UniqueConstraint("identifier"),
        UniqueConstraint("alert_id", "msg_type"),
        CheckConstraint("msg_type IN ('Alert','Update','Cancel')", name="msg_type"),
    )

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    msg_type: Mapped[str] = mapped_column(String(10))
    identifier: Mapped[str] = mapped_column(String(120))
    sender: Mapped[str] = mapped_column(String(300))
    sent: Mapped[datetime]
    """To the second, as the document itself says; references to it carry exactly this."""
    expires: Mapped[datetime | None]
    """None for a Cancel without information."""
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    signed_by: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 fingerprint of the certificate it was signed for; None when it went out without a signature."""


class CapSigner(HasId, Base):
    """A certificate whose signatures on incoming CAP are believed; one that is withdrawn stays, for the trail."""

    __tablename__ = "cap_signers"
    __table_args__ = (
        Index(
            "uq_cap_signers_fingerprint_trusted",
            "fingerprint",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    name: Mapped[str] = mapped_column(String(120))
    """What officers read: whose certificate it is."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 in hex."""
    certificate: Mapped[str] = mapped_column(Text)
    """PEM."""
    valid_until: Mapped[datetime]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
