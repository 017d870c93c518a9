"""The pages of contacts: which are open, and one of them: who it is, what it belongs to, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.cases import contacts, protection, words
from hotline.cases.call_links import call_link
from hotline.cases.contact_lists import list_contacts
from hotline.cases.contacts import get_contact
from hotline.cases.identifying import identify_as
from hotline.cases.judging import MOODS, RISKS
from hotline.cases.known import who_is
from hotline.cases.models import Case
from hotline.cases.pages import hint
from hotline.cases.persons import get_person
from hotline.cases.reading import cases_about, names_of
from hotline.cases.states import CLOSED, DISPOSITIONS, OPEN
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("contacts", __name__, template_folder="templates")
_CASE = re.compile(r"(?:CS-?)?0*([1-9][0-9]{0,17})", re.IGNORECASE)
_ID = re.compile(r"[1-9][0-9]{0,17}")


@blueprint.get("/contacts")
@permit("cases.read")
def list_page() -> ResponseReturnValue:
    """List contacts, those that are open unless `?state=closed`."""
    return render_template("cases/contacts.html", **_list_context())


@blueprint.get("/contacts/rows")
@permit("cases.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("cases/_contacts.html", **_list_context())


def _list_context() -> dict[str, Any]:
    state = CLOSED if request.args.get("state") == CLOSED else OPEN
    cursor = request.args.get("cursor", "")
    with current().db.transaction() as session:
        page = list_contacts(session, state=state, before=int(cursor) if _ID.fullmatch(cursor) else None)
        names = names_of(session, {each.person_id for each in page.contacts if each.person_id is not None})
    return {
        "page": page, "names": names, "state": state, "words": words, "mask": mask, "cursor": cursor,
        "ref": lambda number: reference("CS", number),
    }  # fmt: skip


@blueprint.get("/contacts/<int:contact_id>")
@permit("cases.read")
def show(contact_id: int) -> ResponseReturnValue:
    """Show one contact."""
    return _page(contact_id)


def _page(contact_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        contact = get_contact(session, contact_id)
        person = get_person(session, contact.person_id) if contact.person_id is not None else None
        known = who_is(session, contact.phone, this_ref=contact.ref)
        case = session.get(Case, contact.case_id) if contact.case_id is not None else None
        fitting = [] if case is not None else _open_cases(session, person.id if person else None, known.cases)
        people = names_of(session, {each.person_id for each in fitting} | ({case.person_id} if case else set()))
        officer = session.get(Officer, contact.officer_id) if contact.officer_id is not None else None
        incident = protection.incident_of(session, contact.id)
    page = render_template(
        "cases/contact.html", contact=contact, person=person, case=case, fitting=fitting, people=people, known=known,
        candidates=[each for each in known.persons if person is None or each.person_id != person.id],
        officer=officer, incident=incident, call=call_link(contact.ref), words=words, mask=mask, moods=MOODS, risks=RISKS,
        dispositions=DISPOSITIONS, form=request.form, ref=lambda number: reference("CS", number),
        error=explain(error, "contact") if error else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _open_cases(session: Session, person_id: int | None, known: tuple[Any, ...]) -> list[Case]:
    """Return the open cases that this contact may belong to: the person's, and those of everybody who has the number."""
    own = [case.id for case in cases_about(session, person_id)] if person_id is not None else []
    wanted = select(Case).where(Case.id.in_({*own, *(each.id for each in known)}), Case.state != CLOSED)
    return list(session.scalars(wanted.order_by(Case.priority, Case.id)))


@blueprint.post("/contacts/<int:contact_id>/identify")
@permit("cases.work")
def identify(contact_id: int) -> ResponseReturnValue:
    """Say who it is."""
    form = request.form
    return _act(
        contact_id,
        lambda session: identify_as(
            session, current().clock, actor(), contact_id, person_id=_number("person_id"),
            traveller_id=_number("traveller_id"), name=form.get("name", ""), language=form.get("language", "ko"),
        ),
        gettext("Written down who it is."),
    )  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/attach")
@permit("cases.work")
def attach(contact_id: int) -> ResponseReturnValue:
    """Put the contact into an open case."""
    given = request.form.get("case", "").strip()[:30]
    found = _CASE.fullmatch(given)

    def act(session: Session) -> None:
        if found is None:
            raise InvalidInput("case", given, "write the number of a case, such as CS-000012")
        relation = request.form.get("relation", "")
        contacts.attach(session, current().clock, contact_id, int(found[1]), actor=actor(), relation=relation)

    return _act(contact_id, act, gettext("The contact is in the case now."))


@blueprint.post("/contacts/<int:contact_id>/open-case")
@permit("cases.work")
def open_case(contact_id: int) -> ResponseReturnValue:
    """Open a case from the contact; it is the agent's."""
    summary, country = request.form.get("summary", ""), request.form.get("country", "ZZ")
    return _act(
        contact_id,
        lambda session: contacts.open_case(
            session, current().clock, actor(), contact_id, summary=summary, country=country
        ),
        gettext("The case is open and yours."),
    )


@blueprint.post("/contacts/<int:contact_id>/close")
@permit("cases.work")
def close(contact_id: int) -> ResponseReturnValue:
    """Close the contact with what was heard."""
    form = request.form
    return _act(
        contact_id,
        lambda session: contacts.close_contact(
            session, current().clock, contact_id, form.get("disposition", ""), form.get("note", ""),
            form.get("mood", ""), form.getlist("risks"), actor(),
        ),
        gettext("The contact is closed."),
    )  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/warn")
@permit("cases.work")
def warn(contact_id: int) -> ResponseReturnValue:
    """Do what the one key does next: a warning, a second one, the end."""
    note = request.form.get("note", "")
    return _act(
        contact_id,
        lambda session: protection.press_from_afar(session, current().clock, actor(), contact_id, note=note),
        gettext("Kept on record."),
    )


def _act(contact_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    """Run one act in one transaction and go back to the contact; a refusal is shown on its page."""
    services = current()
    try:
        with services.db.transaction() as session:
            act(session)
            case_id = get_contact(session, contact_id).case_id
    except NotFound as missing:
        if missing.kind == "contact":
            raise
        return _page(contact_id, missing)
    except HotlineError as error:
        return _page(contact_id, error)
    hint(case_id or 0)
    live.notify(services.redis, f"contact:{contact_id}")
    flash(message, "good")
    return redirect(url_for("contacts.show", contact_id=contact_id))


def _number(name: str) -> int | None:
    given = request.form.get(name, "").strip()
    if not given:
        return None
    if not _ID.fullmatch(given):
        raise InvalidInput(name, given[:30], "choose one of the list, or write a number")
    return int(given)
