"""What an abusive caller hears, whoever pressed the key: at the desk in the same moment, elsewhere by the facts it made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import orders, queueing
from hotline.calls.events import ORDERS_JOB
from hotline.calls.models import Call, CallOrder
from hotline.calls.moving import leave_bridge, move
from hotline.calls.reading import caller_leg, get_call
from hotline.calls.speaking import PATH
from hotline.calls.states import TALKING
from hotline.core import jobs
from hotline.core.services import Services


def warn(session: Session, services: Services, call: Call, step: str) -> None:
    """Let the caller alone hear a warning (`warned` or `warned_again`), once each; from the first on the call is recorded."""
    person = caller_leg(session, call.id)
    spoken = select(CallOrder.id).where(
        CallOrder.call_id == call.id,
        CallOrder.kind == "announce",
        CallOrder.details["AnnounceUrl"].astext.endswith(f"_{step}"),
    )
    if person is None or call.state != TALKING or session.scalar(spoken.limit(1)) is not None:
        return
    url = f"{services.settings.public_url}{PATH}/aside?call={call.id}&say=abuse_{step}"
    orders.give(session, services.clock, call, "announce", leg=person, AnnounceUrl=url, AnnounceMethod="POST")
    if not call.recorded:
        call.recorded = True
        orders.give(session, services.clock, call, "record", leg=person)


def end(session: Session, services: Services, call: Call) -> None:
    """End the call with the sentence that says why, and give its agent a pause before the next one; once."""
    if call.state != TALKING:
        return
    if call.agent_id is not None:
        queueing.rest(session, services, call.agent_id)
    move(session, services, call, "part")
    call.end_reason = "abuse"
    leave_bridge(session, services, call)


def on_warned(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AbusiveCallWarned`; a second delivery says nothing twice."""
    _on(services, payload, lambda session, call: warn(session, services, call, str(payload["step"])))


def on_ended(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AbusiveCallEnded`; a second delivery finds the call ended."""
    _on(services, payload, lambda session, call: end(session, services, call))


def _on(services: Services, payload: Mapping[str, Any], act: Any) -> None:
    with services.db.transaction() as session:
        call_id = session.scalar(select(Call.id).where(Call.contact_id == int(payload["contact_id"])))
        if call_id is None:
            return  # a contact of another kind
        act(session, get_call(session, call_id))
    jobs.enqueue(services, ORDERS_JOB)
