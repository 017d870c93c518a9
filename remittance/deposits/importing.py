"""Taking a bank's file over: whole or not at all, once, with every entry in the books before anybody decides whose it is.

One transaction writes the file, its statements, its entries and their journals (bank against suspense), with the account's row
locked so that two files of one account follow each other. Whose deposit an entry is comes after the commit (`placing`), each in a
transaction of its own: a process that dies in between leaves entries in suspense that the job places.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from remittance.banks.models import BankAccount
from remittance.deposits import payers, placing
from remittance.deposits.booking import book
from remittance.deposits.models import BankEntry, BankStatement, StatementFile
from remittance.deposits.planning import Planned, end_of, plan
from remittance.deposits.reading import TABLE, Reading, read_file
from remittance.deposits.statement import Entry
from remittance.deposits.states import IMPORT
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balances
from remittance.ledger.states import BANK, SUSPENSE
from remittance.money.amounts import Money

MAX_NAME_CHARS = 120
CHUNK = 500
PLACED_AT_ONCE = 200
"""Entries placed before the answer; the job goes on with the rest."""


@dataclass(frozen=True)
class Taken:
    """What became of a file: how many statements and entries are new, how many entries were known; `new` is False for a file that
    was taken over before."""

    file_id: int
    new: bool
    statements: int
    entries: int
    known: int


def take(services: Services, actor: Actor, data: bytes, *, name: str, bank_account_id: int | None = None) -> Taken:
    """Take a file over and place its entries; the same file again, and the same statement in another file, changes nothing.

    Args:
        data: the file as it came, CAMT.053, MT940 or a table.
        name: what it is called, for people.
        bank_account_id: whose table it is; files that name their accounts need none.

    Raises SeveralFaults naming every fault's line (nothing is taken over then), InvalidInput, Forbidden, NotFound, Refused.
    """
    with services.db.transaction() as session:
        taken = write(
            session, services.clock, actor, data, name=name, bank_account_id=bank_account_id, secret=secret_of(services)
        )
    placing.place_new(services, limit=PLACED_AT_ONCE)
    return taken


def secret_of(services: Services) -> str:
    """Return the key of the hashes by which payers are known again."""
    return services.settings.secret_key.get_secret_value()


def write(
    session: Session, clock: Clock, actor: Actor, data: bytes, *, name: str, bank_account_id: int | None, secret: str
) -> Taken:
    """Write a file with its statements, entries and journals in the caller's transaction."""
    digest = hashlib.sha256(data).hexdigest()
    reading = read(session, actor, data, name=name, bank_account_id=bank_account_id)
    lock_accounts(session)
    before = session.scalar(select(StatementFile).where(StatementFile.digest == digest))
    if before is not None:
        if before.bank_account_id is not None and before.bank_account_id != bank_account_id:
            raise Refused("This table was taken over as another account's.", code="statement-other-account")
        return Taken(before.id, False, 0, 0, before.entries + before.known)
    bank = _bank(session, bank_account_id) if reading.form == TABLE else None
    planned = plan(session, clock.now(), reading, bank, data)
    fresh = [each for each in planned if not each.whole]
    file = StatementFile(
        digest=digest, name=_name(name), form=reading.form, bank_account_id=bank.id if bank is not None else None,
        bytes=len(data), statements=len(fresh), entries=sum(len(each.new) for each in fresh),
        known=sum(each.known for each in planned), by_id=actor.id if actor.kind == "officer" else None, at=clock.now(),
    )  # fmt: skip
    session.add(file)
    session.flush()
    for each in fresh:
        _statement(session, clock, actor, file.id, each, secret)
    audit.record(
        session, clock, actor, "statement.imported", "statement_file", file.id,
        after={"form": file.form, "statements": file.statements, "entries": file.entries, "known": file.known},
    )  # fmt: skip
    return Taken(file.id, True, file.statements, file.entries, file.known)


