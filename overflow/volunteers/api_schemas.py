"""Shapes of the volunteers' API, as the OpenAPI description shows them. Answers give times in UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.agents.skills import MAX_LANGUAGES, MAX_SKILLS
from overflow.volunteers.fields import MAX_AWAY_ROWS, MAX_HOURS_DAY, MAX_HOURS_ROWS, MAX_HOURS_WEEK, MAX_NOTE_CHARS

State = Literal["applied", "approved", "suspended", "refused", "left"]
Event = Literal["approve", "refuse", "suspend", "reinstate", "remove"]


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class VolunteerHoursIn(_Strict):
    """Hours of a week in the volunteer's own zone; `to` at or before `from` is on the next day. `weekday` 0 is Monday."""

    weekday: int = Field(ge=0, le=6)
    since: str = Field(alias="from", max_length=5, examples=["22:00"])
    until: str = Field(alias="to", max_length=5, examples=["06:00"])


class AwayIn(_Strict):
    """Local days, both included, at which somebody cannot come."""

    first: date
    last: date


class VolunteerIn(_Strict):
    """A new volunteer, who waits for a decision. Times such as `22:00` are local to `zone`; equal ones mean no quiet time."""

    name: str = Field(max_length=200)
    phone: str = Field(max_length=40)
    languages: list[str] = Field(max_length=MAX_LANGUAGES)
    email: str = Field("", max_length=300)
    speaks: Literal["ko", "en"] = "ko"
    skills: dict[str, int] = Field(default_factory=dict, max_length=MAX_SKILLS)
    zone: str = Field("Asia/Seoul", max_length=60)
    site: str = Field("", max_length=200)
    senior: bool = False
    drill: bool = False
    max_hours_day: int = Field(6, ge=1, le=MAX_HOURS_DAY)
    max_hours_week: int = Field(20, ge=1, le=MAX_HOURS_WEEK)
    quiet_from: str = Field("22:00", max_length=5)
    quiet_to: str = Field("07:00", max_length=5)
    note: str = Field("", max_length=2 * MAX_NOTE_CHARS)


class VolunteerChange(_Strict):
    """What shall change; fields left out stay. `hours` and `away` replace what is kept; `not_before` null: at any time."""

    name: str | None = Field(None, max_length=200)
    phone: str | None = Field(None, max_length=40)
    languages: list[str] | None = Field(None, max_length=MAX_LANGUAGES)
    email: str | None = Field(None, max_length=300)
    speaks: Literal["ko", "en"] | None = None
    skills: dict[str, int] | None = Field(None, max_length=MAX_SKILLS)
    zone: str | None = Field(None, max_length=60)
    site: str | None = Field(None, max_length=200)
    senior: bool | None = None
    drill: bool | None = None
    max_hours_day: int | None = Field(None, ge=1, le=MAX_HOURS_DAY)
    max_hours_week: int | None = Field(None, ge=1, le=MAX_HOURS_WEEK)
    quiet_from: str | None = Field(None, max_length=5)
    quiet_to: str | None = Field(None, max_length=5)
    note: str | None = Field(None, max_length=2 * MAX_NOTE_CHARS)
    not_before: AwareDatetime | None = None
    hours: list[VolunteerHoursIn] | None = Field(None, max_length=MAX_HOURS_ROWS)
    away: list[AwayIn] | None = Field(None, max_length=MAX_AWAY_ROWS)


class VolunteerDecisionIn(_Strict):
    """What is decided about somebody, and why; only an approval needs no reason."""

    event: Event
    reason: str = Field("", max_length=1_000)


class CertificateOut(BaseModel):
    """A proof of a skill; it counts until `expires_at` unless it was withdrawn."""

    id: int
    skill: str
    level: int
    source: str
    issued_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None


class VolunteerHoursOut(BaseModel):
    """Hours of a week, local to the volunteer's zone."""

    weekday: int
    since: str = Field(alias="from")
    until: str = Field(alias="to")


class VolunteerOut(BaseModel):
    """One volunteer. `phone` is E.164; of an erased person nothing but the id, the state and the times is left."""

    id: int
    state: State
    name: str
    phone: str
    phone_verified_at: datetime | None
    email: str
    speaks: str
    languages: list[str]
    skills: dict[str, Any]
    zone: str
    site: str
    senior: bool
    drill: bool
    max_hours_day: int
    max_hours_week: int
    quiet_from: str
    quiet_to: str
    not_before: datetime | None
    consent_at: datetime | None
    consent_words: str
    officer_id: int | None
    agent_id: int | None
    note: str
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    left_at: datetime | None
    erased_at: datetime | None


class VolunteerWhole(VolunteerOut):
    """A volunteer with certificates, hours of the week, days away, and the minutes worked up to now."""

    certificates: list[CertificateOut]
    hours: list[VolunteerHoursOut]
    away: list[AwayIn]
    worked_minutes_day: int
    worked_minutes_week: int


class VolunteerList(BaseModel):
    """A page of volunteers, the latest added first; `next_cursor` continues with `?cursor=`, null ends."""

    volunteers: list[VolunteerOut]
    next_cursor: str | None


class RosterImport(BaseModel):
    """What became of a list, or would: created, updated, unchanged and refused rows are all of its `rows`."""

    rows: int
    created_count: int
    updated_count: int
    unchanged_count: int
    refused_count: int
    refused: list[dict[str, Any]]
    warnings: list[str]
