"""Shapes of the missions API, as the OpenAPI description shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


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
    kind: Literal["embassy", "consulate"] | None = None
    languages: list[str] | None = None
    regions: list[str] | None = None
    services_ko: str | None = None
    services_en: str | None = None
    email: str | None = None
    partner: str | None = None


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
    kind: Literal["embassy", "consulate"] | None = None
    languages: list[str] | None = None
    regions: list[str] | None = None
    services_ko: str | None = None
    services_en: str | None = None
    email: str | None = None
    partner: str | None = None
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
    kind: str
    languages: list[str]
    regions: list[str]
    services_ko: str
    services_en: str
    email: str
    partner_id: int | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class MissionList(BaseModel):
    """Missions by country and code; all at once, there are about 190."""

    missions: list[MissionOut]


class HoursIn(BaseModel):
    """Hours in the OSM `opening_hours` notation; `holiday_hours` (`off` or times) are taken from `PH` rules when left out."""

    model_config = ConfigDict(extra="forbid")

    hours: str
    holiday_hours: str | None = None


class SpanOut(BaseModel):
    """From when until when a mission is open, in UTC."""

    opens_at: datetime
    closes_at: datetime


class OpeningOut(BaseModel):
    """Whether a mission is open now, until when, and why: hours, holiday, exception, closed_now, open_now or unknown."""

    open: bool
    why: str
    note: str
    until: datetime | None


class HoursOut(BaseModel):
    """A mission's hours as kept (null while unknown), whether it is open now, and when it is open in the next 14 days."""

    hours: str | None
    holiday_hours: str | None
    zone: str
    now: OpeningOut
    next_days: list[SpanOut]


class LineIn(BaseModel):
    """A number that people call; `pool_number` is the centre's to which it forwards, `return_number` rings on a hand-back."""

    model_config = ConfigDict(extra="forbid")

    number: str
    pool_number: str = ""
    return_number: str = ""
    label: str = ""
    technique: Literal["webhook", "number", "sip"] = "number"


class LinesIn(BaseModel):
    """All lines of a mission; those left out are closed."""

    model_config = ConfigDict(extra="forbid")

    lines: list[LineIn]


class LineOut(BaseModel):
    """One line; numbers are E.164."""

    id: int
    number: str
    pool_number: str | None
    return_number: str | None
    label: str
    technique: str


class LinesOut(BaseModel):
    """The lines in use."""

    lines: list[LineOut]


class HolidayKey(BaseModel):
    """One proposed holiday: its local day and whose it is."""

    model_config = ConfigDict(extra="forbid")

    day: date
    calendar: Literal["host", "home", "own"]


class HolidaysIn(BaseModel):
    """Exactly the holidays of the year that the mission keeps."""

    model_config = ConfigDict(extra="forbid")

    chosen: list[HolidayKey] = Field(max_length=200)


class HolidayOut(BaseModel):
    """A holiday of host or home country or of the mission's own, and whether it is kept."""

    day: date
    calendar: str
    name_ko: str
    name_en: str
    chosen: bool


class HolidaysOut(BaseModel):
    """What is proposed and chosen for a year."""

    year: int
    holidays: list[HolidayOut]


class OwnHolidayIn(BaseModel):
    """A holiday of the mission's own."""

    model_config = ConfigDict(extra="forbid")

    day: date
    name_ko: str
    name_en: str


class ExceptionIn(BaseModel):
    """Hours of one local day, or of each up to `last_day`: `off`, or times such as `09:00-12:00`."""

    model_config = ConfigDict(extra="forbid")

    hours: str
    note: str = ""
    last_day: date | None = None


class ExceptionOut(BaseModel):
    """One day with hours of its own."""

    day: date
    hours: str
    note: str


class ExceptionsOut(BaseModel):
    """Exceptions from today on."""

    exceptions: list[ExceptionOut]


class OverrideIn(BaseModel):
    """Open or closed from now until `ends_at` (with an offset), whatever the hours say."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["closed_now", "open_now"]
    reason: str
    ends_at: AwareDatetime


class ContactIn(BaseModel):
    """Somebody who answers for the mission out of hours."""

    model_config = ConfigDict(extra="forbid")

    name: str
    phone: str


class DutyIn(BaseModel):
    """The duty phone first, then its deputies in the order in which they are called."""

    model_config = ConfigDict(extra="forbid")

    chain: list[ContactIn]


class MissionContactOut(BaseModel):
    """One of the chain; the number is E.164."""

    position: int
    name: str
    phone: str


class DutyOut(BaseModel):
    """The duty chain, empty while nobody is named."""

    chain: list[MissionContactOut]


class NoticeIn(BaseModel):
    """A bulletin for those who answer in the mission's name; without an end it holds until it is taken back."""

    model_config = ConfigDict(extra="forbid")

    text_ko: str
    text_en: str
    valid_until: AwareDatetime | None = None


class NoticeOut(BaseModel):
    """One bulletin, times in UTC."""

    id: int
    text_ko: str
    text_en: str
    valid_from: datetime
    valid_until: datetime | None


class NoticesOut(BaseModel):
    """The bulletins that hold now, the newest first."""

    notices: list[NoticeOut]


class StaffIn(BaseModel):
    """An officer by sign-in name."""

    model_config = ConfigDict(extra="forbid")

    name: str


class StaffMember(BaseModel):
    """Somebody who works at the mission."""

    officer_id: int
    name: str
    display_name: str


class StaffOut(BaseModel):
    """The officers of the mission, by name."""

    staff: list[StaffMember]


class RowFault(BaseModel):
    """A fault of one row: line (from 1, the header included), field, value, and what to write instead."""

    line: int
    field: str
    value: str
    mend: str


class MissionsImported(BaseModel):
    """What became of a list: all of it is taken over, or, with faults, nothing."""

    created_count: int
    updated_count: int
    unchanged_count: int
    refused: list[RowFault]
