"""Reading sanctions lists: a plain table of one's own, and the layout in which OFAC publishes its SDN list; pure.

OFAC's files have no headings (https://ofac.treasury.gov, "SDN data formats"): SDN.CSV has twelve columns (number, name, type,
programme, title, call sign, four of vessels, owner, remarks), ALT.CSV five (number, number of the alias, kind, name, remarks),
ADD.CSV six (number, number of the address, street, town, country, remarks). `-0-` stands for nothing, and the last line may be
one character 26 alone. A file is taken whole or not at all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from hotline.core.errors import SeveralFaults

MAX_BYTES, MAX_ENTRIES, MAX_FAULTS = 64_000_000, 100_000, 50
MAX_NAME_CHARS, MAX_ALIASES, MAX_BORN, MAX_MORE_CHARS = 300, 60, 8, 1_000
PERSON, BODY, THING = "person", "body", "thing"
KINDS = (PERSON, BODY, THING)
"""thing: a ship or an aircraft, kept but never compared with a person's name."""
TABLE, OFAC = "table", "ofac"
COLUMNS, NEEDED = ("name", "aliases", "born", "country", "program", "reference"), ("name", "reference")
_NOTHING = "-0-"
_KINDS_OFAC = {"individual": PERSON, "": BODY, "entity": BODY, "vessel": THING, "aircraft": THING}
_DOB = re.compile(r"\bDOB (?P<circa>circa )?(?P<first>[^;.]{4,20}?)(?: to (?P<last>[^;.]{4,20}?))?(?=[;.]|$)")
_BORN = re.compile(r"~?\d{4}(-\d{2}(-\d{2})?|/\d{4})?")


