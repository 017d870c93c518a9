"""Pages of persons: search and duplicates, and one person with what is hidden, their cases and contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.cases import erasure, merging, persons, revealing, words
from hotline.cases.contact_models import Contact
from hotline.cases.finding import find_persons
from hotline.cases.person_models import Person
from hotline.cases.reading import cases_about, names_of
from hotline.core.acting import act_from_page
from hotline.core.errors import InvalidInput
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("persons", __name__, template_folder="templates")
SHOWN = 50


@blueprint.get("/persons")
@permit("cases.read")
def list_page() -> ResponseReturnValue:
    """Find persons, and show who may be one and the same."""
    typed = request.args.get("q", "")[:100]
    may = {"passports": actor().may("persons.passport"), "phones": actor().may("persons.phone")}
    with current().db.transaction() as session:
        found = find_persons(session, current().settings, typed, **may, limit=SHOWN)
        names = names_of(session, set(found))
        proposed = merging.proposals(session) if actor().may("persons.merge") else []
    return render_template("cases/persons.html", typed=typed, found=found, names=names, proposed=proposed)


@blueprint.get("/persons/<int:person_id>")
@permit("cases.read")
def show(person_id: int) -> ResponseReturnValue:
    """Show one person."""
    return _page(person_id)


def _page(person_id: int, *, shown: dict[str, list[str]] | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        person = persons.get_person(session, person_id)
        same = persons.members(session, person.id)
        page: dict[str, Any] = {
            "person": person,
            "also": [name for name in _names_of_members(session, same) if name != person.name],
            "phones": [mask(phone) for phone in persons.phones_of(session, person.id)],
            "cases": cases_about(session, person.id),
            "contacts": _contacts(session, same),
            "merges": merging.merges_of(session, person.id),
            "travellers": persons.travellers_of(session, person.id),
        }
    return render_template(
        "cases/person.html", **page, shown=shown or {}, words=words, now=current().clock.now(),
        ref=lambda number: reference("CS", number),
    )  # fmt: skip


def _names_of_members(session: Session, same: list[int]) -> list[str]:
    found = session.scalars(select(Person.name).where(Person.id.in_(same), Person.name != "").distinct())
    return sorted(found)


def _contacts(session: Session, same: list[int]) -> list[Contact]:
    found = select(Contact).where(Contact.person_id.in_(same)).order_by(Contact.id.desc()).limit(SHOWN)
    return list(session.scalars(found))


@blueprint.post("/persons/<int:person_id>/reveal")
@permit("cases.read")
def reveal(person_id: int) -> ResponseReturnValue:
    """Show a hidden value once; the look is on record."""
    field = request.form.get("field", "")
    with current().db.transaction() as session:
        values = revealing.reveal(session, current().clock, actor(), person_id, field)
    return _page(person_id, shown={field: values})


@blueprint.post("/persons/<int:person_id>/change")
@permit("cases.work")
def change(person_id: int) -> ResponseReturnValue:
    """Change name, language, medical note or passport; an empty field leaves what cannot be seen."""
    form, who = request.form, actor()

    def act(session: Session) -> None:
        medical = form.get("medical", "").strip() if who.may("persons.medical") else ""
        persons.change_person(
            session, current().clock, who, person_id, name=form.get("name"), language=form.get("language"),
            medical=medical or None,
        )  # fmt: skip
        if form.get("passport", "").strip():
            revealing.set_passport(session, current().clock, who, current().settings, person_id, form["passport"])

    return _act(person_id, act, gettext("Written down."))


@blueprint.post("/persons/merge")
@permit("persons.merge")
def merge() -> ResponseReturnValue:
    """Make two persons one."""
    kept, other = _number("kept_id"), _number("other_id")
    return _act(
        kept,
        lambda session: merging.merge(session, current().clock, actor(), kept, other),
        gettext("These are one person now. It can be taken back for seven days."),
    )


@blueprint.post("/persons/<int:person_id>/merges/<int:merge_id>/undo")
@permit("persons.merge")
def undo(person_id: int, merge_id: int) -> ResponseReturnValue:
    """Take a merge back."""
    return _act(
        person_id,
        lambda session: merging.undo(session, current().clock, actor(), merge_id),
        gettext("These are two persons again."),
    )


@blueprint.post("/persons/<int:person_id>/erase")
@permit("travellers.write")
def erase(person_id: int) -> ResponseReturnValue:
    """Erase somebody who is no traveller."""
    return _act(
        person_id,
        lambda session: erasure.erase_person(session, current().clock, actor(), person_id),
        gettext("Everything that names this person is gone."),
    )


def _act(person_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    return act_from_page(act, message, about="person", back=url_for("persons.show", person_id=person_id))


def _number(name: str) -> int:
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InvalidInput(name, given, "choose a person")
    return int(given)
