"""Rows of tills for hostile calls: counts, moves and differences in each of their states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.services import Services
from remittance.settlement.models import Settlement
from remittance.tills.models import TillCount, TillDifference, TillMove


class TillRows:
    """Makes what the parameters of tills' addresses name; a part of `rows.Rows`."""

    _services: Services
    _numbers: Iterator[int]
    _author_id: int

    def _mission_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        raise NotImplementedError

    def _move_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """Cash for a till that waits for a second person (0, 1), or was refused."""
        return self._till_row(session, state).id

    def _count_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A count that waits for its witness (0, 1), or was refused."""
        return self._counted(session, state).id

    def _difference_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A difference that nobody (0, 1) or another officer has explained."""
        counted = self._counted(session, 3)
        made = TillDifference(
            count_id=counted.id, mission_id=counted.mission_id, currency="USD", minor=-5, opened_at=counted.counted_at,
            state="open" if state < 2 else "asked", asked_by_id=None if state < 2 else self._author_id,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id

    def _settlement_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A settlement that waits for a second officer (0, 1), or was withdrawn."""
        now = self._services.clock.now()
        over: dict[str, Any] = {} if state < 2 else {"decided_at": now, "decided_by_id": self._author_id}
        made = Settlement(
            mission_id=self._mission_id(session, 0, {}), currency="USD", last_day=now.date(), remittances=1, total_minor=5,
            state="prepared" if state < 2 else "withdrawn", digest="0" * 64, prepared_by_id=self._author_id,
            prepared_at=now, **over,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id

    def _till_row(self, session: Session, state: int) -> TillMove:
        now, mission_id = self._services.clock.now(), self._mission_id(session, 0, {})
        over: dict[str, Any] = {} if state < 2 else {"decided_at": now, "decided_by_id": self._author_id}
        made = TillMove(
            mission_id=mission_id, currency="USD", kind="replenish", state="prepared" if state < 2 else "refused",
            key=f"hostile-{next(self._numbers)}", amount_minor=100, source="Bank", reason="Float",
            prepared_by_id=self._author_id, prepared_at=now, **over,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made

    def _counted(self, session: Session, state: int) -> TillCount:
        now, move = self._services.clock.now(), self._till_row(session, 0)
        over: dict[str, Any] = {} if state < 2 else {"decided_at": now, "decided_by_id": self._author_id}
        made = TillCount(
            mission_id=move.mission_id, currency="USD", kind="spot", state="waiting" if state < 2 else "refused", key=move.key,
            denominations={}, counted_minor=0, book_minor=0, difference_minor=0, counted_by_id=self._author_id,
            counted_at=now, **over,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made
