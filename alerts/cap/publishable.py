"""Whether a message of ours may go out: what the schema cannot see and readers rely on.

The schema passes dangling references, warnings that ended before they began, reversed coordinates and crossing rings.
Reading forgives such things of strangers (decision 0004); nothing is forgiven in what we publish ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime

import shapely

from alerts.cap.model import CapAlert, CapArea, CapInfo, CapReference, Ring
from alerts.cap.shapes import EARTH_HALF_KM, unwrapped

_BAD_IN_IDENTIFIER = frozenset(" \t\r\n,<&")
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


def faults_of_meaning(alert: CapAlert, *, now: datetime, known: Collection[tuple[str, str, datetime]]) -> list[str]:
    """Return every reason why the message must not be published, in English sentences; none when it may.

    Args:
        alert: the message as it would go out.
        now: aware present moment.
        known: (sender, identifier, sent) of every earlier message of the chain that was really published.
    """
    return [*_of_head(alert, now), *_of_references(alert, known), *_of_infos(alert)]


def _of_head(alert: CapAlert, now: datetime) -> Iterator[str]:
    if alert.status != "Actual" or alert.scope != "Public" or alert.restriction or alert.addresses:
        yield "only actual messages for the public, without restriction or addresses, are published"
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not value or _BAD_IN_IDENTIFIER.intersection(value):
            yield f"the {name} {value!r} cannot be referred to"
    if alert.sent > now:
        yield f"sent {alert.sent.isoformat()} lies in the future"


def _of_references(alert: CapAlert, known: Collection[tuple[str, str, datetime]]) -> Iterator[str]:
    if alert.msg_type in ("Update", "Cancel") and not alert.references:
        yield f"an {alert.msg_type} must name what it is about"
    if alert.msg_type == "Alert" and alert.references:
        yield "a new Alert must not refer to earlier messages"
    for reference in alert.references:
        yield from _of_reference(alert, reference, known)


def _of_reference(
    alert: CapAlert, reference: CapReference, known: Collection[tuple[str, str, datetime]]
) -> Iterator[str]:
    if reference.sent is None or (reference.sender, reference.identifier, reference.sent) not in known:
        yield f"the reference to {reference.identifier!r} leads to nothing that was published"
    elif reference.sent > alert.sent:
        yield f"the reference to {reference.identifier!r} is to a later message"
    if reference.identifier == alert.identifier:
        yield "the message refers to itself"


def _of_infos(alert: CapAlert) -> Iterator[str]:
    if alert.msg_type != "Cancel" and not alert.infos:
        yield "there is no info: what happened and where is missing"
    languages = [info.language for info in alert.infos]
    if len(set(languages)) != len(languages):
        yield "a language occurs in more than one info"
    for info in alert.infos:
        yield from (f"info {info.language}: {fault}" for fault in _of_info(alert, info))


def _of_info(alert: CapAlert, info: CapInfo) -> Iterator[str]:
    if not info.event or not info.description:
        yield "event or description is empty"
    if _PLACEHOLDER.search(info.description):
        yield "a placeholder was not filled"
    if alert.msg_type != "Cancel":
        # A Cancel repeats when the warning would have ended, which may be past.
        if info.expires is None or info.expires <= alert.sent:
            yield "it expires before it is sent"
        if info.onset is not None and info.expires is not None and info.expires <= info.onset:
            yield "it expires before it begins"
    if alert.msg_type != "Cancel" and not any(area.has_shape for area in info.areas):
        yield "there is no area with a shape"
    for area in info.areas:
        yield from _of_area(area)


def _of_area(area: CapArea) -> Iterator[str]:
    if not area.description:
        yield "an area has no name"
    for ring in area.polygons:
        fault = _ring_fault(ring)
        if fault:
            yield f"a polygon of {area.description!r} {fault}"
    for circle in area.circles:
        if not (abs(circle.lat) <= 90 and abs(circle.lon) <= 180 and 0 <= circle.radius_km <= EARTH_HALF_KM):
            yield f"a circle of {area.description!r} is not on the globe"


def _ring_fault(ring: Ring) -> str:
    if len(ring) < 4 or ring[0] != ring[-1]:
        return "is not closed"
    if any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in ring):
        return "leaves the globe; are latitude and longitude reversed?"
    flat = unwrapped(list(ring))
    if abs(flat[-1][0] - flat[0][0]) > 180:
        return ""  # a ring round a pole ends a whole turn from where it began
    if not shapely.LinearRing(flat).is_simple:
        return "crosses itself"
    if not shapely.LinearRing(flat).is_ccw:
        return "runs clockwise"
    return ""
