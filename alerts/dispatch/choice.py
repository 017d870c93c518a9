"""For one claim: which way each text takes, within what every sender may send now and every provider can take."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alerts.dispatch.claims import Claimed, Taken
from alerts.dispatch.recheck import Agreed
from hotline.providers.pacing import Budget
from hotline.providers.routing import RouteTable, Way


class Choice:
    """Made anew for each claim; `budgets` are those of the paced senders, locked in the claim's transaction.

    A provider on probation gets one text at a time, and only when `idle` says that none is on its way.
    """

    def __init__(
        self,
        table: RouteTable,
        budgets: Mapping[int, Budget],
        agreed: Agreed,
        *,
        takes: Callable[[Way], bool],
        idle: Callable[[str], bool],
    ) -> None:
        self._table, self._budgets, self._agreed = table, budgets, agreed
        self._takes, self._idle = takes, idle
        self._probed: set[str] = set()

    def usable(self, way: Way) -> bool:
        """Whether the way's provider takes texts and its sender has a slot."""
        if way.provider in self._agreed.waiting or not self._takes(way):
            return False
        if way.provider in self._agreed.probing and (way.provider in self._probed or not self._idle(way.provider)):
            return False
        budget = self._budgets.get(way.sender_id) if way.sender_id is not None else None
        return budget is None or budget.open

    def __call__(self, message: Claimed, parts: int, avoid: str | None) -> Taken | None:
        """Return the text with its way and its time, or None to leave it where it is."""
        way = self._table.choose(message.id, message.phone, avoid, self.usable)
        if way is None:
            return None
        if way.provider in self._agreed.probing:
            self._probed.add(way.provider)
        budget = self._budgets.get(way.sender_id) if way.sender_id is not None else None
        return Taken(message, way, budget.take(parts) if budget is not None else 0.0)
