"""A world for remittances: four missions with tills in five currencies, a bank whose statements follow each other, and staff.

Everything is done by the service's own functions, as pages and programmes do it; the world only remembers what it said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.db import Base
from hotline.core.services import Services
from hotline.incidents.models import Incident
from hotline.missions.models import MissionHours
from hotline.notices.models import Notice
from remittance.banks.models import BankAccount
from remittance.deposits.models import BankStatement
from remittance.deposits.statement import Entry, Statement
from remittance.ledger.months import BOOKS_ZONE
from remittance.money.amounts import Money
from remittance.requests import policies
from remittance.requests.models import Remittance
from tests.factories import NOW, make_mission
from tests.remittance.deposits.writing import camt
from tests.remittance.quotes.making import make_bank, make_rates
from tests.remittance.requests.making import make_actor, make_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotline.core.actor import Actor

PLACES = (
    ("hong-kong", "HK", "Asia/Hong_Kong"), ("tokyo", "JP", "Asia/Tokyo"), ("paris", "FR", "Europe/Paris"),
    ("manama", "BH", "Asia/Bahrain"),
)  # fmt: skip
NOTES = {"USD": 10_000, "JPY": 1_000, "EUR": 500, "BHD": 500, "HKD": 1_000}
"""Currencies of the payouts and a note that each till has, in minor units."""
FLOATS = {"USD": 900_000, "JPY": 900_000, "EUR": 500_000, "BHD": 800_000, "HKD": 3_000_000}
LARGEST = {"USD": 30, "JPY": 450, "EUR": 555, "BHD": 226, "HKD": 2_340}
"""How many such notes are about 3,000 dollars: some wishes are past the limit by then."""
PAYERS = ("김영자", "이순신", "PARK JISOO", "Иван Петров", "최은경", "田中花子", "Marie Curie", "오세훈")
PEOPLE, SECOND_CASES = 8, 3
"""Travellers, and how many of them have two cases, so that an incident meets one person through both."""
KEPT = ("remittance_policies", "bank_accounts", "screening_rules", "sanction_lists")
ALSO_EMPTIED = ("notices", "outbox_events")
_numbers = itertools.count(1)


class Crash(Exception):
    """The process dies before a commit."""


@dataclass
class Mission:
    """A mission and who works there."""

    id: int
    cashiers: tuple[Actor, Actor]
    officer: Actor


@dataclass
class World:
    """Everything that an act needs."""

    services: Services
    clock: FrozenClock
    missions: list[Mission] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)
    incidents: list[int] = field(default_factory=list)
    bank_id: int = 0
    bank_number: str = ""
    files: list[bytes] = field(default_factory=list)
    statements: int = 0
    commits_to_crash: int = 0

    def __post_init__(self) -> None:
        with self.services.db.transaction() as session:
            policies.keep(session, self.clock, make_actor(session, self.clock, "administrator"), _rules())
            bank = make_bank(session, self.clock)
            self.bank_id, self.bank_number = bank.id, bank.number
            for code, country, zone in PLACES:
                self.missions.append(self.add_mission(session, code, country, zone))
            cases = [make_case(session, self.clock, name=f"여행자 {nth}") for nth in range(PEOPLE)]
            cases += [make_case(session, self.clock, person_id=each.person_id) for each in cases[:SECOND_CASES]]
            self.cases = [each.id for each in cases]
            self.agent, self.chief, self.other_chief = (
                make_actor(session, self.clock, role) for role in ("agent", "duty_chief", "duty_chief")
            )
            self.one, self.two, self.three = (make_actor(session, self.clock, "finance_officer") for _ in range(3))
            self.incidents = [self._incident(session, name) for name in ("Quake", "Flood")]

    def add_mission(self, session: Session, code: str, country: str, zone: str) -> Mission:
        """Add a mission with two cashiers and an officer."""
        mission = make_mission(
            session, code=f"{code}-{next(_numbers)}", country=country, countries=["HK", country], zone=zone
        )
        session.add(MissionHours(mission_id=mission.id, hours="Mo-Su 06:00-22:00", holiday_hours="off", updated_at=NOW))
        return Mission(
            mission.id,
            (
                make_actor(session, self.clock, "cashier", mission=mission),
                make_actor(session, self.clock, "cashier", mission=mission),
            ),
            make_actor(session, self.clock, "mission_officer", mission=mission),
        )

    def _incident(self, session: Session, name: str) -> int:
        made = Incident(
            name_ko=name, name_en=name, kind="earthquake", severity="Severe", countries=["HK"], drill=False, state="open",
            began_at=NOW, opened_at=NOW, opened_by_id=self.chief.id, updated_at=NOW,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id

    def begin(self) -> None:
        """Forget everything but missions, staff and people, and begin again at NOW with fresh rates."""
        self.clock.set(NOW)
        self.files, self.statements, self.commits_to_crash = [], 0, 0
        emptied = [each for each in _tables() if each not in KEPT] + list(ALSO_EMPTIED)
        with self.services.db.transaction() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            for table in emptied:
                session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # names of our own tables
            session.execute(text("UPDATE bank_accounts SET opened_minor = 0"))
            make_rates(session, self.clock)

    def do(self, act: Callable[..., Any], *more: Any) -> Any:
        """Do something in a transaction of its own, with its session and whatever else is given."""
        with self.services.db.transaction() as session:
            return act(session, *more)

    def rates(self) -> None:
        """Put today's rates on record."""
        with self.services.db.transaction() as session:
            make_rates(session, self.clock)

    def of_state(self, *states: str) -> list[int]:
        """Return the remittances in one of these states, the oldest first."""
        with self.services.db.transaction() as session:
            return list(
                session.scalars(select(Remittance.id).where(Remittance.state.in_(states)).order_by(Remittance.id))
            )

    def get(self, remittance_id: int) -> Remittance:
        """Return a remittance as it is now."""
        with self.services.db.transaction() as session:
            one = session.get_one(Remittance, remittance_id)
            session.expunge(one)
            return one

    def mission_of(self, remittance_id: int) -> Mission:
        """Return the mission that pays a remittance."""
        wanted = self.get(remittance_id).mission_id
        return next(each for each in self.missions if each.id == wanted)

    def code(self, remittance_id: int) -> str:
        """Return the newest pickup code that a text carries for a remittance; wrong digits where none came."""
        number = self.get(remittance_id).number
        with self.services.db.transaction() as session:
            bodies = session.scalars(
                select(Notice.body).where(Notice.body.contains(number)).order_by(Notice.id.desc()).limit(20)
            ).all()
        found = (re.search(r"\b[0-9]{4}-[0-9]{4}\b", body.replace(number, "")) for body in bodies)
        return next((each[0] for each in found if each), "0000-0000")

    def file(self, entries: Sequence[Entry]) -> bytes:
        """Write the bank's next statement with these entries."""
        with self.services.db.transaction() as session:
            before = session.scalar(select(BankStatement.closing_minor).order_by(BankStatement.id.desc()).limit(1))
        self.statements += 1
        opening, today = before or 0, self.clock.now().astimezone(BOOKS_ZONE).date()
        made = Statement(
            1, self.bank_number, "KRW", str(self.statements), today, today, opening,
            opening + sum(entry.amount for entry in entries), tuple(entries),
        )  # fmt: skip
        return camt([made])

    def entry(
        self, amount: int, *, payer: str = "", reference: str = "", bank_reference: str = "", returned: bool = False
    ) -> Entry:
        """Make an entry of today."""
        return Entry(
            1, amount, self.clock.now().astimezone(BOOKS_ZONE).date(), None, reference,
            bank_reference or f"B{next(_numbers)}", payer, "", "송금", returned,
        )  # fmt: skip

    @contextmanager
    def dying(self, after: int) -> Iterator[None]:
        """Have the process die before the commit number `after` (1 is the first) of what is done inside."""
        left = after

        def die(_session: Session) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash

        event.listen(Session, "before_commit", die)
        try:
            yield
        finally:
            event.remove(Session, "before_commit", die)

    def bank(self, session: Session) -> BankAccount:
        """Return the bank account."""
        return session.get_one(BankAccount, self.bank_id)


