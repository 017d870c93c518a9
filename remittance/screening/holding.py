"""When remittances are looked into: after each change, before money moves on, and all open ones when a list or a rule is new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import HotlineError, NotFound, Refused
from hotline.core.services import Services
from remittance.requests.effects import Step
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import FINAL, OPEN
from remittance.screening import lists, thresholds
from remittance.screening.examining import look_into, names_pass
from remittance.screening.models import ScreeningMark
from remittance.screening.standing import blocked

log = structlog.get_logger(__name__)

EFFECT, HANDLER = "screening", "screening.look"
SWEEP, FORGET = "screening.sweep", "screening.forget"
EVERY_S, FORGET_EVERY_S = 60, 24 * 3600
BATCH, MAX_A_RUN = 200, 1_000
GUARDED = frozenset({"approve", "quote", "quote_again", "release", "pay"})
UNDER_CHECK = "under-check"
_FORGET = text("""
UPDATE screening_findings f SET name = '', facts = f.facts - 'remittances'
  FROM remittances r
 WHERE r.id = f.remittance_id AND r.state = ANY(:over) AND r.payee_name = '' AND (f.name <> '' OR f.facts ? 'remittances')
""")
_FORGET_CHECKS = text("""
UPDATE screening_checks c SET name_digest = 'gone-' || c.id
  FROM remittances r
 WHERE r.id = c.remittance_id AND r.state = ANY(:over) AND r.payee_name = '' AND c.name_digest NOT LIKE 'gone-%'
""")


def passes(session: Session, one: Remittance) -> bool:
    """Say whether nothing stands against a locked remittance, compared with the lists as they are now."""
    return not blocked(session, one.id) and names_pass(session, one)


def guard(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Refuse what moves money on, and what takes a hold off, while something stands against the remittance.

    Names are compared here and now where that was not done with the newest list yet; `look_into`, which comes with every change
    and every minute, raises what this finds and holds the remittance. Raises Refused in words that tell nobody why.
    """
    stands = step.event in GUARDED and not passes(session, one)
    if stands or (step.event.startswith("lift_") and blocked(session, one.id)):
        raise Refused("This remittance is being checked; the duty chief knows more.", code=UNDER_CHECK)


def on_moved(services: Services, payload: Mapping[str, Any]) -> None:
    """Look into a remittance that somebody asked for or that changed."""
    try:
        with services.db.transaction() as session:
            look_into(session, services.clock, int(payload["remittance_id"]))
    except NotFound:
        log.warning("screening.gone", remittance_id=payload["remittance_id"])


def sweep(services: Services) -> int:
    """Look into every open remittance that changed since, or for which lists or rules are newer; how many.

    One that another room's effect refuses to hold keeps none of the others waiting.
    """
    done = looked = last = 0
    while looked < MAX_A_RUN:
        with services.db.transaction() as session:
            waiting = _waiting(session, last)
        for remittance_id in waiting:
            try:
                with services.db.transaction() as session:
                    look_into(session, services.clock, remittance_id)
                done += 1
            except HotlineError as error:
                log.warning("screening.not_looked_into", remittance_id=remittance_id, code=error.code)
        looked += len(waiting)
        if len(waiting) < BATCH:
            break
        last = waiting[-1]
    if done:
        log.info("screening.swept", count=done)
    return done


def _waiting(session: Session, after: int) -> list[int]:
    newest, rules = lists.newest(session), thresholds.current(session).id
    last = (
        select(func.max(RemittanceChange.id))
        .where(RemittanceChange.remittance_id == Remittance.id)
        .correlate(Remittance)
        .scalar_subquery()
    )
    statement = (
        select(Remittance.id)
        .outerjoin(ScreeningMark, ScreeningMark.remittance_id == Remittance.id)
        .where(
            Remittance.id > after,
            Remittance.state.in_(OPEN),
            Remittance.drill.is_(False),
            or_(
                ScreeningMark.remittance_id.is_(None),
                ScreeningMark.list_id < newest,
                ScreeningMark.rules_id < rules,
                ScreeningMark.change_id < last,
            ),
        )
        .order_by(Remittance.id)
        .limit(BATCH)
    )
    return list(session.scalars(statement))


def forget(services: Services) -> None:
    """Empty the names in findings about remittances that are over and whose person was erased."""
    with services.db.transaction() as session:
        session.execute(_FORGET, {"over": list(FINAL)})
        session.execute(_FORGET_CHECKS, {"over": list(FINAL)})
