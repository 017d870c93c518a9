"""What is over by itself: requests nobody followed up expire, what waits for a person is overdue, erased people are forgotten."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select, text

from hotline.core import turns
from hotline.core.actor import SYSTEM
from hotline.core.outbox import publish
from hotline.core.services import Services
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.requests.states import EXPIRES, FINAL

_FORGET = text("""
UPDATE remittances r
   SET payee_name = '', payee_born_on = NULL, payee_phone = '', payer_name = '', payer_phone = '', words = '',
       identity_words = '', duress = 'not_asked'
  FROM persons p
 WHERE p.id = r.person_id AND p.erased_at IS NOT NULL AND r.state = ANY(:over)
   AND (r.payee_name, r.payer_name, r.payer_phone) <> ('', '', '')
""")

_FORGET_REASONS = text("""
UPDATE remittance_changes c SET reason = ''
  FROM remittances r JOIN persons p ON p.id = r.person_id
 WHERE c.remittance_id = r.id AND p.erased_at IS NOT NULL AND r.state = ANY(:over) AND c.reason <> ''
""")

log = structlog.get_logger(__name__)

JOB = "remittances.expire"
BATCH = 200
OVERDUE = "RemittanceOverdue"
"""Fact of the outbox: {remittance_id, state}; told once for each time a state lasts too long."""


def expire(services: Services) -> int:
    """End or tell of what is due, each in a transaction of its own; how many.

    One that another room's effect refuses to end keeps none of the others waiting.
    """
    now = services.clock.now()
    with services.db.transaction() as session:
        due = session.scalars(
            select(Remittance.id)
            .where(Remittance.due_at <= now, Remittance.overdue_at.is_(None), Remittance.state.not_in(FINAL))
            .order_by(Remittance.due_at)
            .limit(BATCH)
        ).all()
    done = turns.each_alone(due, partial(_end, services, now), "remittances.not_expired")
    _forget(services)
    if due:
        log.info("remittances.expired", count=done)
    return done


def _end(services: Services, now: datetime, remittance_id: int) -> bool:
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id, lock=True)
        if one.due_at is None or one.due_at > now or one.overdue_at is not None:
            return False  # moved on meanwhile
        if one.state in EXPIRES:
            moving.move(session, services.clock, SYSTEM, one, "expire")
        else:
            one.overdue_at = now
            publish(session, services.clock, OVERDUE, {"remittance_id": one.id, "state": one.state})
    return True


def _forget(services: Services) -> None:
    """Empty what names people in remittances that are over, once the person was erased; amounts and states stay for the books.

    What officers wrote about them goes too, as it does in cases: reasons name people.
    """
    with services.db.transaction() as session:
        session.execute(_FORGET, {"over": list(FINAL)})
        session.execute(_FORGET_REASONS, {"over": list(FINAL)})
