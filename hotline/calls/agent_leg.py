"""The agent's side: reserved, rung, asked to press 1, bridged; and what becomes of the caller when it goes otherwise.

Every step presents the reservation's token. A token that is not the present one is refused by the queue, and the telephone
hears that the caller is gone. Whoever waits keeps their place whatever an agent's telephone does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import callers, duty, moving, orders, queueing, speaking, starring
from hotline.calls.entering import contact_ref, enter_queue
from hotline.calls.events import ASSIGN_JOB, ORDERS_JOB, Reply
from hotline.calls.going_on import line_of
from hotline.calls.menu_store import menu_of
from hotline.calls.menus import Choice
from hotline.calls.models import Call, Leg
from hotline.calls.moving import move
from hotline.calls.reading import call_of_leg, caller_leg, get_call, open_legs
from hotline.calls.speaking import Bridge
from hotline.calls.states import ANSWERED, DIALLING, ENDED, JOINED, LEG, MISSED_WHY, OVER, PLANNED, TALKING, WAITING
from hotline.cases import contacts
from hotline.cases.contacts import NewContact
from hotline.cases.working import get_case
from hotline.core import jobs, live
from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.queues.models import Callback

log = structlog.get_logger(__name__)

LOST_PRIORITY = 9
"""Whoever lost their agent goes before all but danger to life."""
OUR_CALLS = ("callback", "outbound")
"""Purposes of an agent's leg after which the person is rung."""


