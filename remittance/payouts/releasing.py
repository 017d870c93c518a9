"""Releasing: a confirmed deposit becomes cash that is ready, once, when nothing stands against it; and what undoes that.

Runs by itself: when a remittance becomes `deposited`, and every minute over all that still are, so that nothing is lost when a
process dies or Redis is emptied, and so that one that waits for cash goes on when cash has come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from hotline.core import turns
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import HotlineError, Refused
from hotline.core.services import Services
from remittance.payouts import books, codes
from remittance.payouts.models import HoursException, Payout, PickupCode
from remittance.payouts.states import BEING_CHECKED, PAYOUT, PREPARED
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests import moving
from remittance.requests.effects import Step
from remittance.requests.models import Remittance
from remittance.requests.states import DEPOSITED, DISPUTED, FINAL, ON_HOLD, PAID, READY, REFUND_PENDING
from remittance.screening import holding

log = structlog.get_logger(__name__)

JOB = "payouts.release"
BATCH, MAX_A_RUN = 200, 5_000
EFFECT = "payouts.books"

Guard = Callable[[Session, Remittance], str | None]
"""Says by a code of `WHY` why a remittance may neither be released nor paid now, or None."""
GUARDS: dict[str, Guard] = {}
"""What rooms below want to be true (screening has nothing open, no deposit went back), by their name; asked at the release and
again at the payout."""

NO_QUOTE, DEPOSIT_SHORT, CASH_SHORT = "no-quote", "deposit-short", "cash-short"
DRILL, QUESTIONED = "drill-money", "deposit-questioned"

_FORGET = text("""
UPDATE payouts o SET document_name = '', document_hash = '', document_last = ''
  FROM remittances r JOIN persons p ON p.id = r.person_id
 WHERE o.remittance_id = r.id AND p.erased_at IS NOT NULL AND r.state = ANY(:over) AND o.document_name <> ''
""")
_FORGET_WORDS = text("""
UPDATE payout_hours_exceptions x SET reason = ''
  FROM remittances r JOIN persons p ON p.id = r.person_id
 WHERE x.remittance_id = r.id AND p.erased_at IS NOT NULL AND r.state = ANY(:over) AND x.reason <> ''
""")


def on_moved(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle the fact that a remittance changed: one that became `deposited` is released.

    Where a rule refuses it for now there is nothing to repeat here: the sweeper comes every minute.
    """
    if payload.get("after") != DEPOSITED:
        return
    try:
        release(services, int(payload["remittance_id"]))
    except HotlineError as error:
        log.info("payouts.not_released", remittance=payload["remittance_id"], code=error.code)


def sweep(services: Services) -> int:
    """Release whatever can be released; how many. One that fails unexpectedly keeps none of the others waiting."""
    released = last = looked = 0
    while looked < MAX_A_RUN:
        with services.db.transaction() as session:
            waiting = session.scalars(
                select(Remittance.id)
                .where(Remittance.state == DEPOSITED, Remittance.id > last)
                .order_by(Remittance.id)
                .limit(BATCH)
            ).all()
        released += turns.each_alone(waiting, lambda one: release(services, one) == "", "payouts.not_released")
        looked += len(waiting)
        if len(waiting) < BATCH:
            break
        last = waiting[-1]
    with services.db.transaction() as session:
        for statement in (_FORGET, _FORGET_WORDS):
            session.execute(statement, {"over": list(FINAL)})
    return released


def release(services: Services, remittance_id: int) -> str:
    """Release one remittance in one transaction; returns why not, by code, or the empty text when it was done now.

    A remittance that is not `deposited` (any more) is left alone, so that any number of calls release once. One that is being
    checked is looked into at once, so that whoever decides has a finding to decide.
    """
    why = _release(services, remittance_id)
    if why == BEING_CHECKED:
        holding.look(services, remittance_id)
    return why


def _release(services: Services, remittance_id: int) -> str:
    clock = services.clock
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id, lock=True)
        if one.state != DEPOSITED:
            return "wrong-state"
        if not holding.may_go_out(session, clock, one):
            return BEING_CHECKED
        quote = quote_of(session, one.id)
        why = hindrance(session, one, quote, holding=True)
        if why is not None:
            return why
        assert quote is not None, "without one there is a hindrance"
        books.release(session, clock, SYSTEM, one, quote)
        moving.move(session, clock, SYSTEM, one, "release", quote=quote.nth)
        codes.first(session, clock, services.settings, SYSTEM, one)
    log.info("payouts.released", remittance=remittance_id)
    return ""


def new_code(
    services: Services, actor: Actor, remittance_id: int, *, way: str, proof: str = ""
) -> tuple[PickupCode, str]:
    """Make a new code in a transaction of its own (`codes.replace`); what screening refuses is looked into at once."""
    try:
        with services.db.transaction() as session:
            return codes.replace(services, session, actor, remittance_id, way=way, proof=proof)
    except Refused as error:
        if error.code == BEING_CHECKED:
            holding.look(services, remittance_id)
        raise


def hindrance(session: Session, one: Remittance, quote: Quote | None, *, holding: bool = False) -> str | None:
    """Return by code what stands against a release now, or None. `holding` holds the till, for whoever releases."""
    if one.drill:
        return DRILL
    if quote is None:
        return NO_QUOTE
    for name in sorted(GUARDS):
        why = GUARDS[name](session, one)
        if why is not None:
            return why
    if books.held(session, one.id, quote.due_currency) < quote.due_minor:
        return DEPOSIT_SHORT
    till = books.till_of(session, one.mission_id, quote.currency, holding=holding)
    return CASH_SHORT if books.free_for(session, till, one, quote.currency) < quote.paid_minor else None


def keep_books(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Take back in the change's own transaction what no longer holds; the effect `payouts.books`.

    Another mission ends the leave to pay outside of hours, which was one mission's. Leaving `ready` for anything but cash
    reverses the release and ends the code; a dispute that ends in a refund reverses
    payout and release. What a cashier had prepared is withdrawn by every other step of a remittance that is ready.
    """
    if step.event == "reroute":
        end_exceptions(session, clock, one)
    if step.before == READY and step.event != "pay":
        withdraw_prepared(session, clock, one, step.event)
    if step.left == READY and step.after not in (READY, ON_HOLD, PAID):
        books.take_back(session, clock, step.actor, one, "release")
        known = codes.live(session, one.id, lock=True)
        if known is not None:
            codes.end(known, clock, "over")
    if step.before == DISPUTED and step.after == REFUND_PENDING:
        books.take_back(session, clock, step.actor, one, "payout")
        books.take_back(session, clock, step.actor, one, "release")


def end_exceptions(session: Session, clock: Clock, one: Remittance) -> None:
    """End every leave to pay a locked remittance outside of opening hours; it stays on record with the moment of its end."""
    now = clock.now()
    session.execute(
        update(HoursException)
        .where(HoursException.remittance_id == one.id, HoursException.expires_at > now)
        .values(expires_at=now)
    )


def withdraw_prepared(session: Session, clock: Clock, one: Remittance, why: str) -> None:
    """Withdraw the payout that was prepared for a locked remittance, if there is one, because `why` (an event) overtook it."""
    found = session.scalar(
        select(Payout).where(Payout.remittance_id == one.id, Payout.state == PREPARED).with_for_update()
    )
    if found is not None:
        found.state = PAYOUT.next_state(found.state, "lapse", SYSTEM)
        found.withdrawn_at, found.withdrawn_why = clock.now(), why[:20]
        session.flush()
