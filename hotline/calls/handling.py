"""What an agent does in a call: hold, invite a third party, hand over, forward, end, call out; each in one transaction, audited.

The buttons of the desk are `acts_for`: what is not possible in the call's state is neither shown nor done.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.presence import get_agent
from hotline.calls import abuse, agent_leg, duty, moving, orders, queueing
from hotline.calls.entering import enter_queue
from hotline.calls.inviting import Invited, invite
from hotline.calls.loops import comes_back
from hotline.calls.menus import Choice
from hotline.calls.models import Call, Leg, PhoneBookEntry
from hotline.calls.moving import leave_bridge, move, release_leg
from hotline.calls.reading import caller_leg, get_call, open_legs
from hotline.calls.speaking import PATH
from hotline.calls.states import DESK, DIALLING, JOINED, LIVE_LEGS, MONITOR, TALKING, WAITING
from hotline.cases import contacts, protection
from hotline.cases.reaching import is_of_case
from hotline.cases.working import get_case
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.phone import parse_e164
from hotline.core.services import Services
from hotline.queues import offering

PARTY_ROLES = {"interpreter": "interpreter", "partner": "partner", "mission": "mission"}
MODES = ("listen", "whisper", "join")
PASSED_ON_PRIORITY = 8
"""Whoever is passed on has told their story once already."""


@dataclass(frozen=True)
class Desk:
    """Who acts: the officer, and the agent they are; and where."""

    actor: Actor
    agent_id: int
    services: Services


def acts_for(call: Call, legs: list[Leg]) -> frozenset[str]:
    """Return what the agent may do with their call now."""
    if call.state == DIALLING:
        return frozenset({"finish"})
    if call.state != TALKING:
        return frozenset()
    person = next((leg for leg in legs if leg.role == "caller" and leg.state in LIVE_LEGS), None)
    acts = {"finish", "invite", "requeue", "forward"}
    if call.contact_id is not None:
        acts.add("protect")
    if call.mission_id is not None and not any(leg.role == "mission" for leg in legs):
        acts.add("duty")
    if person is not None:
        acts.add("resume" if person.held else "hold")
    if any(leg.role not in ("caller", "agent", "supervisor") and leg.state == JOINED for leg in legs):
        acts.add("hand_over")
    return frozenset(acts)


def hold(session: Session, desk: Desk, call_id: int, *, on: bool) -> Call:
    """Let the person hear the hold sound, or bring them back; twice changes nothing."""
    call = own(session, desk, call_id)
    person = caller_leg(session, call.id)
    if person is None or person.state not in LIVE_LEGS:
        raise Refused("The person is not on the line.", code="nobody-on-line")
    if person.held == on:
        return call
    person.held = on
    url = f"{desk.services.settings.public_url}{PATH}/hold?call={call.id}"
    fields = {"Hold": "true", "HoldUrl": url, "HoldMethod": "POST"} if on else {"Hold": "false"}
    orders.give(session, desk.services.clock, call, "hold", leg=person, **fields)
    _audit(session, desk, call, "call.held" if on else "call.resumed")
    return call


def invite_from_book(session: Session, desk: Desk, call_id: int, entry_id: int) -> Leg:
    """Call an interpreter, a partner agency or a mission into the bridge."""
    call = own(session, desk, call_id)
    entry = session.get(PhoneBookEntry, entry_id)
    if entry is None:
        raise NotFound("phone book entry", entry_id)
    leg = invite(
        session, desk.services, call,
        Invited(role=PARTY_ROLES[entry.kind], to=entry.phone, label=entry.name_en, purpose="consult"),
    )  # fmt: skip
    _audit(session, desk, call, "call.invited", party=entry.kind, entry=entry.id)
    return leg


def invite_colleague(session: Session, desk: Desk, call_id: int, agent_id: int) -> Leg:
    """Call a colleague into the bridge, who sees the call on their own desk from the first ring."""
    call = own(session, desk, call_id)
    if agent_id == desk.agent_id:
        raise InvalidInput("agent_id", agent_id, "choose a colleague")
    token = queueing.claim(session, desk.services, agent_id, call, outbound=False)
    to = queueing.reach(session, agent_id)
    leg = invite(
        session,
        desk.services,
        call,
        Invited(role="colleague", to=to, purpose="consult", agent_id=agent_id, token=token),
    )
    _audit(session, desk, call, "call.invited", party="colleague", agent=agent_id)
    return leg


def watch(session: Session, desk: Desk, call_id: int, mode: str) -> Leg:
    """Let a supervisor listen, whisper to the agent, or join; one who is in already changes how."""
    if not desk.actor.may(MONITOR):
        raise Forbidden(f"Listening needs the permission {MONITOR}.")
    return watch_as_asked(session, desk, call_id, mode)


def watch_as_asked(session: Session, desk: Desk, call_id: int, mode: str) -> Leg:
    """Let somebody listen, whisper or join whom the call's own agent has asked to; the room that calls has the wish on record."""
    if mode not in MODES:
        raise InvalidInput("mode", mode, f"use one of {', '.join(MODES)}")
    call = get_call(session, call_id)
    if call.state != TALKING:
        raise Refused("Nobody talks in this call now.", code="not-talking")
    legs = open_legs(session, call.id)
    present = next((leg for leg in legs if leg.role == "supervisor" and leg.agent_id == desk.agent_id), None)
    _audit(session, desk, call, "call.monitored", mode=mode)
    if present is None:
        to = queueing.reach(session, desk.agent_id)
        token = _own_claim(session, desk, call)
        return invite(
            session,
            desk.services,
            call,
            Invited(role="supervisor", to=to, purpose=mode, agent_id=desk.agent_id, token=token),
        )
    present.purpose = mode
    agent = next((leg for leg in legs if leg.role == "agent" and leg.state == JOINED), None)
    fields = {"Muted": "true" if mode == "listen" else "false", "Coaching": "true" if mode == "whisper" else "false"}
    if mode == "whisper" and agent is not None and agent.provider_sid:
        fields["CallSidToCoach"] = agent.provider_sid
    orders.give(session, desk.services.clock, call, "coach", leg=present, **fields)
    return present


