"""A template and its versions. A version is never changed; what was in force when an alert was written stays readable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class TextTemplate(HasId, Base):
    """The name under which officers find a prepared text, and the number of the version in force."""

    __tablename__ = "text_templates"
    __table_args__ = (
        Index("ix_text_templates_name", text("lower(name)"), unique=True, postgresql_where=text("retired_at IS NULL")),
    )

    name: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """CAP category that it is meant for; empty for any."""
    words: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Words of an alert's event or headline by which it is offered first, separated by commas: `flood, 홍수`."""
    current: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class TextTemplateVersion(HasId, Base):
    """The texts of one version by variant and language, who wrote it and why."""

    __tablename__ = "text_template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    template_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("text_templates.id"))
    number: Mapped[int] = mapped_column(Integer)
    bodies: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`{variant: {language: text with placeholders}}`."""
    note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    created_at: Mapped[datetime]
