"""Made-up bank accounts: the one in won to which the demo's relatives deposit."""

from __future__ import annotations

from sqlalchemy import select

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from remittance.banks import accounts
from remittance.banks.models import BankAccount
from remittance.money.amounts import Money

ENTERS, AGREES = "finance-officer", "finance-officer-2"
MAIN = accounts.Wish(
    code="main", bank_en="Practice Bank", bank_ko="연습은행", holder="외교부 영사안전콜센터", number="123-45-678901",
    opened=Money(0, "KRW"),
)  # fmt: skip


def load(services: Services, author: Actor) -> None:
    """Add the account once, entered by one finance officer of the demo and agreed to by the other."""
    with services.db.transaction() as session:
        one, two = find_by_name(session, ENTERS), find_by_name(session, AGREES)
        there = session.scalar(select(BankAccount.id).where(BankAccount.code == MAIN.code))
        if one is None or two is None or there is not None:
            return
        account = accounts.enter(session, services.clock, actor_of(one, "cli"), MAIN)
        accounts.agree(session, services.clock, actor_of(two, "cli"), account.id)
        accounts.choose(session, services.clock, actor_of(two, "cli"), account.id)
