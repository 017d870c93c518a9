"""When remittances are looked into: after each change, before money moves on, and all open ones when a list or a rule is new."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hotline.core import turns
from hotline.core.clock import Clock
from hotline.core.errors import NotFound, Refused
from hotline.core.services import Services
from remittance.requests.effects import Step
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import FINAL, OPEN
from remittance.screening import lists, thresholds
from remittance.screening.examining import look_into, names_pass, rules_pass
from remittance.screening.models import ScreeningFinding, ScreeningMark
from remittance.screening.rules import MUTUAL
from remittance.screening.standing import blocked
from remittance.screening.states import HOLD
from remittance.screening.states import OPEN as RAISED

log = structlog.get_logger(__name__)

NOT_LOOKED_INTO = "screening.not_looked_into"

EFFECT, HANDLER = "screening", "screening.look"
SWEEP, FORGET = "screening.sweep", "screening.forget"
EVERY_S, FORGET_EVERY_S = 60, 24 * 3600
BATCH, MAX_A_RUN = 200, 1_000
GUARDED = frozenset({"approve", "quote", "quote_again", "release", "pay"})
UNDER_CHECK = "under-check"
_FORGET = text("""
UPDATE screening_findings f
   SET name = '', listed_name = '', reason = '', pair = 'gone-' || f.id, facts = f.facts - 'remittances'
  FROM remittances r
 WHERE r.id = f.remittance_id AND r.state = ANY(:over) AND r.payee_name = '' AND f.pair NOT LIKE 'gone-%'
""")
_FORGET_CHECKS = text("""
UPDATE screening_checks c SET name_digest = 'gone-' || c.id
  FROM remittances r
 WHERE r.id = c.remittance_id AND r.state = ANY(:over) AND r.payee_name = '' AND c.name_digest NOT LIKE 'gone-%'
""")


def passes(session: Session, one: Remittance) -> bool:
    """Say whether nothing stands against a locked remittance, compared with the lists as they are now."""
    return not blocked(session, one.id) and names_pass(session, one)


def may_go_out(session: Session, clock: Clock, one: Remittance) -> bool:
    """Say whether a locked remittance may become cash that is ready, and a pickup code go out.

    Beside what `passes` asks, the rules are judged, in this transaction: a code that was texted is not taken back by a hold that
    comes a moment later. Nothing is written; whoever is refused calls `look` once their transaction is over.
    """
    return passes(session, one) and rules_pass(session, clock, one)


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
        look(services, int(payload["remittance_id"]))
    except NotFound:
        log.warning("screening.gone", remittance_id=payload["remittance_id"])


def look(services: Services, remittance_id: int) -> None:
    """Look into a remittance, and into those that a rule counted with it: each in a transaction of its own; raises NotFound.

    The third traveller of one depositor speaks against the first two as well, whose cash may be ready by then.
    """
    with services.db.transaction() as session:
        look_into(session, services.clock, remittance_id)
    with services.db.transaction() as session:
        counted = _counted_with(session, remittance_id)
    turns.each_alone(counted, partial(_look_into_one, services), NOT_LOOKED_INTO)


def _counted_with(session: Session, remittance_id: int) -> list[int]:
    """Return the open ones that a holding finding counts, and about which no finding of its kind names this one."""
    found = session.scalars(
        select(ScreeningFinding).where(
            ScreeningFinding.remittance_id == remittance_id,
            ScreeningFinding.kind.in_(MUTUAL),
            ScreeningFinding.severity == HOLD,
            ScreeningFinding.state == RAISED,
        )
    ).all()
    counted: set[int] = set()
    for each in found:
        others = each.facts.get("remittances", ())
        theirs = select(ScreeningFinding).where(
            ScreeningFinding.remittance_id.in_(others), ScreeningFinding.kind == each.kind
        )
        known = {
            their.remittance_id
            for their in session.scalars(theirs)
            if remittance_id in their.facts.get("remittances", ())
        }
        counted |= set(others) - known
    still_open = select(Remittance.id).where(Remittance.id.in_(counted), Remittance.state.in_(OPEN))
    return list(session.scalars(still_open.order_by(Remittance.id)))


def _look_into_one(services: Services, remittance_id: int) -> bool:
    with services.db.transaction() as session:
        look_into(session, services.clock, remittance_id)
    return True


def sweep(services: Services) -> int:
    """Look into every open remittance that changed since, or for which lists or rules are newer; how many."""
    done = looked = last = 0
    while looked < MAX_A_RUN:
        with services.db.transaction() as session:
            waiting = _waiting(session, last)
        done += turns.each_alone(waiting, partial(_look_into_one, services), NOT_LOOKED_INTO)
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
    """Empty the names and words in findings about remittances that are over and whose person was erased.

    That there was one of a kind, how alike, against which entry of which list and who decided, stays: that is the proof of
    having checked.
    """
    with services.db.transaction() as session:
        session.execute(_FORGET, {"over": list(FINAL)})
        session.execute(_FORGET_CHECKS, {"over": list(FINAL)})
