"""Paying out: a cashier checks code, identity and notes; a witness confirms on a session of their own; then cash is handed out.

Both work at the mission. Everything that was checked while preparing is checked again at the confirmation, under the locks of the
remittance and of the till, and in the transaction that posts the journal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from hotline.missions import opening, staff
from remittance.money.amounts import Money
from remittance.names.likeness import SAME, likeness
from remittance.payouts import books, codes, releasing
from remittance.payouts.counting import counted
from remittance.payouts.models import HoursException, Payout, PickupCode
from remittance.payouts.states import (
    DOCUMENTS,
    EXCEPTION_LASTS,
    PAYOUT,
    PREPARED,
    PREPARED_FOR,
    VOICE,
    WITHDRAWN,
    WITHOUT_NUMBER,
)
from remittance.payouts.states import PAID as DONE
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of
from remittance.requests import access
from remittance.requests.models import Remittance
from remittance.requests.moving import move
from remittance.requests.states import APPROVE, PAY, READY, WITNESS

MAX_NAME_CHARS, MAX_NUMBER_CHARS, MAX_REASON_CHARS = 120, 40, 300


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the cashier saw and counted. `notes` are pairs of value (minor units) and count; the number is never kept as it is."""

    code: str
    document_kind: str
    document_name: str
    document_number: str = ""
    notes: Sequence[tuple[int, int]] = ()


def find(session: Session, actor: Actor, number: str) -> Remittance:
    """Return the remittance that somebody at the counter names, where the actor works.

    Raises InvalidInput naming `number` where none is given, NotFound for any that is not theirs to pay.
    """
    plain = " ".join(number.split()).upper()[:20]
    if not plain:
        raise InvalidInput("number", number, "write the number of the remittance, such as R-2026-000001")
    one = session.scalar(select(Remittance).where(Remittance.number == plain))
    if one is None or not staff.works_at(session, actor, one.mission_id):
        raise NotFound("remittance", plain)
    return one


def identify(services: Services, actor: Actor, remittance_id: int, code: str) -> int:
    """Check that this may be paid here and now and that the code is right; the code's id. Wrong tries count for good."""
    with services.db.transaction() as session:
        one = _at_the_counter(session, actor, remittance_id, PAY)
        _payable(session, services.clock, one)
        exception_for(session, services.clock, one)
    return codes.attempt(services, actor, one, code)


def prepare(services: Services, actor: Actor, remittance_id: int, checked: Checked) -> Payout:
    """Write down a payout for a witness to confirm.

    Raises NotFound for another mission's, SeveralFaults naming each field, Refused (`not-ready`, `no-code`, `code-locked`,
    `wrong-code`, `payout-standing`, `mission-shut`, `cash-short`, `told-the-code`, or a guard's code).
    """
    clock, code_id = services.clock, identify(services, actor, remittance_id, checked.code)
    with services.db.transaction() as session:
        one = _at_the_counter(session, actor, remittance_id, PAY, lock=True)
        quote = _payable(session, clock, one)
        allowed = exception_for(session, clock, one)
        if allowed is not None:
            _not_own(allowed, actor.id)
        notes = _check(one, quote, checked)
        standing = standing_of(session, one.id)
        if standing is not None and standing.prepared_at + PREPARED_FOR <= clock.now():
            releasing.withdraw_prepared(session, clock, one, "too_old")
            standing = None
        if standing is not None:
            raise Refused("A payout is prepared already.", code="payout-standing", params={"id": standing.id})
        known = codes.still_right(session, clock, services.settings, one, code_id, checked.code)
        _not_told(known, actor)
        _enough(session, one, quote)
        payout = _insert(session, clock, services.settings, actor, one, quote, known, checked, notes)
        payout.hours_exception_id = allowed.id if allowed is not None else None
        audit.record(
            session, clock, actor, "payout.prepared", "remittance", one.id,
            after={"payout_id": payout.id, "document": checked.document_kind, "notes": notes},
        )  # fmt: skip
        return payout


