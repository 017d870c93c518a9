"""`/api/v1/contacts`: list, read, say who it is, put into a case or open one, close, and the key for abusive calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.cases import contacts, persons, protection
from hotline.cases.contact_lists import MAX_PAGE, list_contacts
from hotline.cases.contact_models import Contact
from hotline.cases.contacts import get_contact
from hotline.cases.identifying import identify_as
from hotline.cases.judging import MOODS, RISKS
from hotline.cases.pages import hint
from hotline.cases.protection import MAX_NOTE_CHARS as MAX_ABUSE_NOTE_CHARS
from hotline.cases.states import DISPOSITIONS
from hotline.cases.working import MAX_NOTE_CHARS
from hotline.core import live
from hotline.core.description import MAX_ID, PAGE_LIMIT, ROW_ID, query, takes
from hotline.core.errors import InvalidInput
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_contacts", __name__, url_prefix="/api/v1", tag="Cases")
_PEOPLE = {404: "There is no such contact or person", 409: "The person was erased"}
_CASES = {404: "There is no such contact or case", 409: "It is in another case already, or the case is closed"}


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class IdentifyIn(_Strict):
    """Who it is: exactly one of a person's id, a traveller's id and the name of somebody new."""

    person_id: int | None = Field(None, ge=1, le=MAX_ID)
    traveller_id: int | None = Field(None, ge=1, le=MAX_ID)
    name: str = Field("", max_length=160)
    language: str = Field("ko", min_length=2, max_length=8)


class AttachIn(_Strict):
    """The open case it belongs to; `relation` is what the caller is to the person of the case."""

    case_id: int = Field(ge=1, le=MAX_ID)
    relation: str = Field("", max_length=contacts.MAX_RELATION_CHARS)


class OpenCaseIn(_Strict):
    """What a new case is about; `country` is ISO 3166, ZZ where it is not known."""

    summary: str = Field(min_length=1, max_length=contacts.MAX_SUMMARY_CHARS)
    country: str = Field(contacts.NOWHERE, pattern="^[A-Z]{2}$")


class CloseContactIn(_Strict):
    """What was heard."""

    disposition: Literal[DISPOSITIONS]  # type: ignore[valid-type]  # the types stand in one place, as a tuple
    mood: Literal[("", *MOODS)] = ""  # type: ignore[valid-type]  # as above
    risks: list[Literal[RISKS]] = Field(default_factory=list, max_length=len(RISKS))  # type: ignore[valid-type]  # as above
    note: str = Field("", max_length=MAX_NOTE_CHARS)


class KeyIn(_Strict):
    """What happened; kept when the call is ended."""

    note: str = Field("", max_length=MAX_ABUSE_NOTE_CHARS)


class ContactOut(BaseModel):
    """One call, text, chat, mail, visit or answer to an alert; times are UTC.

    The number is masked. `officer_id` is who spoke with them.
    """

    id: int
    kind: Literal["call", "text", "chat", "mail", "visit", "answer"]
    direction: Literal["in", "out"]
    state: Literal["open", "closed"]
    phone: str
    person_id: int | None
    case_id: int | None
    danger: bool
    drill: bool
    opened_at: datetime
    closed_at: datetime | None
    officer_id: int | None
    disposition: str
    mood: str
    risks: list[str]
    note: str


class ContactList(BaseModel):
    """One page of contacts, the latest first; `next_cursor` continues, null ends."""

    contacts: list[ContactOut]
    next_cursor: int | None


class WarnedOut(BaseModel):
    """What the key did; `until` is the end of the number's block, where there is one (UTC)."""

    incident_id: int
    state: Literal["warned", "warned_again", "ended"]
    until: datetime | None


@blueprint.get("/contacts")
@blueprint.output(ContactList)
@blueprint.doc(summary="List contacts, the latest first", responses={404: "There is no such person"})
@takes(
    query("state", {"type": "string", "enum": ["open", "closed"]}, "Only contacts in this state"),
    query("case_id", ROW_ID, "Only contacts of this case"),
    query("person_id", ROW_ID, "Only contacts of this person, and of whoever was found to be the same"),
    query("limit", PAGE_LIMIT, "Contacts on one page"),
    query("cursor", ROW_ID, "`next_cursor` of the page before"),
)
@permit("cases.read")
def index() -> ResponseReturnValue:
    """List contacts."""
    person_id = _number("person_id", MAX_ID)
    with current().db.transaction() as session:
        same = persons.members(session, persons.get_person(session, person_id).id) if person_id is not None else None
        page = list_contacts(
            session, state=request.args.get("state", ""), case_id=_number("case_id", MAX_ID), person_ids=same,
            before=_number("cursor", MAX_ID), limit=_number("limit", MAX_PAGE) or 50,
        )  # fmt: skip
        return jsonify(contacts=[contact_json(each) for each in page.contacts], next_cursor=page.next_cursor)


