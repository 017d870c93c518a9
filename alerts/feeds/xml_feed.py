"""Open an RSS or Atom feed of a stranger: with every door of XML shut, and within limits."""

from __future__ import annotations

from typing import Final

from lxml import etree

from alerts.cap.decode import decode_document
from alerts.cap.faults import CapFault, CapRefused, Findings
from alerts.cap.limits import Limits
from alerts.cap.tree import parse_document

LIMITS: Final = Limits(size_bytes=8 * 1024 * 1024, elements=300_000)
"""The largest feed that is read; GDACS's has 250 kB and 3,000 elements."""


class Unreadable(Exception):
    """The document is no XML that is read here; `fault` names the reason."""

    def __init__(self, fault: CapFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def open_feed(data: bytes) -> etree._Element:
    """Return the root of a feed; raises Unreadable for a DOCTYPE, packed files, broken or endless XML."""
    findings = Findings(LIMITS)
    try:
        return parse_document(decode_document(data, findings), findings)
    except CapRefused as refused:
        raise Unreadable(refused.faults[0]) from refused


def text_at(element: etree._Element, path: str, namespaces: dict[str, str]) -> str:
    """Return the text of a descendant on one line without outer blanks; empty when it is not there."""
    found = element.find(path, namespaces)
    return "" if found is None else " ".join("".join(str(part) for part in found.itertext()).split())
