"""A mission with its till and people, and remittances that are deposited, ready, prepared or paid; keyword-only."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.services import Services
from hotline.missions import missions
from hotline.missions.models import MissionHours
from hotline.notices.models import Notice
from remittance.banks.models import BankAccount
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balance
from remittance.ledger.checking import Checked as BooksChecked
from remittance.ledger.checking import check
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import BANK, DEPOSITS, MISSION_CASH, PAYOUTS, SETTLEMENT, SUSPENSE
from remittance.money.amounts import Money
from remittance.payouts import paying, releasing
from remittance.payouts.models import Payout
from remittance.payouts.paying import Checked
from remittance.quotes.models import Quote
from remittance.requests import moving
from remittance.requests.models import Remittance
from tests.factories import NOW
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong

DUE, VALUE, FEE, PAID = 1_391_000, 1_385_432, 5_000, 100_000
"""KRW 1,391,000 are deposited for USD 1,000.00 in cash; 568 won are the residue of rounding."""
NOTES = ((10_000, 9), (2_000, 5))
_numbers = itertools.count(1)


@dataclass
class Counter:
    """A consulate with dollars in its till, its cashiers, an officer of it, and people of the centre."""

    services: Services
    cash: int = 1_000_000
    mission: int = 0
    cashier: Actor = field(init=False)
    witness: Actor = field(init=False)
    officer: Actor = field(init=False)
    agent: Actor = field(init=False)
    chief: Actor = field(init=False)

    def __post_init__(self) -> None:
        with self.services.db.transaction() as session:
            mission = make_hong_kong(session, code=f"counter-{next(_numbers)}")
            self.mission = mission.id
            session.add(MissionHours(**hours(mission.id)))
            self.cashier = make_actor(session, self.clock, "cashier", mission=mission)
            self.witness = make_actor(session, self.clock, "cashier", mission=mission)
            self.officer = make_actor(session, self.clock, "mission_officer", mission=mission)
            self.agent = make_actor(session, self.clock, "agent")
            self.chief = make_actor(session, self.clock, "duty_chief")
            self.fill(session, self.cash)

    @property
    def clock(self) -> Clock:
        return self.services.clock

    def fill(self, session: Session, minor: int, currency: str = "USD") -> None:
        """Put money into the till, or take it out."""
        till = account_for(session, self.clock, MISSION_CASH, currency, mission_id=self.mission)
        owed = account_for(session, self.clock, SETTLEMENT, currency, mission_id=self.mission)
        if minor:
            write(session, self.clock, [Line(till, Money(minor, currency)), Line(owed, Money(-minor, currency))])

    def deposited(self, **more: Any) -> int:
        """Make a remittance whose deposit has come; its id. No rule counts two together: each has a relative of its own."""
        more = {"payer_phone": f"+82 10-3{next(_numbers):03}-0000"} | more
        with self.services.db.transaction() as session:
            one = make_approved(session, self.clock, mission=missions.get(session, self.mission), **more)
            make_quote(session, self.clock, one)
            moving.move(session, self.clock, SYSTEM, one, "quote")
            deposit(session, self.clock, one)
            return one.id

    def ready(self, **more: Any) -> int:
        """Make one that is ready for payout; its id."""
        remittance_id = self.deposited(**more)
        assert releasing.release(self.services, remittance_id) == ""
        return remittance_id

    def code(self, remittance_id: int) -> str:
        """Return the code that the text to the traveller carries: the newest one."""
        with self.services.db.transaction() as session:
            number = moving.get(session, remittance_id).number
            bodies = session.scalars(
                select(Notice.body).where(Notice.purpose == "code").order_by(Notice.id.desc())
            ).all()
        found = next(body for body in bodies if number in body)
        code = re.search(r"\b[0-9]{4}-[0-9]{4}\b", found.replace(number, ""))
        assert code is not None
        return code[0]

    def prepared(self, remittance_id: int, **more: Any) -> Payout:
        """Have the cashier prepare the payout."""
        return paying.prepare(self.services, self.cashier, remittance_id, seen(self.code(remittance_id), **more))

    def paid(self, **more: Any) -> tuple[int, Payout]:
        """Make one that is paid out; its id and the payout."""
        remittance_id = self.ready(**more)
        prepared = self.prepared(remittance_id)
        with self.services.db.transaction() as session:
            return remittance_id, paying.confirm(session, self.clock, self.witness, prepared.id)

    def state(self, remittance_id: int) -> str:
        """Return its state."""
        with self.services.db.transaction() as session:
            return moving.get(session, remittance_id).state

    def standing(self, kind: str, currency: str, **more: Any) -> int:
        """Return what stands on an account."""
        with self.services.db.transaction() as session:
            return balance(session, account_for(session, self.clock, kind, currency, **more)).minor

    def till(self) -> int:
        """Return what is in the till by the books."""
        return self.standing(MISSION_CASH, "USD", mission_id=self.mission)

    def owed(self) -> tuple[int, int]:
        """Return what is owed to depositors and to travellers, both less than zero where something is."""
        return self.standing(DEPOSITS, "KRW"), self.standing(PAYOUTS, "USD")

    def books(self) -> BooksChecked:
        """Compute the books anew."""
        with self.services.db.connection() as connection:
            return check(connection, self.clock.now())


def hours(mission_id: int) -> dict[str, Any]:
    """Return hours that are open at NOW (a Saturday's 11:00 in Hong Kong) and closed at night."""
    return {"mission_id": mission_id, "hours": "Mo-Su 09:00-17:00", "holiday_hours": "off", "updated_at": NOW}


def make_quote(session: Session, clock: Clock, one: Remittance, **more: Any) -> Quote:
    """Add a quote: a bank's rate of 1,385.432 won for a dollar."""
    bank = session.scalar(select(BankAccount.id).limit(1))
    if bank is None:
        account = BankAccount(
            code="main", bank_en="Bank of Seoul", bank_ko="서울은행", holder="외교부", number="123-456-789012", currency="KRW",
            opened_minor=0, created_at=clock.now(),
        )  # fmt: skip
        session.add(account)
        session.flush()
        bank = account.id
    values: dict[str, Any] = {
        "remittance_id": one.id, "nth": 1, "bank_account_id": bank, "rate": "1385432/1000", "rate_source": "test",
        "rate_at": clock.now(), "currency": "USD", "paid_minor": PAID, "due_currency": "KRW", "due_minor": DUE,
        "value_minor": VALUE, "fee_minor": FEE, "residue_minor": DUE - VALUE - FEE, "limit_minor": PAID,
        "expires_at": clock.now() + timedelta(days=1), "quoted_at": clock.now(),
    }  # fmt: skip
    quote = Quote(**(values | more))
    session.add(quote)
    session.flush()
    return quote


def deposit(session: Session, clock: Clock, one: Remittance, minor: int = DUE, event: str = "deposit") -> None:
    """Have a deposit come by the bank and be assigned."""
    bank = account_for(session, clock, BANK, "KRW", reference="main")
    suspense, held = account_for(session, clock, SUSPENSE, "KRW"), account_for(session, clock, DEPOSITS, "KRW")
    write(session, clock, [Line(bank, Money(minor, "KRW")), Line(suspense, Money(-minor, "KRW"))])
    write(session, clock, [Line(suspense, Money(minor, "KRW")), Line(held, Money(-minor, "KRW"))], about=one.id)
    moving.move(session, clock, SYSTEM, one, event)


def seen(code: str, **more: Any) -> Checked:
    """Return what a cashier writes down."""
    values: dict[str, Any] = {
        "code": code, "document_kind": "passport", "document_name": "Kim Minsu", "document_number": "M123 45 678",
        "notes": NOTES,
    }  # fmt: skip
    return Checked(**(values | more))


def at_night(when: datetime) -> datetime:
    """Return the night after a moment, when the mission is shut."""
    return when + timedelta(hours=12)


def write(session: Session, clock: Clock, lines: list[Line], about: int | None = None) -> None:
    """Post lines under a key of their own."""
    post(
        session, clock, SYSTEM, key=f"made:{next(_numbers)}", occurred_at=clock.now(), memo="made for a test",
        about=About("remittance", about) if about else About(), lines=lines,
    )  # fmt: skip