def reserved(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AgentReserved`: plan the agent's leg, once for each token; the orders' job dials it.

    Told of too late, when the reservation has run out, nothing rings: the caller has another agent by now, or will have.
    """
    with services.db.transaction() as session:
        call_id = queueing.call_id_of(str(payload["call_ref"]))
        if call_id is None:
            return  # a wait of another room: whoever put it in places the call
        if not queueing.kept(session, services, [str(payload["token"])]):
            log.info("calls.reserved_too_late", call=call_id)
            return
        call = get_call(session, call_id)
        plan(session, services, call, agent_id=int(payload["agent_id"]), token=str(payload["token"]), purpose="answer")
    jobs.enqueue(services, ORDERS_JOB)
    live.notify_desk(services.redis, int(payload["agent_id"]))


def callback_due(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `CallbackDue`: an agent is reserved for a callback. Their telephone rings first, then the person's."""
    token, now = str(payload["token"]), services.clock.now()
    with services.db.transaction() as session:
        if session.scalar(select(Leg.id).where(Leg.token == token)) is not None:
            return
        if not queueing.kept(session, services, [token]):
            log.info("calls.callback_too_late", callback=int(payload["callback_id"]))
            return  # the callback is back in the queue, and comes again under another token
        promised = session.get_one(Callback, int(payload["callback_id"]))
        if promised.case_id is not None:
            get_case(session, promised.case_id, lock=True)  # before the call's row holds on to it: see `call_out`
        call = Call(
            direction="out", state=DIALLING, phone=promised.phone, called=promised.phone, language=promised.language or "ko",
            danger=promised.danger, drill=promised.drill, case_id=promised.case_id, traveller_id=promised.traveller_id,
            callback_id=promised.id, agent_id=int(payload["agent_id"]), started_at=now, heard_at=now,
            recorded=services.settings.record_calls,
        )  # fmt: skip
        session.add(call)
        session.flush()
        contact_of(session, services, call)
        plan(session, services, call, agent_id=int(payload["agent_id"]), token=token, purpose="callback")
    jobs.enqueue(services, ORDERS_JOB)
    live.notify_desk(services.redis, int(payload["agent_id"]))


def contact_of(session: Session, services: Services, call: Call) -> None:
    """Open the contact of a call of ours, in its case where it was made from one that is open."""
    clock = services.clock
    contact = contacts.open_contact(
        session, clock,
        NewContact(
            kind="call", ref=contact_ref(call.id), direction="out", phone=call.phone, traveller_id=call.traveller_id,
            drill=call.drill, danger=call.danger,
        ),
    )  # fmt: skip
    call.contact_id = contact.id
    if call.case_id is not None:
        try:
            contacts.attach(session, clock, contact.id, call.case_id)
        except Refused:
            return  # closed meanwhile: the agent sees it and decides
    session.flush()


def plan(session: Session, services: Services, call: Call, *, agent_id: int, token: str, purpose: str) -> Leg | None:
    """Plan the leg to an agent's telephone or browser; None when it is planned already or the call needs nobody any more."""
    if session.scalar(select(Leg.id).where(Leg.token == token)) is not None:
        return None
    to = queueing.reach(session, agent_id)
    leg = Leg(
        call_id=call.id, role="agent", state=PLANNED, to=to, agent_id=agent_id, token=token, purpose=purpose,
        sender=callers.shown_to(session, services.settings, to), due_at=services.clock.now(), attempts=0,
        created_at=services.clock.now(),
    )  # fmt: skip
    session.add(leg)
    session.flush()
    if purpose == "answer" and call.state != WAITING:
        moving.release_leg(session, services, call, leg)
        return None
    return leg


def picked_up(session: Session, services: Services, leg_id: int, sid: str) -> Reply:
    """Answer whoever picked up: a browser is the agent; a telephone is asked to press 1 after a word about the call."""
    call, leg = call_of_leg(session, leg_id)
    if not moving.picked_up(session, services, leg, sid) or not still_wanted(call, leg):
        return Reply(_gone(services), call.id, changed=False)
    if leg.to.startswith("client:"):
        return accept(session, services, call, leg)
    line = line_of(services, call)
    mission = session.get(Mission, call.mission_id) if call.mission_id is not None else None
    names = {"ko": mission.name_ko, "en": mission.name_en} if mission is not None else {}
    about = {
        each: speaking.about(call.language, names, mission.country if mission else "", each, danger=call.danger)
        for each in ("ko", "en")
    }
    key = "screen_callback" if leg.purpose in OUR_CALLS else "screen"
    said = [speaking.Said({each: speaking.words(each)[key].format(about=about[each]) for each in ("ko", "en")})]
    if starring.may_pass_on(session, leg.agent_id):
        said.append(speaking.ours("star_hint", ("ko", "en")))
    action = line.address("agent-key", leg=leg.id)
    return Reply(speaking.screen(line, said, action, action), call.id, changed=False)


def pressed(session: Session, services: Services, leg_id: int, key: str) -> Reply:
    """Take the key of the screen: 1 takes the call, everything else gives it back to the queue."""
    call, leg = call_of_leg(session, leg_id)
    if leg.state == OVER or not still_wanted(call, leg):
        return Reply(_gone(services), call.id, changed=False)
    if key != speaking.TAKE_KEY:
        # Silence is an answering machine, or somebody who is not there; a wrong key is somebody who will not.
        queueing.missed(session, services, leg, "rejected" if key else "no_answer")
        return Reply(speaking.hang_up(), call.id, (ASSIGN_JOB,))
    return accept(session, services, call, leg)


def accept(session: Session, services: Services, call: Call, leg: Leg) -> Reply:
    """Connect: the queue gives the call to the agent, the person is called out of waiting, and the agent enters the bridge."""
    try:
        queueing.accepted(session, services, leg)
    except Refused:
        return Reply(_gone(services), call.id, changed=False)
    if leg.state != JOINED:
        leg.state = LEG.next_state(leg.state, "join", SYSTEM)
        leg.answered_at, leg.joined_at, leg.due_at = leg.answered_at or services.clock.now(), services.clock.now(), None
    call.agent_id = leg.agent_id
    if call.state == WAITING:
        move(session, services, call, "connect")
        orders.give(session, services.clock, call, "redirect", leg=caller_leg(session, call.id))
    elif leg.purpose in OUR_CALLS:
        _dial_person(session, services, call, leg.purpose)
    if starring.may_pass_on(session, leg.agent_id) and not leg.to.startswith("client:"):
        return Reply(starring.bridge_of(services, call, leg), call.id, (ORDERS_JOB,))
    line = line_of(services, call)
    bridge = Bridge(speaking.conference_name(call.id), beep=False)
    return Reply(speaking.join(line, bridge, line.address("left", leg=leg.id)), call.id, (ORDERS_JOB,))


def _dial_person(session: Session, services: Services, call: Call, purpose: str) -> None:
    """Plan the person's own leg of an outbound call, once the agent is there."""
    if any(leg.role == "caller" for leg in open_legs(session, call.id)):
        return
    session.add(
        Leg(
            call_id=call.id, role="caller", state=PLANNED, to=call.phone, purpose=purpose, attempts=0,
            sender=callers.shown_to(session, services.settings, call.phone), due_at=services.clock.now(),
            created_at=services.clock.now(),
        )
    )  # fmt: skip
    session.flush()


def person_answered(session: Session, services: Services, leg_id: int, sid: str) -> Reply:
    """Answer the person we called: who we are, then the bridge where the agent is; a goodbye when the agent has gone."""
    call, leg = call_of_leg(session, leg_id)
    if not moving.picked_up(session, services, leg, sid) or not still_wanted(call, leg):
        return Reply(speaking.last(call.language, "goodbye"), call.id, changed=False)
    if call.state == DIALLING:
        call.provider_sid = leg.provider_sid
        move(session, services, call, "connect")
        told_of_callback(session, services, call, "reached")
    line = line_of(services, call)
    said = [
        speaking.ours(
            "callback_hello" if leg.purpose == "callback" else "outbound_hello", speaking.heard_in(call.language)
        )
    ]
    if call.recorded:
        said.append(speaking.ours("recorded", speaking.heard_in(call.language)))
    bridge = Bridge(speaking.conference_name(call.id), ends=True, record=call.recorded)
    return Reply(speaking.join(line, bridge, line.address("out"), said), call.id)


def told_of_callback(session: Session, services: Services, call: Call, result: str) -> None:
    """Tell the callback that this call was made for how the person was reached."""
    token = session.scalar(select(Leg.token).where(Leg.call_id == call.id, Leg.purpose == "callback", Leg.token != ""))
    if token:
        queueing.attempted(session, services, call, token, result)


def over(session: Session, services: Services, call: Call, leg: Leg, was: str) -> None:
    """Follow up the end of a leg that is not the person's: missed before the bridge, or left after it."""
    if leg.role != "agent":
        if was == JOINED:
            queueing.finished(session, services, leg)
        else:
            queueing.release(session, services, leg, "not_joined")
            duty.next_deputy(session, services, call, leg)
        _alone(session, services, call, leg)
        return
    if was != JOINED:
        queueing.missed(session, services, leg, MISSED_WHY.get(leg.status, "rejected"))
        if call.state == DIALLING:
            moving.end_call(session, services, call, "agent_missed")
        return
    if call.state == DIALLING:
        told_of_callback(session, services, call, "failed")
        moving.end_call(session, services, call, "agent")
    queueing.finished(session, services, leg)
    _alone(session, services, call, leg)


def _alone(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """When nobody but the person is left: an agent who hung up ends the call, a connection that broke brings another agent."""
    if call.state != TALKING:
        return
    others = [each for each in open_legs(session, call.id) if each.role not in ("caller", "supervisor")]
    if any(each.state in (ANSWERED, JOINED) for each in others):
        return
    person = caller_leg(session, call.id)
    if person is None or person.state == OVER:
        return
    if person.state not in (JOINED, ANSWERED):
        moving.end_call(session, services, call, "agent")
        return
    say = ""
    if leg.status == "failed" and leg.role == "agent":
        call.queue = call.queue or menu_of(session, call.menu_id).person.queue
        lost = Choice(queue=call.queue, skills=tuple(call.skills), priority=LOST_PRIORITY)
        enter_queue(session, services, call, lost, before="left")
        say = "left"
    else:
        move(session, services, call, "part")
        call.end_reason = "agent"
    orders.give(session, services.clock, call, "redirect", leg=person, say=say)


def still_wanted(call: Call, leg: Leg) -> bool:
    """Say whether a call needs a leg: its agent while it waits or is ours, anybody else while it lasts."""
    if leg.role != "agent":
        return call.state != ENDED
    return call.state in (WAITING, DIALLING) or (call.state == TALKING and leg.state == JOINED)


def _gone(services: Services) -> str:
    return speaking.last("ko", "screen_gone")
