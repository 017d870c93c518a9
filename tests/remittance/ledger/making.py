"""Books to test with: finance officers, a mission, accounts, and the journals of one remittance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.services import Services
from remittance.ledger import states
from remittance.ledger.accounts import account_for
from remittance.ledger.checking import Checked, check
from remittance.ledger.posting import About, Line, Posted, post
from remittance.money.amounts import Money
from tests.factories import NOW, make_mission, make_officer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LAST_MONTH = NOW - timedelta(days=30)
"""22 October 2026, whose month is over at NOW."""


@dataclass
class Books:
    """Two finance officers and an auditor, one mission, its till in HKD, the bank in KRW and what stands between them."""

    services: Services

    def __post_init__(self) -> None:
        with self.services.db.transaction() as session:
            self.one = _officer(session, "finance_officer")
            self.two = _officer(session, "finance_officer")
            self.auditor = _officer(session, "auditor")
            self.mission = make_mission(session, name_en="Consulate General in Hong Kong", name_ko="주홍콩 총영사관").id
            self.bank = self._account(session, states.BANK, "KRW", reference="main")
            self.held = self._account(session, states.DEPOSITS, "KRW")
            self.due = self._account(session, states.PAYOUTS, "HKD")
            self.till = self._account(session, states.MISSION_CASH, "HKD", mission_id=self.mission)
            self.fees = self._account(session, states.FEES, "KRW")
            self.fx_krw = self._account(session, states.FX, "KRW")
            self.fx_hkd = self._account(session, states.FX, "HKD")

    @property
    def clock(self) -> Clock:
        return self.services.clock

    def _account(self, session: Session, kind: str, currency: str, **more: Any) -> int:
        return account_for(session, self.services.clock, kind, currency, **more)

    def post(
        self, key: str, *amounts: tuple[int, int, str], at: datetime = NOW, memo: str = "deposit", late: bool = False,
        actor: Actor | None = None,
    ) -> Posted:  # fmt: skip
        """Post lines of (account, minor, currency) in a transaction of their own."""
        with self.services.db.transaction() as session:
            return post(
                session, self.services.clock, actor or self.one, key=key, occurred_at=at, memo=memo,
                about=About("remittance", 1), lines=[Line(each, Money(minor, currency)) for each, minor, currency in amounts],
                late=late,
            )  # fmt: skip

    def deposit(self, key: str, minor: int = 350_000, at: datetime = NOW, **more: Any) -> Posted:
        """A relative's deposit arrives at the bank."""
        return self.post(key, (self.bank, minor, "KRW"), (self.held, -minor, "KRW"), at=at, **more)

    def check(self) -> Checked:
        """Compute the books anew."""
        with self.services.db.connection() as connection:
            return check(connection, self.services.clock.now())

    def behind_the_back(self, *statements: str) -> None:
        """Change rows as somebody could who owns the server: past every trigger and constraint."""
        with self.services.db.transaction() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                session.execute(text(statement))


def _officer(session: Session, role: str) -> Actor:
    return actor_of(make_officer(session, roles=(role,)), "console")


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same time; their results or what they raised, in order."""
    results: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(nth: int, act: Callable[[], Any]) -> None:
        start.wait(60)
        try:
            results[nth] = act()
        except Exception as error:  # noqa: BLE001  # what it raised is its result
            results[nth] = error

    threads = [threading.Thread(target=run, args=(nth, act)) for nth, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results
