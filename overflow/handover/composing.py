"""From an opening to a signed summary on the mission's page, in one transaction; and what became known only after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.keypair import KeyPair, KeyPairFault, load_key_pair
from hotline.core.services import Services
from hotline.missions.models import Mission
from overflow.handover import gathering, mailing, signing, summary
from overflow.handover.duty import duty_officer, still_here
from overflow.handover.gathering import Found, Span
from overflow.handover.models import Handover, HandoverItem, HandoverSummary, HandoverWatch
from overflow.handover.states import COMPOSING, HANDOVER, OPEN, WAITING, is_urgent

log = structlog.get_logger(__name__)

LATE_REACH = timedelta(hours=24)
"""How long before its closing a late thing's call may have begun; what is older comes with the next opening."""
LATE_EVERY = timedelta(minutes=10)
"""Late things that are not urgent are brought together for so long."""
MAX_LATE = 200


def compose(services: Services, handover_id: int) -> int | None:
    """Write the first summary of a hand-over; the id of the mission's next one that waits, None when there is none."""
    now, pair = services.clock.now(), key_pair(services)
    with services.db.transaction() as session:
        handover = session.get(Handover, handover_id)
        if handover is None:
            return None
        begun = _lock_mission(session, handover.mission_id)
        session.refresh(handover)
        if handover.state == COMPOSING:
            span = Span(handover.id, handover.mission_id, max(begun, now - gathering.LOOK_BACK), handover.period_end)
            found = gathering.find(session, [span], now)
            if found:
                _add(session, services, handover, found, pair)
            else:
                _nothing(session, services, handover, pair)
        following = session.scalar(
            select(func.min(Handover.id)).where(
                Handover.mission_id == handover.mission_id, Handover.state == COMPOSING, Handover.id != handover.id
            )
        )
        mission_id = handover.mission_id
    hint(services, mission_id)
    return following


def add_late(services: Services) -> int:
    """Bring what became known after a mission's latest opening into that hand-over, while it is open; how many got something."""
    now, pair = services.clock.now(), key_pair(services)
    with services.db.transaction() as session:
        # One look into an index for each mission: the latest of all nights, grouped, would read every night there ever was.
        nights = aliased(Handover)
        latest = select(func.max(nights.id)).where(nights.mission_id == HandoverWatch.mission_id).scalar_subquery()
        told_at = (
            select(HandoverSummary.composed_at)
            .where(HandoverSummary.handover_id == Handover.id, HandoverSummary.revision == Handover.revision)
            .scalar_subquery()
        )
        rows = session.execute(
            select(Handover, HandoverWatch.begun_at, told_at)
            .select_from(HandoverWatch)
            .join(Handover, Handover.id == latest)
            .where(Handover.state != COMPOSING, HandoverWatch.open)
        ).tuples()
        told = {}
        spans = {}
        for handover, begun, composed_at in rows:
            floor = max(begun, handover.period_start - LATE_REACH)
            spans[handover.id] = Span(handover.id, handover.mission_id, floor, handover.period_end)
            told[handover.id] = composed_at
        found = gathering.find(session, list(spans.values()), now)
    due = {each.handover_id for each in found if is_urgent(each.urgency) or now - told[each.handover_id] >= LATE_EVERY}
    for handover_id in sorted(due)[:MAX_LATE]:
        _add_late(services, spans[handover_id], pair)
    return len(due)


def _add_late(services: Services, span: Span, pair: KeyPair | None) -> None:
    with services.db.transaction() as session:
        _lock_mission(session, span.mission_id)
        handover = session.get_one(Handover, span.handover_id, with_for_update=True)
        found = gathering.find(session, [span], services.clock.now())
        if found:
            _add(session, services, handover, found, pair)
    hint(services, span.mission_id)


