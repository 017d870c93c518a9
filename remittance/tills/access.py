"""Who sees which till, and the one lock under which everything about a till is decided: its account in the books."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.missions import missions, staff
from hotline.missions.models import Mission
from remittance.ledger.balances import balances, hold
from remittance.ledger.models import LedgerAccount
from remittance.ledger.states import MISSION_CASH
from remittance.money.currencies import exponent
from remittance.requests.access import bound_to_missions
from remittance.tills.states import READ, SETTLE

_KEY = re.compile(r"[!-~]{1,80}")
MAX_WORDS_CHARS = 300


def seen(session: Session, actor: Actor) -> list[int] | None:
    """Return the missions (by id) whose tills the actor sees: those where they work, or None for all.

    Raises Forbidden for whoever sees none by their roles.
    """
    if actor.kind == "system":
        return None
    if not actor.may(READ):
        raise Forbidden(f"This needs the permission {READ}.")
    if bound_to_missions(actor) and not actor.may(SETTLE):
        return staff.missions_of(session, actor.id or 0)
    return None


def demand(session: Session, actor: Actor, mission_id: int) -> Mission:
    """Return the mission whose tills the actor sees; raises NotFound for one that is not there or another's."""
    allowed = seen(session, actor)
    if allowed is not None and mission_id not in allowed:
        raise NotFound("mission", mission_id)
    return missions.get(session, mission_id)


def demand_any(actor: Actor, *permissions: str) -> int:
    """Return the officer's id; raises Forbidden for anybody who holds none of these permissions."""
    if actor.id is None or not any(actor.may(each) for each in permissions):
        raise Forbidden(f"This needs the permission {' or '.join(permissions)}.")
    return actor.id


def account_of(session: Session, mission_id: int, currency: str) -> int | None:
    """Return the id of a till's account in the books; None before its first cash."""
    exponent(currency)
    return session.scalar(
        select(LedgerAccount.id).where(
            LedgerAccount.kind == MISSION_CASH, LedgerAccount.mission_id == mission_id, LedgerAccount.currency == currency,
            LedgerAccount.reference == "",
        )
    )  # fmt: skip


def held_till(session: Session, mission_id: int, currency: str) -> int:
    """Hold a till until commit and return what the books say is in it, in minor units.

    Raises Refused (`no-till`) where no cash was ever put into it.
    """
    account_id = account_of(session, mission_id, currency)
    if account_id is None:
        raise Refused(
            f"No cash in {currency} was ever put into this till.", code="no-till", params={"currency": currency}
        )
    hold(session, [account_id])
    return balances(session, [account_id])[account_id]


def checked_key(key: str) -> str:
    """Return an idempotency key; raises InvalidInput for none."""
    if _KEY.fullmatch(key) is None:
        raise InvalidInput("key", key, "give 1 to 80 letters, digits or signs without spaces")
    return key


def checked_words(field: str, words: str, most: int = MAX_WORDS_CHARS) -> str:
    """Return what somebody wrote, without superfluous spaces; raises InvalidInput for nothing and for too much."""
    plain = " ".join(words.split())
    if not plain or len(plain) > most or "\x00" in plain:
        raise InvalidInput(field, words, f"write 1 to {most} characters")
    return plain


def only(rows: Sequence[str], value: str, field: str) -> str:
    """Return a word that is one of these; raises InvalidInput naming them."""
    if value not in rows:
        raise InvalidInput(field, value, f"use one of {', '.join(rows)}")
    return value
