"""The API of persons, escalations, contacts and files of cases: the same acts as on the pages, under the same rules."""

from __future__ import annotations

from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.cases import escalating, merging, persons, revealing
from hotline.cases.escalation_models import Escalation
from hotline.cases.finding import find_persons
from hotline.cases.pages import hint
from hotline.cases.person_models import Person, PersonMerge
from hotline.cases.reading import cases_about, names_of
from hotline.core.description import MAX_ID, query, takes
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_persons", __name__, url_prefix="/api/v1", tag="Cases")


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class QuestionIn(_Strict):
    """What a responsible official is asked."""

    question: str = Field(min_length=1, max_length=escalating.MAX_QUESTION_CHARS)


class AnswerIn(_Strict):
    """What the official answers; the person reads it."""

    answer: str = Field(min_length=1, max_length=escalating.MAX_ANSWER_CHARS)


class ReopenIn(_Strict):
    """Why a closed case is opened again."""

    reason: str = Field(min_length=1, max_length=escalating.MAX_QUESTION_CHARS)


class RevealIn(_Strict):
    """Which hidden value is asked for."""

    field: Literal["phone", "medical"]


class MergeIn(_Strict):
    """Who is the same person."""

    other_id: int = Field(ge=1, le=MAX_ID)


class EscalationOut(BaseModel):
    """A question to an official; times are UTC."""

    id: int
    case_id: int
    state: Literal["asked", "answered"]
    question: str
    level: int
    official_id: int
    asked_at: str
    due_at: str
    answer: str
    answered_at: str | None


class PersonOut(BaseModel):
    """A person. Numbers are masked; `has_passport` and `has_medical` say that there is something hidden."""

    id: int
    name: str
    language: str
    phones: list[str]
    has_passport: bool
    has_medical: bool
    traveller_ids: list[int]
    case_ids: list[int]
    erased: bool


class PersonLine(BaseModel):
    """A person that was found."""

    id: int
    name: str


class PersonList(BaseModel):
    """Persons that fit, the likeliest first."""

    persons: list[PersonLine]


class RevealedOut(BaseModel):
    """The values that were asked for; the look is on record."""

    field: str
    values: list[str]


class MergeOut(BaseModel):
    """A merge, and until when it can be taken back (UTC)."""

    id: int
    kept_id: int
    other_id: int
    undo_until: str
    undone: bool


@blueprint.post("/cases/<int:case_id>/escalate")
@blueprint.input(QuestionIn, location="json", arg_name="given")
@blueprint.output(EscalationOut)
@blueprint.doc(summary="Ask a responsible official", responses={404: "No such case", 409: "Asked already, or no rule"})
@permit("cases.work")
def escalate(case_id: int, given: QuestionIn) -> ResponseReturnValue:
    """Ask an official."""
    with current().db.transaction() as session:
        shown = escalation_json(
            escalating.escalate(session, current().clock, actor(), case_id, question=given.question)
        )
    hint(case_id)
    return jsonify(shown)


@blueprint.post("/escalations/<int:escalation_id>/answer")
@blueprint.input(AnswerIn, location="json", arg_name="given")
@blueprint.output(EscalationOut)
@blueprint.doc(summary="Answer as an official who was asked", responses={403: "Not asked", 404: "No such question"})
@permit("cases.answer")
def answer(escalation_id: int, given: AnswerIn) -> ResponseReturnValue:
    """Answer."""
    with current().db.transaction() as session:
        found = escalating.answer(session, current().clock, actor(), escalation_id, words=given.answer)
        shown = escalation_json(found)
    hint(found.case_id)
    return jsonify(shown)


@blueprint.post("/cases/<int:case_id>/reopen")
@blueprint.input(ReopenIn, location="json", arg_name="given")
@blueprint.doc(summary="Open a closed case again", responses={204: "It is open", 409: "Too late, or a newer case"})
@permit("cases.work")
def reopen(case_id: int, given: ReopenIn) -> ResponseReturnValue:
    """Open a case again."""
    with current().db.transaction() as session:
        escalating.reopen(session, current().clock, actor(), case_id, reason=given.reason)
    hint(case_id)
    return "", 204


