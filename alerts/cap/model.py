"""A CAP message as values that cannot change; made by `read.read_cap`, turned back into XML by `write.write_cap`.

Names follow OASIS CAP 1.2 in Python's spelling. Texts that are absent are empty strings. Times are aware and keep
the offset the sender wrote, because the sender's local hour is what a reader of the warning must see; compare them
freely, and convert to UTC where they are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

DEFAULT_LANGUAGE = "en-US"
"""CAP 1.2 section 3.2.2: an info block without a language is in this one."""

Ring = tuple[tuple[float, float], ...]
"""Corners as (latitude, longitude) in degrees on WGS 84, closed: the first corner is also the last."""

Match = Literal["exact", "identifier"]


class CapValue(NamedTuple):
    """A named value of a system that CAP does not define: eventCode, parameter or geocode."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CapReference:
    """An earlier message that this one replaces, ends or answers.

    `sent` is None and `sender` empty where the text did not say; `raw` is the reference as it was written.
    """

    sender: str
    identifier: str
    sent: datetime | None
    raw: str

    def match(self, *, sender: str, identifier: str, sent: datetime) -> Match | None:
        """Say how well an earlier message fits: all three parts, the identifier alone, or not at all.

        Real senders sign a reference with another name than their `sender` element, so that an equal identifier
        is a match too; the caller takes an exact match first.
        """
        if self.identifier != identifier:
            return None
        return "exact" if (self.sender, self.sent) == (sender, sent) else "identifier"


@dataclass(frozen=True, slots=True)
class CapCircle:
    """Everything within `radius_km` kilometres of a point in degrees; radius 0 is the point itself."""

    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class CapResource:
    """A file that belongs to the warning; embedded content (derefUri) is never kept. `size` is in bytes."""

    description: str
    mime_type: str
    size: int | None = None
    uri: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class CapArea:
    """One named part of the warned area; altitudes are in feet above mean sea level, as the standard has it."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[CapCircle, ...] = ()
    geocodes: tuple[CapValue, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None

    @property
    def has_shape(self) -> bool:
        """Whether the area can be drawn; a name and codes alone must be resolved by a person."""
        return bool(self.polygons or self.circles)


@dataclass(frozen=True, slots=True)
class CapInfo:
    """What is expected, in one language."""

    event: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    language: str = DEFAULT_LANGUAGE
    response_types: tuple[str, ...] = ()
    audience: str = ""
    event_codes: tuple[CapValue, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[CapValue, ...] = ()
    resources: tuple[CapResource, ...] = ()
    areas: tuple[CapArea, ...] = ()

    def has_expired(self, now: datetime) -> bool:
        """Whether the information is stale at `now` (aware); without an expiry it never is."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, slots=True)
class CapAlert:
    """One CAP message. `signed` says that a signature was present, not that anybody verified it."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    msg_type: str
    scope: str
    source: str = ""
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[CapReference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[CapInfo, ...] = ()
    signed: bool = field(default=False)

    @property
    def may_reach_public(self) -> bool:
        """Whether the message may become a text to travellers.

        Exercise, System, Test and Draft never may (CAP 1.2, `status`); neither may Restricted and Private ones
        (`scope`), nor Ack and Error, which are about messages and not about dangers.
        """
        return self.status == "Actual" and self.scope == "Public" and self.msg_type in ("Alert", "Update", "Cancel")

    @property
    def infos_by_language(self) -> dict[str, tuple[CapInfo, ...]]:
        """The infos under their language tag as written, in the order of the message."""
        grouped: dict[str, tuple[CapInfo, ...]] = {}
        for info in self.infos:
            grouped[info.language] = (*grouped.get(info.language, ()), info)
        return grouped

    @property
    def areas_without_shape(self) -> tuple[CapArea, ...]:
        """Areas given by name or code only: somebody has to draw them before the alert is complete."""
        return tuple(area for info in self.infos for area in info.areas if not area.has_shape)

    def best_info(self, preferred: Sequence[str] = ("ko", "en")) -> CapInfo | None:
        """Choose the info for a reader of the preferred languages (most wanted first), else the first one.

        A tag fits when it is equal or when its primary language is equal (`en` takes `en-GB`).
        """
        for wanted in preferred:
            for fits in (_same_tag, _same_primary):
                for info in self.infos:
                    if fits(info.language, wanted):
                        return info
        return self.infos[0] if self.infos else None

    def area_json(self, info: CapInfo | None = None, preferred: Sequence[str] = ("ko", "en")) -> list[dict[str, Any]]:
        """Return the drawable area as stored JSON: of one info, or of all infos together without repeats.

        Languages repeat the same shapes under translated names: each shape is taken once, under the name that the
        best info for the `preferred` languages gives it. Shapeless areas are left out (`areas_without_shape`).
        """
        if info is not None:
            return area_json_of(info.areas)
        best = self.best_info(preferred)
        ordered = [] if best is None else [best, *(other for other in self.infos if other is not best)]
        return area_json_of(area for each in ordered for area in each.areas)


def area_json_of(areas: Iterable[CapArea]) -> list[dict[str, Any]]:
    """Turn areas into Area JSON, each distinct shape once and under the first name that it was given."""
    seen: set[Ring | CapCircle] = set()
    result: list[dict[str, Any]] = []
    for area in areas:
        polygons = [ring for ring in dict.fromkeys(area.polygons) if ring not in seen]
        circles = [circle for circle in dict.fromkeys(area.circles) if circle not in seen]
        seen.update(polygons, circles)
        if polygons or circles:
            result.append(
                {
                    "description": area.description,
                    "polygons": [[[lat, lon] for lat, lon in ring] for ring in polygons],
                    "circles": [{"center": [each.lat, each.lon], "radius_km": each.radius_km} for each in circles],
                }
            )
    return result


def _same_tag(tag: str, wanted: str) -> bool:
    return tag.lower() == wanted.lower()


def _same_primary(tag: str, wanted: str) -> bool:
    return tag.lower().split("-")[0] == wanted.lower().split("-")[0]