def confirm(session: Session, clock: Clock, actor: Actor, payout_id: int) -> Payout:
    """Confirm as the witness that the payee stands there and the notes are right: the money is paid, once.

    Raises NotFound, Forbidden, Refused: `already-paid`, `same-officer-payout`, `payout-old`, or whatever stands against it now.
    """
    one, payout = _locked(session, actor, payout_id, WITNESS)
    if payout.state == DONE:
        raise Refused("This was paid already.", code="already-paid", params={"id": payout.id})
    PAYOUT.next_state(payout.state, "confirm", actor)
    if payout.prepared_by_id == actor.id or actor.id is None:
        raise Refused("The witness is somebody else than the cashier.", code="same-officer-payout")
    now = clock.now()
    if payout.prepared_at + PREPARED_FOR <= now:
        raise Refused("It was prepared too long ago. Prepare it anew.", code="payout-old")
    quote = _payable(session, clock, one)
    if (quote.nth, quote.paid_minor, one.mission_id) != (payout.quote_nth, payout.paid_minor, payout.mission_id):
        raise Refused("The quote or the mission changed since. Prepare it anew.", code="payout-old")
    allowed = exception_for(session, clock, one)
    known = codes.demand_live(session, clock, one, payout.code_id)
    _not_told(known, actor)
    till = _enough(session, one, quote)
    if allowed is not None:
        _not_own(allowed, payout.prepared_by_id)
        payout.hours_exception_id = allowed.id
    payout.state, payout.witness_id, payout.paid_at = DONE, actor.id, now
    codes.end(known, clock, "used")
    books.pay(session, clock, actor, one, quote, till)
    # Two people agreed to it, of whom the witness acts last: the cashier's permission is lent to this one step.
    move(session, clock, actor.trusted_with(PAY), one, "pay", payout=payout.id, cashier=payout.prepared_by_id)
    return payout


def withdraw(session: Session, clock: Clock, actor: Actor, payout_id: int) -> Payout:
    """Give up a prepared payout, as its cashier or a witness of the mission; the code stays valid. Again changes nothing."""
    one, payout = _locked(session, actor, payout_id, WITNESS)
    if payout.state == WITHDRAWN:
        return payout
    payout.state = PAYOUT.next_state(payout.state, "withdraw", actor.trusted_with(PAY))
    payout.withdrawn_at, payout.withdrawn_why = clock.now(), "by_hand"
    audit.record(session, clock, actor, "payout.withdrawn", "remittance", one.id, after={"payout_id": payout.id})
    return payout


def allow_outside_hours(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, *, reason: str
) -> HoursException:
    """Let one remittance be paid outside the mission's hours for `EXCEPTION_LASTS`, with the reason on record."""
    if not actor.may(APPROVE) or actor.id is None:
        raise Forbidden(f"This needs the permission {APPROVE}.")
    words = " ".join(reason.split())
    if not 1 <= len(words) <= MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"say why in 1 to {MAX_REASON_CHARS} characters")
    one = access.demand(session, actor, remittance_id, lock=True)
    if one.state != READY:
        raise Refused("Only what is ready is paid.", code="not-ready")
    now = clock.now()
    given = HoursException(
        remittance_id=one.id, reason=words, given_by_id=actor.id, given_at=now, expires_at=now + EXCEPTION_LASTS,
    )  # fmt: skip
    session.add(given)
    session.flush()
    audit.record(session, clock, actor, "payout.hours_excepted", "remittance", one.id, after={"exception_id": given.id})
    return given


def exception_for(session: Session, clock: Clock, one: Remittance) -> HoursException | None:
    """Return the exception that is needed now, None while the mission is open; raises Refused (`mission-shut`) without one."""
    now = clock.now()
    if opening.at(session, one.mission_id, now).open:
        return None
    found = live_exception(session, one.id, now)
    if found is None:
        raise Refused("The mission is closed now, and nobody allowed an exception.", code="mission-shut")
    return found


def live_exception(session: Session, remittance_id: int, now: datetime) -> HoursException | None:
    """Return the exception from opening hours that holds for a remittance, if there is one."""
    return session.scalar(
        select(HoursException)
        .where(HoursException.remittance_id == remittance_id, HoursException.expires_at > now)
        .order_by(HoursException.id.desc())
        .limit(1)
    )


def standing_of(session: Session, remittance_id: int) -> Payout | None:
    """Return the payout of a remittance that is prepared or paid."""
    return session.scalar(select(Payout).where(Payout.remittance_id == remittance_id, Payout.state != WITHDRAWN))


def get(session: Session, actor: Actor, payout_id: int) -> Payout:
    """Return a payout of a remittance that the actor sees; raises NotFound."""
    found = session.get(Payout, payout_id)
    if found is None:
        raise NotFound("payout", payout_id)
    access.demand(session, actor, found.remittance_id)
    return found


def _locked(session: Session, actor: Actor, payout_id: int, permission: str) -> tuple[Remittance, Payout]:
    """Lock the remittance first and then its payout, as everybody does."""
    found = session.get(Payout, payout_id)
    if found is None:
        raise NotFound("payout", payout_id)
    one = _at_the_counter(session, actor, found.remittance_id, permission, lock=True)
    session.refresh(found, with_for_update=True)
    return one, found


