"""Which statements read a whole table, whatever its size: asked of the planner while it may not choose to.

With sequential scans off a plan still reads a table from end to end where no index answers the question, so that an almost empty
database shows what a year of calls would cost. A partial index without a condition is what it is for: only those rows are in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text

from hotline.core.db import Database

GROWING = frozenset(
    {
        "calls", "call_legs", "call_events", "call_orders", "queue_entries", "queue_entry_steps", "reservations", "callbacks",
        "presence_changes", "cases", "case_people", "case_entries", "contacts", "persons", "person_phones",
        "escalations", "forwardings", "forwarded_calls", "handovers", "handover_items", "handover_summaries", "shifts",
        "shift_tellings", "attention_items", "callout_people", "callout_events", "callout_calls", "staffing_advice", "line_tests",
    }
)  # fmt: skip
"""Tables that get rows with every call, case, night or shift and keep them."""
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan")


@dataclass(frozen=True)
class Asked:
    """A statement as it went to the database."""

    sql: str
    parameters: Any


@contextmanager
def recorded(db: Database) -> Iterator[list[Asked]]:
    """Keep every statement of the block that reads or changes rows."""
    found: list[Asked] = []

    def keep(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        if not many and sql.lstrip().split(None, 1)[0].upper() in ("SELECT", "WITH", "UPDATE", "DELETE"):
            found.append(Asked(sql, parameters))

    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)


def whole_reads(db: Database, asked: Sequence[Asked]) -> dict[str, str]:
    """Return the growing tables that a statement reads from end to end, each with the first such statement."""
    found: dict[str, str] = {}
    with db.engine.connect() as connection:
        partial = set(
            connection.scalars(text("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL"))
        )
        for way in ("seqscan", "hashjoin", "mergejoin"):  # the joins read both sides whole because the tables are small
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        for each in {one.sql: one for one in asked}.values():
            (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {each.sql}", each.parameters).scalar_one()
            for table in _whole(plan["Plan"], partial):
                found.setdefault(table, each.sql)
        connection.rollback()
    return found


def _whole(node: dict[str, Any], partial: set[str], table: str = "") -> Iterator[str]:
    table = node.get("Relation Name", table)
    conditional = "Index Cond" in node or node.get("Index Name") in partial
    if node["Node Type"] in SCANS and table in GROWING and not conditional:
        yield table
    for below in node.get("Plans", []):
        yield from _whole(below, partial, table)
