"""Exchanges that fell silent: they used to announce a line's calls, and its calls now come in without a word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

USED_TO = 3
"""So many announcements make it usual that a line's calls are announced."""
UNANNOUNCED = 2
"""So many calls without one since the last; a single one may have met a moment's fault."""
LEAST, MOST = timedelta(hours=1), timedelta(days=7)
"""Bounds of the usual span: a burst of calls must not make an hour's quiet a fault, nor a quiet line hide one for ever."""
_LATEST, _MOST_CALLS, _MOST_LINES = 200, 1_000, 4_000
_SILENT = """
SELECT l.mission_id, l.number, said.latest AS since, came.calls
  FROM mission_lines l
  JOIN missions m ON m.id = l.mission_id AND m.closed_at IS NULL
 CROSS JOIN LATERAL (
       SELECT max(received_at) AS latest, count(*) AS many, percentile_disc(0.9) WITHIN GROUP (ORDER BY gap) AS usual
         FROM (SELECT received_at, received_at - lag(received_at) OVER (ORDER BY received_at) AS gap
                 FROM (SELECT received_at FROM forwardings
                        WHERE mission_id = l.mission_id AND line_id = l.id ORDER BY id DESC LIMIT :latest) newest) gaps) said
 CROSS JOIN LATERAL (
       SELECT count(*) AS calls
         FROM (SELECT FROM forwarded_calls r
                WHERE r.mission_id = l.mission_id AND r.line_id = l.id AND r.forwarding_id IS NULL AND r.at > said.latest
                LIMIT :calls) unannounced) came
 WHERE l.closed_at IS NULL AND l.technique = 'webhook' AND (CAST(:mission AS bigint) IS NULL OR l.mission_id = :mission)
   AND said.many >= :used_to AND came.calls >= :unannounced
   AND said.latest <= :now - greatest(least(said.usual, CAST(:most AS interval)), CAST(:least AS interval))
 ORDER BY l.mission_id, l.id LIMIT :lines
"""


class Silent(NamedTuple):
    """A line whose exchange fell silent: `since` its last announcement (aware UTC), and how many calls came without one."""

    mission_id: int
    number: str
    since: datetime
    calls: int


def silent(session: Session, now: datetime, mission_id: int | None = None) -> list[Silent]:
    """Return lines with the technique `webhook` that nothing was announced of for longer than is usual while calls came in.

    Usual is the span that nine of ten gaps between a line's last 200 announcements keep within, at least an hour and at most a
    week. A line that announces nothing because nobody calls is not silent.
    """
    given = {
        "now": now, "mission": mission_id, "latest": _LATEST, "calls": _MOST_CALLS, "lines": _MOST_LINES,
        "used_to": USED_TO, "unannounced": UNANNOUNCED, "least": LEAST, "most": MOST,
    }  # fmt: skip
    return [Silent(*row) for row in session.execute(text(_SILENT), given)]
