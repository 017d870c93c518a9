"""Shapes of the travellers API, as the OpenAPI description shows them. All times are aware; answers give them in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from hotline.people.fields import MAX_SOURCE_CHARS, PositionFields

Precision = Literal["exact", "city", "country"]


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class PositionIn(_Strict):
    """Where somebody was seen, in degrees (WGS 84). `observed_at` is now when left out."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    precision: Precision = "exact"
    observed_at: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None

    def fields(self) -> PositionFields:
        """Return what the stage takes."""
        return PositionFields(**self.model_dump(include={"lat", "lon", "precision", "observed_at", "valid_until"}))


class PositionReport(PositionIn):
    """A position with who knows it, such as `roaming` or `app`."""

    source: str = Field("api", min_length=1, max_length=MAX_SOURCE_CHARS)


class TravellerIn(_Strict):
    """A new traveller, or the one with this `reference`. The position is an object or lies flat beside the name."""

    name: str
    phone: str
    language: str = "ko"
    reference: str | None = None
    drill: bool = False
    email: str | None = None
    position: PositionIn | None = None
    lat: float | None = None
    lon: float | None = None
    precision: Precision | None = None
    observed_at: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _gather_flat_position(cls, given: Any) -> Any:
        """Put flat coordinates where the object would be, so that both are checked alike."""
        flat = ("lat", "lon", "precision", "observed_at", "valid_until")
        if not isinstance(given, dict) or not any(given.get(name) is not None for name in flat):
            return given
        if given.get("position") is not None:
            raise ValueError("give the position either as an object or flat, not both")
        rest = {name: value for name, value in given.items() if name not in flat}
        return rest | {"position": {name: given[name] for name in flat if given.get(name) is not None}}


class TravellerChange(_Strict):
    """What shall change; fields left out stay, an empty `email` takes the address away."""

    name: str | None = None
    phone: str | None = None
    language: str | None = None
    reference: str | None = None
    drill: bool | None = None
    email: str | None = None
    opted_out: bool | None = None


class PositionOut(BaseModel):
    """Where somebody is held to be. `country` is that of the place (ISO 3166), ZZ at sea."""

    lat: float
    lon: float
    country: str
    precision: Precision
    source: str
    observed_at: datetime
    valid_until: datetime | None


class TravellerOut(BaseModel):
    """One traveller. `phone` is E.164; of an erased person nothing but the id and the times is left."""

    id: int
    reference: str | None
    name: str
    phone: str
    phone_region: str
    language: str
    drill: bool
    opted_out_at: datetime | None
    number_bad_at: datetime | None
    email: str | None
    email_bad_at: datetime | None
    erased_at: datetime | None
    created_at: datetime
    updated_at: datetime
    position: PositionOut | None


class TravellerList(BaseModel):
    """A page of travellers, the latest added first; `next_cursor` continues with `?cursor=`, null ends."""

    travellers: list[TravellerOut]
    next_cursor: str | None


class PlacedOut(BaseModel):
    """What is held after a report; `taken` is false when something newer was held already, which then stays."""

    taken: bool
    detail: str
    position: PositionOut | None


class ImportOut(BaseModel):
    """What became of a list: accepted_count + refused_count is the number of its rows.

    `created_count` and `updated_count` say how many of the accepted were about new and about known people; `refused`
    names the first 1,000 faults as {line, field, value, mend}.
    """

    accepted_count: int
    created_count: int
    updated_count: int
    refused_count: int
    refused: list[dict[str, Any]]
    warnings: list[str]
