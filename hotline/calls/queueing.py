"""Where calls meet the queue: the one file that knows both. A wait is named `call:ID:N`, N counting the waits of a call."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.skills import SENIOR, may_take
from hotline.agents.states import NOT_READY
from hotline.calls.menus import OTHER
from hotline.calls.models import Call, Leg
from hotline.calls.speaking import Place
from hotline.cases.known import Known
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.queues import callbacks, calling, entering, offering, standing
from hotline.queues.entering import NewEntry
from hotline.queues.models import Queue
from hotline.queues.standing import Recent

MAX_QUEUES = 200
ROOM, RECENT_S = "queues_measured", 2.0
"""Callers are told of a wait that was measured so long ago at most."""
_REF = re.compile(r"call:([0-9]{1,18}):[0-9]{1,4}")
_ON_DUTY_SKILLS = text(
    "SELECT wanted.skill FROM unnest(CAST(:skills AS text[])) AS wanted(skill) WHERE EXISTS ("
    "SELECT FROM agents WHERE active AND state <> 'offline' AND marks @> ARRAY[wanted.skill || '\\:1']"
    " AND (drill = :drill OR (NOT first_level AND NOT drill)))"
)


def call_id_of(ref: str) -> int | None:
    """Return the call that a wait belongs to; None for a wait of another room."""
    found = _REF.fullmatch(ref)
    return int(found[1]) if found else None


def enter(session: Session, services: Services, call: Call, known: Known) -> bool:
    """Put the caller into the queue under the next name; False when every queue is full, or the house has none.

    The place that was kept from an earlier wait of this call stays theirs. A queue that is gone or full makes room in another
    one. Skills that nobody on duty has are not asked for: they would only keep the caller waiting for nobody.
    """
    count = int(call.queue_ref.rsplit(":", 1)[1]) + 1 if call.queue_ref else 1
    ref = f"call:{call.id}:{count}"
    codes = _codes(session)
    owner = presence.agent_of(session, known.owner)
    asked = sorted({*call.skills, *known.skills})
    new = NewEntry(
        call_ref=ref, queue=call.queue, phone=call.phone, language=routed_as(call.language),
        skills=list(session.scalars(_ON_DUTY_SKILLS, {"skills": asked, "drill": call.drill})) if asked else [],
        priority=call.priority, danger=call.danger, drill=call.drill, traveller_id=call.traveller_id,
        hard=SENIOR in asked,
        sticky_agent_id=owner.id if owner is not None else None, enqueued_at=call.queued_at,
    )  # fmt: skip
    for code in [call.queue] * (call.queue in codes) + [each for each in codes if each != call.queue]:
        try:
            entering.enqueue(session, services.clock, replace(new, queue=code))
        except (Refused, NotFound):
            continue  # full, or closed a moment ago: the next one
        call.queue, call.queue_ref = code, ref
        call.queued_at = call.queued_at or services.clock.now()
        session.flush()
        return True
    return False


def _codes(session: Session) -> list[str]:
    return [queue.code for queue in active(session)]


def active(session: Session) -> Sequence[Queue]:
    """Return the queues that are open, the first one first."""
    return session.scalars(select(Queue).where(Queue.active).order_by(Queue.id).limit(MAX_QUEUES)).all()


def routed_as(language: str) -> str:
    """Return the language an agent must speak: anyone's where none was chosen, English with an interpreter for others."""
    plain = language.split("-", maxsplit=1)[0]
    return "en" if language == OTHER else plain


def leave(session: Session, services: Services, call: Call, reason: str) -> None:
    """Take the caller out of the queue; one who is not in it is left alone."""
    if call.queue_ref:
        entering.leave(session, services.clock, call.queue_ref, reason)


def place(session: Session, services: Services, call: Call) -> Place:
    """Return where the caller stands, as it is spoken, and what the queue's rules say should become of them."""
    recent = services.rooms.setdefault(ROOM, Recent(RECENT_S))
    found = standing.standing(session, services.clock, call.queue_ref, recent=recent)
    offer = bool((found.callback_offered or found.overflow_to == "callback") and call.phone and not call.danger)
    return Place(
        max(0, found.position - 1), found.expected_wait_s, offer,
        message=found.overflow_to == "voicemail" and not call.danger, nobody=found.expected_wait_s is None,
    )  # fmt: skip


