"""A named person of the mission acknowledges what is handed over, item by item, or gives it back to the centre."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases import tracing
from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.missions.models import Mission
from overflow.handover.access import is_staff
from overflow.handover.models import Handover, HandoverItem
from overflow.handover.states import CASE, HANDOVER, ITEM, LIVE_ITEMS, OPEN, TAKEN, UNHELPED, WAITING, WATCH, is_urgent
from overflow.handover.summary import subjects

MAX_NOTE_CHARS = 1_000
TRACES = {"acknowledge": "mission_took", "return": "mission_gave_back", "recall": "mission_lost"}
"""Entries in the history of the case that an item is, or is about."""
DONE = {"acknowledge": "acknowledged", "return": "returned", "recall": "recalled"}


def acknowledge(session: Session, services: Services, actor: Actor, handover_id: int, item_id: int) -> HandoverItem:
    """The mission takes one thing into its hand; again changes nothing.

    Raises NotFound, Forbidden for whoever is not staff of the mission, Refused for a thing that is the centre's again.
    """
    handover, item = _locked(session, handover_id, item_id)
    _demand_staff(session, actor, handover)
    if item.state != TAKEN:
        _decide(session, services, actor, handover, item, "acknowledge", "")
        _finish(session, services, actor, handover)
    return item


def acknowledge_calm(session: Session, services: Services, actor: Actor, handover_id: int) -> Sequence[HandoverItem]:
    """Take everything that waits and is not urgent; what is urgent is read one by one. Returns what was taken now."""
    handover = _locked_handover(session, handover_id)
    _demand_staff(session, actor, handover)
    waiting = session.scalars(
        select(HandoverItem)
        .where(HandoverItem.handover_id == handover.id, HandoverItem.state == WAITING)
        .order_by(HandoverItem.id)
        .with_for_update()
    ).all()
    calm = [item for item in waiting if not is_urgent(item.urgency)]
    for item in calm:
        _decide(session, services, actor, handover, item, "acknowledge", "")
    if calm:
        _finish(session, services, actor, handover)
    return calm


def give_back(
    session: Session, services: Services, actor: Actor, handover_id: int, item_id: int, note: str
) -> HandoverItem:
    """Give a thing back to the centre, whose it is again, with the reason that the centre needs.

    Staff of the mission may do so before and after they took it; the centre's duty officer while nobody took it.
    Raises NotFound, Forbidden, InvalidInput without a reason, Refused for what is the centre's already.
    """
    words = note.strip()
    if not 1 <= len(words) <= MAX_NOTE_CHARS:
        raise InvalidInput("note", words, f"say in 1 to {MAX_NOTE_CHARS} characters why")
    handover, item = _locked(session, handover_id, item_id)
    mine = is_staff(session, actor, handover.mission_id)
    if not mine and not actor.may(WATCH):
        raise Forbidden("Only staff of this mission or the duty officer can give this back.", code="not-mission-staff")
    _decide(session, services, actor, handover, item, "return" if mine else "recall", words)
    _finish(session, services, actor, handover)
    return item


def _demand_staff(session: Session, actor: Actor, handover: Handover) -> None:
    if not is_staff(session, actor, handover.mission_id):
        raise Forbidden("Only staff of this mission can acknowledge for it.", code="not-mission-staff")


def _locked_handover(session: Session, handover_id: int) -> Handover:
    handover = session.get(Handover, handover_id, with_for_update=True, populate_existing=True)
    if handover is None:
        raise NotFound("hand-over", handover_id)
    return handover


def _locked(session: Session, handover_id: int, item_id: int) -> tuple[Handover, HandoverItem]:
    handover = _locked_handover(session, handover_id)
    item = session.get(HandoverItem, item_id, with_for_update=True, populate_existing=True)
    if item is None or item.handover_id != handover.id:
        raise NotFound("item", item_id)
    return handover, item


def _decide(
    session: Session, services: Services, actor: Actor, handover: Handover, item: HandoverItem, event: str, note: str
) -> None:
    if actor.id is None:
        raise Refused("Only a named officer can do this.", code="handover-nobody")
    before = item.state
    if before not in LIVE_ITEMS:
        raise Refused("This is the centre's again.", code="handover-returned")
    if before == TAKEN and event == "recall":
        raise Refused("The mission has taken this; ask it to give it back.", code="handover-taken")
    item.state = ITEM.next_state(before, event, actor)
    item.officer_id, item.decided_at, item.note = actor.id, services.clock.now(), note
    session.flush()
    case_id = _case_of(session, item)
    if case_id is not None:
        mission = session.get_one(Mission, handover.mission_id)
        details = {
            "handover_id": handover.id, "mission_id": mission.id, "ko": mission.name_ko, "en": mission.name_en,
            "what": item.kind,
        }  # fmt: skip
        # What comes back needs its owner, also one who had put the case aside because the mission had it.
        tracing.trace(
            session, services.clock, case_id, TRACES[event], details=details, wakes=event != "acknowledge", actor=actor
        )  # fmt: skip
    audit.record(
        session, services.clock, actor, f"handover.item_{DONE[event]}", "handover", handover.id,
        before={"item": item.id, "state": before}, after={"item": item.id, "state": item.state},
    )  # fmt: skip


def _case_of(session: Session, item: HandoverItem) -> int | None:
    if item.kind == CASE:
        return item.subject_id
    if item.kind == UNHELPED:
        return None
    return subjects(session, [(item.kind, item.subject_id)])[item.kind, item.subject_id].case_id


def _finish(session: Session, services: Services, actor: Actor, handover: Handover) -> None:
    """End a hand-over of which everything was decided."""
    session.flush()
    waits = session.scalar(
        select(HandoverItem.id).where(HandoverItem.handover_id == handover.id, HandoverItem.state == WAITING).limit(1)
    )
    if waits is not None or handover.state not in OPEN:
        return
    before = handover.state
    handover.state = HANDOVER.next_state(before, "finish", SYSTEM)
    handover.finished_at = services.clock.now()
    audit.record(
        session, services.clock, actor, "handover.finished", "handover", handover.id, before={"state": before},
        after={"state": handover.state},
    )  # fmt: skip
