"""From characters to elements, with every door of XML that CAP does not need kept shut."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from alerts.cap.faults import Findings, Spot

CAP_12: Final = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_11: Final = "urn:oasis:names:tc:emergency:cap:1.1"
SIGNATURES: Final = frozenset({"http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2009/xmldsig11#"})

# Python's lxml reads line numbers from a 16-bit field: what stands at its end is "somewhere below".
_LAST_KNOWN_LINE: Final = 65_535

# Blanks, comments and processing instructions: all that may stand before a DOCTYPE or the root.
_PROLOG = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)


def parse_document(text: str, findings: Findings) -> etree._Element:
    """Return the root element of a document without DOCTYPE, entities and network.

    Raises:
        CapRefused: a DOCTYPE, broken XML, too many elements or too deep a nesting.
    """
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    if text[start : start + 9].upper() == "<!DOCTYPE":
        findings.stop(Spot("file", text.count("\n", 0, start) + 1), "doctype", text[start : start + 80])
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        findings.stop(Spot("file", error.lineno or None), "not_well_formed", detail=_first_words(error))
    if root.getroottree().docinfo.internalDTD is not None:
        findings.stop(Spot("file", 1), "doctype")
    _check_size(root, findings)
    return root


def _first_words(error: etree.XMLSyntaxError) -> str:
    """The parser's own words without the position, which the fault carries already."""
    return re.sub(r", line \d+, column \d+.*$", "", str(error.msg or "unreadable"))


def _check_size(root: etree._Element, findings: Findings) -> None:
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        count += 1
        if depth > findings.limits.depth:
            findings.stop(spot_of(element, "file"), "too_deep", limit=findings.limits.depth)
        if count > findings.limits.elements:
            findings.stop(spot_of(element, "file"), "too_many_elements", limit=findings.limits.elements)


def spot_of(element: etree._Element, path: str) -> Spot:
    """Where an element stands; a line beyond what the parser counts is unknown."""
    line: Any = element.sourceline
    return Spot(path, line if isinstance(line, int) and line < _LAST_KNOWN_LINE else None)


def text_of(element: etree._Element) -> str:
    """All text inside an element, that of elements within it too."""
    return "".join(str(part) for part in element.itertext())


def name_of(element: etree._Element) -> tuple[str, str]:
    """The namespace (empty when there is none) and the local name of an element."""
    tag = str(element.tag)
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag


def find_alerts(root: etree._Element, findings: Findings) -> list[etree._Element]:
    """Return the alerts of a document: the root itself, or those inside an Atom, EDXL, SOAP or home-made wrapper.

    Raises:
        CapRefused: none is there, they are in a namespace that is not CAP, or there are too many.
    """
    found: list[etree._Element] = []
    strangers: list[etree._Element] = []
    pending = [root]
    while pending:
        element = pending.pop()
        if not isinstance(element.tag, str):
            continue
        namespace, local = name_of(element)
        if local == "alert" and namespace in (CAP_12, CAP_11, ""):
            found.append(element)
            continue
        if local == "alert":
            strangers.append(element)
        pending.extend(reversed(element))
    if not found and strangers:
        namespace = name_of(strangers[0])[0]
        findings.stop(spot_of(strangers[0], "alert"), "unknown_namespace", namespace, namespace=namespace)
    if not found:
        findings.stop(spot_of(root, "file"), "no_alert", name_of(root)[1], root=name_of(root)[1])
    if len(found) > findings.limits.alerts:
        findings.stop(spot_of(found[findings.limits.alerts], "alert"), "too_many_alerts", limit=findings.limits.alerts)
    return found