def call_duty(session: Session, desk: Desk, call_id: int) -> Leg:
    """Call the mission's duty telephone into the bridge; while nobody there presses 1, its deputies follow by themselves.

    Raises Refused when the call has no mission or the mission nobody to ring, and while somebody of it is rung or in the call.
    """
    call = own(session, desk, call_id)
    leg = duty.ring_first(session, desk.services, call)
    _audit(session, desk, call, "call.duty_rung", leg=leg.id, place=1)
    return leg


def remove(session: Session, desk: Desk, call_id: int, leg_id: int) -> Call:
    """Let a third party go."""
    call = own(session, desk, call_id)
    leg = next((each for each in open_legs(session, call.id) if each.id == leg_id), None)
    if leg is None or leg.role in ("caller", "agent", "supervisor"):
        raise NotFound("leg", leg_id)
    leg.purpose = "consult"  # whoever lets a mission's telephone go does not want its deputies either
    release_leg(session, desk.services, call, leg)
    _audit(session, desk, call, "call.released", leg=leg.id)
    return call


def hand_over(session: Session, desk: Desk, call_id: int, note: str = "") -> Call:
    """Leave the call, and what was heard so far, to the party that has joined (warm transfer); the person hears no gap."""
    call = own(session, desk, call_id)
    legs = open_legs(session, call.id)
    if "hand_over" not in acts_for(call, legs):
        raise Refused("Nobody has joined who could take the call over.", code="nobody-joined")
    colleague = next((leg for leg in legs if leg.role == "colleague" and leg.state == JOINED), None)
    if colleague is not None:  # with nobody of ours left in it, the write-up alone says what was heard
        keep_note(session, desk, call, note)
    person = caller_leg(session, call.id)
    if person is not None and person.held:
        hold(session, desk, call_id, on=False)
    before = call.agent_id
    if colleague is not None:
        call.agent_id = colleague.agent_id
        colleague.role = "agent"
    for leg in legs:
        if leg.agent_id == desk.agent_id and leg.role in ("agent", "colleague"):
            release_leg(session, desk.services, call, leg)
    _audit(session, desk, call, "call.handed_over", before_agent=before, agent=call.agent_id)
    return call


