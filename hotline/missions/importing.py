"""A list of missions taken over from CSV: all of it or nothing, every faulty row named; the same file again changes nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused, SeveralFaults, TooLarge
from hotline.core.phone import parse_e164
from hotline.missions import duty, keeping, missions
from hotline.missions.duty import Contact, Line
from hotline.missions.missions import MissionChanges, MissionFields
from hotline.missions.models import Mission, MissionLine

MAX_BYTES = 2 * 1000 * 1000
MAX_ROWS = 2_000
"""Ten times the missions of the largest foreign services."""
MAX_FAULTS = 500
SHOWN_CHARS = 80
NEEDED = (
    "code", "name_ko", "name_en", "country", "city", "lat", "lon", "zone", "phone", "emergency_phone",
)  # fmt: skip
LISTS = ("countries", "languages", "regions")
"""Several values in one cell, parted by `|`."""
COLUMNS = (
    *NEEDED, *LISTS, "kind", "services_ko", "services_en", "email", "partner", "hours", "holiday_hours", "number", "pool_number",
    "return_number", "technique", "duty_name", "duty_phone", "exceptions",
)  # fmt: skip
MAX_EXCEPTIONS = 60
_EXCEPTION = re.compile(r"(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d))? ([^()]{1,200}?)(?: \(([^()]{1,200})\))?")
"""Days with hours of their own: `2026-12-24/2026-12-31 off (moving house)`, the last day and the note where there are any."""


@dataclass
class MissionReport:
    """What became of the list. With anything `refused` nothing was changed, whatever the counts say would have been."""

    created_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the API shows it."""
        return asdict(self)


def import_missions(session: Session, clock: Clock, actor: Actor, data: bytes) -> MissionReport:
    """Take over a CSV list within the caller's transaction, which is undone to its beginning when a row is refused.

    Raises TooLarge beyond 2 MB or 2,000 rows, and InvalidInput for an encoding or a header that cannot be used.
    """
    rows = _rows(data)
    report = MissionReport()
    seen: dict[str, int] = {}
    nested = session.begin_nested()
    partners: list[tuple[int, Mission, str]] = []
    for line, values in rows:
        if len(report.refused) >= MAX_FAULTS:
            break
        code = values.get("code", "")
        if code in seen:
            _refuse(report, line, "code", code, f"line {seen[code]} has the same code")
            continue
        seen[code] = line
        try:
            with session.begin_nested():
                mission, what = _take(session, clock, actor, values)
        except InvalidInput as fault:
            _refuse(report, line, fault.field, fault.shown_value, fault.mend)
        except SeveralFaults as faults:
            for one in faults.faults:
                _refuse(report, line, str(one["field"]), str(one["value"]), str(one["mend"]))
        else:
            partners.append((line, mission, values.get("partner", "")))
            setattr(report, what, getattr(report, what) + 1)
    _join_partners(session, clock, actor, report, partners)
    if report.refused:
        nested.rollback()
        return report
    nested.commit()
    audit.record(
        session, clock, actor, "missions.imported", "mission", None,
        after={"created": report.created_count, "updated": report.updated_count, "unchanged": report.unchanged_count},
    )  # fmt: skip
    return report


def _take(session: Session, clock: Clock, actor: Actor, values: dict[str, str]) -> tuple[Mission, str]:
    """Write one row; raises InvalidInput or SeveralFaults. Returns the mission and which count it belongs to."""
    known = session.scalar(select(Mission.id).where(Mission.code == values["code"]))
    trail = None if known is None else _newest(session, known)
    mission = missions.save(session, clock, actor, _fields(values))
    if values.get("hours"):
        keeping.set_hours(session, clock, actor, mission.id, values["hours"], values.get("holiday_hours") or None)
    _set_exceptions(session, clock, actor, mission, values.get("exceptions", ""))
    if values.get("number"):
        line = Line(
            number=values["number"], pool_number=values.get("pool_number", ""),
            return_number=values.get("return_number", ""), technique=values.get("technique") or "number",
        )  # fmt: skip
        others = [_as_line(row) for row in duty.lines_of(session, mission.id)]
        number = parse_e164(line.number, field="number").e164
        wanted = [one for one in others if one.number != number]
        at = next((place for place, one in enumerate(others) if one.number == number), len(wanted))
        wanted.insert(at, line)
        duty.set_lines(session, clock, actor, mission.id, wanted)
    if values.get("duty_phone"):
        first = Contact(values.get("duty_name", "") or mission.name_en[:80], values["duty_phone"])
        rest = [Contact(one.name, one.phone) for one in duty.duty_of(session, mission.id)[1:]]
        duty.set_duty(session, clock, actor, mission.id, [first, *rest])
    session.flush()
    if known is None:
        return mission, "created_count"
    return mission, "updated_count" if _newest(session, mission.id) != trail else "unchanged_count"


