"""A volunteer's one key: a hard call goes back to the queue for staff, keeps its place and note, and never comes to a volunteer.

On the desk and on their own page it is a button, on the telephone the star: it takes the volunteer out of the bridge, says what
is about to happen, and unless they press 1 within three seconds the call is passed on. So a star by mistake costs a breath, and
the end of a call, at which the provider asks the same page, passes nothing on: by then the call is over.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.skills import SENIOR
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import handling, speaking, starring
from hotline.calls.entering import enter_queue
from hotline.calls.events import ASSIGN_JOB, ORDERS_JOB, Reply
from hotline.calls.going_on import line_of
from hotline.calls.handling import PASSED_ON_PRIORITY, Desk
from hotline.calls.menus import Choice
from hotline.calls.models import Call, Leg
from hotline.calls.moving import leave_bridge
from hotline.calls.reading import call_of_leg, caller_leg
from hotline.calls.states import JOINED, LIVE_LEGS, TALKING
from hotline.core import audit
from hotline.core.errors import Forbidden, Refused
from hotline.core.services import Services

STAY_KEY = "1"


def pass_on(session: Session, desk: Desk, call_id: int, note: str = "") -> Call:
    """Give a call back to the queue for a senior, or whoever of staff is free, with what was heard so far.

    The caller hears a sentence and keeps their place and age; the volunteer wraps up. Raises Refused (`not-first-level`) for
    staff, who choose a queue themselves, InvalidInput for a note that is too long, and what `handling.own` raises.
    """
    call = handling.own(session, desk, call_id)
    if not starring.may_pass_on(session, desk.agent_id):
        raise Refused("Staff choose the queue that a call goes to.", code="not-first-level")
    if call.state != TALKING:
        raise Refused("The call is over, or nobody talks in it now.", code="not-talking")
    handling.keep_note(session, desk, call, note)
    # The skill stays with the call, so that every later wait of it is a hard one too.
    choice = Choice(queue=call.queue, skills=tuple(sorted({*call.skills, SENIOR})), priority=PASSED_ON_PRIORITY)
    enter_queue(session, desk.services, call, choice, before="passed_on")
    leave_bridge(session, desk.services, call, say="passed_on")
    audit.record(
        session, desk.services.clock, desk.actor, "call.passed_on", "call", call.id,
        after={"state": call.state, "queue": call.queue, "noted": bool(note.strip())},
    )  # fmt: skip
    return call


def starred(session: Session, services: Services, leg_id: int, *, asked: bool) -> Reply:
    """Answer a volunteer whose telephone is out of the bridge: a second of patience, then what is about to happen.

    The second (`asked` is False) lets the word come in that the person has hung up, which ends the bridge as well.
    """
    call, leg = call_of_leg(session, leg_id)
    if not _still_in(session, call, leg):
        return Reply(speaking.hang_up(), call.id, changed=False)
    line = line_of(services, call)
    if not asked:
        return Reply(speaking.again(line.address("starred", leg=leg.id, asked=1)), call.id, changed=False)
    action = line.address("star-key", leg=leg.id)
    return Reply(speaking.brief_question(speaking.ours("star", ("ko", "en")), action), call.id, changed=False)


def star_key(session: Session, services: Services, leg_id: int, key: str) -> Reply:
    """Take the key after the star: 1 goes back into the call, everything else and silence pass it on."""
    call, leg = call_of_leg(session, leg_id)
    if not _still_in(session, call, leg):
        return Reply(speaking.last("", "screen_gone"), call.id, changed=False)
    if key == STAY_KEY:
        return Reply(starring.bridge_of(services, call, leg), call.id, changed=False)
    agent = presence.get_agent(session, leg.agent_id or 0)
    officer = session.get_one(Officer, agent.officer_id)
    # By the name they sign in with: what the audit trail says of a volunteer cannot be erased, and their own name must be.
    myself = replace(actor_of(officer, via="telephone"), name=officer.name)
    try:
        pass_on(session, Desk(myself, agent.id, services), call.id)
    except (Refused, Forbidden):
        return Reply(starring.bridge_of(services, call, leg), call.id, changed=False)
    return Reply(speaking.last("", "star_done"), call.id, (ORDERS_JOB, ASSIGN_JOB))


def _still_in(session: Session, call: Call, leg: Leg) -> bool:
    person = caller_leg(session, call.id)
    return (
        call.state == TALKING and leg.state == JOINED and call.agent_id == leg.agent_id
        and person is not None and person.state in LIVE_LEGS
    )  # fmt: skip
