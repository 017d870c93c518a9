"""What people, the bank and the clock do to remittances; each act may come at a wrong moment and is refused then.

An act takes the world, a `pick` that chooses among what there is, and a `number` that shapes it. It returns nothing; what it
changed is judged by `invariants` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import select, text

from hotline.core import jobs, outbox
from hotline.core.errors import HotlineError
from remittance.deposits import placing
from remittance.ledger import closing
from remittance.ledger.months import BOOKS_ZONE
from remittance.money.amounts import Money
from remittance.payouts import codes, disputing, paying, releasing
from remittance.payouts.models import Payout
from remittance.payouts.paying import Checked
from remittance.quotes import quoting
from remittance.quotes.standing import quote_of
from remittance.requests import asking, expiring, reviewing
from remittance.requests.states import (
    DEPOSITED,
    DISPUTED,
    HOLDABLE,
    ON_HOLD,
    PAID,
    QUOTED,
    READY,
    REQUESTED,
    SETTLED,
    UNDER_REVIEW,
)
from remittance.screening import clearing
from remittance.screening.models import ScreeningFinding
from remittance.settlement import settling
from remittance.tills import cash_moves
from remittance.tills.cash_moves import CashMove
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_wish, noted
from tests.remittance.service.bank_acts import again, assign, deposit, settle_deposit, statement, undo
from tests.remittance.service.till_acts import count, explain
from tests.remittance.service.world import (
    FLOATS,
    NOTES,
    PAYERS,
    PEOPLE,
    Mission,
    World,
    later,
    pick_of,
    pieces_for,
    wish_amount,
)

Act = Callable[[World, int, int], None]
_NEXT_MONTH = text(
    "SELECT min(period) FROM ledger_journals"
    " WHERE period > coalesce((SELECT max(period) FROM ledger_months WHERE state = 'closed'), '')"
)


def ask(world: World, pick: int, number: int) -> None:
    """Somebody asks for money, sometimes past the limit."""
    mission = world.missions[number % len(world.missions)]
    whose = 0 if number % 9 == 0 else pick % len(PAYERS)  # now and then one relative pays for several travellers
    incident = (None, None, *world.incidents)[number // 3 % (2 + len(world.incidents))]
    wish = make_wish(
        case_id=world.cases[pick % len(world.cases)], mission_id=mission.id, incident_id=incident,
        wanted=wish_amount(pick, number), payer_name=PAYERS[whose], payer_phone=f"+82 10-2000-001{whose}",
        payee_name=f"KIM MINSU {pick % PEOPLE}",
        payee_phone="" if number % 7 == 0 else f"+852 6123 456{pick % PEOPLE}",
    )  # fmt: skip
    world.do(lambda session: asking.ask(session, world.clock, world.agent, wish))


def approve(world: World, pick: int, _number: int) -> None:
    """A chief looks into the oldest or any other request and says yes."""
    wanted = pick_of(world.of_state(REQUESTED, UNDER_REVIEW), pick)
    if wanted is None:
        return
    one = world.get(wanted)
    found = noted(payer_name=one.payer_name, payer_phone=one.payer_phone)
    if one.state == REQUESTED:
        world.do(lambda session: reviewing.take_up(session, world.clock, world.chief, wanted))
    world.do(lambda session: reviewing.note(session, world.clock, world.chief, wanted, found))
    world.do(lambda session: reviewing.approve(session, world.clock, world.chief, wanted))


def quote(world: World, pick: int, _number: int) -> None:
    """A quote, or another one."""
    wanted = pick_of(world.of_state("approved", QUOTED), pick)
    if wanted is not None:
        world.do(lambda session: quoting.quote(session, world.clock, world.chief, wanted))


def forward(world: World, pick: int, number: int) -> None:
    """Ask, say yes and quote in one go, so that sequences reach the later states."""
    ask(world, pick, number)
    newest = world.of_state(REQUESTED)
    if newest:
        approve(world, len(newest) - 1, number)
    approved = world.of_state("approved")
    if approved:
        quote(world, len(approved) - 1, number)


def decide(world: World, pick: int, number: int) -> None:
    """Cancel, reject, send back, hold, or decide about what is held."""
    events = ("cancel", "reject", "send_back", "hold", "reject_held", "refund_held")
    wanted = pick_of(world.of_state(*HOLDABLE, ON_HOLD, PAID), pick)
    if wanted is not None:
        actor = (world.chief, world.other_chief, world.one)[number % 3]
        act = partial(reviewing.decide, event=events[number % len(events)], reason="decided")
        world.do(lambda session: act(session, world.clock, actor, wanted))


def hold(world: World, pick: int, _number: int) -> None:
    """Something looks wrong."""
    wanted = pick_of(world.of_state(*HOLDABLE), pick)
    if wanted is not None:
        world.do(lambda s: reviewing.decide(s, world.clock, world.chief, wanted, "hold", reason="look"))


def lift(world: World, pick: int, _number: int) -> None:
    """Somebody who had no part lifts a hold."""
    wanted = pick_of(world.of_state(ON_HOLD), pick)
    if wanted is not None:
        world.do(lambda session: reviewing.lift(session, world.clock, world.other_chief, wanted, reason="fine"))


def reroute(world: World, pick: int, number: int) -> None:
    """Another mission is to pay."""
    wanted = pick_of(world.of_state("approved", DEPOSITED, READY), pick)
    if wanted is not None:
        to = world.missions[number % len(world.missions)].id
        world.do(lambda session: reviewing.reroute(session, world.clock, world.chief, wanted, to, reason="nearer"))


def release(world: World, _pick: int, _number: int) -> None:
    """What the service does by itself: facts are handled, deposits placed and released."""
    outbox.deliver_due(world.services, jobs.registry().handlers, limit=500)
    placing.place_new(world.services)
    releasing.sweep(world.services)


def code(world: World, pick: int, number: int) -> None:
    """Another code, by text or by voice."""
    wanted = pick_of(world.of_state(READY), pick)
    if wanted is not None:
        way, proof = ("text", "") if number % 2 else ("voice", "questions")
        world.do(lambda session: codes.replace(world.services, session, world.agent, wanted, way=way, proof=proof))


def _prepare(world: World, wanted: int, said: str) -> Payout:
    one, mission = world.get(wanted), world.mission_of(wanted)
    with world.services.db.transaction() as session:
        found = quote_of(session, wanted)
    assert found is not None, "ready has a quote"
    checked = Checked(
        code=said, document_kind="passport", document_number="M12345678", document_name=one.payee_name,
        notes=pieces_for(found.paid_minor, found.currency),
    )  # fmt: skip
    return paying.prepare(world.services, mission.cashiers[0], wanted, checked)


def wrong_code(world: World, pick: int, number: int) -> None:
    """Somebody guesses."""
    wanted = pick_of(world.of_state(READY), pick)
    if wanted is not None:
        _prepare(world, wanted, f"{number % 10_000:04d}-{pick % 10_000:04d}")


def pay(world: World, pick: int, number: int) -> None:
    """The traveller comes; outside hours somebody allows it first."""
    wanted = pick_of(world.of_state(READY), pick)
    if wanted is None:
        return
    mission = world.mission_of(wanted)
    if number % 2:
        world.do(
            lambda s: paying.allow_outside_hours(s, world.clock, mission.officer, wanted, reason="flight tonight"),
        )
    made = _prepare(world, wanted, world.code(wanted))
    if number % 5:
        world.do(lambda session: paying.confirm(session, world.clock, mission.cashiers[1], made.id))


def pay_race(world: World, pick: int, _number: int) -> None:
    """Two witnesses confirm every prepared payout of a remittance at the same time, twice each."""
    with world.services.db.transaction() as session:
        found = session.execute(select(Payout.id, Payout.remittance_id).order_by(Payout.id)).tuples().all()
    chosen = found[pick % len(found)] if found else None
    if chosen is None:
        return
    mission = world.mission_of(chosen[1])

    def confirm(actor: Any) -> object:
        return world.do(lambda session: paying.confirm(session, world.clock, actor, chosen[0]))

    results = at_once([partial(confirm, actor) for actor in (mission.cashiers[1], mission.officer) * 2])
    strange = [each for each in results if isinstance(each, Exception) and not isinstance(each, HotlineError)]
    assert not strange, strange


def replenish(world: World, pick: int, number: int) -> None:
    """Cash is put into a till, or taken back out of it, by two people."""
    mission, currency = world.missions[pick % len(world.missions)], tuple(NOTES)[number % len(NOTES)]
    if number % 4:
        _move_cash(world, mission, "replenish", Money(FLOATS[currency], currency), f"in-{number}-{pick}")
    else:
        minor = FLOATS[currency] // 3 // NOTES[currency] * NOTES[currency]
        _move_cash(world, mission, "return", Money(minor, currency), f"out-{number}-{pick}")


def fill(world: World) -> None:
    """Put the float into every till."""
    for mission in world.missions:
        for currency, minor in FLOATS.items():
            _move_cash(world, mission, "replenish", Money(minor, currency), f"float-{mission.id}-{currency}")


def _move_cash(world: World, mission: Mission, kind: str, amount: Money, key: str) -> None:
    move = CashMove(mission_id=mission.id, kind=kind, key=key, source="HSBC", amount=amount, reason="float")
    made = world.do(lambda session: cash_moves.prepare(session, world.clock, mission.cashiers[0], move))
    world.do(lambda session: cash_moves.confirm(session, world.clock, mission.officer, made.id))


def dispute(world: World, pick: int, number: int) -> None:
    """A payout is disputed, and the dispute ends one way or the other."""
    wanted = pick_of(world.of_state(PAID, SETTLED, DISPUTED), pick)
    if wanted is not None:
        event = ("dispute", "uphold", "refund")[number % 3] if world.get(wanted).state == DISPUTED else "dispute"
        actor = (world.one, world.two)[number % 2]
        act = partial(disputing.decide, reason="nothing was handed over", cash=("in_till", "missing")[pick % 2])
        world.do(lambda session: act(session, world.clock, actor, wanted, event))


def settle(world: World, pick: int, number: int) -> None:
    """Headquarters settles with a mission up to today, by two finance officers."""
    paid = pick_of(world.of_state(PAID), pick)
    if paid is None:
        return
    mission, currency = world.mission_of(paid), world.get(paid).currency
    today = world.clock.now().astimezone(BOOKS_ZONE).date()
    made = world.do(lambda s: settling.prepare(s, world.clock, world.one, mission.id, currency, today))
    if number % 7 == 0:
        later(world, minutes=5)
        dispute(world, pick, 0)
    try:
        world.do(lambda session: settling.confirm(session, world.clock, world.two, made.id, made.digest))
    except HotlineError:
        world.do(lambda session: settling.withdraw(session, world.clock, world.one, made.id, "changed meanwhile"))


def clear(world: World, pick: int, number: int) -> None:
    """Somebody who had no part clears what screening found, or confirms it."""
    with world.services.db.transaction() as session:
        found = session.scalars(
            select(ScreeningFinding.id).where(ScreeningFinding.state == "open").order_by(ScreeningFinding.id)
        ).all()
    finding = pick_of(found, pick)
    if finding is not None:
        act = clearing.clear if number % 6 else clearing.confirm
        world.do(lambda session: act(session, world.clock, world.three, finding, reason="another person"))


def month(world: World, _pick: int, number: int) -> None:
    """The month before is closed by two finance officers, or the one who asked gives it back."""
    with world.services.db.transaction() as session:
        period = session.scalar(_NEXT_MONTH)
    if period is None:
        return
    world.do(lambda session: closing.ask(session, world.clock, world.one, period, "counted", ()))
    if number % 3:
        world.do(lambda session: closing.close(session, world.clock, world.two, period, ()))


def minutes(world: World, pick: int, _number: int) -> None:
    """Some time passes."""
    later(world, minutes=1 + pick * 7)
    expiring.expire(world.services)


def days(world: World, pick: int, _number: int) -> None:
    """Days pass; there are new rates, and what is over expires."""
    later(world, days=1 + pick % 14, hours=pick % 24)
    world.rates()
    expiring.expire(world.services)


def crash(world: World, pick: int, number: int) -> None:
    """The process dies before one of the commits of what it does; what was to be done is done again by somebody."""
    acts = (deposit, release, pay, forward, statement, settle, replenish, count, explain)
    with world.dying(1 + number % 4):
        acts[pick % len(acts)](world, pick, number)


ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        ask, approve, quote, forward, decide, hold, lift, reroute, statement, deposit, again, assign, undo, settle_deposit,
        release, code, wrong_code, pay, pay_race, replenish, dispute, settle, clear, month, minutes, days, crash,
        count, explain,
    )
}  # fmt: skip
USUAL = (
    "forward", "forward", "forward", "deposit", "deposit", "deposit", "release", "release", "release", "pay", "pay", "pay",
    "replenish", "replenish", "count", "explain", "statement", "statement", "undo", "assign", "settle", "settle", "clear",
    "clear", "lift", "days", "crash", "crash",
)  # fmt: skip
"""What happens more often than the rest, so that sequences come to the end of a remittance's life."""