def _at_the_counter(
    session: Session, actor: Actor, remittance_id: int, permission: str, *, lock: bool = False
) -> Remittance:
    if not actor.may(permission):
        raise Forbidden(f"This needs the permission {permission}.")
    one = access.demand(session, actor, remittance_id, lock=lock)
    if not staff.works_at(session, actor, one.mission_id):
        raise Forbidden("Only those who work at this mission pay there.", code="not-your-mission")
    return one


def _payable(session: Session, clock: Clock, one: Remittance) -> Quote:
    """Return the quote by which a remittance may be paid now; raises Refused."""
    quote = quote_of(session, one.id)
    if one.state != READY or quote is None or (one.due_at is not None and one.due_at <= clock.now()):
        raise Refused("It is not ready to be paid out.", code="not-ready")
    for name in sorted(releasing.GUARDS):
        why = releasing.GUARDS[name](session, one)
        if why is not None:
            raise Refused("Something stands against it. Ask the centre.", code=why)
    return quote


def _enough(session: Session, one: Remittance, quote: Quote) -> int:
    """Return the till's account, held, when the cash is in it; raises Refused (`cash-short`)."""
    till = books.till_of(session, one.mission_id, quote.currency)
    if till is None or books.cash_in(session, till) < quote.paid_minor:
        raise Refused("By the books the till does not hold so much.", code=releasing.CASH_SHORT)
    return till


def _not_told(known: PickupCode, actor: Actor) -> None:
    if known.made_by_id is not None and known.made_by_id == actor.id:
        told = "told" if known.way == VOICE else "made"
        raise Refused(f"Whoever {told} the code neither pays nor witnesses.", code="told-the-code")


def _not_own(allowed: HoursException, cashier_id: int | None) -> None:
    if allowed.given_by_id == cashier_id:
        raise Refused("Whoever allowed the exception does not pay.", code="same-officer-hours")


def _check(one: Remittance, quote: Quote, checked: Checked) -> list[list[int]]:
    """Return the notes as they are kept; raises SeveralFaults for everything that is wrong with what the cashier wrote."""
    faults = list[InvalidInput]()
    allowed = [kind for kind in DOCUMENTS if kind not in WITHOUT_NUMBER or one.identity == kind]
    name, number = " ".join(checked.document_name.split()), _plain(checked.document_number)
    if checked.document_kind not in allowed:
        faults.append(InvalidInput("document_kind", checked.document_kind, f"use one of {', '.join(allowed)}"))
    elif checked.document_kind not in WITHOUT_NUMBER and not 5 <= len(number) <= MAX_NUMBER_CHARS:
        faults.append(InvalidInput("document_number", "…", f"write the number, 5 to {MAX_NUMBER_CHARS} characters"))
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        faults.append(InvalidInput("document_name", name, f"write the name, 1 to {MAX_NAME_CHARS} characters"))
    elif likeness(name, one.payee_name) < SAME:
        faults.append(
            InvalidInput(
                "document_name", name, "it is not the payee's name; do not pay, and ask the centre", code="other-name"
            )
        )
    notes = list[list[int]]()
    try:
        notes = counted(checked.notes, Money(quote.paid_minor, quote.currency))
    except InvalidInput as error:
        faults.append(error)
    if faults:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])
    return notes


def _plain(number: str) -> str:
    return "".join(char for char in number.upper() if char.isalnum())[: MAX_NUMBER_CHARS + 1]


def _insert(  # noqa: PLR0913  # everything that a payout consists of
    session: Session, clock: Clock, settings: Settings, actor: Actor, one: Remittance, quote: Quote, known: PickupCode,
    checked: Checked, notes: list[list[int]],
) -> Payout:  # fmt: skip
    number = "" if checked.document_kind in WITHOUT_NUMBER else _plain(checked.document_number)
    secret = settings.secret_key.get_secret_value().encode()
    hashed = hmac.new(secret, f"document:{checked.document_kind}:{number}".encode(), hashlib.sha256).hexdigest()
    assert actor.id is not None, "only officers pay"
    payout = Payout(
        remittance_id=one.id, mission_id=one.mission_id, quote_nth=quote.nth, code_id=known.id, state=PREPARED,
        currency=quote.currency, paid_minor=quote.paid_minor, notes=notes, document_kind=checked.document_kind,
        document_hash=hashed if number else "", document_last=number[-3:], prepared_at=clock.now(), prepared_by_id=actor.id,
        document_name=" ".join(checked.document_name.split()),
    )  # fmt: skip
    session.add(payout)
    session.flush()
    return payout