def keep_place(session: Session, services: Services, call: Call) -> bool:
    """Keep the caller's place for a callback; False when it cannot be (no number, or an agent is on the way already)."""
    if not call.phone or call.danger:
        return False
    try:
        callbacks.keep_place(session, services.clock, call.queue_ref, call.phone)
    except (Refused, NotFound, InvalidInput):
        return False
    return True


def attempted(session: Session, services: Services, call: Call, token: str, result: str) -> None:
    """Tell the callback that this call was made for how the person was reached; late and doubled words change nothing."""
    if call.callback_id is None:
        return
    try:
        calling.outcome(session, services.clock, call.callback_id, token, result)
    except Refused:
        return  # another attempt is under way by now, or somebody cancelled it


def kept(session: Session, services: Services, tokens: Collection[str]) -> set[str]:
    """Return those of the tokens whose agents are still kept: a fact may be told of long after its reservation ran out."""
    return offering.kept(session, services.clock, tokens)


def ringing(session: Session, services: Services, leg: Leg) -> None:
    """Tell the queue that the agent's telephone rings; a reservation that ran out meanwhile stays so."""
    if leg.token:
        try:
            offering.ringing(session, services.clock, leg.token)
        except Refused:
            return


def accepted(session: Session, services: Services, leg: Leg) -> None:
    """Give the call to the agent; raises Refused when the reservation is not the present one."""
    if leg.token:
        offering.accepted(session, services.clock, leg.token)


def missed(session: Session, services: Services, leg: Leg, why: str) -> None:
    """Tell the queue that the agent did not take the call: the caller keeps the place."""
    if leg.token:
        try:
            offering.missed(session, services.clock, leg.token, why)
        except Refused:
            finished(session, services, leg)  # the reaper was first, or it was a call of the agent's own


def finished(session: Session, services: Services, leg: Leg) -> None:
    """Tell the queue that the agent is free for wrap-up."""
    if leg.token:
        try:
            offering.finished(session, services.clock, leg.token)
        except Refused:
            return  # the reservation ran out, and the agent is no longer bound by it


def claim(session: Session, services: Services, agent_id: int, call: Call, *, outbound: bool) -> str:
    """Keep a named agent for a call outside the queues; returns the token. Raises Refused when they are not free."""
    agent = presence.get_agent(session, agent_id)
    other_kind = not may_take(call.drill, first_level=agent.first_level, drill=agent.drill)
    if not outbound and (other_kind or (agent.first_level and is_hard(session, call))):
        raise Refused("This call is not one for this volunteer.", code="first-level")
    ref = f"call:{call.id}:{'out' if outbound else 'to'}"
    return offering.claim(session, services.clock, agent_id, ref, outbound=outbound).token


def is_hard(session: Session, call: Call) -> bool:
    """Say whether only staff may have a call: danger to life, or a senior was asked for."""
    if call.danger or SENIOR in call.skills:
        return True
    entry = entering.entry_of(session, call.queue_ref) if call.queue_ref else None
    return entry is not None and entry.hard


def release(session: Session, services: Services, leg: Leg, why: str) -> None:
    """Take back an agent whom nobody needs any more, before they answered."""
    if not leg.token:
        return
    try:
        offering.released(session, services.clock, leg.token, why)
    except Refused:
        missed(session, services, leg, "expired")


def rest(session: Session, services: Services, agent_id: int) -> None:
    """Give an agent a pause after their call, which they end themselves."""
    presence.choose(session, services.clock, agent_id, NOT_READY, "support")


def reach(session: Session, agent_id: int) -> str:
    """Return where an agent is called: their telephone, or their browser's name; raises NotFound."""
    agent = presence.get_agent(session, agent_id)
    return agent.phone if agent.via == "phone" and agent.phone else client_name(agent.id)


def client_name(agent_id: int) -> str:
    """Return the name under which an agent's browser is known to the provider."""
    return f"client:agent-{agent_id}"
