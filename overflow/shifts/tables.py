"""Shifts as a table: a file taken over with every refused row named, and a period written out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound
from hotline.core.tables import plain_cell
from overflow.shifts.models import Shift
from overflow.shifts.people import people
from overflow.shifts.planning import MAX_WANTED, Outcome, Wanted, make_many
from overflow.shifts.states import WRITE
from overflow.shifts.wall import Wall, clock_time, read_clock_time, read_day

COLUMNS = ("person", "day", "start", "end", "zone")
NEEDED = COLUMNS[:4]
MAX_FILE_BYTES = 1_000_000
MAX_CELL_CHARS = 200
_OUT = (
    "id", "person", "name", "day", "start", "end", "zone", "part", "state", "starts_at_utc", "ends_at_utc", "hours",
)  # fmt: skip


def read(session: Session, clock: Clock, actor: Actor, content: bytes) -> Outcome:
    """Take a table over as drafts; rows that cannot be are left out, each with why (`Wanted.line` is its row in the file).

    `person` is a sign-in name or an agent's number; `zone` may be empty for the person's own. Raises Forbidden, and
    InvalidInput for a file that is no such table.
    """
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    rows = _rows(content)
    found = _find(session, {row["person"] for _, row in rows})
    zones = {each.agent_id: each.zone for each in people(session, set(found.values())).values()}
    wanted, left = [], []
    for line, row in rows:
        try:
            wanted.append(_wanted(line, row, found, zones))
        except HotlineError as fault:
            left.append((Wanted(0, Wall("", _ANY_DAY, 0, 0), line=line), fault))
    outcome = make_many(session, clock, actor, wanted)
    outcome.left = sorted([*left, *outcome.left], key=lambda pair: pair[0].line)
    return outcome


_ANY_DAY = read_day("2000-01-01")
"""Stands for the day of a row that could not be read."""


def _rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    if len(content) > MAX_FILE_BYTES:
        raise InvalidInput("file", f"{len(content)} bytes", f"use a file of at most {MAX_FILE_BYTES} bytes")
    text = _decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(reader, [])]
        if not set(NEEDED) <= set(head) or len(head) > 50:
            raise InvalidInput("file", ", ".join(head[:12]), f"the first row must name the columns {', '.join(NEEDED)}")
        rows: list[tuple[int, dict[str, str]]] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= MAX_WANTED:
                raise InvalidInput("file", f"row {reader.line_num}", f"use at most {MAX_WANTED} rows")
            row = dict(zip(head, (cell.strip() for cell in cells), strict=False))
            rows.append((reader.line_num, {name: row.get(name, "") for name in COLUMNS}))
    except csv.Error as fault:
        raise InvalidInput("file", str(fault), "save the table as CSV with commas") from fault
    return rows


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("file", content[:20], "save the table as UTF-8")


def _find(session: Session, written: set[str]) -> dict[str, int]:
    """Return agents by what a table calls them."""
    rows = session.execute(
        select(Agent.id, Officer.name)
        .join(Officer, Officer.id == Agent.officer_id)
        .where(Officer.name.in_(written) | Agent.id.in_([int(each) for each in written if _is_id(each)]))
    ).tuples()
    found: dict[str, int] = {}
    for agent_id, name in rows:
        found[str(agent_id)] = agent_id
        found[name] = agent_id
    return found


def _is_id(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 19


def _wanted(line: int, row: Mapping[str, str], found: Mapping[str, int], zones: Mapping[int, str]) -> Wanted:
    for name, cell in row.items():
        if len(cell) > MAX_CELL_CHARS:
            raise InvalidInput(name, cell, f"write at most {MAX_CELL_CHARS} characters")
    agent_id = found.get(row["person"])
    if agent_id is None:
        raise NotFound("agent", row["person"][:60])
    wall = Wall(
        row["zone"] or zones[agent_id], read_day(row["day"]), read_clock_time(row["start"], "start"),
        read_clock_time(row["end"], "end"),
    )  # fmt: skip
    return Wanted(agent_id, wall, line=line)


def write(session: Session, shifts: Sequence[Shift]) -> str:
    """Return shifts as a table that `read` takes again; cells that a spreadsheet would run as a formula are quoted."""
    known = people(session, {shift.agent_id for shift in shifts})
    sign_in = dict(
        session.execute(
            select(Agent.id, Officer.name).join(Officer, Officer.id == Agent.officer_id).where(Agent.id.in_(known))
        )
        .tuples()
        .all()
    )
    text = io.StringIO()
    text.write("\ufeff")
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(_OUT)
    for shift in shifts:
        hours = (shift.ends_at - shift.starts_at).total_seconds() / 3600
        out.writerow(
            plain_cell(cell)
            for cell in (
                str(shift.id), sign_in[shift.agent_id], known[shift.agent_id].name, shift.day.isoformat(),
                clock_time(shift.starts), clock_time(shift.ends), shift.zone, shift.part, shift.state,
                shift.starts_at.isoformat(), shift.ends_at.isoformat(), f"{hours:g}",
            )
        )  # fmt: skip
    return text.getvalue()