@dataclass(frozen=True, slots=True)
class Given:
    """One entry of a list. `born` as in `comparing.same_birth`; `reference` is the list's own number of it."""

    reference: str
    name: str
    kind: str = PERSON
    aliases: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    country: str = ""
    programme: str = ""
    remarks: str = ""

    def digest(self) -> str:
        """Return what changes when anything of the entry changes."""
        parts = (
            self.reference,
            self.name,
            self.kind,
            *self.aliases,
            "|",
            *self.born,
            "|",
            self.country,
            self.programme,
        )
        return hashlib.sha256("\x1f".join((*parts, self.remarks)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list as it was read: its layout, its entries, and the SHA-256 of its files."""

    layout: str
    entries: tuple[Given, ...]
    digest: str


class _Faults:
    def __init__(self) -> None:
        self.found: list[dict[str, object]] = []

    def add(self, file: str, line: int, name: str, value: object, mend: str) -> None:
        self.found.append(
            {"field": f"{name} ({file} line {line})", "value": str(value)[:60], "mend": mend, "line": line}
        )
        if len(self.found) >= MAX_FAULTS:
            self.refuse()

    def refuse(self) -> None:
        if self.found:
            raise SeveralFaults(self.found, "The list was refused whole; the one before it still holds.")


def read_list(data: bytes, *, aliases: bytes = b"", addresses: bytes = b"") -> ListFile:
    """Read a list; `aliases` and `addresses` are OFAC's ALT.CSV and ADD.CSV.

    Raises SeveralFaults naming file, line, field, value and mend of every fault, up to fifty.
    """
    faults = _Faults()
    for name, each in (("list", data), ("aliases", aliases), ("addresses", addresses)):
        if len(each) > MAX_BYTES or (name == "list" and not each.strip()):
            faults.add(name, 1, "file", f"{len(each)} bytes", f"send 1 to {MAX_BYTES} bytes")
    faults.refuse()
    rows = list(_rows(data, "list", faults))
    faults.refuse()
    head = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if set(NEEDED) <= set(head):
        layout, entries = TABLE, _table(rows, head, faults)
        if aliases.strip() or addresses.strip():
            faults.add("aliases", 1, "file", "given", "only OFAC's list has files beside it")
    elif head and head[0].isdigit() and len(head) == 12:
        layout, entries = OFAC, _ofac(rows, aliases, addresses, faults)
    else:
        faults.add("list", 1, "headings", ",".join(head), f"begin with {','.join(COLUMNS)}, or send OFAC's SDN.CSV")
        faults.refuse()
        raise AssertionError("refuse raises")
    if not entries:
        faults.add("list", 1, "file", "no entry", "a list without an entry would clear everybody; send a whole one")
    faults.refuse()
    whole = hashlib.sha256(b"\x1e".join((data, aliases, addresses))).hexdigest()
    return ListFile(layout, tuple(entries), whole)


def _rows(data: bytes, file: str, faults: _Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that holds something, with its last line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # OFAC's own files; of a table in another encoding the names would show it
        if "," in text[:5_000] and not text.lstrip()[:1].isdigit():
            faults.add(file, 1, "encoding", "unknown", "save the file as UTF-8")
            return
    if "\x00" in text:
        faults.add(file, 1, "file", "zero bytes", "save the file as text")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row and row != ["\x1a"] and any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        faults.add(
            file, reader.line_num, "row", str(error), "close every quotation mark; a cell has 131,072 letters at most"
        )


def _table(rows: list[tuple[int, list[str]]], head: list[str], faults: _Faults) -> list[Given]:
    columns = {name: head.index(name) for name in COLUMNS if name in head}
    found: list[tuple[int, Given]] = []
    for line, cells in rows[1:]:
        given = {
            name: cells[columns[name]].strip() if name in columns and columns[name] < len(cells) else ""
            for name in COLUMNS
        }
        entry = Given(
            reference=given["reference"], name=_words(given["name"]), aliases=_several(given["aliases"]),
            born=_several(given["born"]), country=_clip(given["country"], 60), programme=_clip(given["program"], 200),
        )  # fmt: skip
        _keep(entry, line, found, faults)
    return _each_once(found, faults)


def _ofac(rows: list[tuple[int, list[str]]], aliases: bytes, addresses: bytes, faults: _Faults) -> list[Given]:
    found: list[tuple[int, Given]] = []
    for line, cells in rows:
        if len(cells) != 12:
            faults.add("list", line, "columns", len(cells), "twelve are needed; download the file again")
            continue
        number, name, kind, programme, title, *_vessel, remarks = (_bare(cell) for cell in cells)
        if kind.casefold() not in _KINDS_OFAC:
            faults.add("list", line, "type", kind, f"use one of {', '.join(key or _NOTHING for key in _KINDS_OFAC)}")
            continue
        more = "; ".join(part for part in (title, remarks) if part)
        entry = Given(
            reference=number, name=_words(name), kind=_KINDS_OFAC[kind.casefold()], born=_births(remarks),
            programme=_clip(programme, 200), remarks=_clip(more, MAX_MORE_CHARS),
        )  # fmt: skip
        _keep(entry, line, found, faults)
    entries = _each_once(found, faults)
    places = {entry.reference: place for place, entry in enumerate(entries)}
    for line, cells in _rows(aliases, "aliases", faults):
        place = _beside(cells, 5, "aliases", line, places, faults)
        if place is not None and (alias := _words(_bare(cells[3]))):
            entries[place] = replace(entries[place], aliases=(*entries[place].aliases, alias)[:MAX_ALIASES])
    for line, cells in _rows(addresses, "addresses", faults):
        place = _beside(cells, 6, "addresses", line, places, faults)
        if place is not None and not entries[place].country:
            entries[place] = replace(entries[place], country=_clip(_bare(cells[4]), 60))
    return entries


def _beside(cells: list[str], width: int, file: str, line: int, places: dict[str, int], faults: _Faults) -> int | None:
    """Return the place of the entry that a row of a file beside the list is about; a fault where there is none."""
    if len(cells) != width:
        faults.add(file, line, "columns", len(cells), f"{width} are needed; download the file again")
        return None
    place = places.get(_bare(cells[0]))
    if place is None:
        faults.add(file, line, "number", cells[0], "the list has no such entry; download all files anew, at one time")
    return place


def _keep(entry: Given, line: int, found: list[tuple[int, Given]], faults: _Faults) -> None:
    if not entry.name or len(entry.name) > MAX_NAME_CHARS:
        faults.add("list", line, "name", entry.name, f"write 1 to {MAX_NAME_CHARS} characters")
    if not entry.reference or len(entry.reference) > 60:
        faults.add(
            "list", line, "reference", entry.reference, "write 1 to 60 characters: the list's own number of the entry"
        )
    if len(entry.aliases) > MAX_ALIASES or any(len(each) > MAX_NAME_CHARS for each in entry.aliases):
        faults.add("list", line, "aliases", len(entry.aliases), f"at most {MAX_ALIASES} of {MAX_NAME_CHARS} characters")
    if len(entry.born) > MAX_BORN or not all(_BORN.fullmatch(each) for each in entry.born):
        faults.add(
            "list",
            line,
            "born",
            "; ".join(entry.born),
            "write 1960-03-12, 1960-03, 1960, ~1960 or 1957/1960, divided by ;",
        )
    if len(found) >= MAX_ENTRIES:
        faults.add(
            "list", line, "file", f"more than {MAX_ENTRIES} entries", "divide it into two lists with names of their own"
        )
        faults.refuse()
    found.append((line, entry))


def _each_once(found: list[tuple[int, Given]], faults: _Faults) -> list[Given]:
    seen = dict[str, int]()
    for line, entry in found:
        if seen.setdefault(entry.reference, line) != line:
            faults.add("list", line, "reference", entry.reference, f"it stands in line {seen[entry.reference]} already")
    return [entry for _, entry in found]


def _births(remarks: str) -> tuple[str, ...]:
    """Return the births that OFAC's remarks tell; what cannot be read is left to whoever reads the remarks."""
    found: list[str] = []
    for each in _DOB.finditer(remarks):
        first, last = _day(each["first"]), _day(each["last"] or "")
        if not first:
            continue
        if last:
            found.append(f"{first[:4]}/{last[:4]}")
        else:
            found.append(f"~{first[:4]}" if each["circa"] else first)
    return tuple(dict.fromkeys(found))[:MAX_BORN]


def _day(text: str) -> str:
    for form, length in (("%d %b %Y", 10), ("%b %Y", 7), ("%Y", 4)):
        try:
            return datetime.strptime(text.strip(), form).date().isoformat()[:length]  # noqa: DTZ007 - a day of the calendar
        except ValueError:
            continue
    return ""


def _several(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for each in text.split(";") if (part := _words(each))))


def _bare(cell: str) -> str:
    text = cell.strip()
    return "" if text == _NOTHING else text


def _words(text: str) -> str:
    return " ".join(text.split())


def _clip(text: str, most: int) -> str:
    return _words(text)[:most]
