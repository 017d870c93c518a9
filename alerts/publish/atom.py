"""The public list of our warnings as an Atom feed (RFC 4287), newest first, each entry leading to its CAP document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

ATOM: Final = "http://www.w3.org/2005/Atom"
CAP_TYPE: Final = "application/cap+xml"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One published document. `sent` is aware; `expires` is None for a Cancel without information."""

    identifier: str
    msg_type: str
    title: str
    summary: str
    sent: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class FeedFrame:
    """What stands round the entries: public addresses, and the next older page if there is one (RFC 5005)."""

    title: str
    author: str
    own_url: str
    first_url: str
    document_base: str
    older_url: str = ""


def document_url(base: str, identifier: str) -> str:
    """Return the public address of a document."""
    return f"{base}/cap/{identifier}.xml"


def write_feed(frame: FeedFrame, entries: Sequence[FeedEntry], updated: datetime) -> bytes:
    """Return the feed as UTF-8 XML; `updated` (aware) is when its newest entry was published."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # None is the default namespace
    _add(root, "id", frame.first_url)
    _add(root, "title", frame.title)
    _add(root, "updated", _time(updated))
    _add(_add(root, "author"), "name", frame.author)
    _link(root, "self", frame.own_url, "application/atom+xml")
    if frame.own_url != frame.first_url:
        _link(root, "first", frame.first_url, "application/atom+xml")
    if frame.older_url:
        _link(root, "next", frame.older_url, "application/atom+xml")
    for entry in entries:
        _add_entry(root, frame, entry)
    etree.indent(root, "  ")
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _add_entry(root: etree._Element, frame: FeedFrame, entry: FeedEntry) -> None:
    address = document_url(frame.document_base, entry.identifier)
    element = _add(root, "entry")
    _add(element, "id", address)
    _add(element, "title", entry.title if entry.msg_type == "Alert" else f"{entry.msg_type}: {entry.title}")
    _add(element, "updated", _time(entry.sent))
    _add(element, "published", _time(entry.sent))
    _add(element, "summary", entry.summary)
    category = _add(element, "category")
    category.set("term", entry.msg_type)
    _link(element, "alternate", address, CAP_TYPE)


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    if text:
        element.text = text
    return element


def _link(parent: etree._Element, rel: str, href: str, media_type: str) -> None:
    element = _add(parent, "link")
    element.set("rel", rel)
    element.set("type", media_type)
    element.set("href", href)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
