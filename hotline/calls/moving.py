"""How a call moves: one step of the table, its moment, and what the queue, the other legs and other rooms are told."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.calls import orders, queueing
from hotline.calls.events import tell
from hotline.calls.models import Call, Leg
from hotline.calls.reading import caller_leg, open_legs
from hotline.calls.states import CALL, ENDED, LEG, OVER, PLANNED, RINGING, WAITING, is_forward
from hotline.cases import contacts
from hotline.core.actor import SYSTEM
from hotline.core.services import Services


def move(session: Session, services: Services, call: Call, event: str) -> None:
    """Move a call on; raises Refused when the table does not know the step."""
    call.state = CALL.next_state(call.state, event, SYSTEM)
    call.heard_at = services.clock.now()
    if event == "connect":
        call.connected_at = call.connected_at or services.clock.now()
    session.flush()


def end_call(session: Session, services: Services, call: Call, reason: str) -> None:
    """End a call for good: the queue forgets it, every other leg is told to hang up; twice changes nothing."""
    if call.state == ENDED:
        return
    if call.state == WAITING:
        queueing.leave(session, services, call, "hangup")
    connected = call.connected_at is not None
    move(session, services, call, "end")
    call.ended_at, call.end_reason = services.clock.now(), reason[:20]
    for leg in open_legs(session, call.id):
        release_leg(session, services, call, leg)
    if call.contact_id is not None and not connected and reason != "voicemail":
        contacts.lapse(session, services.clock, call.contact_id)
    waited = (call.ended_at - call.queued_at).total_seconds() if call.queued_at and not connected else None
    tell(
        session, services, "CallEnded", call_id=call.id, connected=connected, reason=call.end_reason, waited_s=waited,
        contact_id=call.contact_id, agent_id=call.agent_id, drill=call.drill,
    )  # fmt: skip


def picked_up(session: Session, services: Services, leg: Leg, sid: str) -> bool:
    """Note under which name of the provider's a telephone that we dialled was picked up; False when its leg is over.

    Where the dial's own answer was lost, and every word since, this is all we learn of the name, without which we could not
    hang up. A call of an earlier attempt, which was given up, counts as over.
    """
    leg.provider_sid = leg.provider_sid or sid
    if leg.provider_sid != sid or leg.state == OVER:
        return False
    was = leg.state
    if is_forward(was, "answer"):
        leg.state, leg.answered_at, leg.due_at = LEG.next_state(was, "answer", SYSTEM), services.clock.now(), None
        session.flush()
        if was != RINGING:
            queueing.ringing(session, services, leg)  # its time for the key begins with the word that was lost
    return True


def release_leg(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """End a leg: one that was never dialled at once, one that lives at the provider by an order."""
    if leg.state == PLANNED:
        leg.state, leg.ended_at, leg.due_at = LEG.next_state(leg.state, "end", SYSTEM), services.clock.now(), None
        queueing.release(session, services, leg, "cancelled")
    elif leg.state != OVER:
        orders.give(session, services.clock, call, "hang_up", leg=leg)


def leave_bridge(session: Session, services: Services, call: Call, *, say: str = "") -> None:
    """Bring the person out of the bridge, to hear `say` first, and let everybody else go."""
    person = caller_leg(session, call.id)
    if person is not None:
        person.held = False
        orders.give(session, services.clock, call, "redirect", leg=person, say=say)
    for leg in open_legs(session, call.id):
        if leg.role != "caller":
            release_leg(session, services, call, leg)
