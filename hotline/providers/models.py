"""What is wrong between us and a provider right now, in SQL, so that every process and page sees it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base


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
