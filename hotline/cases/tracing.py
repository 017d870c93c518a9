"""Traces that rooms above leave in a case's history: something was tried for the person, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hotline.cases.models import Case, CaseEntry
from hotline.cases.states import CASE, WAITING
from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock


def trace(
    session: Session,
    clock: Clock,
    case_id: int,
    kind: str,
    *,
    details: Mapping[str, Any],
    wakes: bool = False,
    actor: Actor = SYSTEM,
) -> bool:
    """Write an entry of `kind` (see `words.ENTRIES`) into a case's history; False when there is no such case.

    `wakes` brings a case back that was put aside. Writing the same thing twice makes two entries: the caller knows what it
    has told already.
    """
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        return False
    before = case.state
    if wakes and case.state == WAITING:
        case.state = CASE.next_state(case.state, "hear", SYSTEM)
    case.updated_at = clock.now()
    session.add(CaseEntry(case_id=case.id, at=clock.now(), kind=kind, officer_id=actor.id, details=dict(details)))
    session.flush()
    audit.record(
        session, clock, actor, f"case.{kind}", "case", case.id, before={"state": before}, after={"state": case.state}
    )
    return True
