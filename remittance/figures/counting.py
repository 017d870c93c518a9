"""Counting remittances: how many, how much, and how long each step took, in one statement over rows and their changes.

Everything of one line is about requests that were asked for in the period, however late they ended; so lines of past periods
still change while requests of theirs are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput
from hotline.missions import staff
from remittance.requests.access import bound_to_missions
from remittance.requests.states import CANCELLED, EXPIRED, OPEN, READ, REFUND_PENDING, REFUNDED, REJECTED

STAGES = {
    "to_cash": ("requested_at", "paid_at"), "review": ("requested_at", "approved_at"), "quote": ("approved_at", "quoted_at"),
    "deposit": ("quoted_at", "deposited_at"), "preparing": ("deposited_at", "ready_at"), "fetching": ("ready_at", "paid_at"),
}  # fmt: skip
"""Each stage from the moment a state was first reached to the moment the next one was; `to_cash` is the whole way."""
MAX_DAYS = 366 * 5
MAX_LINES = 2_000
FIRST_YEAR, LAST_YEAR = 2000, 2100
BY = ("mission", "reason", "month", "currency")
_KEYS = {
    "mission": "r.mission_id::text", "reason": "r.reason", "currency": "''",
    "month": "to_char(r.requested_at AT TIME ZONE :zone, 'YYYY-MM')",
}  # fmt: skip


def _spans() -> str:
    parts = []
    for name, (start, end) in STAGES.items():
        span = f"extract(epoch FROM {end} - {start})"
        known = f"{end} >= {start}"
        parts.append(
            f"count(*) FILTER (WHERE {known}) AS {name}_count,"
            f" percentile_cont(0.5) WITHIN GROUP (ORDER BY {span}) FILTER (WHERE {known}) AS {name}_median,"
            f" percentile_cont(0.9) WITHIN GROUP (ORDER BY {span}) FILTER (WHERE {known}) AS {name}_slow"
        )
    return ",\n       ".join(parts)


_COUNT = """
WITH chosen AS (
    SELECT r.id, r.state, r.currency, r.wanted_minor, r.requested_at, {key} AS key
      FROM remittances r
     WHERE r.requested_at >= :first AND r.requested_at < :last AND r.drill = :drill
       AND (CAST(:missions AS bigint[]) IS NULL OR r.mission_id = ANY(CAST(:missions AS bigint[])))
), reached AS (
    SELECT c.id, c.state, c.currency, c.wanted_minor, c.requested_at, c.key, moment.*, quote.paid_minor
      FROM chosen c
     CROSS JOIN LATERAL (
           SELECT min(at) FILTER (WHERE after = 'approved') AS approved_at, min(at) FILTER (WHERE after = 'quoted') AS quoted_at,
                  min(at) FILTER (WHERE after = 'deposited') AS deposited_at, min(at) FILTER (WHERE after = 'ready') AS ready_at,
                  min(at) FILTER (WHERE after = 'paid') AS paid_at
             FROM remittance_changes change WHERE change.remittance_id = c.id
           ) moment
      LEFT JOIN LATERAL (
           SELECT paid_minor FROM remittance_quotes q WHERE q.remittance_id = c.id ORDER BY q.nth DESC LIMIT 1
           ) quote ON true
)
SELECT key, currency, count(*) AS asked, count(approved_at) AS approved, count(paid_at) AS paid,
       count(*) FILTER (WHERE state = :rejected) AS rejected, count(*) FILTER (WHERE state = ANY(:lapsed)) AS lapsed,
       count(*) FILTER (WHERE state = ANY(:refunded)) AS refunded, count(*) FILTER (WHERE state = ANY(:open)) AS open_now,
       sum(wanted_minor)::bigint AS asked_minor,
       coalesce(sum(coalesce(paid_minor, wanted_minor)) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint AS paid_minor,
       {spans}
  FROM reached GROUP BY key, currency ORDER BY key, currency LIMIT :most
"""
STATEMENTS = {name: _COUNT.format(key=key, spans=_spans()) for name, key in _KEYS.items()}
"""By what the lines are told apart; put together from constants alone."""


@dataclass(frozen=True)
class Period:
    """Days of the centre's zone from the first to the last, both in it; of drills or of the real ones."""

    first: date
    last: date
    drill: bool = False


@dataclass(frozen=True)
class Stage:
    """How many went through a stage, and the seconds that half and nine of ten of them took at most; None for nobody."""

    count: int
    median_s: float | None
    slow_s: float | None


@dataclass(frozen=True)
class Line:
    """One line: counts, amounts in minor units of `currency`, and stages by name."""

    key: str
    currency: str
    asked: int
    approved: int
    rejected: int
    paid: int
    lapsed: int
    refunded: int
    open_now: int
    asked_minor: int
    paid_minor: int
    stages: Mapping[str, Stage]


def read_period(first: str, last: str, today: date, *, drill: bool = False) -> Period:
    """Return a period from days as `2026-03-31`; empty ones mean since the year began, and until today.

    Raises InvalidInput for a day that is none, and for a period that ends before it begins or is longer than MAX_DAYS.
    """
    until = _day("to", last) or today
    since = _day("from", first) or min(until, date(today.year, 1, 1))
    if until < since or (until - since).days > MAX_DAYS:
        raise InvalidInput(
            "from", since.isoformat(), f"lie up to {MAX_DAYS} days before the last day, {until.isoformat()}",
            code="figures-period",
        )  # fmt: skip
    return Period(since, until, drill)


def count(session: Session, actor: Actor, period: Period, by: str, zone: str) -> Sequence[Line]:
    """Return the lines of a period; whoever acts for missions gets their own missions' alone.

    Raises Forbidden without the permission, InvalidInput for a grouping that is none of BY.
    """
    if not actor.may(READ):
        raise Forbidden(f"This needs the permission {READ}.")
    if by not in STATEMENTS:
        raise InvalidInput("by", by, f"use one of {', '.join(BY)}")
    values = bounds(period, zone) | {
        "zone": zone, "most": MAX_LINES, "rejected": REJECTED, "lapsed": [EXPIRED, CANCELLED],
        "refunded": [REFUND_PENDING, REFUNDED], "open": list(OPEN),
        "missions": sorted(staff.missions_of(session, actor.id or 0)) if bound_to_missions(actor) else None,
    }  # fmt: skip
    if by != "month":
        del values["zone"]
    return [_line(dict(row)) for row in session.execute(text(STATEMENTS[by]), values).mappings()]


def bounds(period: Period, zone: str) -> dict[str, Any]:
    """Return the aware moments between which a period lies, and of which kind it is."""
    first, last = (
        datetime.combine(day, time(0), ZoneInfo(zone)) for day in (period.first, period.last + timedelta(days=1))
    )
    return {"first": first, "last": last, "drill": period.drill}


def _line(row: Mapping[str, Any]) -> Line:
    names = (
        "key", "currency", "asked", "approved", "rejected", "paid", "lapsed", "refunded", "open_now", "asked_minor", "paid_minor",
    )  # fmt: skip
    stages = {
        name: Stage(row[f"{name}_count"], _seconds(row[f"{name}_median"]), _seconds(row[f"{name}_slow"]))
        for name in STAGES
    }
    return Line(**{name: row[name] for name in names}, stages=stages)


def _seconds(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _day(name: str, given: str) -> date | None:
    if not given.strip():
        return None
    try:
        found = date.fromisoformat(given.strip())
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InvalidInput(name, given, f"write a day of {FIRST_YEAR} to {LAST_YEAR} as 2026-03-31")
    return found
