"""Lists in versions: a file is taken over whole, what did not change is kept once, and the newest version of each list holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from remittance.screening.comparing import asked_numbers, key_numbers
from remittance.screening.list_files import MAX_NAME_CHARS, THING, Given, ListFile
from remittance.screening.models import SanctionEntry, SanctionList
from remittance.screening.states import LISTS

COPIED_AT_ONCE = 10_000
"""Entries, with their names."""
MAX_CANDIDATES = 500
"""So many names that share most pieces with the one asked for are compared letter by letter."""
SHRINK = 2
"""A version with less than half of the entries before is most likely a broken download."""
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_GONE = text("""
UPDATE sanction_entries SET until_list_id = :list WHERE code = :code AND until_list_id IS NULL AND reference = ANY(:gone)
""")
_SILENT = text("""
UPDATE sanction_names n SET live = false FROM sanction_entries e
 WHERE e.id = n.entry_id AND e.until_list_id = :list AND e.code = :code AND n.live
""")
_BY_INDEX = text("SELECT set_config('enable_seqscan', :scan, true)")
CANDIDATES = text("""
SELECT n.name, e.id AS entry_id, e.code, e.reference, e.born
  FROM (SELECT n.entry_id, n.name, (SELECT count(*) FROM unnest(n.keys) AS k WHERE k = ANY(CAST(:keys AS integer[])))::float
               / (cardinality(n.keys) + :asked) AS shared
          FROM sanction_names n
         WHERE n.live AND n.keys && CAST(:keys AS integer[])
         ORDER BY shared DESC, n.id LIMIT :most) AS n
  JOIN sanction_entries e ON e.id = n.entry_id
""")


@dataclass(frozen=True)
class Candidate:
    """A listed name that may be the one asked for."""

    name: str
    entry_id: int
    code: str
    reference: str
    born: Sequence[str]


def candidates(session: Session, name: str) -> list[Candidate]:
    """Return the listed names that share most pieces with a name, at most MAX_CANDIDATES, out of the lists that hold."""
    keys = asked_numbers(name)
    if not keys:
        return []
    # The planner takes comparing two arrays for as cheap as comparing two numbers, and would read every name of the list.
    session.execute(_BY_INDEX, {"scan": "off"})
    rows = session.execute(CANDIDATES, {"keys": keys, "asked": len(keys), "most": MAX_CANDIDATES})
    found = [Candidate(row.name, row.entry_id, row.code, row.reference, row.born) for row in rows]
    session.execute(_BY_INDEX, {"scan": "on"})
    return found


def newest(session: Session) -> int:
    """Return the number of the newest version of any list; 0 before the first."""
    return int(session.scalar(select(func.max(SanctionList.id))) or 0)


def holding(session: Session) -> Sequence[SanctionList]:
    """Return the version of each list that holds."""
    last = select(func.max(SanctionList.id)).group_by(SanctionList.code)
    return session.scalars(
        select(SanctionList).where(SanctionList.id.in_(last)).order_by(SanctionList.code).limit(100)
    ).all()


def history(session: Session) -> Sequence[SanctionList]:
    """Return the latest versions of all lists, the newest first."""
    return session.scalars(select(SanctionList).order_by(SanctionList.id.desc()).limit(100)).all()


def take(
    session: Session, clock: Clock, actor: Actor, code: str, file: ListFile, *, smaller: bool = False
) -> tuple[SanctionList, bool]:
    """Take a list over as its newest version; the same file again returns the version that holds, and False.

    Raises InvalidInput for a name of a list that is none, Refused for one that lost more than half of its entries unless
    `smaller` says that this is meant, Forbidden for others than those who decide findings. In the caller's transaction.
    """
    if actor.kind != "system" and not actor.may(LISTS):
        raise Forbidden(f"This needs the permission {LISTS}.")
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", code, "use 1 to 20 small letters, digits and hyphens, such as ofac-sdn")
    # All lists wait for each other, so that versions become visible in the order of their numbers: whoever looked up to one has
    # seen all before it.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('sanction-lists', 38))"))
    last = session.scalar(
        select(SanctionList).where(SanctionList.code == code).order_by(SanctionList.id.desc()).limit(1)
    )
    if last is not None and last.digest == file.digest:
        return last, False
    if last is not None and not smaller and len(file.entries) * SHRINK < last.entries:
        raise Refused(
            f"The list would shrink from {last.entries} entries to {len(file.entries)}.",
            code="list-shrinks", params={"before": last.entries, "after": len(file.entries)},
        )  # fmt: skip
    known = {
        reference: digest
        for reference, digest in session.execute(
            select(SanctionEntry.reference, SanctionEntry.digest).where(
                SanctionEntry.code == code, SanctionEntry.until_list_id.is_(None)
            )
        )
    }
    fresh = [entry for entry in file.entries if known.get(entry.reference) != entry.digest()]
    changed = {entry.reference for entry in fresh} & known.keys()
    gone = known.keys() - {entry.reference for entry in file.entries}
    version = SanctionList(
        code=code, layout=file.layout, digest=file.digest, entries=len(file.entries), added=len(fresh), gone=len(gone),
        imported_at=clock.now(), imported_by_id=actor.id,
    )  # fmt: skip
    session.add(version)
    session.flush()
    values: dict[str, Any] = {"list": version.id, "code": code}
    session.execute(_GONE, values | {"gone": sorted(changed | gone)})
    session.execute(_SILENT, values)
    _write(session, code, version.id, fresh)
    audit.record(
        session, clock, actor, "screening.list_taken", "sanction_list", version.id,
        after={"list": code, "entries": version.entries, "added": version.added, "gone": version.gone, "digest": file.digest},
    )  # fmt: skip
    return version, True


def _write(session: Session, code: str, list_id: int, fresh: Sequence[Given]) -> None:
    """Copy entries and their names in: a hundred thousand one by one would take minutes.

    By parts, so that none of the statements lasts longer than any may (`db.STATEMENT_TIMEOUT_MS`) on a machine that is busy.
    """
    raw: psycopg.Connection[tuple[Any, ...]] = session.connection().connection.driver_connection  # type: ignore[assignment]
    for start in range(0, len(fresh), COPIED_AT_ONCE):
        _write_part(raw, code, list_id, fresh[start : start + COPIED_AT_ONCE])


def _write_part(raw: psycopg.Connection[tuple[Any, ...]], code: str, list_id: int, fresh: Sequence[Given]) -> None:
    columns = "code, reference, digest, kind, name, aliases, born, country, programme, remarks, from_list_id"
    with raw.cursor().copy(f"COPY sanction_entries ({columns}) FROM STDIN") as copy:
        for each in fresh:
            copy.write_row(
                (
                    code, each.reference, each.digest(), each.kind, each.name, list(each.aliases), list(each.born),
                    each.country, each.programme, each.remarks, list_id,
                )
            )  # fmt: skip
    found = raw.execute(
        "SELECT reference, id FROM sanction_entries"
        " WHERE from_list_id = %s AND until_list_id IS NULL AND reference = ANY(%s)",
        (list_id, [each.reference for each in fresh]),
    ).fetchall()
    ids = {str(row[0]): int(row[1]) for row in found}
    names = [
        (ids[each.reference], name[:MAX_NAME_CHARS], key_numbers(name), True)
        for each in fresh
        if each.kind != THING
        for name in dict.fromkeys((each.name, *each.aliases))
    ]
    with raw.cursor().copy("COPY sanction_names (entry_id, name, keys, live) FROM STDIN") as copy:
        for row in names:
            copy.write_row(row)
