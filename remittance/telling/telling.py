"""Handling `RemittanceMoved`: the text to the traveller and the one to the relative, each at most once for each change.

The fact may come twice, late, or after later ones. What is told is decided under the remittance's lock by where it stands now: a
sentence that does not hold any more, or that a later change replaces, is left to that later change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.cases.persons import get_person
from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import NotFound
from hotline.core.services import Services
from hotline.notices import store
from hotline.notices.models import Notice
from remittance.own_page.shown import until_of
from remittance.quotes.standing import quote_of
from remittance.requests import moving
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import ON_HOLD
from remittance.telling.composing import compose
from remittance.telling.sentences import IF_TOLD_BEFORE, READERS, TRAVELLER, Said, said, sentence_for, still_holds

log = structlog.get_logger(__name__)

PURPOSE = "remittance"
VALID = timedelta(hours=24)
"""How long a text means something that has no deadline of its own."""
OLDEST = timedelta(days=2)
"""A change that could not be told of for so long is on the page; nobody is woken by it."""


@dataclass(frozen=True)
class Sent:
    """One text that is kept to be sent: to whom, which sentence, and its notice."""

    reader: str
    sentence: str
    notice_id: int


def tell(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `RemittanceMoved` {remittance_id, change_id}; idempotent. What is gone or erased is told to nobody."""
    with services.db.transaction() as session:
        try:
            one = moving.get(session, int(payload["remittance_id"]), lock=True)
        except NotFound:
            return
        change = session.get(RemittanceChange, int(payload["change_id"]))
        if change is None or change.remittance_id != one.id or services.clock.now() - change.at > OLDEST:
            return
        if one.drill or erased(session, one):
            return
        sent = [tell_reader(session, services, one, change, who) for who in READERS]
        write_down(session, services, one, [each for each in sent if each is not None])


def tell_reader(
    session: Session, services: Services, one: Remittance, change: RemittanceChange, who: str
) -> Sent | None:
    """Keep the text that a change means to one reader; None where there is nothing to tell."""
    meant = said(change.event, change.before, change.after)
    sentence = meant.to(who)
    if not sentence or not still_holds(change.after, one.state) or _replaced(session, one, change, who):
        return None
    if meant.unless_told and _told(session, one, who, _since_deposit(session, one, change)):
        return None
    if who != TRAVELLER and sentence in IF_TOLD_BEFORE and quote_of(session, one.id) is None:
        return None
    return send(session, services, one, who, sentence, key=key_of(one.id, change.id, who))


def send(session: Session, services: Services, one: Remittance, who: str, sentence: str, *, key: str) -> Sent | None:
    """Keep one text to be sent once under this key; None where the reader may not be told, or it means nothing any more.

    Whoever calls it writes it down afterwards (`write_down`), once everything is kept.
    """
    phone = _phone(one, who)
    sentence = sentence_for(who, sentence, one.duress)
    body = compose(session, services, one, who, sentence) if phone and sentence else None
    if body is None:
        return None
    person, now = get_person(session, one.person_id), services.clock.now()
    notice_id = store.publish(
        session, services.clock, phone=phone, body=body, purpose=PURPOSE, dedupe_key=key,
        expires_at=_expires_at(session, one, now), traveller_id=person.traveller_id,
    )  # fmt: skip
    return Sent(who, sentence, notice_id)


def write_down(
    session: Session, services: Services, one: Remittance, sent: Sequence[Sent], *, actor: Actor = SYSTEM
) -> None:
    """Put texts on the audit trail, at the end of a transaction: its lock is held until the commit.

    A notice holds its traveller's row, for which somebody may wait who holds the trail.
    """
    for each in sent:
        audit.record(
            session, services.clock, actor, "remittance.told", "remittance", one.id,
            after={"reader": each.reader, "sentence": each.sentence, "notice": each.notice_id},
        )  # fmt: skip


def key_of(remittance_id: int, change_id: int, who: str) -> str:
    """Return the key under which a change is told to a reader once."""
    return f"remittance:{remittance_id}:{change_id}:{who}"


def erased(session: Session, one: Remittance) -> bool:
    """Say whether the person the money is for was erased; then nobody is told anything any more."""
    return get_person(session, one.person_id).erased_at is not None or not one.payee_name


def _phone(one: Remittance, who: str) -> str:
    """Return the number of a reader who may be told; empty for a relative of whom the traveller did not allow it."""
    if who == TRAVELLER:
        return one.payee_phone
    return one.payer_phone if one.payer_consent_at is not None else ""


def _expires_at(session: Session, one: Remittance, now: datetime) -> datetime:
    until = until_of(session, one)
    return min(now + VALID, until) if until is not None and until > now else now + VALID


def _later(session: Session, one: Remittance, after_id: int) -> Sequence[RemittanceChange]:
    return session.scalars(
        select(RemittanceChange)
        .where(RemittanceChange.remittance_id == one.id, RemittanceChange.id > after_id)
        .order_by(RemittanceChange.id)
        .limit(100)
    ).all()


def _replaced(session: Session, one: Remittance, change: RemittanceChange, who: str) -> bool:
    """Say whether a later change tells the same reader something that stands in place of this one's."""
    for later in _later(session, one, change.id):
        meant: Said = said(later.event, later.before, later.after)
        if meant.to(who):
            return True
    return False


def _since_deposit(session: Session, one: Remittance, change: RemittanceChange) -> int:
    """Return the id of the last change by which a deposit came, before this one; 0 for none."""
    found = session.scalar(
        select(func.max(RemittanceChange.id)).where(
            RemittanceChange.remittance_id == one.id, RemittanceChange.id < change.id,
            RemittanceChange.event.startswith("deposit"), RemittanceChange.before != ON_HOLD,
        )
    )  # fmt: skip
    return int(found or 0)


def _told(session: Session, one: Remittance, who: str, since_id: int) -> bool:
    keys = [key_of(one.id, later.id, who) for later in _later(session, one, since_id - 1)]
    return session.scalar(select(Notice.id).where(Notice.dedupe_key.in_(keys)).limit(1)) is not None
