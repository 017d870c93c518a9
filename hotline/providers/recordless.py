"""Providers that keep no record one could read: what leaves is written down first, and a doubt is judged by that alone.

Without it a worker that dies would leave everything it had claimed in doubt for good. With it only what was on the wire is.
The statement takes open attempts alone: what has been given to somebody else meanwhile (a paused machine) does not leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

from hotline.core.services import Services
from hotline.providers.sms import SmsRequest
from hotline.providers.text_tables import TextTables

GIVE_UP_AFTER_S = 1800.0
"""Receipts of a message centre come within minutes; after half an hour without one somebody has to be reached otherwise."""


class Verdict(Enum):
    """What becomes of a doubt at such a provider."""

    WAIT = "wait"
    NEVER_LEFT = "never left"
    LOST = "lost"


@cache
def _leaving(tables: TextTables) -> str:
    return f"""
UPDATE {tables.attempts} a SET left_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(numbers)s::smallint[]) AS l(text_id, number)
 WHERE a.{tables.reference} = l.text_id AND a.number = l.number AND a.outcome IS NULL AND a.left_at IS NULL
RETURNING a.{tables.reference}
"""  # noqa: S608 - put together from constants, no value comes from outside


def write_leaving(services: Services, tables: TextTables, requests: Sequence[SmsRequest]) -> list[SmsRequest]:
    """Commit that these texts leave now and return those that may."""
    with services.db.connection() as connection:
        rows = connection.execute(
            _leaving(tables),
            {
                "now": services.clock.now(),
                "ids": [each.message_id for each in requests],
                "numbers": [each.attempt for each in requests],
            },
        ).fetchall()
    may = {text_id for (text_id,) in rows}
    return [each for each in requests if each.message_id in may]


def judge(*, started_at: datetime, left_at: datetime | None, lease_s: float, now: datetime) -> Verdict:
    """Say what becomes of a doubt; pure. Times are aware.

    A text that was not written down as leaving has not left and never will: the statement that writes it down takes only
    open attempts, and the caller closes this one now. One that may have left is never sent again. Its receipt proves it;
    without one it is given up, so that these people are shown for another channel while that still helps.
    """
    if left_at is None:
        return Verdict.WAIT if now < started_at + timedelta(seconds=lease_s) else Verdict.NEVER_LEFT
    return Verdict.LOST if now - left_at > timedelta(seconds=GIVE_UP_AFTER_S) else Verdict.WAIT
