"""A list of travellers taken over from another system: streamed in batches, known people updated, bad rows named.

Each batch is its own transaction, so that a list of a million neither holds locks for minutes nor is lost by a broken
connection; the same file can be given again at any time and changes nothing that is already so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.people import fields
from hotline.people.import_lines import BadLine, Reading, Record
from hotline.people.import_rows import Row, checked_row, locate
from hotline.people.legs import MAX_ITINERARIES, MAX_LEGS
from hotline.people.upsert import Stored, store_rows

BATCH_ROWS = 5_000
MAX_LISTED = 1_000
"""Refused rows named one by one; all are counted."""
MAX_WARNINGS = 100
SHOWN_VALUE_CHARS = 80


@dataclass
class ImportReport:
    """What became of a file. accepted_count + refused_count is the number of its rows.

    `updated_count` of the accepted rows were about people already known, `created_count` about new ones; `refused` names
    the first faults: line (from 1, the header included), field, value, mend.
    """

    accepted_count: int = 0
    created_count: int = 0
    updated_count: int = 0
    refused_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the API shows it."""
        return asdict(self)


def import_travellers(
    services: Services,
    actor: Actor,
    stream: BinaryIO,
    format: str,  # noqa: A002  # the word that users type
    *,
    region: str | None = None,
    source: str = "import",
    max_listed: int = MAX_LISTED,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Take over a file of travellers in `csv` or `ndjson`; `on_progress(rows)` is called after each batch.

    Numbers without a plus sign are read as those of `region` (ISO country), and refused when there is none.
    A bad row is refused and named, the rest goes on. Raises InvalidInput for a header or encoding that cannot be used
    (nothing is changed then) and TooLarge beyond the limits (what stood before the limit has been taken over and is in
    the audit trail).
    """
    run = _Run(services, source, fields.checked_region(region), max_listed)
    completed = False
    try:
        reading = Reading(stream, format)
        records = reading.records()
        while batch := list(islice(records, BATCH_ROWS)):
            run.take(batch)
            if on_progress is not None:
                on_progress(run.rows)
        completed = True
    finally:
        # Also when the file ends in an error: what was taken over before it must be on the trail.
        if completed or run.rows:
            _record(services, actor, run.report, format, completed)
    run.finish(reading)
    return run.report


class _Run:
    """One import on its way."""

    def __init__(self, services: Services, source: str, region: str | None, max_listed: int) -> None:
        self.report = ImportReport()
        self.rows = 0
        self._services = services
        self._source = source
        self._region = region
        self._max_listed = max_listed
        self._seen = SeenKeys()
        self._stale = 0

    def take(self, batch: list[Record | BadLine]) -> None:
        """Check a batch and write what is good of it in one transaction."""
        self.rows += len(batch)
        rows = list(self._distinct(list(self._checked(batch))))
        if not rows:
            return
        locate(rows)
        with self._services.db.connection() as connection:
            stored = store_rows(connection, rows, now=self._services.clock.now(), source=self._source)
        self._count(stored)

    def finish(self, reading: Reading) -> None:
        """Add what can only be said at the end."""
        warnings = self.report.warnings
        warnings[:0] = reading.warnings
        if self._stale:
            warnings.append(f"{self._stale} positions do not count now, because fresher or more exact ones are held.")

    def _checked(self, batch: list[Record | BadLine]) -> Iterator[Row]:
        now = self._services.clock.now()
        for record in batch:
            if isinstance(record, BadLine):
                self._refuse(record.line, record.fault)
                continue
            try:
                row = checked_row(record.line, record.values, now, self._region)
            except InvalidInput as fault:
                self._refuse(record.line, fault)
                continue
            if row.guess and len(self.report.warnings) < MAX_WARNINGS:
                self.report.warnings.append(f"Line {row.line}: {record.values['place']!r} was taken for {row.guess}.")
            yield row

    def _distinct(self, rows: list[Row]) -> Iterator[Row]:
        """Leave out rows about somebody whom an earlier line is about: the first one stands."""
        earlier = self._seen.note([row.key for row in rows], [row.line for row in rows])
        for row, line in zip(rows, earlier, strict=True):
            if line is None:
                yield row
            elif row.leg is not None:
                mend = f"line {line} tells the same stay; give each leg one row"
                self._refuse(row.line, InvalidInput("from_date", row.leg.first_date.isoformat(), mend))
            elif row.reference is not None:
                mend = f"line {line} has the same reference; give each person one row"
                self._refuse(row.line, InvalidInput("reference", row.reference, mend))
            else:
                mend = f"line {line} has the same number; give references to people who share a phone"
                self._refuse(row.line, InvalidInput("phone", row.phone, mend))

    def _count(self, stored: Stored) -> None:
        report = self.report
        report.created_count += stored.created
        report.updated_count += stored.updated
        report.accepted_count += stored.created + stored.updated
        self._stale += stored.stale_positions
        for line in stored.too_many_legs:
            mend = f"a journey has at most {MAX_LEGS} legs and a person {MAX_ITINERARIES} journeys"
            self._refuse(line, InvalidInput("journey", "", mend))
        for line, phone in stored.shared_numbers:
            mend = "several people have this number; give the reference of the one who is meant"
            self._refuse(line, InvalidInput("phone", phone, mend))

    def _refuse(self, line: int, fault: InvalidInput) -> None:
        report = self.report
        report.refused_count += 1
        if len(report.refused) < self._max_listed:
            value = fault.value if isinstance(fault.value, str) else repr(fault.value)
            report.refused.append(
                {"line": line, "field": fault.field, "value": value[:SHOWN_VALUE_CHARS], "mend": fault.mend}
            )


class SeenKeys:
    """Which keys a file has had and on which line, in 12 bytes a key: a sorted array of 64-bit hashes.

    Two different keys share a hash once in ten million files of two million rows.
    """

    def __init__(self) -> None:
        self._hashes = np.zeros(0, np.int64)
        self._lines = np.zeros(0, np.int32)

    def note(self, keys: list[str], lines: list[int]) -> list[int | None]:
        """Remember keys in their order and return for each the earlier line that had it, None for a new one."""
        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        where = np.searchsorted(self._hashes, hashes)
        inside = where < len(self._hashes)
        known = np.zeros(len(keys), np.bool_)
        known[inside] = self._hashes[where[inside]] == hashes[inside]
        earlier: list[int | None] = [None] * len(keys)
        fresh: dict[int, int] = {}
        for index, (number, line) in enumerate(zip(hashes.tolist(), lines, strict=True)):
            if known[index]:
                earlier[index] = int(self._lines[where[index]])
            elif number in fresh:
                earlier[index] = fresh[number]
            else:
                fresh[number] = line
        new = np.array(sorted(fresh), np.int64)
        at = np.searchsorted(self._hashes, new)
        self._hashes = np.insert(self._hashes, at, new)
        self._lines = np.insert(self._lines, at, np.array([fresh[number] for number in new.tolist()], np.int32))
        return earlier


def _record(services: Services, actor: Actor, report: ImportReport, format: str, completed: bool) -> None:  # noqa: A002
    """Put one line on the audit trail, with counts and without anybody's data."""
    with services.db.transaction() as session:
        audit.record(
            session, services.clock, actor, "travellers.imported", "traveller", None,
            after={
                "format": format, "completed": completed, "created": report.created_count,
                "updated": report.updated_count, "refused": report.refused_count,
            },
        )  # fmt: skip
