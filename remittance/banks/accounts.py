"""Entering, agreeing to, choosing and closing the ministry's bank accounts: a wrong number here would take every deposit away.

What an account held when it was entered stands in `opened_minor` and never in the books: there it would need a counterpart that
nobody owes. A statement agrees when its balance is `opened_minor` plus what the books hold on the account.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from remittance.banks.models import BankAccount
from remittance.banks.states import BANK_ACCOUNT, CLOSED, OPEN, WAITING, WRITE
from remittance.money.amounts import Money

MAX_ACCOUNTS = 200
MAX_NAME_CHARS = 80
_ENTERING_LOCK = 5_067_101
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NUMBER = re.compile(r"[0-9A-Z](?:[0-9A-Z -]{0,38}[0-9A-Z])?")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An account to be entered. `opened` is what it holds now, in its currency; `number` as the bank writes it."""

    code: str
    bank_en: str
    bank_ko: str
    holder: str
    number: str
    opened: Money


def state_of(account: BankAccount) -> str:
    """Return where an account stands in its life."""
    if account.closed_at is not None:
        return CLOSED
    return OPEN if account.agreed_by_id is not None else WAITING


def enter(session: Session, clock: Clock, actor: Actor, wish: Wish) -> BankAccount:
    """Write an account down; nobody is told of it before a second officer agreed.

    Raises SeveralFaults naming each field, Refused (`bank-code-taken`) for a short name that was used before, Forbidden.
    """
    if actor.id is None or not actor.may(WRITE):
        raise Forbidden(f"A bank account is entered by an officer with the permission {WRITE}.")
    _check(wish)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ENTERING_LOCK})  # one short name, one account
    if session.scalar(select(BankAccount.id).where(BankAccount.code == wish.code)) is not None:
        raise Refused(
            f"{wish.code} stands for another account already.", code="bank-code-taken", params={"code": wish.code}
        )
    if len(listed(session)) >= MAX_ACCOUNTS:
        raise Refused(f"There are {MAX_ACCOUNTS} accounts already.", code="too-many-banks")
    account = BankAccount(
        code=wish.code, bank_en=_plain(wish.bank_en), bank_ko=_plain(wish.bank_ko), holder=_plain(wish.holder),
        number=_plain(wish.number), currency=wish.opened.currency, opened_minor=wish.opened.minor, entered_by_id=actor.id,
        created_at=clock.now(),
    )  # fmt: skip
    session.add(account)
    session.flush()
    _record(session, clock, actor, account, "enter", "")
    return account


def agree(session: Session, clock: Clock, actor: Actor, account_id: int) -> BankAccount:
    """Agree to an account after comparing it with the bank's paper; Forbidden (`four-eyes`) for whoever entered it."""
    account = get(session, account_id, lock=True)
    before = state_of(account)
    BANK_ACCOUNT.next_state(before, "agree", actor)
    if actor.id is None or actor.id == account.entered_by_id:
        raise Forbidden("Whoever entered an account cannot agree to it; another officer does.", code="four-eyes")
    account.agreed_by_id = actor.id
    session.flush()
    _record(session, clock, actor, account, "agree", before)
    return account


def choose(session: Session, clock: Clock, actor: Actor, account_id: int) -> BankAccount:
    """Have new quotes in its currency name this account, and no other; quotes that were given keep theirs."""
    currency = get(session, account_id).currency
    # All of a currency are locked in one order, so that two who choose at once leave one that is chosen.
    session.scalars(
        select(BankAccount).where(BankAccount.currency == currency).order_by(BankAccount.id).with_for_update()
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    account = get(session, account_id)
    before = state_of(account)
    BANK_ACCOUNT.next_state(before, "choose", actor)
    for other in listed(session):
        if other.currency == currency and other.main and other.id != account.id:
            other.main = False
    session.flush()  # the unique index allows one at a time
    account.main = True
    session.flush()
    _record(session, clock, actor, account, "choose", before)
    return account


def close(session: Session, clock: Clock, actor: Actor, account_id: int) -> BankAccount:
    """Name the account in no new quote any more."""
    account = get(session, account_id, lock=True)
    before = state_of(account)
    BANK_ACCOUNT.next_state(before, "close", actor)
    account.closed_at, account.main = clock.now(), False
    session.flush()
    _record(session, clock, actor, account, "close", before)
    return account


def get(session: Session, account_id: int, *, lock: bool = False) -> BankAccount:
    """Return an account; raises NotFound."""
    found = session.get(BankAccount, account_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("bank account", account_id)
    return found


def listed(session: Session) -> Sequence[BankAccount]:
    """Return every account: chosen ones first, closed ones last."""
    return session.scalars(
        select(BankAccount)
        .order_by(BankAccount.closed_at.is_not(None), BankAccount.currency, BankAccount.main.desc(), BankAccount.id)
        .limit(MAX_ACCOUNTS)
    ).all()


def main_of(session: Session, currency: str) -> BankAccount:
    """Return the account that relatives are told in this currency; raises Refused (`no-bank-account`) where none is chosen."""
    found = session.scalar(
        select(BankAccount).where(
            BankAccount.currency == currency,
            BankAccount.main,
            BankAccount.closed_at.is_(None),
            BankAccount.agreed_by_id.is_not(None),
        )
    )
    if found is None:
        raise Refused(
            f"No bank account is chosen for deposits in {currency}.",
            code="no-bank-account",
            params={"currency": currency},
        )
    return found


def _check(wish: Wish) -> None:
    faults: list[InvalidInput] = []
    if _CODE.fullmatch(wish.code) is None:
        faults.append(InvalidInput("code", wish.code, "use up to 40 small letters, digits and hyphens"))
    for name, given in (("bank_en", wish.bank_en), ("bank_ko", wish.bank_ko), ("holder", wish.holder)):
        if not 1 <= len(_plain(given)) <= MAX_NAME_CHARS or not _plain(given).isprintable():
            faults.append(InvalidInput(name, given, f"write 1 to {MAX_NAME_CHARS} characters"))
    if _NUMBER.fullmatch(_plain(wish.number)) is None:
        faults.append(
            InvalidInput("number", wish.number, "write up to 40 digits, capitals and hyphens, as the bank does")
        )
    if wish.opened.minor < 0:
        faults.append(InvalidInput("opened", str(wish.opened), "give what it holds, nothing or more"))
    if faults:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])


def _plain(text: str) -> str:
    return " ".join(text.split())


def _record(session: Session, clock: Clock, actor: Actor, account: BankAccount, event: str, before: str) -> None:
    audit.record(
        session, clock, actor, f"bank_account.{event}", "bank_account", account.id, before={"state": before} if before else None,
        after={
            "state": state_of(account), "code": account.code, "currency": account.currency, "main": account.main,
            "number_ends": account.number[-4:],
        },
    )  # fmt: skip
