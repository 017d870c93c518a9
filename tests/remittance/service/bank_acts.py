"""What the bank and those who read its statements do: deposits of every kind, refunds, returns, and decisions about them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select

from remittance.deposits import assigning, deciding, holding, importing, undoing
from remittance.deposits.models import BankEntry, DepositUndo
from remittance.deposits.statement import Entry
from remittance.quotes.standing import quote_of
from remittance.requests.states import (
    CANCELLED,
    DEPOSITED,
    EXPIRED,
    OVERPAID,
    PAID,
    PARTIAL,
    QUOTED,
    READY,
    REFUND_PENDING,
    WRONG_DEPOSITOR,
)
from tests.remittance.ledger.making import at_once
from tests.remittance.service.world import World, pick_of


def _deposit(world: World, wanted: int, number: int) -> Entry | None:
    """Return what a relative sends for a remittance: exactly, a part, too much, from somebody else, without the reference."""
    with world.services.db.transaction() as session:
        found = quote_of(session, wanted)
        held = holding.held(session, wanted, "KRW")
    if found is None:
        return None
    one, left = world.get(wanted), max(10, found.due_minor - held)
    kinds: tuple[Entry, ...] = (
        world.entry(left, payer=one.payer_name, reference=one.reference),
        world.entry(left, payer=one.payer_name, reference=one.reference),
        world.entry(left, payer=one.payer_name, reference=one.reference),
        world.entry(max(10, left // 3), payer=one.payer_name, reference=one.reference),
        world.entry(left + 7_000, payer=one.payer_name, reference=one.reference),
        world.entry(left, payer="Somebody Else", reference=one.reference),
        world.entry(left, payer=one.payer_name),
        world.entry(left, payer="", reference=""),
    )
    return kinds[number % len(kinds)]


def _back(world: World, pick: int, number: int) -> Entry | None:
    """Return what leaves the bank: a refund (sometimes of too much), a deposit that the bank takes back, or a fee."""
    with world.services.db.transaction() as session:
        held = {
            key: minor for key, minor in holding.held_for(session, world.of_state(REFUND_PENDING, READY, PAID)).items()
        }
        came = session.scalars(
            select(BankEntry).where(BankEntry.amount_minor > 0).order_by(BankEntry.id.desc()).limit(10)
        ).all()
        known = [(each.amount_minor, each.payer, each.reference, each.bank_reference) for each in came]
    if number % 3 == 0 and known:
        amount, payer, reference, bank_reference = known[pick % len(known)]
        return world.entry(-amount, payer=payer, reference=reference, bank_reference=bank_reference, returned=True)
    if held:
        (remittance_id, _), minor = sorted(held.items())[pick % len(held)]
        one = world.get(remittance_id)
        return world.entry(-minor - (10 if number % 11 == 0 else 0), payer=one.payer_name, reference=one.reference)
    return world.entry(-500, payer="", reference="") if number % 5 == 0 else None


def statement(world: World, pick: int, number: int) -> None:
    """The bank's statement of today, with one to three movements, taken over."""
    wanted = world.of_state(QUOTED, PARTIAL, OVERPAID, DEPOSITED, EXPIRED, CANCELLED, READY)
    found = (
        [_deposit(world, each, number + nth) for nth, each in enumerate(wanted[pick % len(wanted) :][:2])]
        if wanted
        else []
    )
    found.append(_back(world, pick, number))
    entries = [each for each in found if each is not None]
    if entries:
        data = world.file(entries)
        world.files.append(data)
        importing.take(world.services, world.one, data, name="statement.xml")


def deposit(world: World, pick: int, _number: int) -> None:
    """A relative sends exactly what is due, and the bank says so."""
    wanted = pick_of(world.of_state(QUOTED, PARTIAL), pick)
    entry = _deposit(world, wanted, 0) if wanted is not None else None
    if entry is not None:
        data = world.file([entry])
        world.files.append(data)
        importing.take(world.services, world.one, data, name="statement.xml")


def again(world: World, pick: int, _number: int) -> None:
    """A statement comes once more, and twice at the same time."""
    if world.files:
        data = world.files[pick % len(world.files)]
        at_once([partial(importing.take, world.services, world.one, data, name="again.xml")] * 2)


def assign(world: World, pick: int, number: int) -> None:
    """A finance officer gives what waits in suspense to a remittance."""
    with world.services.db.transaction() as session:
        waiting = session.scalars(
            select(BankEntry.id).where(BankEntry.state == "suspense").order_by(BankEntry.id)
        ).all()
    entry, wanted = (
        pick_of(waiting, pick),
        pick_of(world.of_state(QUOTED, PARTIAL, DEPOSITED, REFUND_PENDING, READY), number),
    )
    if entry is not None and wanted is not None:
        world.do(lambda s: assigning.assign(s, world.clock, world.two, entry, wanted, reason="told by the bank"))


def settle_deposit(world: World, pick: int, number: int) -> None:
    """Accept what came otherwise than asked, or send it back."""
    wanted = pick_of(world.of_state(PARTIAL, OVERPAID, WRONG_DEPOSITOR, DEPOSITED, READY), pick)
    if wanted is not None:
        act = deciding.accept if number % 3 else deciding.refund
        world.do(lambda session: act(session, world.clock, world.three, wanted, reason="told by the relative"))


def undo(world: World, pick: int, number: int) -> None:
    """A finance officer takes an assignment back, or asks for it; another agrees, mostly, or says no."""
    with world.services.db.transaction() as session:
        asked = session.scalars(
            select(DepositUndo.entry_id).where(DepositUndo.state == "asked").order_by(DepositUndo.id)
        ).all()
        given = session.scalars(select(BankEntry.id).where(BankEntry.state == "assigned").order_by(BankEntry.id)).all()
    waits, entry = pick_of(asked, pick), pick_of(given, pick)
    if waits is not None and number % 3:
        world.do(lambda session: undoing.agree(session, world.clock, world.three, waits))
    elif waits is not None and number % 2:
        world.do(lambda session: undoing.refuse(session, world.clock, world.three, waits, reason="it is theirs"))
    elif entry is not None:
        world.do(lambda session: undoing.take_off(session, world.clock, world.two, entry, reason="another's"))
