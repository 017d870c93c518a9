"""Remittances with money in them for hostile calls: deposits that came, codes, payouts, disputes, settlements.

They are brought there by the real rooms and by other officers, each act committed, so that the call may be the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from sqlalchemy import func, select

from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions import missions
from hotline.missions.models import MissionStaff
from remittance.deposits import assigning, placing
from remittance.deposits.models import BankEntry
from remittance.payouts import disputing
from remittance.requests.models import Remittance
from remittance.settlement import settling
from remittance.settlement.models import Settlement
from remittance.telling import again
from tests.remittance.deposits.making import DUE, TODAY, Bank
from tests.remittance.deposits.writing import camt
from tests.remittance.payouts.making import Counter
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong

CASH = 10**12
"""So many cents lie in every till: no call is refused because those before it emptied the till."""
CODE, DIGEST, ENTRY, OTHER, MISSION, CASE, FILE = (
    "known:code", "known:digest", "known:entry", "known:other", "known:mission", "known:case", "known:file",
)  # fmt: skip
"""What stands in a body for what only the rows know: see `PaidRows.filled`."""


class PaidRows:
    """Makes what operations on money need; a part of `rows.Rows`."""

    _services: Services
    _numbers: Iterator[int]
    _chief: Actor
    _almighty: Actor

    def with_money(self, label: str, state: int) -> dict[str, int]:
        """Return the ids for an operation that needs many acts before it: as it needs them (0, 2), or one act too late (1).

        Nothing for other operations, and in 3, which meet the usual rows.
        """
        made: Callable[[int], dict[str, int]] | None = self._by_operation.get(label)
        return made(state % 2) if made is not None and state < 3 else {}

    def filled(self, body: Any) -> Any:
        """Return a body in which what stands for something known is that of the latest rows."""
        if isinstance(body, dict):
            return {name: self.filled(value) for name, value in body.items()}
        return self._known.get(body, body) if isinstance(body, str) else body

    @cached_property
    def _known(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _by_operation(self) -> dict[str, Callable[[int], dict[str, int]]]:
        one, settlement = "/api/v1/remittances/{remittance_id}", "/api/v1/settlements/{settlement_id}"
        return {
            "POST /api/v1/remittances": self._to_ask_for,
            f"POST {one}/reroute": self._to_reroute,
            f"POST {one}/texts/again": self._to_tell,
            f"GET {one}/payout": self._prepared,
            f"POST {one}/payout": self._to_prepare,
            f"POST {one}/payout/confirm": self._prepared,
            f"POST {one}/payout/withdraw": self._prepared,
            f"POST {one}/pickup-code": self._to_prepare,
            f"POST {one}/outside-hours": self._to_prepare,
            f"POST {one}/dispute": self._to_dispute,
            f"POST {one}/deposit/accept": self._came_otherwise,
            f"POST {one}/deposit/refund": self._came_otherwise,
            "POST /api/v1/statements": self._to_take_over,
            "POST /api/v1/suspense/{bank_entry_id}/assign": self._to_assign,
            "POST /api/v1/settlements": self._to_settle,
            f"POST {settlement}/confirm": self._to_confirm,
            f"POST {settlement}/pay": self._to_pay,
        }

    @cached_property
    def _bank(self) -> Bank:
        return self._new_bank()

    def _new_counter(self) -> Counter:
        """A mission for a few remittances: a rule looks into four that are asked for at one in a day."""
        made = Counter(self._services, cash=CASH)
        with self._services.db.transaction() as session:
            now = self._services.clock.now()
            session.add(MissionStaff(officer_id=self._almighty.id, mission_id=made.mission, since=now))
        return made

    def _new_bank(self) -> Bank:
        return Bank(self._services, number=f"110-123-{next(self._numbers):06d}")

    def _quoted(self) -> Remittance:
        """One whose deposit is awaited, at a mission of the caller's own: another's is not found."""
        with self._services.db.transaction() as session:
            mission = missions.get(session, self._new_counter().mission)
        return self._bank.quoted(mission=mission)

    def _to_ask_for(self, state: int) -> dict[str, int]:
        """A case (closed in 1) and a mission that could pay."""
        with self._services.db.transaction() as session:
            case = make_case(session, self._services.clock, state="open" if state == 0 else "closed")
            mission = make_hong_kong(session, code=f"asked-{next(self._numbers)}")
            session.add(MissionStaff(officer_id=self._almighty.id, mission_id=mission.id, since=case.opened_at))
            self._known.update({CASE: case.id, MISSION: mission.id})
        return {}

    def _to_reroute(self, state: int) -> dict[str, int]:
        """One with its deposit (0) or that is ready, and another mission with cash."""
        counter, self._known[MISSION] = self._new_counter(), self._new_counter().mission
        return {"remittance_id": counter.deposited() if state == 0 else counter.ready()}

    def _to_tell(self, state: int) -> dict[str, int]:
        """One whose relative is asked for a deposit (0), and was told so a moment ago."""
        one = self._quoted()
        if state == 1:
            with self._services.db.transaction() as session:
                again.tell_again(session, self._services, make_actor(session, self._services.clock, "agent"), one.id)
        return {"remittance_id": one.id}

    def _to_prepare(self, state: int) -> dict[str, int]:
        """One that is ready (0), and one whose payout is prepared."""
        counter = self._new_counter()
        remittance_id = counter.ready()
        self._known[CODE] = counter.code(remittance_id)
        if state == 1:
            counter.prepared(remittance_id)
        return {"remittance_id": remittance_id}

    def _prepared(self, state: int) -> dict[str, int]:
        """One that waits for its witness (0), and one that was paid."""
        counter = self._new_counter()
        if state == 1:
            return {"remittance_id": counter.paid()[0]}
        remittance_id = counter.ready()
        counter.prepared(remittance_id)
        return {"remittance_id": remittance_id}

    def _to_dispute(self, state: int) -> dict[str, int]:
        """One that was paid (0), and one that is disputed."""
        remittance_id, _ = self._paying_counter().paid()
        if state == 1:
            with self._services.db.transaction() as session:
                who = make_actor(session, self._services.clock, "finance_officer")
                disputing.decide(
                    session, self._services.clock, who, remittance_id, "dispute", reason="Says it never came"
                )
        return {"remittance_id": remittance_id}

    def _came_otherwise(self, state: int) -> dict[str, int]:
        """One of which a part came (0), and one for which all came."""
        one = self._quoted()
        self._bank.send(self._bank.entry(DUE // 2 if state == 0 else DUE, reference=one.reference))
        placing.place_new(self._services)
        return {"remittance_id": one.id}

    def _to_take_over(self, state: int) -> dict[str, int]:
        """A file of a bank, new (0) or known already."""
        bank = self._new_bank()
        self._known[FILE] = camt([bank.statement(bank.entry(DUE))])
        if state == 1:
            bank.take(self._known[FILE])
        return {}

    def _to_assign(self, state: int) -> dict[str, int]:
        """Something that came without a word (0), or that somebody's it was found to be, and a remittance that waits."""
        one, minor = self._quoted(), 1_000 + next(self._numbers)
        self._bank.send(self._bank.entry(minor, payer="이몽룡"))
        placing.place_new(self._services)
        entry_id, self._known[OTHER] = self._newest_entry(), one.id
        if state == 1:
            with self._services.db.transaction() as session:
                assigning.assign(
                    session, self._services.clock, self._bank.officer, entry_id, one.id, reason="It is theirs"
                )
        return {"bank_entry_id": entry_id}

    def _to_settle(self, state: int) -> dict[str, int]:
        """A mission that paid something out (0), which is settled already in 1."""
        self._known[MISSION] = self._paying_counter().mission
        if state == 1:
            self._settled(self._known[MISSION], "allotment")
        return {}

    def _to_confirm(self, state: int) -> dict[str, int]:
        """A settlement that waits (0), and one that was confirmed."""
        mission_id = self._paying_counter().mission
        made = self._reckoned(mission_id, "allotment") if state == 0 else self._settled(mission_id, "allotment")
        self._known[DIGEST] = made.digest
        return {"settlement_id": made.id}

    def _to_pay(self, state: int) -> dict[str, int]:
        """A settlement that waits for the bank's transfer (0), and one that does not, with money that left the bank."""
        made = self._settled(self._paying_counter().mission, "transfer" if state == 0 else "allotment")
        self._bank.send(self._bank.entry(-1_000 - next(self._numbers), payer="Consulate", reference="allotment"))
        placing.place_new(self._services)
        self._known[ENTRY] = self._newest_entry()
        return {"settlement_id": made.id}

    def _paying_counter(self) -> Counter:
        counter = self._new_counter()
        counter.paid()
        return counter

    def _reckoned(self, mission_id: int, way: str) -> Settlement:
        with self._services.db.transaction() as session:
            who = make_actor(session, self._services.clock, "finance_officer")
            return settling.prepare(session, self._services.clock, who, mission_id, "USD", TODAY, way)

    def _settled(self, mission_id: int, way: str) -> Settlement:
        made = self._reckoned(mission_id, way)
        with self._services.db.transaction() as session:
            who = make_actor(session, self._services.clock, "finance_officer")
            return settling.confirm(session, self._services.clock, who, made.id, made.digest)

    def _newest_entry(self) -> int:
        with self._services.db.transaction() as session:
            return session.scalar(select(func.max(BankEntry.id))) or 0