def pick_of(found: Sequence[int], pick: int) -> int | None:
    """Return one of these; None where there is none."""
    return found[pick % len(found)] if found else None


def wish_amount(pick: int, number: int) -> Money:
    """Return a sum in whole notes, in any of the currencies, sometimes past the limit."""
    currency = tuple(NOTES)[pick % len(NOTES)]
    return Money(NOTES[currency] * (1 + number % LARGEST[currency]), currency)


def pieces_for(minor: int, currency: str) -> list[tuple[int, int]]:
    """Return an amount in notes of one kind."""
    return [(NOTES[currency], minor // NOTES[currency])]


def later(world: World, **more: Any) -> None:
    """Move the clock."""
    world.clock.advance(timedelta(**more))


def _rules() -> policies.Rules:
    return policies.Rules(
        limit=Money(300_000, "USD"), reasons=policies.REASONS, deposit_currency="KRW", payout_currencies=tuple(NOTES),
        fee_minor=3_000, spread_basis_points=100, rate_hours=96,
    )  # fmt: skip


def _tables() -> list[str]:
    """Return the tables of remittance, those that others point to last."""
    names = {
        str(mapper.class_.__tablename__)
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("remittance.")
    }
    return [table.name for table in reversed(Base.metadata.sorted_tables) if table.name in names]
