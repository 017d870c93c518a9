"""How long what a mission has paid out waits to be settled: whole days of the ministry's calendar, in four buckets; pure.

The calendar is the books' own, for every mission alike, so that a day is never twenty-three hours long in one place and a
balance has one age, whoever looks at it from where.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from remittance.ledger.months import BOOKS_ZONE

EDGES = (30, 60, 90)
"""Last day of each bucket: 0 to 30, 31 to 60, 61 to 90, and more."""
LATE_DAYS = 60
"""Beyond this finance is told on the overview."""


def days_between(paid_at: datetime, now: datetime) -> int:
    """Return the age in days of the ministry's calendar; both moments are aware. Paid today is 0."""
    return (now.astimezone(BOOKS_ZONE).date() - paid_at.astimezone(BOOKS_ZONE).date()).days


def bucket_of(days: int) -> int:
    """Return the number of the bucket, 0 for the youngest to 3."""
    return bisect_left(EDGES, days)
