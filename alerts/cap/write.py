"""Write CAP 1.2 as the standard wants it: elements in the order of the schema, numeric offsets, no fractions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from alerts.cap.model import CapAlert, CapArea, CapInfo, CapReference, CapResource, CapValue
from alerts.cap.tree import CAP_12

_INDENT: Final = "  "


def write_cap(alert: CapAlert) -> bytes:
    """Return the message as UTF-8 XML, unsigned; what `read_cap` gives back is equal to it.

    Raises:
        ValueError: a text holds characters that XML cannot, or a time is naive.
    """
    namespaces: Any = {None: CAP_12}
    root = etree.Element(f"{{{CAP_12}}}alert", nsmap=namespaces)
    _add(root, "identifier", alert.identifier)
    _add(root, "sender", alert.sender)
    _add(root, "sent", format_time(alert.sent))
    _add(root, "status", alert.status)
    _add(root, "msgType", alert.msg_type)
    _add_if(root, "source", alert.source)
    _add(root, "scope", alert.scope)
    _add_if(root, "restriction", alert.restriction)
    _add_if(root, "addresses", _words(alert.addresses))
    for code in alert.codes:
        _add(root, "code", code)
    _add_if(root, "note", alert.note)
    _add_if(root, "references", " ".join(format_reference(each) for each in alert.references))
    _add_if(root, "incidents", _words(alert.incidents))
    for info in alert.infos:
        _add_info(root, info)
    etree.indent(root, _INDENT)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def format_time(moment: datetime) -> str:
    """Write an aware time as CAP does: to the second, with a numeric offset, UTC as -00:00 (section 3.3.2).

    Raises:
        ValueError: the time is naive.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a CAP time needs an offset; give an aware datetime")
    if offset.total_seconds() % 60:
        # Historic zones have offsets with seconds, which CAP cannot write.
        moment, offset = moment.astimezone(UTC), UTC.utcoffset(None)
    minutes = int(offset.total_seconds()) // 60
    sign = "+" if minutes > 0 else "-"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def format_reference(reference: CapReference) -> str:
    """Write a reference as it came, or from its parts where it was made here."""
    if reference.raw or reference.sent is None:
        return reference.raw or reference.identifier
    return f"{reference.sender},{reference.identifier},{format_time(reference.sent)}"


def format_number(value: float) -> str:
    """Write a number without exponent and to fifteen decimals, far below what any position means."""
    return format(Decimal(repr(round(value, 15))), "f")


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, f"{{{CAP_12}}}{name}")
    if text:
        element.text = text
    return element


def _add_if(parent: etree._Element, name: str, text: str) -> None:
    if text:
        _add(parent, name, text)


def _add_time(parent: etree._Element, name: str, moment: datetime | None) -> None:
    if moment is not None:
        _add(parent, name, format_time(moment))


def _add_pairs(parent: etree._Element, name: str, pairs: tuple[CapValue, ...]) -> None:
    for pair in pairs:
        element = _add(parent, name)
        _add(element, "valueName", pair.name)
        _add(element, "value", pair.value)


def _add_info(root: etree._Element, info: CapInfo) -> None:
    parent = _add(root, "info")
    _add(parent, "language", info.language)
    for category in info.categories:
        _add(parent, "category", category)
    _add(parent, "event", info.event)
    for response_type in info.response_types:
        _add(parent, "responseType", response_type)
    _add(parent, "urgency", info.urgency)
    _add(parent, "severity", info.severity)
    _add(parent, "certainty", info.certainty)
    _add_if(parent, "audience", info.audience)
    _add_pairs(parent, "eventCode", info.event_codes)
    _add_time(parent, "effective", info.effective)
    _add_time(parent, "onset", info.onset)
    _add_time(parent, "expires", info.expires)
    _add_if(parent, "senderName", info.sender_name)
    _add_if(parent, "headline", info.headline)
    _add_if(parent, "description", info.description)
    _add_if(parent, "instruction", info.instruction)
    _add_if(parent, "web", info.web)
    _add_if(parent, "contact", info.contact)
    _add_pairs(parent, "parameter", info.parameters)
    for resource in info.resources:
        _add_resource(parent, resource)
    for area in info.areas:
        _add_area(parent, area)


def _add_resource(info: etree._Element, resource: CapResource) -> None:
    parent = _add(info, "resource")
    _add(parent, "resourceDesc", resource.description)
    _add(parent, "mimeType", resource.mime_type)
    if resource.size is not None:
        _add(parent, "size", str(resource.size))
    _add_if(parent, "uri", resource.uri)
    _add_if(parent, "digest", resource.digest)


def _add_area(info: etree._Element, area: CapArea) -> None:
    parent = _add(info, "area")
    _add(parent, "areaDesc", area.description)
    for ring in area.polygons:
        _add(parent, "polygon", " ".join(f"{format_number(lat)},{format_number(lon)}" for lat, lon in ring))
    for circle in area.circles:
        center = f"{format_number(circle.lat)},{format_number(circle.lon)}"
        _add(parent, "circle", f"{center} {format_number(circle.radius_km)}")
    _add_pairs(parent, "geocode", area.geocodes)
    if area.altitude is not None:
        _add(parent, "altitude", format_number(area.altitude))
    if area.ceiling is not None:
        _add(parent, "ceiling", format_number(area.ceiling))


def _words(words: tuple[str, ...]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in words)
