"""Read a feed of CAP messages: Atom or RSS entries that link to documents, or hold them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from lxml import etree

from alerts.cap.tree import CAP_11, CAP_12
from alerts.feeds.saying import FeedFault
from alerts.feeds.xml_feed import Unreadable, open_feed, text_at

MAX_ENTRIES: Final = 1_000
MAX_KEY_CHARS: Final = 200
_NAMES: Final = {"a": "http://www.w3.org/2005/Atom"}
_CAP_TYPES: Final = ("application/cap+xml", "application/common-alerting-protocol+xml")


@dataclass(frozen=True, slots=True)
class CapEntry:
    """One entry: `key` names it for good, `stamp` changes with it; the document itself, or where to fetch it."""

    key: str
    stamp: str
    title: str
    url: str = ""
    document: bytes = b""


def read_cap_feed(data: bytes, base_url: str) -> list[CapEntry]:
    """Return the entries of a feed in its order; those that lead nowhere are left out.

    A file that is a CAP message itself is a feed of one. Raises FeedFault when the whole cannot be read.
    """
    try:
        root = open_feed(data)
    except Unreadable as error:
        raise FeedFault.of_cap(error.fault) from error
    if root.tag in (f"{{{CAP_12}}}alert", f"{{{CAP_11}}}alert"):
        return [CapEntry(_key(base_url), hashlib.sha256(data).hexdigest(), "", document=data)]
    atom = root.findall("a:entry", _NAMES)
    items = atom or root.findall("channel/item")
    if not atom and not items and root.tag not in ("rss", "{http://www.w3.org/2005/Atom}feed"):
        raise FeedFault("not_a_feed")
    if len(items) > MAX_ENTRIES:
        raise FeedFault("too_many", limit=MAX_ENTRIES)
    entries = [_from_atom(item, base_url) if atom else _from_rss(item, base_url) for item in items]
    return [entry for entry in entries if entry is not None]


def _from_atom(item: etree._Element, base_url: str) -> CapEntry | None:
    inside = next(iter(item.iter(f"{{{CAP_12}}}alert", f"{{{CAP_11}}}alert")), None)
    links = item.findall("a:link", _NAMES)
    typed = [link for link in links if (link.get("type") or "").split(";")[0].strip().lower() in _CAP_TYPES]
    plain = [link for link in links if (link.get("rel") or "alternate") == "alternate"]
    href = next((link.get("href") or "" for link in [*typed, *plain]), "")
    key = text_at(item, "a:id", _NAMES) or href
    stamp = text_at(item, "a:updated", _NAMES) or text_at(item, "a:published", _NAMES)
    return _entry(key, stamp, text_at(item, "a:title", _NAMES), href, inside, base_url)


def _from_rss(item: etree._Element, base_url: str) -> CapEntry | None:
    inside = next(iter(item.iter(f"{{{CAP_12}}}alert", f"{{{CAP_11}}}alert")), None)
    enclosure = item.find("enclosure")
    typed = enclosure is not None and (enclosure.get("type") or "").lower() in _CAP_TYPES
    href = (enclosure.get("url") or "") if typed and enclosure is not None else text_at(item, "link", _NAMES)
    key = text_at(item, "guid", _NAMES) or href
    return _entry(key, text_at(item, "pubDate", _NAMES), text_at(item, "title", _NAMES), href, inside, base_url)


def _entry(
    key: str, stamp: str, title: str, href: str, inside: etree._Element | None, base_url: str
) -> CapEntry | None:
    document = b"" if inside is None else etree.tostring(inside, with_tail=False, encoding="UTF-8")
    try:
        url = urljoin(base_url, href) if href and not document else ""
    except ValueError:
        url = ""
    if not key or not (url or document):
        return None
    stamp = hashlib.sha256(stamp.encode() + b"\n" + document).hexdigest()
    return CapEntry(_key(key), stamp, title[:300], url, document)


def _key(text: str) -> str:
    """Return a name of bounded length: the text itself, or its digest where it is longer."""
    return text if len(text) <= MAX_KEY_CHARS else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
