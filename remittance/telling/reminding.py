"""Reminders: to the relative before a quote or a part expires, to the traveller before the cash goes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hotline.core import turns
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.own_page.shown import until_of
from remittance.quotes.models import Quote
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.requests.states import PARTIAL, QUOTED, READY
from remittance.telling.sentences import RELATIVE, TRAVELLER
from remittance.telling.telling import erased, send, write_down

log = structlog.get_logger(__name__)

JOB, EVERY_S, BATCH, MAX_BATCHES = "remittances.remind", 600, 200, 50
BEFORE = {QUOTED: timedelta(hours=3), PARTIAL: timedelta(hours=12), READY: timedelta(hours=48)}
"""How long before its end a state is reminded of."""
SAYS = {
    QUOTED: (RELATIVE, "quote_ends"), PARTIAL: (RELATIVE, "partial"), READY: (TRAVELLER, "ready_ends"),
}  # fmt: skip
"""Who is told what."""
LATELY = timedelta(hours=3)
"""Whoever got into the state so lately was just told of it."""


def remind(services: Services) -> int:
    """Remind of everything that ends soon, each once and in a transaction of its own; how many were reminded.

    One that fails is logged by its number, keeps none of the others waiting, and is tried again at the next turn.
    """
    due = _all_due(services, services.clock.now())
    told = turns.each_alone(due, partial(_remind_one, services), "remittances.not_reminded")
    if told:
        log.info("remittances.reminded", count=told)
    return told


def _all_due(services: Services, now: datetime) -> Iterator[int]:
    after = 0
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            due = _due(session, now, after)
        yield from due
        if len(due) < BATCH:
            return
        after = due[-1]


def _due(session: Session, now: datetime, after: int) -> Sequence[int]:
    """Return those whose end is near by the row's own time, or by that of a quote."""
    by_row = [
        and_(Remittance.state == state, Remittance.due_at > now, Remittance.due_at <= now + before)
        for state, before in BEFORE.items()
    ]
    quoted = select(Quote.remittance_id).where(
        Quote.remittance_id == Remittance.id, Quote.expires_at > now, Quote.expires_at <= now + BEFORE[QUOTED]
    )
    return session.scalars(
        select(Remittance.id)
        .where(
            or_(*by_row, and_(Remittance.state == QUOTED, quoted.exists())),
            Remittance.drill.is_(False),
            Remittance.id > after,
        )
        .order_by(Remittance.id)
        .limit(BATCH)
    ).all()


def _remind_one(services: Services, remittance_id: int) -> bool:
    now = services.clock.now()
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id, lock=True)
        until = until_of(session, one)
        if (
            one.state not in BEFORE
            or until is None
            or not now < until <= now + BEFORE[one.state]
            or erased(session, one)
        ):
            return False
        key = f"remittance:{one.id}:ends:{one.state}:{int(until.timestamp())}"
        known = select(Notice.id).where(Notice.dedupe_key == key)
        if now - one.updated_at < LATELY or session.scalar(known) is not None:
            return False
        who, sentence = SAYS[one.state]
        sent = send(session, services, one, who, sentence, key=key)
        write_down(session, services, one, [sent] if sent is not None else [])
        return sent is not None
