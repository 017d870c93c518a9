"""Made-up books: the journals of a few remittances through two missions, and one entry that waits for a second officer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import Mission
from remittance.ledger import entries, sealing
from remittance.ledger.accounts import account_for
from remittance.ledger.models import LedgerJournal
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import BANK, DEPOSITS, FEES, FX, MISSION_CASH, PAYOUTS, ROUNDING, SETTLEMENT
from remittance.money.amounts import Money

ASKS = "finance-officer"
WHAT_HAPPENED = "Bank charges of the month"
_PAID = (("hong-kong", "HKD", 200_000, 363_040, 360_034, 40), ("bangkok", "THB", 1_200_000, 501_230, 498_224, 12))
"""Mission, currency, minor units handed out, won deposited, won that they are worth, days ago."""


def load(services: Services, author: Actor) -> None:
    """Add the journals once; a later load finds their keys taken by themselves."""
    with services.db.transaction() as session:
        if session.scalar(select(LedgerJournal.id).limit(1)) is not None:
            return
        for code, currency, paid, due, value, days in _PAID:
            mission = session.scalar(select(Mission).where(Mission.code == code))
            if mission is not None:
                at = services.clock.now() - timedelta(days=days)
                _remittance(session, services, author, mission, (currency, paid, due, value), at)
        _entry(session, services)
        sealing.seal(session, services.clock)


def _remittance(
    session: Session, services: Services, actor: Actor, mission: Mission, sums: tuple[str, int, int, int], at: datetime
) -> None:
    """Cash reaches the mission; a relative deposits; it is exchanged and owed to the traveller; the traveller fetches it."""
    currency, paid, due, value = sums

    def account(kind: str, where: str, mission_id: int | None = None, reference: str = "") -> int:
        return account_for(session, services.clock, kind, where, mission_id=mission_id, reference=reference)

    till = account(MISSION_CASH, currency, mission.id)
    owed, held, bank = account(PAYOUTS, currency), account(DEPOSITS, "KRW"), account(BANK, "KRW", reference="main")
    steps: tuple[tuple[str, str, tuple[tuple[int, int, str], ...]], ...] = (
        ("float", f"Float of {mission.name_en}", (
            (till, paid * 2, currency), (account(SETTLEMENT, currency, mission.id), -paid * 2, currency))),
        ("deposit", "Deposit by a relative", ((bank, due, "KRW"), (held, -due, "KRW"))),
        ("ready", "Deposit exchanged, ready for the traveller", (
            (held, due, "KRW"), (account(FX, "KRW"), -value, "KRW"), (account(FEES, "KRW"), -3_000, "KRW"),
            (account(ROUNDING, "KRW"), value + 3_000 - due, "KRW"), (account(FX, currency), paid, currency),
            (owed, -paid, currency))),
        ("paid", "Cash handed to the traveller", ((owed, paid, currency), (till, -paid, currency))),
    )  # fmt: skip
    for nth, (step, memo, lines) in enumerate(steps):
        post(
            session, services.clock, actor, key=f"demo:{mission.code}:{step}", occurred_at=at + timedelta(hours=nth), memo=memo,
            about=About(), lines=[Line(each, Money(minor, unit)) for each, minor, unit in lines if minor],
        )  # fmt: skip


def _entry(session: Session, services: Services) -> None:
    officer = find_by_name(session, ASKS)
    if officer is None:
        return
    bank = account_for(session, services.clock, BANK, "KRW", reference="main")
    fees = account_for(session, services.clock, FEES, "KRW")
    entries.ask(
        session, services.clock, actor_of(officer, "cli"),
        entries.Wish(
            key="demo:entry", occurred_at=services.clock.now(), memo=WHAT_HAPPENED,
            reason="On the bank's statement, without a reference of ours.",
            lines=[Line(fees, Money(1_500, "KRW")), Line(bank, Money(-1_500, "KRW"))],
        ),
    )  # fmt: skip
