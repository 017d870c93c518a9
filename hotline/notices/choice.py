"""For one claim: which way each notice takes, within what every sender may send now and every provider can take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from hotline.notices.claims import Claimed, Taken
from hotline.providers.pacing import Budget, lock_budgets
from hotline.providers.routing import RouteTable, Way
from hotline.providers.sms import SmsProvider

_FAULTS = "SELECT provider, retry_at FROM provider_faults WHERE provider = ANY(%s)"
_GSM_ONE, _GSM_MORE, _UCS_ONE, _UCS_MORE = 160, 153, 70, 67
"""Characters of a text of one part, and of each part of a longer one (3GPP TS 23.038 and 23.040)."""


class Choice:
    """Made anew for each claim, in its transaction: it holds the rows of the paced senders until commit.

    A provider on probation after a fault (`probing`) gets one text at a time.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        now: datetime,
        table: RouteTable,
        providers: Mapping[str, SmsProvider],
    ) -> None:
        self._table, self._providers = table, providers
        paced = [way.sender_id for way in table.ways if way.paced and way.sender_id is not None]
        self.budgets: dict[int, Budget] = lock_budgets(connection, paced) if paced else {}
        faults = dict(connection.execute(_FAULTS, (list(providers),)).fetchall())
        self.waiting = {name for name, retry_at in faults.items() if retry_at > now}
        self.probing = set(faults) - self.waiting
        self._probed: set[str] = set()

    def usable(self, way: Way) -> bool:
        """Whether the way's provider takes texts and its sender has a slot."""
        provider = self._providers.get(way.provider)
        if provider is None or way.provider in self.waiting | self._probed or provider.breaker.room(1) == 0:
            return False
        budget = self.budgets.get(way.sender_id) if way.sender_id is not None else None
        return budget is None or budget.open

    def __call__(self, notice: Claimed) -> Taken | None:
        """Return the notice with its way and its time, or None to leave it where it is."""
        way = self._table.choose(notice.id, notice.phone, notice.avoid, self.usable)
        return None if way is None else Taken(notice, way, self.take(way, parts_of(notice.body)))

    def take(self, way: Way, parts: int) -> float:
        """Take a usable way for a text of so many parts; when it may leave, in seconds from now."""
        if way.provider in self.probing:
            self._probed.add(way.provider)
        budget = self.budgets.get(way.sender_id) if way.sender_id is not None else None
        return budget.take(parts) if budget is not None else 0.0


def parts_of(body: str) -> int:
    """Return how many parts a text has at most: plain ASCII as GSM-7 (but for the characters that cost two), else UCS-2.

    A little too many only means a little more patience; the exact count belongs to those who show what a text costs.
    """
    if body.isascii():
        units = len(body) + sum(body.count(char) for char in "^{}\\[~]|\f`")
        one, more = _GSM_ONE, _GSM_MORE
    else:
        units = len(body.encode("utf-16-le")) // 2
        one, more = _UCS_ONE, _UCS_MORE
    return 1 if units <= one else -(-units // (more - 1))