def read(session: Session, actor: Actor, data: bytes, *, name: str, bank_account_id: int | None) -> Reading:
    """Read a file for an actor who may take one over; raises as `take` does."""
    if actor.kind != "system" and not actor.may(IMPORT):
        raise Forbidden(f"This needs the permission {IMPORT}.")
    _name(name)
    bank = _bank(session, bank_account_id) if bank_account_id is not None else None
    return read_file(data, account=bank.number if bank else "", currency=bank.currency if bank else "")


def _name(given: str) -> str:
    name = " ".join(payers.keepable(given).split())
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise InvalidInput("name", given, f"name the file in 1 to {MAX_NAME_CHARS} characters")
    return name


def lock_accounts(session: Session) -> None:
    """Let one file at a time in: files may hold statements of any account, and they are rare."""
    session.execute(select(BankAccount.id).order_by(BankAccount.id).with_for_update(key_share=True)).all()


def _bank(session: Session, bank_account_id: int | None) -> BankAccount:
    found = session.get(BankAccount, bank_account_id) if bank_account_id is not None else None
    if found is None:
        raise NotFound("bank account", bank_account_id)
    if found.agreed_by_id is None:
        raise Refused("A second officer has to agree to this bank account first.", code="bank-not-agreed")
    return found


def _statement(session: Session, clock: Clock, actor: Actor, file_id: int, planned: Planned, secret: str) -> None:
    """Write one statement with what is new in it; an account's first says what the account held before."""
    account = session.get_one(BankAccount, planned.bank_account_id)
    given = planned.statement
    bank = account_for(session, clock, BANK, account.currency, reference=account.code)
    suspense = account_for(session, clock, SUSPENSE, account.currency)
    if end_of(session, account.id) is None:
        account.opened_minor = given.opening - balances(session, [bank]).get(bank, 0)
    row = BankStatement(
        file_id=file_id, bank_account_id=account.id, number=payers.keepable(given.number), opened_on=given.opened_on,
        closed_on=given.closed_on, opening_minor=given.opening, closing_minor=given.closing, entries=len(planned.new),
        known=planned.known, digest=planned.digest,
    )  # fmt: skip
    session.add(row)
    session.flush()
    balance = given.closing - sum(entry.amount for entry in planned.new)
    numbers = _numbers(session, len(planned.new))
    values = list[dict[str, Any]]()
    for nth, (number, entry) in enumerate(zip(numbers, planned.new, strict=True), start=1):
        balance += entry.amount
        journal = book(
            session, clock, actor, number, Money(entry.amount, account.currency), entry.booked_on, (bank, suspense)
        )
        values.append(_values(row, number, nth, entry, balance, account.currency, journal, secret))
    for start in range(0, len(values), CHUNK):
        session.execute(insert(BankEntry), values[start : start + CHUNK])


def _numbers(session: Session, count: int) -> Sequence[int]:
    """Return ids for entries beforehand: their journals are about them."""
    rows = session.scalars(
        text("SELECT nextval(pg_get_serial_sequence('bank_entries', 'id')) FROM generate_series(1, :count)"),
        {"count": count},
    )
    return sorted(rows.all())


def _values(
    row: BankStatement, number: int, nth: int, entry: Entry, balance: int, currency: str, journal: int, secret: str
) -> dict[str, Any]:
    return {
        "id": number, "bank_account_id": row.bank_account_id, "statement_id": row.id, "nth": nth, "line": entry.line,
        "amount_minor": entry.amount, "balance_minor": balance, "currency": currency, "booked_on": entry.booked_on,
        "value_on": entry.value_on, "payer": payers.keepable(entry.payer),
        "payer_account_end": payers.account_end(entry.payer_account),
        "payer_account_hash": payers.account_hash(secret, entry.payer_account),
        "payer_name_hash": payers.name_hash(secret, entry.payer), "details": payers.keepable(entry.details),
        "reference": payers.keepable(entry.reference), "bank_reference": payers.keepable(entry.bank_reference),
        "taken_back": entry.returned, "journal_id": journal,
    }  # fmt: skip
