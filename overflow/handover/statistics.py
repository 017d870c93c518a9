"""A mission's figures: its calls by day, hour and reason in its own zone, how many were answered, and how long people waited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

DAYS = 30
MAX_REASONS = 12
_FIGURES = """
WITH theirs AS (
    SELECT c.started_at AT TIME ZONE :zone AS local, c.connected_at, c.queued_at, c.started_at,
           coalesce(nullif(k.disposition, ''), '') AS reason
      FROM calls c LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE c.mission_id = :mission AND c.direction = 'in' AND NOT c.drill AND c.end_reason <> 'line_test'
       AND c.state = 'ended' AND c.started_at >= :since
)
SELECT (SELECT count(*) FROM theirs), (SELECT count(connected_at) FROM theirs),
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM connected_at - coalesce(queued_at, started_at)))
          FROM theirs WHERE connected_at IS NOT NULL),
       (SELECT jsonb_agg(jsonb_build_array(d.day, d.calls, d.answered) ORDER BY d.day)
          FROM (SELECT local::date AS day, count(*) AS calls, count(connected_at) AS answered FROM theirs GROUP BY 1) d),
       (SELECT jsonb_agg(jsonb_build_array(h.hour, h.calls) ORDER BY h.hour)
          FROM (SELECT extract(hour FROM local)::int AS hour, count(*) AS calls FROM theirs GROUP BY 1) h),
       (SELECT jsonb_agg(jsonb_build_array(r.reason, r.calls) ORDER BY r.calls DESC, r.reason)
          FROM (SELECT reason, count(*) AS calls FROM theirs GROUP BY 1 ORDER BY 2 DESC LIMIT :reasons) r)
"""


@dataclass(frozen=True)
class Figures:
    """What came in over the last DAYS days; `median_wait_s` is None without an answered call. Days and hours are local."""

    calls: int
    answered: int
    median_wait_s: float | None
    by_day: Sequence[tuple[date, int, int]]
    """Day, calls, answered; days without a call are there with zeros, the earliest first."""
    by_hour: Sequence[int]
    """24 figures."""
    by_reason: Sequence[tuple[str, int]]
    """What calls were about, as agents wrote it up; empty where nobody was spoken with."""

    @property
    def answered_share(self) -> float | None:
        """Return how much of the calls was answered, 0 to 1; None without calls."""
        return self.answered / self.calls if self.calls else None


def figures(session: Session, mission_id: int, zone: str, now: datetime) -> Figures:
    """Return a mission's figures up to now, in one statement."""
    first = (now.astimezone(ZoneInfo(zone)) - timedelta(days=DAYS - 1)).date()
    since = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    row = session.execute(
        text(_FIGURES), {"zone": zone, "mission": mission_id, "since": since, "reasons": MAX_REASONS}
    ).one()
    calls, answered, median, days, hours, reasons = row
    known = {date.fromisoformat(day): (count, talked) for day, count, talked in days or []}
    by_day = [(day, *known.get(day, (0, 0))) for day in (first + timedelta(days=each) for each in range(DAYS))]
    by_hour = dict(hours or [])
    return Figures(
        calls, answered, float(median) if median is not None else None, by_day, [by_hour.get(each, 0) for each in range(24)],
        [(reason, count) for reason, count in reasons or []],
    )  # fmt: skip
