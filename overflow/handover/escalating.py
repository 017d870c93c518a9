"""What was not acknowledged in time climbs: the duty officer of the centre has it as well, and the mission is told once more."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import NotFound, Refused
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionDuty
from hotline.notices import store
from overflow.handover import composing, mailing
from overflow.handover.duty import duty_officer, still_here
from overflow.handover.models import Handover
from overflow.handover.states import ESCALATED, HANDOVER, SENT

BATCH = 200
TEXT_LIVES = timedelta(hours=6)
TEXT = "[영사콜센터] {ko} 인계 {count}건이 확인되지 않았습니다({at} 기한). / Hand-over to {en}: {count} not acknowledged. {page}"


def escalate_due(services: Services) -> int:
    """Let every hand-over climb that was not acknowledged in time, each in a transaction of its own; how many."""
    now = services.clock.now()
    with services.db.transaction() as session:
        due = select(Handover.id).where(Handover.state == SENT, Handover.due_at <= now).order_by(Handover.due_at)
        waiting = list(session.scalars(due.limit(BATCH)))
    return sum(_escalate(services, handover_id) for handover_id in waiting)


def _escalate(services: Services, handover_id: int) -> bool:
    now = services.clock.now()
    with services.db.transaction() as session:
        handover = session.get_one(Handover, handover_id, with_for_update=True)
        if handover.state != SENT or handover.due_at is None or handover.due_at > now:
            return False  # acknowledged meanwhile, or another round was quicker
        handover.state = HANDOVER.next_state(handover.state, "escalate", SYSTEM)
        handover.escalated_at = now
        # Whoever was named at the opening may have left since; somebody who can act stands there now.
        if not still_here(session, handover.duty_officer_id):
            handover.duty_officer_id = duty_officer(session)
        mailing.plan(session, now, handover, mailing.REMINDER)
        _text(session, services, handover)
        audit.record(
            session, services.clock, SYSTEM, "handover.escalated", "handover", handover.id, before={"state": SENT},
            after={"state": ESCALATED, "duty_officer_id": handover.duty_officer_id},
        )  # fmt: skip
        mission_id = handover.mission_id
    composing.hint(services, mission_id)
    return True


def _text(session: Session, services: Services, handover: Handover) -> None:
    """Ring the mission's duty telephone by a text, once for each revision that was not acknowledged."""
    mission = session.get_one(Mission, handover.mission_id)
    phone = session.scalar(
        select(MissionDuty.phone).where(MissionDuty.mission_id == mission.id).order_by(MissionDuty.position).limit(1)
    )
    if phone is None or handover.due_at is None:
        return
    local = handover.due_at.astimezone(ZoneInfo(mission.zone)).strftime("%H:%M")
    body = TEXT.format(
        ko=mission.name_ko, en=mission.name_en, count=mailing.waiting_of(session, handover.id), at=local,
        page=f"{services.settings.public_url}/handovers/{handover.id}",
    )  # fmt: skip
    store.publish(
        session, services.clock, phone=phone, body=body, purpose="duty",
        dedupe_key=f"handover:{handover.id}:{handover.revision}", expires_at=services.clock.now() + TEXT_LIVES,
    )  # fmt: skip


def see_to(session: Session, services: Services, actor: Actor, handover_id: int) -> Handover:
    """Say that one has seen that a hand-over climbed and acts on it; again changes nothing.

    Raises NotFound, Refused when it did not climb, or for a machine without a name.
    """
    handover = session.get(Handover, handover_id, with_for_update=True, populate_existing=True)
    if handover is None:
        raise NotFound("hand-over", handover_id)
    if handover.state != ESCALATED:
        raise Refused("This hand-over waits for nobody of the centre.", code="handover-not-escalated")
    if handover.escalation_seen_at is not None:
        return handover
    if actor.id is None:
        raise Refused("Only a named officer can do this.", code="handover-nobody")
    handover.escalation_seen_at, handover.escalation_seen_by_id = services.clock.now(), actor.id
    handover.duty_officer_id = actor.id
    audit.record(
        session, services.clock, actor, "handover.seen", "handover", handover.id, after={"duty_officer_id": actor.id}
    )
    return handover
