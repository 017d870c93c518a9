"""One CAP element with its children sorted by name, so that order and strangers are judged in a single place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from alerts.cap.faults import Findings, Spot
from alerts.cap.tree import CAP_11, CAP_12, SIGNATURES, name_of, spot_of, text_of

ALERT_ORDER = (
    "identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code",
    "note", "references", "incidents", "info",
)  # fmt: skip
INFO_ORDER = (
    "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode",
    "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact",
    "parameter", "resource", "area",
)  # fmt: skip
AREA_ORDER = ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling")
RESOURCE_ORDER = ("resourceDesc", "mimeType", "size", "uri", "derefUri", "digest")
PAIR_ORDER = ("valueName", "value")


@dataclass(slots=True)
class Section:
    """A parent element: its children by local name, and where it stands."""

    spot: Spot
    findings: Findings
    children: dict[str, list[etree._Element]] = field(default_factory=dict)
    signed: bool = False

    def spot_of(self, name: str, position: int = 0, of_many: bool = False) -> Spot:
        """The place of a child; of the parent, with the child's path, when the child is not there."""
        index = f"[{position + 1}]" if of_many else ""
        path = f"{self.spot.path}/{name}{index}"
        elements = self.children.get(name, [])
        return spot_of(elements[position], path) if position < len(elements) else Spot(path, self.spot.line)

    def text(self, name: str, *, required: bool = False, lines: bool = False) -> str:
        """The text of a child that may occur once, without outer blanks; inner blanks are one unless `lines`.

        A required child that is missing, blank, or there twice with different texts is a fault.
        """
        elements = self.children.get(name, [])
        if not elements:
            if required:
                self.findings.fault(self.spot_of(name), "missing")
            return ""
        first = self._read(elements[0], self.spot_of(name), lines=lines)
        if len(elements) > 1:
            second = self._read(elements[1], self.spot_of(name, 1), lines=lines)
            if required and second != first:
                self.findings.fault(self.spot_of(name, 1), "contradiction", second)
            else:
                self.findings.warn(self.spot_of(name, 1), "repeated", second)
        if required and not first:
            self.findings.fault(self.spot_of(name), "blank")
        return first

    def texts(self, name: str, *, lines: bool = False) -> Iterator[tuple[Spot, str]]:
        """The texts of a child that may occur many times, each with its place; blank ones too."""
        for position, element in enumerate(self.children.get(name, [])):
            spot = self.spot_of(name, position, of_many=True)
            yield spot, self._read(element, spot, lines=lines)

    def raw_texts(self, name: str) -> Iterator[tuple[Spot, str]]:
        """The texts of shapes, whose length is limited by their points and not by their characters."""
        for position, element in enumerate(self.children.get(name, [])):
            yield self.spot_of(name, position, of_many=True), text_of(element)

    def sections(self, name: str, order: tuple[str, ...]) -> Iterator[Section]:
        """The children of one name as parents of their own."""
        for position, element in enumerate(self.children.get(name, [])):
            spot = self.spot_of(name, position, of_many=True)
            self.findings.check_time(spot)
            yield open_section(element, spot.path, order, self.findings)

    def _read(self, element: etree._Element, spot: Spot, *, lines: bool) -> str:
        if len(element):
            self.findings.warn(spot, "markup_in_text")
        text = text_of(element).strip()
        limit = self.findings.limits.text_chars if lines else self.findings.limits.name_chars
        if len(text) > limit:
            self.findings.fault(spot, "text_too_long", text, length=len(text), limit=limit)
            return text[:limit]
        return text if lines else " ".join(text.split())


def open_section(element: etree._Element, path: str, order: tuple[str, ...], findings: Findings) -> Section:
    """Sort the children of an element by name; children in the wrong order are read all the same, with a warning."""
    section = Section(spot_of(element, path), findings)
    own_namespace = name_of(element)[0]
    furthest = -1
    warned: set[str] = set()
    for child in element:
        if not isinstance(child.tag, str):
            continue
        namespace, local = name_of(child)
        if namespace in SIGNATURES:
            section.signed = True
            continue
        odd = _oddity(namespace, local, own_namespace, order, furthest)
        if odd is not None and odd not in warned:
            warned.add(odd)
            findings.warn(spot_of(child, f"{path}/{local}"), odd, local)
        if odd in ("foreign_element", "unknown_element"):
            continue
        furthest = max(furthest, order.index(local))
        section.children.setdefault(local, []).append(child)
    return section


def _oddity(namespace: str, local: str, own_namespace: str, order: tuple[str, ...], furthest: int) -> str | None:
    """Name what is odd about a child, the gravest first."""
    if namespace not in (CAP_12, CAP_11, ""):
        return "foreign_element"
    if local not in order:
        return "unknown_element"
    if namespace != own_namespace:
        return "mixed_namespace"
    return "out_of_order" if order.index(local) < furthest else None
