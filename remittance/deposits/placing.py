"""New entries find their remittances, each in a transaction of its own; what is not certain waits in suspense.

Runs after each import and as a job, so that entries of a process that died are placed as well; whatever is placed twice is
placed once, because the entry's state is asked under its lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from hotline.core.services import Services, current
from remittance.deposits import assigning, candidates
from remittance.deposits.assigning import TAKES_BACK, How, deposit, deposit_of, get_entry, refund, take_back
from remittance.deposits.candidates import REFUND, Candidate, judge, references_in, unlike
from remittance.deposits.matching import BY_REFERENCE, RETURNED, Match
from remittance.deposits.models import BankEntry
from remittance.deposits.states import ASSIGNED, ENTRY, NEW, ORDERED_TOO, REFUND_ORDERED, SUSPENSE, UNLIKE_PAYEE
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.requests.states import REFUND_PENDING

log = structlog.get_logger(__name__)

JOB, EVERY_S, BATCH = "deposits.place", 30, 200


def run(services: Services | None = None) -> int:
    """Place what waits; called by the worker. Without `services` those of the process."""
    return place_new(services or current())


def place_new(services: Services, *, limit: int = BATCH) -> int:
    """Place up to `limit` new entries, the oldest first, and return how many were.

    One that fails unexpectedly keeps none of the others waiting; the next run tries it again.
    """
    with services.db.transaction() as session:
        entries = session.scalars(
            select(BankEntry).where(BankEntry.state == NEW).order_by(BankEntry.id).limit(limit)
        ).all()
        found = candidates.find(session, entries) if entries else []
    by_reference = {each.reference: each for each in found}
    by_open = defaultdict[int, list[Candidate]](list)
    for each in found:
        by_open[each.due - each.held].append(each)
    waits, failed = list[int](), 0
    for entry in entries:
        named = [by_reference[each] for each in references_in([entry]) if each in by_reference]
        likely = {each.id: each for each in [*named, *by_open[entry.amount_minor]]}
        if entry.amount_minor > 0 and not likely:
            waits.append(entry.id)
        else:
            failed += not _placed(services, entry.id)
    with services.db.transaction() as session:
        for entry in session.scalars(
            select(BankEntry)
            .where(BankEntry.id.in_(waits), BankEntry.state == NEW)
            .order_by(BankEntry.id)
            .with_for_update()
        ):
            _wait(entry, judge(entry, []))
    if entries:
        log.info("deposits.placed", looked_at=len(entries), waiting=len(waits), failed=failed)
    return len(entries) - failed


def _placed(services: Services, entry_id: int) -> bool:
    try:
        with services.db.transaction() as session:
            place(session, services.clock, entry_id)
    except Exception:
        log.exception("deposits.not_placed", entry_id=entry_id)
        return False
    return True


def place(session: Session, clock: Clock, entry_id: int) -> BankEntry:
    """Place one new entry: judged, its remittance locked, then judged again by what holds under the lock."""
    entry = get_entry(session, entry_id)
    first = _judge(session, entry)
    one: Remittance | None = None
    if first.remittance_id is not None:
        one = moving.get(session, first.remittance_id, lock=True)
    entry = get_entry(session, entry_id, lock=True)
    if entry.state != NEW:
        return entry  # somebody else placed it meanwhile
    found = _judge(session, entry)
    if one is None or found.remittance_id != one.id:
        if found.why == RETURNED and _undoes_waiting(session, clock, entry):
            return entry
        _wait(entry, replace(found, remittance_id=None, suggestions=found.suggestions or _only(found)))
        return entry
    try:
        with session.begin_nested():
            _act(session, clock, one, entry, found)
    except Refused as refused:
        # Another room's guard (a check that is not over, a till): a person sees the reason's code and decides.
        session.refresh(entry)
        session.refresh(one)
        _wait(entry, Match(None, why=refused.code[:24], suggestions=(one.id,)))
    return entry


def _only(found: Match) -> tuple[int, ...]:
    return (found.remittance_id,) if found.remittance_id is not None else ()


def _act(session: Session, clock: Clock, one: Remittance, entry: BankEntry, found: Match) -> None:
    how = How(SYSTEM, found.how)
    if found.event == REFUND:
        refund(session, clock, one, entry, how)
    elif found.event == assigning.DEPOSIT_RETURNED:
        take_back(session, clock, one, entry, how)
    else:
        deposit(session, clock, one, entry, found.event, how)


def _judge(session: Session, entry: BankEntry) -> Match:
    """Return what an entry is; of what went back, to whose deposit it belongs."""
    found = judge(entry, candidates.find(session, [entry]))
    if entry.amount_minor < 0 and entry.taken_back:
        return _judge_return(session, entry, found)
    if (
        found.event == REFUND
        and found.remittance_id is not None
        and _to_somebody_else(session, entry, found.remittance_id)
    ):
        return Match(None, why=UNLIKE_PAYEE, suggestions=(found.remittance_id,))
    if found.event == REFUND and found.remittance_id is not None and _ordered_too(session, entry):
        return Match(None, why=ORDERED_TOO, suggestions=(found.remittance_id,))
    return found


def _judge_return(session: Session, entry: BankEntry, found: Match) -> Match:
    """Money that the bank took back goes to the deposit that it undoes, while that is still a deposit."""
    origin = deposit_of(session, entry) or _deposit_of_suggested(session, entry, found.suggestions)
    if origin is None or origin.remittance_id is None:
        return Match(None, why=RETURNED, suggestions=found.suggestions or _only(found))
    one = moving.get(session, origin.remittance_id)
    if one.state in TAKES_BACK:
        return Match(one.id, assigning.DEPOSIT_RETURNED, BY_REFERENCE)
    if one.state == REFUND_PENDING:
        return Match(one.id, REFUND, RETURNED)
    return Match(None, why=RETURNED, suggestions=(one.id,))


def _deposit_of_suggested(session: Session, entry: BankEntry, suggestions: Sequence[int]) -> BankEntry | None:
    return deposit_of(session, entry, suggestions[0]) if len(suggestions) == 1 else None


def _to_somebody_else(session: Session, entry: BankEntry, remittance_id: int) -> bool:
    """Say whether a refund names a payee who is surely none of the depositors."""
    names = session.scalars(
        select(BankEntry.payer).where(
            BankEntry.remittance_id == remittance_id, BankEntry.amount_minor > 0, BankEntry.state == ASSIGNED
        )
    ).all()
    return unlike(entry, [name for name in names if name])


def _ordered_too(session: Session, entry: BankEntry) -> bool:
    """Say whether a refund may as well be that of an entry in suspense whose sending back was ordered, by its reference."""
    ordered = session.scalars(
        select(BankEntry).where(
            BankEntry.bank_account_id == entry.bank_account_id, BankEntry.amount_minor == -entry.amount_minor,
            BankEntry.state == REFUND_ORDERED,
        ).limit(50)
    ).all()  # fmt: skip
    return not references_in([entry]).isdisjoint(references_in(ordered))


def _undoes_waiting(session: Session, clock: Clock, entry: BankEntry) -> bool:
    """Where the bank takes back what still waited for a person, both are explained: they undo each other in suspense."""
    if not entry.bank_reference:
        return False
    origin = session.scalars(
        select(BankEntry)
        .where(
            BankEntry.bank_account_id == entry.bank_account_id, BankEntry.amount_minor == -entry.amount_minor,
            BankEntry.state == SUSPENSE, BankEntry.bank_reference == entry.bank_reference,
        )
        .order_by(BankEntry.id.desc()).limit(1).with_for_update(skip_locked=True)
    ).first()  # fmt: skip
    if origin is None:
        return False
    for each, other in ((origin, entry), (entry, origin)):
        each.state, each.pair_id = ENTRY.next_state(each.state, "pair", SYSTEM), other.id
        each.how, each.why, each.decided_at = RETURNED, "", clock.now()
    return True


def _wait(entry: BankEntry, found: Match) -> None:
    entry.state = ENTRY.next_state(entry.state, "wait", SYSTEM)
    entry.why, entry.how, entry.suggestions = found.why, found.how, list(found.suggestions)
