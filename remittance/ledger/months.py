"""Months of the books, written `2026-11`: which one a moment falls into, where one ends; pure.

The books are kept in the time of the ministry, whatever the hour is at a mission.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput

BOOKS_ZONE = ZoneInfo("Asia/Seoul")
"""Where midnight parts two months of the books. Change it before the first posting or never: months are stored."""
_PERIOD = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def period_of(moment: datetime) -> str:
    """Return the month that an aware moment falls into."""
    return moment.astimezone(BOOKS_ZONE).strftime("%Y-%m")


def following(period: str) -> str:
    """Return the month after this one."""
    year, month = _parts(period)
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def begins(period: str) -> datetime:
    """Return the first moment of a month, in UTC."""
    year, month = _parts(period)
    return datetime(year, month, 1, tzinfo=BOOKS_ZONE).astimezone(UTC)


def ends(period: str) -> datetime:
    """Return the first moment after a month, in UTC."""
    return begins(following(period))


def is_period(text: str) -> bool:
    """Say whether a text names a month."""
    return _PERIOD.fullmatch(text) is not None


def read_period(text: str, field: str = "period") -> str:
    """Return the text where it names a month of this century; raises InvalidInput where it does not."""
    if not is_period(text):
        raise InvalidInput(field, text, "name a month such as 2026-11", code="not-a-month")
    return text


def _parts(period: str) -> tuple[int, int]:
    return int(period[:4]), int(period[5:7])