def _set_exceptions(session: Session, clock: Clock, actor: Actor, mission: Mission, written: str) -> None:
    """Give days hours of their own; days that are over by now are passed over, so that an old list can be taken over again."""
    parts = [" ".join(part.split()) for part in written.split("|") if part.strip()]
    if len(parts) > MAX_EXCEPTIONS:
        raise InvalidInput("exceptions", f"{len(parts)} parts", f"give at most {MAX_EXCEPTIONS}, each may be many days")
    today = keeping.local_day(mission, clock.now())
    for part in parts:
        first, last, hours, note = _exception(part)
        if last >= today:
            try:
                keeping.set_exceptions(session, clock, actor, mission.id, max(first, today), last, hours, note)
            except InvalidInput as fault:
                raise InvalidInput("exceptions", part, fault.mend) from fault
            except Refused as fault:
                raise InvalidInput("exceptions", part, f"keep at most {keeping.MAX_EXCEPTIONS} days ahead") from fault


def _exception(part: str) -> tuple[date, date, str, str]:
    mend = "write a day or first/last day, hours, and in brackets why: 2026-12-24/2026-12-31 off (moving house)"
    found = _EXCEPTION.fullmatch(part)
    if found is None:
        raise InvalidInput("exceptions", part, mend)
    first, last, hours, note = found.groups()
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first), hours, note or ""
    except ValueError:
        raise InvalidInput("exceptions", part, mend) from None


def _join_partners(
    session: Session, clock: Clock, actor: Actor, report: MissionReport, partners: list[tuple[int, Mission, str]]
) -> None:
    """Name each mission's partner once all are there: a list may name one that stands further down."""
    for line, mission, partner in partners:
        if partner:
            try:
                missions.update(session, clock, actor, mission.id, MissionChanges(partner=partner))
            except SeveralFaults as faults:
                _refuse(report, line, "partner", partner, str(faults.faults[0]["mend"]))


def _fields(values: dict[str, str]) -> MissionFields:
    given: dict[str, Any] = {name: values.get(name, "") for name in NEEDED}
    for name in ("lat", "lon"):
        try:
            given[name] = float(given[name].replace(",", "."))
        except ValueError:
            raise InvalidInput(name, given[name], "write degrees such as 39.95") from None
    for name in LISTS:
        if values.get(name):
            given[name] = tuple(part.strip() for part in values[name].split("|") if part.strip())
    for name in ("kind", "services_ko", "services_en", "email"):
        if values.get(name):
            given[name] = values[name]
    return MissionFields(**given)


def _as_line(row: MissionLine) -> Line:
    return Line(row.number, row.pool_number or "", row.return_number or "", row.label, row.technique)


def _newest(session: Session, mission_id: int) -> int | None:
    """The newest entry of the trail about a mission; the same before and after a row that changed nothing."""
    about = audit.AuditEntry.subject_kind == "mission", audit.AuditEntry.subject_id == mission_id
    return session.scalar(select(func.max(audit.AuditEntry.seq)).where(*about))


def _refuse(report: MissionReport, line: int, name: str, value: str, mend: str) -> None:
    if len(report.refused) < MAX_FAULTS:
        report.refused.append({"line": line, "field": name, "value": value[:SHOWN_CHARS], "mend": mend})


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of each row. A cell may hold line breaks; a row's line is that of its end."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"A list of missions has at most {MAX_BYTES // 1_000_000} MB.")
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    header = _header(next(reader, []))
    return _cells(reader, header)


def _cells(reader: Any, header: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    count = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InvalidInput("list", f"line {reader.line_num}", f"this is not CSV ({error})") from error
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > MAX_ROWS:
            raise TooLarge(f"A list of missions has at most {MAX_ROWS:,} rows.")
        if len(row) > len(header):
            raise InvalidInput(
                "list", f"line {reader.line_num}", f"has {len(row)} fields, the header has {len(header)}"
            )
        yield reader.line_num, {name: cell.strip() for name, cell in zip(header, row, strict=False)}


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    missing = [name for name in NEEDED if name not in names]
    strange = [name for name in names if name not in COLUMNS]
    if missing or strange or len(set(names)) < len(names):
        said = f"without {', '.join(missing)}" if missing else f"with {', '.join(strange) or 'a column twice'}"
        raise InvalidInput(
            "header", ",".join(cells)[:80], f"the first line is {said}; the columns are {', '.join(COLUMNS)}"
        )
    return names


def _decoded(data: bytes) -> str:
    """Read UTF-8, else the Korean code page 949, as office programs write them."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("list", data[:16].hex(), "save the list as CSV UTF-8")
