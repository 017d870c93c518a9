"""A made-up statement of the demo's bank account: a charge, and two deposits that wait for somebody to say whose they are."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from remittance.banks.models import BankAccount
from remittance.deposits import importing
from remittance.deposits.models import BankStatement
from remittance.ledger.months import BOOKS_ZONE

BRINGS = "finance-officer"
OPENING = 48_200_000
ENTRIES = (
    (3, -1_100, "수수료", "연습은행", "", "D0001"),
    (2, 725_250, "송금", "강하늘", "", "D0002"),
    (1, 1_450_500, "긴급송금", "WANG FEI", "", "D0003"),
)
"""Days ago, amount in won, text, payer, reference, the bank's reference."""


def load(services: Services, author: Actor) -> None:
    """Take the statement over, unless the account has one already."""
    with services.db.transaction() as session:
        bank = session.scalar(select(BankAccount).where(BankAccount.main, BankAccount.currency == "KRW"))
        officer = find_by_name(session, BRINGS)
        if bank is None or bank.agreed_by_id is None or officer is None:
            return
        if (
            session.scalar(select(BankStatement.id).where(BankStatement.bank_account_id == bank.id).limit(1))
            is not None
        ):
            return
        actor, number = actor_of(officer, "cli"), bank.id
    today, balance = services.clock.now().astimezone(BOOKS_ZONE).date(), OPENING
    rows = ["거래일자,출금액,입금액,잔액,적요,보낸분,통장표시,거래번호"]
    for days, amount, text, payer, reference, bank_reference in ENTRIES:
        balance += amount
        out, into = max(-amount, 0), max(amount, 0)
        day = today - timedelta(days=days)
        rows.append(f"{day},{out},{into},{balance},{text},{payer},{reference},{bank_reference}")
    importing.take(services, actor, "\n".join(rows).encode(), name="demo.csv", bank_account_id=number)