def requeue(session: Session, desk: Desk, call_id: int, queue: str, note: str = "") -> Call:
    """Give the call to a queue with what was heard (blind transfer); the person keeps their age and goes before later ones."""
    call = own(session, desk, call_id)
    if queue not in [each.code for each in queueing.active(session)]:
        raise InvalidInput("queue", queue, "choose a queue that is open")
    keep_note(session, desk, call, note)
    choice = Choice(queue=queue, skills=tuple(call.skills), priority=PASSED_ON_PRIORITY)
    enter_queue(session, desk.services, call, choice, before="passed_on")
    leave_bridge(session, desk.services, call, say="passed_on")
    _audit(session, desk, call, "call.requeued", queue=call.queue)
    return call


def forward(session: Session, desk: Desk, call_id: int, entry_id: int) -> Call:
    """Hand the call to a telephone outside without waiting for it (blind transfer); nobody there brings it back to a person."""
    call = own(session, desk, call_id)
    entry = session.get(PhoneBookEntry, entry_id)
    if entry is None:
        raise NotFound("phone book entry", entry_id)
    if comes_back(session, call, entry.phone):
        raise Refused("That line is forwarded to us; the call would come back.", code="forward-loop")
    call.forward_to = entry.phone
    move(session, desk.services, call, "forward")
    leave_bridge(session, desk.services, call)
    _audit(session, desk, call, "call.forwarded", entry=entry.id)
    return call


def finish(session: Session, desk: Desk, call_id: int) -> Call:
    """End the call with a last sentence; one that is still being dialled is given up."""
    call = own(session, desk, call_id)
    person = caller_leg(session, call.id)
    if call.state == DIALLING or person is None:
        for leg in open_legs(session, call.id):
            release_leg(session, desk.services, call, leg)
        moving.end_call(session, desk.services, call, "agent")
    else:
        move(session, desk.services, call, "part")
        call.end_reason = "agent"
        leave_bridge(session, desk.services, call)
    _audit(session, desk, call, "call.finished")
    return call


def protect(session: Session, desk: Desk, call_id: int, note: str = "") -> str:
    """Do what the one key for an abusive call does next: the caller hears a warning, a second one, or the end.

    Returns the step: warned, warned_again or ended. Raises what `hotline.cases.protection.press` raises.
    """
    call = own(session, desk, call_id)
    if call.contact_id is None:
        raise Refused("This call has no contact.", code="not-talking")
    done = protection.press(session, desk.services.clock, desk.actor, call.contact_id, note=note)
    if done.step == "ended":
        abuse.end(session, desk.services, call)
    else:
        abuse.warn(session, desk.services, call, done.step)
    return done.step


def call_out(
    session: Session, desk: Desk, phone: str, *, case_id: int | None = None, language: str = "ko", drill: bool = False
) -> Call:
    """Call a person: the agent's own telephone first, then theirs, with the number that the country's rule shows.

    A drill (a training call) is kept apart from people's own calls in every list and figure. Raises Refused: `in-a-call`, and
    `first-level-numbers` where somebody of the first level wants a number that is no case's: nobody sees whom they call.
    """
    if not desk.actor.may(DESK):
        raise Forbidden(f"Calls need the permission {DESK}.")
    number = parse_e164(phone, "KR").e164
    case = get_case(session, case_id) if case_id is not None else None
    may_dial = drill or not get_agent(session, desk.agent_id).first_level
    if not may_dial and not (case and is_of_case(session, case, number)):
        raise Refused("Calls of the first level go to people of a case.", code="first-level-numbers")
    if current_call(session, desk.agent_id) is not None:
        raise Refused("You are in a call already.", code="in-a-call")
    if case_id is not None:
        # A call's row holds on to its case; two that both did and then locked it would wait for each other.
        get_case(session, case_id, lock=True)
    now = desk.services.clock.now()
    call = Call(
        direction="out", state=DIALLING, phone=number, called=number, language=language, case_id=case_id,
        agent_id=desk.agent_id, started_at=now, heard_at=now, recorded=desk.services.settings.record_calls, drill=drill,
    )  # fmt: skip
    session.add(call)
    session.flush()
    agent_leg.contact_of(session, desk.services, call)
    token = queueing.claim(session, desk.services, desk.agent_id, call, outbound=True)
    agent_leg.plan(session, desk.services, call, agent_id=desk.agent_id, token=token, purpose="outbound")
    _audit(session, desk, call, "call.placed", case=case_id)
    return call