@blueprint.get("/contacts/<int:contact_id>")
@blueprint.output(ContactOut)
@blueprint.doc(summary="Show one contact", responses={404: "There is no such contact"})
@permit("cases.read")
def show(contact_id: int) -> ResponseReturnValue:
    """Show one contact."""
    with current().db.transaction() as session:
        return jsonify(contact_json(get_contact(session, contact_id)))


@blueprint.post("/contacts/<int:contact_id>/identify")
@blueprint.input(IdentifyIn, location="json", arg_name="given")
@blueprint.output(ContactOut)
@blueprint.doc(summary="Say who it is", responses=_PEOPLE)
@permit("cases.work")
def identify(contact_id: int, given: IdentifyIn) -> ResponseReturnValue:
    """Say who it is."""
    values = given.model_dump()
    return _act(contact_id, lambda session: identify_as(session, current().clock, actor(), contact_id, **values))


@blueprint.post("/contacts/<int:contact_id>/attach")
@blueprint.input(AttachIn, location="json", arg_name="given")
@blueprint.output(ContactOut)
@blueprint.doc(summary="Put it into an open case; again into the same changes nothing", responses=_CASES)
@permit("cases.work")
def attach(contact_id: int, given: AttachIn) -> ResponseReturnValue:
    """Put it into a case."""
    return _act(
        contact_id,
        lambda session: contacts.attach(
            session, current().clock, contact_id, given.case_id, actor=actor(), relation=given.relation
        ),
    )


@blueprint.post("/contacts/<int:contact_id>/open-case")
@blueprint.input(OpenCaseIn, location="json", arg_name="given")
@blueprint.output(ContactOut)
@blueprint.doc(
    summary="Open a case from it, which is the caller's; where it is in one already, that one stays",
    responses={404: "There is no such contact"},
)
@permit("cases.work")
def open_case(contact_id: int, given: OpenCaseIn) -> ResponseReturnValue:
    """Open a case."""
    return _act(
        contact_id,
        lambda session: contacts.open_case(
            session, current().clock, actor(), contact_id, summary=given.summary, country=given.country
        ),
    )


@blueprint.post("/contacts/<int:contact_id>/close")
@blueprint.input(CloseContactIn, location="json", arg_name="given")
@blueprint.output(ContactOut)
@blueprint.doc(
    summary="Close it with what was heard; again changes nothing", responses={404: "There is no such contact"}
)
@permit("cases.work")
def close(contact_id: int, given: CloseContactIn) -> ResponseReturnValue:
    """Close it."""
    return _act(
        contact_id,
        lambda session: contacts.close_contact(
            session, current().clock, contact_id, given.disposition, given.note, given.mood, given.risks, actor()
        ),
    )


@blueprint.post("/contacts/<int:contact_id>/warn")
@blueprint.input(KeyIn, location="json", arg_name="given")
@blueprint.output(WarnedOut)
@blueprint.doc(
    summary="Press the key for abusive calls: a warning, a second one, the end",
    responses={404: "There is no such contact", 409: "It is closed, or a life may be in danger"},
)
@permit("cases.work")
def warn(contact_id: int, given: KeyIn) -> ResponseReturnValue:
    """Press the key."""
    services = current()
    with services.db.transaction() as session:
        done = protection.press_from_afar(session, services.clock, actor(), contact_id, note=given.note)
        shown = {"incident_id": done.incident.id, "state": done.step}
        case_id = get_contact(session, contact_id).case_id
    _told(contact_id, case_id)
    return jsonify(shown | {"until": done.until.isoformat() if done.until else None})


def _act(contact_id: int, act: Callable[[Session], object]) -> ResponseReturnValue:
    with current().db.transaction() as session:
        act(session)
        contact = get_contact(session, contact_id)
        shown, case_id = contact_json(contact), contact.case_id
    _told(contact_id, case_id)
    return jsonify(shown)


def _told(contact_id: int, case_id: int | None) -> None:
    hint(case_id or 0)
    live.notify(current().redis, f"contact:{contact_id}")


def contact_json(contact: Contact) -> dict[str, Any]:
    """Return a contact as the API shows it."""
    plain = (
        "id", "kind", "direction", "state", "person_id", "case_id", "danger", "drill", "officer_id", "disposition",
        "mood", "risks", "note",
    )  # fmt: skip
    return {name: getattr(contact, name) for name in plain} | {
        "phone": mask(contact.phone) if contact.phone else "",
        "opened_at": contact.opened_at.isoformat(),
        "closed_at": contact.closed_at.isoformat() if contact.closed_at else None,
    }


def _number(name: str, most: int) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:20]) <= most):
        raise InvalidInput(name, given, f"use 1 to {most}")
    return int(given)
