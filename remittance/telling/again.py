"""Telling a relative once more: after their links were ended, after a change of telephones, or because they lost the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import Forbidden, Refused
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.own_page.models import RelativePage
from remittance.quotes.standing import quote_of
from remittance.requests import access
from remittance.requests.states import WRITE
from remittance.telling.sentences import IF_TOLD_BEFORE, RELATIVE, to_relative_now
from remittance.telling.telling import erased, send, write_down

PAUSE_S = 600
"""So long a relative is not told again."""
SHOWN_AT_MOST = 12


@dataclass(frozen=True)
class Told:
    """One text: to whom, when, and what became of it (a state of `hotline.notices`)."""

    at: datetime
    reader: str
    state: str


def tell_again(session: Session, services: Services, actor: Actor, remittance_id: int) -> int:
    """Send the relative the text that tells how it stands now, and return the notice's id.

    Raises NotFound, Forbidden, and Refused: `relative-not-told` where nobody may be told, `nothing-to-tell`, `told-just-now`.
    """
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    one = access.demand(session, actor, remittance_id, lock=True)
    if one.drill or erased(session, one) or not one.payer_phone or one.payer_consent_at is None:
        raise Refused("This relative is told nothing: no number, no allowance, or a drill.", code="relative-not-told")
    sentence = to_relative_now(one.state, one.held_state)
    if not sentence or (sentence in IF_TOLD_BEFORE and quote_of(session, one.id) is None):
        raise Refused("There is nothing to tell the relative now.", code="nothing-to-tell")
    page = session.get(RelativePage, one.id)
    nth = int(services.clock.now().timestamp()) // PAUSE_S
    key = f"remittance:{one.id}:again:{page.generation if page is not None else 0}:{nth}"
    if session.scalar(select(Notice.id).where(Notice.dedupe_key == key)) is not None:
        raise Refused("The relative was told a moment ago.", code="told-just-now")
    sent = send(session, services, one, RELATIVE, sentence, key=key)
    if sent is None:
        raise Refused("There is nothing to tell the relative now: the time to deposit is over.", code="nothing-to-tell")
    write_down(session, services, one, [sent], actor=actor)
    return sent.notice_id


def told(session: Session, remittance_id: int) -> Sequence[Told]:
    """Return the texts about a remittance, the latest first, without their words."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == "remittance", AuditEntry.subject_id == remittance_id,
            AuditEntry.action == "remittance.told",
        )
        .order_by(AuditEntry.seq.desc())
        .limit(SHOWN_AT_MOST)
    ).all()  # fmt: skip
    facts = [(each.at, (each.after or {}).get("reader", ""), (each.after or {}).get("notice")) for each in entries]
    found = select(Notice.id, Notice.state).where(Notice.id.in_([number for _, _, number in facts]))
    states = dict(session.execute(found).tuples().all())
    return [Told(at, reader, states[number]) for at, reader, number in facts if number in states]
