"""Missions: embassies and consulates with the names and numbers that texts and greetings carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Mission(HasId, Base):
    """An embassy or consulate. `countries` are the ISO codes it is responsible for; `country` is where it stands."""

    fresh = False
    """True on the object that this process has just added; tells a new mission from one that existed. Not a column."""

    __tablename__ = "missions"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_en: Mapped[str] = mapped_column(String(160))
    name_ko: Mapped[str] = mapped_column(String(160))
    country: Mapped[str] = mapped_column(String(2), index=True)
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    city: Mapped[str] = mapped_column(String(120))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    zone: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    emergency_phone: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
