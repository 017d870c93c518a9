"""The few people whose links were ended before their time; everybody else has no row here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base


class LinkRevocation(Base):
    """Every link of this person that was issued up to `revoked_at` opens nothing any more."""

    __tablename__ = "link_revocations"

    traveller_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("travellers.id"), primary_key=True, autoincrement=False
    )
    revoked_at: Mapped[datetime]
