"""The rules' numbers in versions: those that come with the software hold until somebody keeps others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden
from remittance.screening.models import ScreeningRules
from remittance.screening.rules import DEFAULTS, checked
from remittance.screening.states import RULES


@dataclass(frozen=True)
class Holding:
    """The rules that hold, and the number of their version; 0 for those that come with the software."""

    id: int
    numbers: Mapping[str, Mapping[str, Any]]


def current(session: Session) -> Holding:
    """Return the rules that hold; what a kept version does not know, a rule or one of its numbers, comes with the software."""
    found = session.scalar(select(ScreeningRules).order_by(ScreeningRules.id.desc()).limit(1))
    if found is None:
        return Holding(0, DEFAULTS)
    return Holding(found.id, {rule: {**numbers, **found.numbers.get(rule, {})} for rule, numbers in DEFAULTS.items()})


def history(session: Session) -> Sequence[ScreeningRules]:
    """Return the latest versions, the newest first."""
    return session.scalars(select(ScreeningRules).order_by(ScreeningRules.id.desc()).limit(50)).all()


def keep(session: Session, clock: Clock, actor: Actor, given: Mapping[str, Any]) -> ScreeningRules:
    """Keep a new version, which holds from now on; raises SeveralFaults naming each number, Forbidden without the permission."""
    if not actor.may(RULES):
        raise Forbidden(f"This needs the permission {RULES}.")
    numbers, before = checked(given), current(session)
    kept = ScreeningRules(numbers=numbers, kept_at=clock.now(), kept_by_id=actor.id)
    session.add(kept)
    session.flush()
    audit.record(
        session, clock, actor, "screening.rules_kept", "screening_rules", kept.id,
        before={rule: dict(each) for rule, each in before.numbers.items()}, after=numbers,
    )  # fmt: skip
    return kept