def write_up(
    session: Session, desk: Desk, *, disposition: str, note: str = "", mood: str = "", risks: tuple[str, ...] = ()
) -> None:
    """Keep what the agent's latest call was about and make them free for the next one.

    Raises InvalidInput, and Refused while they still talk.
    """
    clock = desk.services.clock
    call = session.scalar(
        select(Call)
        .join(Leg, Leg.call_id == Call.id)
        .where(Leg.agent_id == desk.agent_id, Leg.joined_at.is_not(None), Leg.role.in_(("agent", "colleague")))
        .order_by(Leg.id.desc())
        .limit(1)
    )
    if call is not None and call.contact_id is not None:
        if call.state == WAITING or (call.state == TALKING and call.agent_id != desk.agent_id):
            # It goes on with a colleague, now or soon, who closes it: what they heard until then is kept with it.
            contacts.remark(session, clock, desk.actor, call.contact_id, note)
        else:
            contacts.close_contact(session, clock, call.contact_id, disposition, note, mood, risks, desk.actor)
    offering.wrap_up(session, clock, desk.agent_id, disposition, actor=desk.actor)


def keep_note(session: Session, desk: Desk, call: Call, note: str) -> None:
    """Keep what an agent heard with the call's contact, for whoever has the call next; nothing is kept of an empty note."""
    if call.contact_id is not None and note.strip():
        contacts.remark(session, desk.services.clock, desk.actor, call.contact_id, note)


def current_call(session: Session, agent_id: int) -> Call | None:
    """Return the call that an agent is in, rung for, or invited to; the latest."""
    return session.scalar(
        select(Call)
        .join(Leg, Leg.call_id == Call.id)
        .where(
            Leg.agent_id == agent_id, Leg.role.in_(("agent", "colleague")), Leg.state != "over",
            Call.state.in_((WAITING, TALKING, DIALLING)),
        )
        .order_by(Leg.id.desc())
        .limit(1)
    )  # fmt: skip


def _own_claim(session: Session, desk: Desk, call: Call) -> str:
    """Keep the supervisor's own desk free of other calls while they listen; one who takes no calls has none to keep off."""
    try:
        return queueing.claim(session, desk.services, desk.agent_id, call, outbound=True)
    except Refused:
        return ""


def own(session: Session, desk: Desk, call_id: int) -> Call:
    """Return a call that the agent is in; raises Forbidden for somebody else's, Refused when it is no longer on."""
    call = get_call(session, call_id)
    mine = any(is_in(call, leg, desk.agent_id) for leg in open_legs(session, call.id))
    if not mine or not desk.actor.may(DESK):
        raise Forbidden("This is not your call.", code="not-your-call")
    if call.state not in (TALKING, DIALLING):
        raise Refused("The call is over, or nobody talks in it now.", code="not-talking")
    return call


def is_in(call: Call, leg: Leg, agent_id: int | None) -> bool:
    """Say whether an open leg makes a call the agent's to act in: their own one, or as a colleague who has joined it.

    Whoever is only being rung is not in it yet, and whoever handed it over is on their way out.
    """
    if leg.agent_id != agent_id:
        return False
    return call.agent_id == agent_id if leg.role == "agent" else leg.role == "colleague" and leg.state == JOINED


def _audit(session: Session, desk: Desk, call: Call, action: str, **after: object) -> None:
    audit.record(
        session, desk.services.clock, desk.actor, action, "call", call.id, after={"state": call.state, **after}
    )  # fmt: skip