@blueprint.get("/persons")
@blueprint.output(PersonList)
@blueprint.doc(summary="Find persons by name in any script, number or passport")
@takes(query("search", {"type": "string"}, "Name, digits of a number, or a whole passport's number"))
@permit("cases.read")
def index() -> ResponseReturnValue:
    """Find persons."""
    typed = request.args.get("search", "")[:100]
    with current().db.transaction() as session:
        found = find_persons(
            session, current().settings, typed, passports=actor().may(revealing.PASSPORT),
            phones=actor().may(revealing.FIELDS["phone"]),
        )  # fmt: skip
        names = names_of(session, set(found))
    return jsonify(persons=[{"id": person_id, "name": names.get(person_id, "")} for person_id in found])


@blueprint.get("/persons/<int:person_id>")
@blueprint.output(PersonOut)
@blueprint.doc(summary="Show one person", responses={404: "No such person"})
@permit("cases.read")
def show(person_id: int) -> ResponseReturnValue:
    """Show a person."""
    with current().db.transaction() as session:
        person = persons.get_person(session, person_id)
        return jsonify(
            _person(person)
            | {
                "phones": [mask(phone) for phone in persons.phones_of(session, person.id)],
                "traveller_ids": [each.id for each in persons.travellers_of(session, person.id)],
                "case_ids": [case.id for case in cases_about(session, person.id)],
            }
        )


@blueprint.post("/persons/<int:person_id>/reveal")
@blueprint.input(RevealIn, location="json", arg_name="given")
@blueprint.output(RevealedOut)
@blueprint.doc(summary="Look at a hidden value; on record", responses={403: "No permission", 404: "No such person"})
@permit("cases.read")
def reveal(person_id: int, given: RevealIn) -> ResponseReturnValue:
    """Reveal a value."""
    with current().db.transaction() as session:
        values = revealing.reveal(session, current().clock, actor(), person_id, given.field)
    return jsonify(field=given.field, values=values)


@blueprint.post("/persons/<int:person_id>/merge")
@blueprint.input(MergeIn, location="json", arg_name="given")
@blueprint.output(MergeOut)
@blueprint.doc(summary="Make another person one with this", responses={404: "No such person", 409: "One already"})
@permit("persons.merge")
def merge(person_id: int, given: MergeIn) -> ResponseReturnValue:
    """Merge."""
    with current().db.transaction() as session:
        return jsonify(_merge(merging.merge(session, current().clock, actor(), person_id, given.other_id)))


@blueprint.post("/persons/merges/<int:merge_id>/undo")
@blueprint.output(MergeOut)
@blueprint.doc(summary="Take a merge back", responses={404: "No such merge", 409: "Too late, or a later one first"})
@permit("persons.merge")
def undo(merge_id: int) -> ResponseReturnValue:
    """Take a merge back."""
    with current().db.transaction() as session:
        return jsonify(_merge(merging.undo(session, current().clock, actor(), merge_id)))


def escalation_json(row: Escalation) -> dict[str, Any]:
    """Return a question to an official as the API shows it."""
    plain = ("id", "case_id", "state", "question", "level", "official_id", "answer")
    return {name: getattr(row, name) for name in plain} | {
        "asked_at": row.asked_at.isoformat(),
        "due_at": row.due_at.isoformat(),
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id, "name": person.name, "language": person.language, "erased": person.erased_at is not None,
        "has_passport": person.passport_hash is not None, "has_medical": bool(person.medical),
    }  # fmt: skip


def _merge(row: PersonMerge) -> dict[str, Any]:
    return {
        "id": row.id, "kept_id": row.kept_id, "other_id": row.other_id, "undo_until": row.undo_until.isoformat(),
        "undone": row.undone_at is not None,
    }  # fmt: skip
