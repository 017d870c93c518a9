"""Deciding a finding: a false one is cleared, a true one confirmed, by somebody who had no part in the case."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from remittance.requests import access, moving, reviewing
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import HOLD as LIFT
from remittance.requests.states import ON_HOLD
from remittance.screening.models import ScreeningFinding
from remittance.screening.standing import blocked
from remittance.screening.states import FINDING

MAX_REASON_CHARS = 500


def clear(session: Session, clock: Clock, actor: Actor, finding_id: int, *, reason: str) -> ScreeningFinding:
    """Say that a finding is a false one; with the last that held the remittance, the hold that it caused is lifted.

    Raises Refused for whoever had a part in the case, raised it or confirmed it, Forbidden without the permission, InvalidInput
    without a reason.
    """
    return _decide(session, clock, actor, finding_id, "clear", reason)


def confirm(session: Session, clock: Clock, actor: Actor, finding_id: int, *, reason: str) -> ScreeningFinding:
    """Say that a finding is a true one: the remittance stays held until it is rejected or its refund is ordered."""
    return _decide(session, clock, actor, finding_id, "confirm", reason)


def _decide(session: Session, clock: Clock, actor: Actor, finding_id: int, event: str, reason: str) -> ScreeningFinding:
    seen = session.get(ScreeningFinding, finding_id)
    if seen is None:
        raise NotFound("finding", finding_id)
    one = access.demand(session, actor, seen.remittance_id, lock=True)
    finding = session.get_one(ScreeningFinding, finding_id, with_for_update=True, populate_existing=True)
    before = finding.state
    after = FINDING.next_state(before, event, actor)
    words = " ".join(reason.split())
    if not 1 <= len(words) <= MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"say why in 1 to {MAX_REASON_CHARS} characters")
    reviewing.off_the_case(session, actor, one)
    if actor.id is not None and actor.id in (finding.raised_by_id, finding.decided_by_id):
        raise Refused("Whoever raised or confirmed it does not decide it again.", code="own-finding")
    finding.state, finding.reason = after, words
    finding.decided_at, finding.decided_by_id = clock.now(), actor.id
    session.flush()
    if one.state == ON_HOLD and not blocked(session, one.id) and _held_by_itself(session, one):
        moving.move(session, clock, actor.trusted_with(LIFT), one, f"lift_{one.held_state}")
    audit.record(
        session, clock, actor, f"screening.{after}", "screening_finding", finding.id, before={"state": before},
        after={"state": after, "remittance_id": one.id, "kind": finding.kind, "raised_by_id": finding.raised_by_id},
    )  # fmt: skip
    return finding


def _held_by_itself(session: Session, one: Remittance) -> bool:
    """Say whether the present hold is the service's own: an officer's is theirs to lift, for a reason that we do not know."""
    last = session.scalar(
        select(RemittanceChange)
        .where(RemittanceChange.remittance_id == one.id, RemittanceChange.event == "hold")
        .order_by(RemittanceChange.id.desc())
        .limit(1)
    )
    return last is not None and last.by_id is None
