"""The call on an agent's desk and a case: attached to one of the person's open cases, or a new one opened from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.states import NOT_READY
from hotline.calls import handling
from hotline.calls.entering import known
from hotline.calls.handling import Desk
from hotline.calls.models import Call
from hotline.calls.screen import call_at
from hotline.cases import contacts
from hotline.cases.models import Case
from hotline.cases.states import WORK
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.geo.countries import NOWHERE, countries


def attach(session: Session, desk: Desk, call_id: int, case_id: int) -> int:
    """Attach the call to one of the open cases that its number is known for; returns the case's id."""
    call = _own(session, desk, call_id)
    if case_id not in {case.id for case in known(session, desk.services, call).cases}:
        raise InvalidInput("case", case_id, "choose one of the open cases that are shown")
    assert call.contact_id is not None
    contacts.attach(session, desk.services.clock, call.contact_id, case_id, actor=desk.actor)
    return case_id


def open_case(session: Session, desk: Desk, call_id: int, *, summary: str, country: str) -> Case:
    """Open a case from the call; the agent owns it. Raises Refused when the call is in a case already."""
    call = _own(session, desk, call_id)
    code = country.strip().upper() or NOWHERE
    if code not in {NOWHERE, *(each.code for each in countries())}:
        raise InvalidInput("country", country, "choose a country")
    assert call.contact_id is not None
    contact = contacts.get_contact(session, call.contact_id)
    if contact.case_id is not None:
        raise Refused("This contact is in another case.", code="contact-in-case", params={"case": contact.case_id})
    return contacts.open_case(
        session, desk.services.clock, desk.actor, contact.id, summary=summary, country=code
    )  # fmt: skip


def check_write_up(session: Session, desk: Desk) -> None:
    """Refuse a write-up that would be lost, because no call waits for one; raises Refused."""
    if call_at(session, desk.services, presence.get_agent(session, desk.agent_id)) is None:
        raise Refused("No call waits for a write-up.", code="nothing-to-write-up")


def write_up(session: Session, desk: Desk, given: Mapping[str, str], risks: Sequence[str]) -> None:
    """Write up the call that has just ended, out of a form; with `then` = `break` a break follows instead of the next call.

    Raises Refused where no call waits for it, and what `handling.write_up` raises.
    """
    check_write_up(session, desk)
    if given.get("then") == "break":
        presence.choose(session, desk.services.clock, desk.agent_id, NOT_READY, "break", actor=desk.actor)
    handling.write_up(
        session, desk, disposition=given.get("disposition", ""), note=given.get("note", ""), mood=given.get("mood", ""),
        risks=tuple(risks),
    )  # fmt: skip


def _own(session: Session, desk: Desk, call_id: int) -> Call:
    """Return the call on the agent's desk, also while they wrap it up; raises Forbidden for any other."""
    call = call_at(session, desk.services, presence.get_agent(session, desk.agent_id))
    if call is None or call.id != call_id or not desk.actor.may(WORK):
        raise Forbidden("This is not your call.", code="not-your-call")
    if call.contact_id is None:
        raise Refused("This call has no contact.", code="not-talking")
    return call