def _add(
    session: Session, services: Services, handover: Handover, found: Sequence[Found], pair: KeyPair | None
) -> None:
    """Put things into a hand-over, with a new summary and its mail."""
    now, settings = services.clock.now(), services.settings
    was, revision = handover.state, handover.revision + 1
    rows = [
        {
            "handover_id": handover.id, "kind": each.kind, "subject_id": each.subject_id, "urgency": each.urgency,
            "revision": revision, "state": WAITING, "added_at": now,
        }
        for each in found
    ]  # fmt: skip
    # Another mission's hand-over may have taken the same case a moment ago; then it is in that hand.
    session.execute(insert(HandoverItem).on_conflict_do_nothing(), rows)
    items = list(
        session.scalars(
            select(HandoverItem)
            .where(HandoverItem.handover_id == handover.id, HandoverItem.revision == revision)
            .order_by(HandoverItem.urgency, HandoverItem.kind, HandoverItem.subject_id)
        )
    )
    if not items:
        if was == COMPOSING:
            _nothing(session, services, handover, pair)
        return
    handover.revision = revision
    urgent = any(is_urgent(each.urgency) for each in items)
    minutes = settings.handover_urgent_minutes if urgent else settings.handover_minutes
    due_at = now + timedelta(minutes=minutes)
    # What waits already keeps its time; nothing that comes later puts it off.
    handover.due_at = min(handover.due_at, due_at) if was in OPEN and handover.due_at else due_at
    handover.state = HANDOVER.next_state(was, "send" if was == COMPOSING else "add", SYSTEM)
    handover.urgent = urgent or (was in OPEN and handover.urgent)
    handover.sent_at, handover.finished_at = handover.sent_at or now, None
    if was not in OPEN:
        handover.escalated_at = handover.escalation_seen_at = handover.escalation_seen_by_id = None
    if not still_here(session, handover.duty_officer_id):
        handover.duty_officer_id = duty_officer(session)
    _keep_summary(session, services, handover, items, pair)
    mailing.plan(session, services.clock.now(), handover, mailing.SUMMARY)
    audit.record(
        session, services.clock, SYSTEM, "handover.sent", "handover", handover.id, before={"state": was},
        after={
            "state": handover.state, "revision": handover.revision, "items": gathering.kinds_of(found),
            "due_at": handover.due_at, "duty_officer_id": handover.duty_officer_id,
        },
    )  # fmt: skip


def _nothing(session: Session, services: Services, handover: Handover, pair: KeyPair | None) -> None:
    """Record that it was looked and nothing was there; nobody is written to."""
    handover.state = HANDOVER.next_state(handover.state, "find_nothing", SYSTEM)
    handover.revision, handover.finished_at = 1, services.clock.now()
    _keep_summary(session, services, handover, [], pair)


def _keep_summary(
    session: Session, services: Services, handover: Handover, items: Sequence[HandoverItem], pair: KeyPair | None
) -> None:
    now = services.clock.now()
    session.flush()
    mission = session.get_one(Mission, handover.mission_id)
    known = summary.subjects(session, [(each.kind, each.subject_id) for each in items])
    figures = summary.counts(session, handover)
    content = signing.canonical(summary.content(mission, handover, figures, items, known, now))
    signature = signing.sign(content, pair)
    session.add(
        HandoverSummary(
            handover_id=handover.id, revision=handover.revision, content=content, sha256=signing.digest(content),
            algorithm=signature.algorithm, signature=signature.value, certificate=signature.certificate,
            fingerprint=signature.fingerprint, composed_at=now,
        )
    )  # fmt: skip
    session.flush()


def _lock_mission(session: Session, mission_id: int) -> datetime:
    """Keep other rounds from this mission's hand-overs until commit; when its record begins."""
    return session.scalars(
        select(HandoverWatch.begun_at).where(HandoverWatch.mission_id == mission_id).with_for_update()
    ).one()


def key_pair(services: Services) -> KeyPair | None:
    """Return the service's key; None where there is none, or it cannot be used: a fault of it keeps nobody from their cases."""
    settings = services.settings
    try:
        return load_key_pair(settings.cap_key_file, settings.cap_certificate_file, services.clock.now())
    except KeyPairFault as fault:
        log.error("handover.unsigned", reason=str(fault))  # noqa: TRY400 - the fault is the administrator's, no trace helps
        return None


def hint(services: Services, mission_id: int) -> None:
    """Tell open pages that something of a mission's hand-overs has changed."""
    for topic in ("handovers", f"mission:{mission_id}"):
        live.notify(services.redis, topic)
