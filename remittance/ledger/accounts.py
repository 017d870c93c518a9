"""Accounts: found by what they are for, made when they are first needed, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound
from remittance.ledger.models import LedgerAccount
from remittance.ledger.states import KINDS, OF_MISSIONS
from remittance.money.currencies import exponent

_REFERENCE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}|")


def account_for(
    session: Session, clock: Clock, kind: str, currency: str, *, mission_id: int | None = None, reference: str = ""
) -> int:
    """Return the id of the account for this kind, currency and mission, making it where it is not there yet.

    `reference` tells several of a kind apart: a bank account by its short name. Two callers at once get the same account.
    Raises InvalidInput for a kind, currency or reference that cannot be, or a mission given or missing against the kind.
    """
    _check(kind, currency, mission_id, reference)
    wanted = select(LedgerAccount.id).where(
        LedgerAccount.kind == kind,
        LedgerAccount.currency == currency,
        LedgerAccount.mission_id.is_not_distinct_from(mission_id),
        LedgerAccount.reference == reference,
    )
    found = session.scalar(wanted)
    if found is None:
        session.execute(
            insert(LedgerAccount)
            .values(kind=kind, currency=currency, mission_id=mission_id, reference=reference, created_at=clock.now())
            .on_conflict_do_nothing()
        )
        found = session.scalar(wanted)
    assert found is not None, "it was there or was made"
    return found


def get_account(session: Session, account_id: int) -> LedgerAccount:
    """Return an account; raises NotFound."""
    found = session.get(LedgerAccount, account_id)
    if found is None:
        raise NotFound("account", account_id)
    return found


def get_accounts(session: Session, account_ids: Sequence[int]) -> dict[int, LedgerAccount]:
    """Return accounts by id; raises NotFound for the first that is not there."""
    found = {
        each.id: each for each in session.scalars(select(LedgerAccount).where(LedgerAccount.id.in_(set(account_ids))))
    }
    for account_id in account_ids:
        if account_id not in found:
            raise NotFound("account", account_id)
    return found


def _check(kind: str, currency: str, mission_id: int | None, reference: str) -> None:
    if kind not in KINDS:
        raise InvalidInput("kind", kind, f"use one of {', '.join(KINDS)}")
    exponent(currency)
    if (mission_id is not None) != (kind in OF_MISSIONS):
        raise InvalidInput(
            "mission_id", mission_id, f"accounts of {', '.join(OF_MISSIONS)} name a mission, others none"
        )
    if _REFERENCE.fullmatch(reference) is None:
        raise InvalidInput("reference", reference, "use up to 40 small letters, digits and hyphens, or nothing")
