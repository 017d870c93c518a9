"""A mission with its till, the people around it, and remittances that were paid out of it; keyword-only."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.services import Services
from hotline.missions.models import Mission
from remittance.banks.models import BankAccount
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balances
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import FX, MISSION_CASH, PAYOUTS, SETTLEMENT
from remittance.money.amounts import Money
from remittance.quotes.models import Quote
from remittance.requests.models import Remittance, RemittanceChange
from remittance.tills import cash_moves, counting, differences
from remittance.tills.cash_moves import CashMove
from remittance.tills.counting import Counted
from remittance.tills.models import TillCount, TillDifference, TillMove
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong

_keys = itertools.count(1)


@dataclass
class Counter:
    """A consulate with a cashier and an officer, and two finance officers; each act has a transaction of its own."""

    services: Services
    code: str = "hong-kong"

    def __post_init__(self) -> None:
        with self.services.db.transaction() as session:
            mission = make_hong_kong(session, code=self.code)
            self.mission = mission.id
            self.cashier = make_actor(session, self.clock, "cashier", mission=mission)
            self.officer = make_actor(session, self.clock, "mission_officer", mission=mission)
            self.one = make_actor(session, self.clock, "finance_officer")
            self.two = make_actor(session, self.clock, "finance_officer")

    @property
    def clock(self) -> Clock:
        return self.services.clock

    def do(self, act: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Do one thing in a transaction of its own."""
        with self.services.db.transaction() as session:
            return act(session, self.clock, *args, **more)

    def prepare(self, minor: int, *, kind: str = "replenish", actor: Actor | None = None, **more: Any) -> TillMove:
        """Prepare a move of cash in dollars."""
        values: dict[str, Any] = {
            "mission_id": self.mission, "kind": kind, "amount": Money(minor, "USD"), "source": "HSBC, counter",
            "reason": "Float of the month", "key": f"move-{next(_keys)}",
        }  # fmt: skip
        made: TillMove = self.do(cash_moves.prepare, actor or self.cashier, CashMove(**(values | more)))
        return made

    def fill(self, minor: int, currency: str = "USD") -> TillMove:
        """Put cash into the till, by two people."""
        made = self.prepare(minor, amount=Money(minor, currency))
        done: TillMove = self.do(cash_moves.confirm, self.officer, made.id)
        return done

    def count(self, pieces: dict[int, int], *, kind: str = "closing", **more: Any) -> TillCount:
        """Count the till in dollars, without its witness yet."""
        values: dict[str, Any] = {"mission_id": self.mission, "currency": "USD", "key": f"count-{next(_keys)}"}
        made: TillCount = self.do(counting.count, self.cashier, Counted(kind=kind, pieces=pieces, **(values | more)))
        return made

    def witnessed(self, pieces: dict[int, int], **more: Any) -> TillCount:
        """Count the till, with its witness."""
        done: TillCount = self.do(counting.witness, self.officer, self.count(pieces, **more).id)
        return done

    def explain(self, difference_id: int) -> TillDifference:
        """Explain a difference, by two finance officers."""
        self.do(differences.ask, self.one, difference_id, "A note fell behind the safe")
        done: TillDifference = self.do(differences.explain, self.two, difference_id)
        return done

    def open_differences(self) -> list[TillDifference]:
        """Return what nobody has explained."""
        with self.services.db.transaction() as session:
            return list(
                session.scalars(
                    select(TillDifference).where(TillDifference.state != "explained").order_by(TillDifference.id)
                )
            )

    def held(self, kind: str = MISSION_CASH, currency: str = "USD") -> int:
        """Return what the books say of the till, or of another account."""
        mission = self.mission if kind in (MISSION_CASH, SETTLEMENT) else None
        with self.services.db.transaction() as session:
            account = account_for(session, self.clock, kind, currency, mission_id=mission)
            return balances(session, [account])[account]

    def remittance(
        self, minor: int, *, state: str = "ready", paid_at: datetime | None = None, **more: Any
    ) -> Remittance:
        """Make one that reserves cash (`ready`), or that was paid out (`paid`, with its journals)."""
        with self.services.db.transaction() as session:
            mission = session.get_one(Mission, self.mission)
            return make_quoted(session, self.clock, mission, Money(minor, "USD"), state, paid_at, **more)


def make_quoted(
    session: Session, clock: Clock, mission: Mission, paid: Money, state: str, paid_at: datetime | None = None, **more: Any
) -> Remittance:  # fmt: skip
    """Add a remittance with its quote, past the rooms that lead there; one that was paid has its journals."""
    one = make_approved(session, clock, mission=mission, wanted=paid, **more)
    bank = session.scalar(select(BankAccount).limit(1))
    if bank is None:
        bank = BankAccount(
            code="main", bank_en="Bank", bank_ko="은행", holder="Ministry", number="1-2", currency="KRW", main=True,
            created_at=clock.now(),
        )  # fmt: skip
        session.add(bank)
        session.flush()
    session.add(
        Quote(
            remittance_id=one.id, nth=1, bank_account_id=bank.id, rate="1400/1", rate_source="test", rate_at=clock.now(),
            currency=paid.currency, paid_minor=paid.minor, due_currency="KRW", due_minor=paid.minor * 14, fee_minor=0,
            value_minor=paid.minor * 14, residue_minor=0, limit_minor=paid.minor, expires_at=clock.now() + timedelta(hours=24),
            quoted_at=clock.now(),
        )
    )  # fmt: skip
    one.state, one.version = state, one.version + 1
    if state == "paid":
        _paid(session, clock, one, mission, paid, paid_at or clock.now())
    session.flush()
    return one


def _paid(session: Session, clock: Clock, one: Remittance, mission: Mission, paid: Money, at: datetime) -> None:
    fx, owed = (account_for(session, clock, kind, paid.currency) for kind in (FX, PAYOUTS))
    till = account_for(session, clock, MISSION_CASH, paid.currency, mission_id=mission.id)
    for key, lines in (
        (f"release:{one.id}:1:1", [Line(fx, paid), Line(owed, -paid)]),
        (f"payout:{one.id}", [Line(owed, paid), Line(till, -paid)]),
    ):
        post(
            session, clock, SYSTEM, key=key, occurred_at=at, memo="Cash handed to the traveller",
            about=About("remittance", one.id), lines=lines,
        )  # fmt: skip
    change = {"before": "ready", "after": "paid", "event": "pay", "reason": "", "facts": {}}
    session.add(RemittanceChange(remittance_id=one.id, at=at, by_id=None, **change))
