"""Counting a till: one person says which notes lie in it, a second one witnesses; what differs stays open until it is explained.

Everything is decided while the till's account is held, so that no payout slips between what was counted and what the books say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound, Refused
from remittance.money.denominations import total
from remittance.tills import access
from remittance.tills.models import TillCount, TillDifference
from remittance.tills.states import COUNT, COUNT_KINDS, COUNTED, EXPLAINED, OPEN, WAITING


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted: pieces by value in minor units. The same `key` for the same till again is the same count."""

    mission_id: int
    currency: str
    kind: str
    key: str
    pieces: Mapping[int, int]


def count(session: Session, clock: Clock, actor: Actor, given: Counted) -> TillCount:
    """Write down a count, which waits for its witness; the same key again returns what was written.

    Raises InvalidInput for notes that the currency does not have, NotFound for another mission's till, Refused where no cash
    was ever there (`no-till`), while another count waits (`count-waiting`), and for a key that stands for another count.
    """
    officer_id = access.demand_any(actor, COUNT)
    mission = access.demand(session, actor, given.mission_id)
    key, kind = access.checked_key(given.key), access.only(COUNT_KINDS, given.kind, "kind")
    counted = total(given.pieces, given.currency)
    pieces = {str(value): number for value, number in sorted(given.pieces.items(), reverse=True) if number}
    book = access.held_till(session, mission.id, given.currency)
    till = (TillCount.mission_id == mission.id, TillCount.currency == given.currency)
    before = session.scalar(select(TillCount).where(*till, TillCount.key == key))
    if before is not None:
        if (before.kind, before.denominations, before.counted_by_id) != (kind, pieces, officer_id):
            raise Refused("This key stands for another count.", code="key-taken", params={"key": key})
        return before
    if session.scalar(select(TillCount.id).where(*till, TillCount.state == WAITING)) is not None:
        raise Refused("Another count of this till waits for its witness.", code="count-waiting")
    made = TillCount(
        mission_id=mission.id, currency=given.currency, kind=kind, state=WAITING, key=key, denominations=pieces,
        counted_minor=counted, book_minor=book, difference_minor=counted - book,
        open_minor=open_minor(session, mission.id, given.currency), counted_by_id=officer_id, counted_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, clock, actor, "till.counted", "till_count", made.id,
        after={"mission_id": mission.id, "currency": made.currency, "kind": kind, "counted_minor": counted, "book_minor": book},
    )  # fmt: skip
    return made


def witness(session: Session, clock: Clock, actor: Actor, count_id: int) -> TillCount:
    """Witness a count as a second person; what it found beyond the differences known already is a difference of its own.

    Raises NotFound, Forbidden (`four-eyes`) for the one who counted, Refused when it does not wait any more.
    """
    one = _locked(session, actor, count_id)
    state = COUNTED.next_state(one.state, "witness", actor)
    if actor.id is None or actor.id == one.counted_by_id:
        raise Forbidden("Whoever counted cannot witness it; another person does.", code="four-eyes")
    if one.fresh_minor:
        session.add(
            TillDifference(
                count_id=one.id, mission_id=one.mission_id, currency=one.currency, minor=one.fresh_minor, state=OPEN,
                opened_at=clock.now(),
            )
        )  # fmt: skip
    return _decided(session, clock, actor, one, state, "witnessed", "")


def refuse(session: Session, clock: Clock, actor: Actor, count_id: int, note: str) -> TillCount:
    """Turn a count down with the reason; it is counted anew."""
    one = _locked(session, actor, count_id)
    state = COUNTED.next_state(one.state, "refuse", actor)
    if actor.id == one.counted_by_id:
        raise Forbidden("Whoever counted takes it back; another person refuses it.", code="four-eyes")
    return _decided(session, clock, actor, one, state, "count_refused", access.checked_words("note", note))


def withdraw(session: Session, clock: Clock, actor: Actor, count_id: int) -> TillCount:
    """Take a count back that nobody has witnessed; by any cashier of the mission, so that none waits for somebody who left."""
    one = _locked(session, actor, count_id)
    state = COUNTED.next_state(one.state, "withdraw", actor)
    return _decided(session, clock, actor, one, state, "count_withdrawn", "")


def open_minor(session: Session, mission_id: int, currency: str) -> int:
    """Return what the differences of a till that nobody has explained come to, in minor units."""
    found = session.scalar(
        select(func.coalesce(func.sum(TillDifference.minor), 0)).where(
            TillDifference.mission_id == mission_id, TillDifference.currency == currency, TillDifference.state != EXPLAINED
        )
    )  # fmt: skip
    return int(found or 0)


def _locked(session: Session, actor: Actor, count_id: int) -> TillCount:
    """Return the count with its till held, as nobody else changes it meanwhile."""
    found = session.get(TillCount, count_id)
    allowed = access.seen(session, actor)
    if found is None or (allowed is not None and found.mission_id not in allowed):
        raise NotFound("count", count_id)
    access.held_till(session, found.mission_id, found.currency)
    session.refresh(found, with_for_update=True)
    return found


def _decided(
    session: Session, clock: Clock, actor: Actor, one: TillCount, state: str, action: str, note: str
) -> TillCount:
    one.state, one.note, one.decided_by_id, one.decided_at = state, note, actor.id, clock.now()
    session.flush()
    audit.record(
        session, clock, actor, f"till.{action}", "till_count", one.id, before={"state": WAITING},
        after={"state": state, "difference_minor": one.difference_minor, "fresh_minor": one.fresh_minor},
    )  # fmt: skip
    return one
