"""Shapes of the missions API, as the OpenAPI description shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class MissionIn(BaseModel):
    """A new mission, or the one with this `code`. Countries are ISO 3166 codes, `zone` an IANA time zone, degrees WGS 84.

    `countries` are those it looks after; when left out, the one it stands in.
    """

    model_config = ConfigDict(extra="forbid")

    code: str
    name_en: str
    name_ko: str
    country: str
    city: str
    lat: float = Field(allow_inf_nan=False)
    lon: float = Field(allow_inf_nan=False)
    zone: str
    phone: str
    emergency_phone: str
    countries: list[str] = []


class MissionChange(BaseModel):
    """What shall change; fields left out stay. `closed` closes or reopens the mission."""

    model_config = ConfigDict(extra="forbid")

    name_en: str | None = None
    name_ko: str | None = None
    country: str | None = None
    city: str | None = None
    lat: float | None = Field(None, allow_inf_nan=False)
    lon: float | None = Field(None, allow_inf_nan=False)
    zone: str | None = None
    phone: str | None = None
    emergency_phone: str | None = None
    countries: list[str] | None = None
    closed: bool | None = None


class MissionOut(BaseModel):
    """One mission; numbers are E.164, times in UTC."""

    id: int
    code: str
    name_en: str
    name_ko: str
    country: str
    countries: list[str]
    city: str
    lat: float
    lon: float
    zone: str
    phone: str
    emergency_phone: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class MissionList(BaseModel):
    """Missions by country and code; all at once, there are about 190."""

    missions: list[MissionOut]
