"""One remittance's whole way by every command of the service, from wherever it stands, any number of times with the same keys.

Each command is refused where it was done before; what it was to do is done once. The bank's files lie where the bank put them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hotline.core.errors import HotlineError
from remittance.deposits import deciding, holding, importing
from remittance.ledger import closing
from remittance.ledger.months import BOOKS_ZONE
from remittance.money.amounts import Money
from remittance.payouts import codes, disputing, paying
from remittance.quotes import quoting, rates
from remittance.quotes.standing import quote_of
from remittance.requests import asking, expiring, reviewing
from remittance.screening import clearing
from remittance.screening.holding import sweep
from remittance.screening.models import ScreeningFinding
from remittance.settlement import settling
from remittance.settlement.models import Settlement
from remittance.tills import cash_moves, counting, differences
from remittance.tills.cash_moves import CashMove
from remittance.tills.counting import Counted
from remittance.tills.models import TillDifference
from tests.remittance.requests.making import make_wish, noted
from tests.remittance.service.acts import release
from tests.remittance.service.world import NOTES, World, later, pieces_for

ENDS = {
    "paid": "settled", "held": "settled", "rerouted": "settled", "over": "settled", "disputed": "refunded",
    "called_off": "refunded", "late": "expired", "refused": "rejected",
}  # fmt: skip
"""How a remittance goes, and where it ends."""
PATHS = tuple(ENDS)
COMMITS = 44
"""About as many transactions as the longest way has."""


@dataclass
class Way:
    """One remittance of one seed; `case` is its own, `files` is where the bank's files lie; one of `places` missions pays."""

    world: World
    seed: int
    case: int
    files: Path
    places: int = 2
    currency: str = "USD"
    path: str = field(init=False)
    wanted: int = 0

    def __post_init__(self) -> None:
        self.path = PATHS[random.Random(self.seed).randrange(len(PATHS))]
        self.mission = self.world.missions[self.seed % self.places]
        self.begun = self.world.clock.now()

    def tries(self, act: Callable[..., Any], *more: Any, **said: Any) -> Any:
        """Do something in a transaction of its own; None where it is refused, as what was done before is."""
        with suppress(HotlineError):
            return self.world.do(partial(act, **said), self.world.clock, *more)
        return None

    def go(self) -> None:
        """Do everything, in order."""
        self.world.clock.set(self.begun)  # type: ignore[attr-defined]  # the frozen clock
        for step in (
            self.rate,
            self.cash,
            self.ask,
            self.review,
            self.quote,
            self.deposit,
            self.pay,
            self.end,
            self.books,
        ):
            step()

    def rate(self) -> None:
        """A rate is typed by one officer and agreed to by another."""
        world, at = self.world, self.begun - timedelta(minutes=10)
        typed = self.tries(
            rates.type_in,
            world.one,
            rates.Typed(base="EUR", quoted="MNT", value=f"4.{self.seed:05d}", source="hand", at=at),
        )
        if typed is not None:
            self.tries(rates.agree, world.two, typed.id)

    def cash(self) -> None:
        """The till is replenished, counted with one note too few, and the difference explained."""
        world, mission, key = self.world, self.mission, f"way-{self.seed}"
        move = CashMove(
            mission_id=mission.id,
            kind="replenish",
            key=key,
            source="HSBC",
            amount=Money(10 * NOTES[self.currency], self.currency),
            reason="float",
        )
        made = self.tries(cash_moves.prepare, mission.cashiers[0], move)
        if made is not None:
            self.tries(cash_moves.confirm, mission.officer, made.id)
        given = Counted(
            mission_id=mission.id,
            currency=self.currency,
            kind="spot",
            key=key,
            pieces={NOTES[self.currency]: 1 + self.seed % 50},
        )
        counted = self.tries(counting.count, mission.cashiers[0], given)
        if counted is not None:
            self.tries(counting.witness, mission.cashiers[1], counted.id)
        with world.services.db.transaction() as session:
            found = session.scalars(
                select(TillDifference.id).where(TillDifference.count_id == (counted and counted.id))
            ).all()
        for difference in found:
            self.tries(differences.ask, world.one, difference, "counted")
            self.tries(differences.give_back, world.two, difference, "count again")

    def ask(self) -> None:
        """The traveller asks, and screening looks."""
        wish = make_wish(
            key=f"way-{self.seed}", case_id=self.case, mission_id=self.mission.id,
            incident_id=self.world.incidents[self.seed % 2], wanted=Money(NOTES[self.currency], self.currency),
            payer_phone=f"+82 10-3{self.seed % 1_000:03d}-0000",
        )  # fmt: skip
        self.wanted = self.world.do(asking.ask, self.world.clock, self.world.agent, wish).id
        sweep(self.world.services)
        self.free()

    def free(self) -> None:
        """Whatever screening or somebody holds is looked at by others and goes on."""
        world = self.world
        with world.services.db.transaction() as session:
            found = session.scalars(
                select(ScreeningFinding.id).where(
                    ScreeningFinding.remittance_id == self.wanted, ScreeningFinding.state == "open"
                )
            ).all()
        for finding in found:
            self.tries(clearing.clear, world.three, finding, reason="another person")
        if world.get(self.wanted).state == "on_hold":
            self.tries(reviewing.lift, world.other_chief, self.wanted, reason="fine")

    def review(self) -> None:
        """The chief looks into it and decides."""
        chief, wanted = self.world.chief, self.wanted
        self.tries(reviewing.take_up, chief, wanted)
        self.tries(reviewing.note, chief, wanted, noted(payer_phone=f"+82 10-3{self.seed % 1_000:03d}-0000"))
        if self.path == "refused":
            self.tries(reviewing.decide, chief, wanted, "reject", reason="no emergency")
            return
        if self.path == "held" and self.world.get(wanted).state == "under_review":
            self.tries(reviewing.decide, chief, wanted, "hold", reason="look")
        self.free()
        self.tries(reviewing.approve, chief, wanted)

    def quote(self) -> None:
        """It is quoted; a late one's quote is over before anything comes."""
        if self.world.get(self.wanted).state == "approved":
            self.tries(quoting.quote, self.world.chief, self.wanted)
        if self.path == "late":
            later(self.world, days=3)
            expiring.expire(self.world.services)

    def statement(self, name: str, amount: int) -> None:
        """Take the bank's next file over: the one that lies there, or one that the bank now puts there."""
        world, one, file = self.world, self.world.get(self.wanted), self.files / f"{self.seed}-{name}.xml"
        if file.is_file():
            world.statements = max(world.statements, int(file.read_text("utf-8").rpartition("<!--")[2].rstrip("->\n")))
        else:
            entry = world.entry(amount, payer=one.payer_name, reference=one.reference, bank_reference=file.stem)
            half = file.with_suffix(".half")
            half.write_bytes(world.file([entry]) + f"<!--{world.statements}-->\n".encode())
            half.rename(file)
        importing.take(world.services, world.one, file.read_bytes(), name=file.name)
        release(world, 0, 0)

    def deposit(self) -> None:
        """The relative deposits what is due, or more; the money is released, or another mission is to pay."""
        if self.path in ("late", "refused"):
            return
        with self.world.services.db.transaction() as session:
            quote = quote_of(session, self.wanted)
        assert quote is not None, "it was quoted"
        self.statement("in", quote.due_minor + (7_000 if self.path == "over" else 0))
        if self.path == "over":
            self.tries(deciding.accept, self.world.three, self.wanted, reason="told by the relative")
            release(self.world, 0, 0)
        other = self.world.missions[(self.seed + 1) % self.places]
        if self.path == "rerouted":
            self.tries(reviewing.reroute, self.world.chief, self.wanted, other.id, reason="nearer")
        if self.path == "called_off" and self.world.get(self.wanted).state == "ready":
            self.tries(reviewing.decide, self.world.chief, self.wanted, "cancel", reason="found it")

    def pay(self) -> None:
        """The cashier prepares it, another confirms it."""
        world, wanted = self.world, self.wanted
        if world.get(wanted).state != "ready":
            return
        mission = world.mission_of(wanted)
        self.tries(paying.allow_outside_hours, mission.officer, wanted, reason="flight tonight")
        with world.services.db.transaction() as session:
            standing, quote = paying.standing_of(session, wanted), quote_of(session, wanted)
            # Nobody reads a code again from its hash: a new one is made, as for a traveller whose text is lost.
            said = (
                ""
                if standing
                else codes.replace(world.services, session, world.agent, wanted, way="voice", proof="questions")[1]
            )
        assert quote is not None, "ready has a quote"
        if standing is None:
            checked = paying.Checked(
                code=said, document_kind="passport", document_number="M12345678", document_name=world.get(wanted).payee_name,
                notes=pieces_for(quote.paid_minor, quote.currency),
            )  # fmt: skip
            standing = paying.prepare(world.services, mission.cashiers[0], wanted, checked)
        self.tries(paying.confirm, mission.cashiers[1], standing.id)

    def end(self) -> None:
        """It is settled with the mission, or disputed; what goes back to the relative leaves the bank."""
        world, wanted = self.world, self.wanted
        if self.path == "disputed":
            if world.get(wanted).state == "paid":
                self.tries(disputing.decide, world.one, wanted, "dispute", reason="not me")
            self.tries(disputing.decide, world.two, wanted, "refund", reason="nothing was handed over", cash="in_till")
        if world.get(wanted).state in ("refund_pending", "refunded"):
            with world.services.db.transaction() as session:
                back = holding.held(session, wanted, "KRW")
            self.statement("out", -back)
        if world.get(wanted).state == "paid":
            self._settle()

    def _settle(self) -> None:
        world, mission = self.world, self.world.mission_of(self.wanted)
        today = world.clock.now().astimezone(BOOKS_ZONE).date()
        self.tries(settling.prepare, world.one, mission.id, self.currency, today)
        with world.services.db.transaction() as session:
            found = session.scalars(
                select(Settlement).where(Settlement.mission_id == mission.id, Settlement.state == "prepared")
            ).all()
        for each in found:
            self.tries(settling.confirm, world.two, each.id, each.digest)

    def books(self) -> None:
        """A month that is over is closed."""
        world, period = self.world, f"{self.begun - timedelta(days=32):%Y-%m}"
        self.tries(closing.ask, world.one, period, "counted", ())
        self.tries(closing.close, world.two, period, ())
