"""The pages of cases: the list by urgency, and one case with its person, its place, its history and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.cases import words, working
from hotline.cases.attaching import files_of, was_asked
from hotline.cases.call_links import call_links
from hotline.cases.escalating import MAX_QUESTION_CHARS, may_reopen_until, questions_of
from hotline.cases.models import Case, CaseEntry
from hotline.cases.persons import get_person, phones_of
from hotline.cases.reading import (
    ALL_OPEN,
    CaseFilter,
    CasePage,
    cases_about,
    cases_of_person,
    counts_of_open,
    history,
    list_cases,
    names_of,
    people_of,
)
from hotline.cases.states import CASE, STATES, WORK
from hotline.cases.timeline import story
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.registry import Panel, Received, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions

blueprint = Blueprint("cases", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
PAGE_ROWS = 50
PANEL_ROWS = 8
MAX_OFFICERS = 200
MAX_RECEIVED = 10


@blueprint.get("/cases")
@permit("cases.read")
def list_page() -> ResponseReturnValue:
    """List cases, the most urgent first."""
    return render_template("cases/list.html", **_list_context())


@blueprint.get("/cases/rows")
@permit("cases.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("cases/_rows.html", **_list_context())


def _list_context() -> dict[str, Any]:
    who = actor()
    mine = request.args.get("mine") == "1"
    free = request.args.get("free") == "1"
    given = request.args.get("state", ALL_OPEN)
    wanted = CaseFilter(
        state=given if given in (*STATES, ALL_OPEN) else ALL_OPEN,
        owner=who.id if mine else 0 if free else None,
        country=request.args.get("country", "").strip().upper()[:2],
        source=request.args.get("source", ""),
        search=request.args.get("q", "")[:100],
        passports=who.may("persons.passport"),
        phones=who.may("persons.phone"),
    )
    with current().db.transaction() as session:
        try:
            page = list_cases(session, wanted, cursor=request.args.get("cursor", ""), limit=PAGE_ROWS)
        except InvalidInput:
            page = CasePage([], {}, None)
        counts = counts_of_open(session, who.id)
        owners = _names(session, {case.owner_id for case in page.cases})
    kept = {
        name: request.args[name]
        for name in ("state", "mine", "free", "country", "source", "q")
        if request.args.get(name)
    }
    return {
        "page": page, "wanted": wanted, "counts": counts, "owners": owners, "mine": mine, "free": free, "kept": kept,
        "cursor": request.args.get("cursor", ""), "words": words, "ref": _ref,
    }  # fmt: skip


@blueprint.get("/cases/<int:case_id>")
@permit("cases.read")
def show(case_id: int) -> ResponseReturnValue:
    """Show one case."""
    return _case_page(case_id)


@blueprint.get("/cases/<int:case_id>/history")
@permit("cases.read")
def history_part(case_id: int) -> ResponseReturnValue:
    """Return state and history alone, for open pages."""
    return render_template("cases/_history.html", **_case_context(case_id))


def _case_page(case_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template("cases/case.html", **_case_context(case_id), error=explain(error, "case") if error else None)
    return page, error.status if error is not None else 200


def _case_context(case_id: int) -> dict[str, Any]:
    who = actor()
    with current().db.transaction() as session:
        case = working.get_case(session, case_id)
        entries = history(session, case_id)
        person = get_person(session, case.person_id)
        questions, files = questions_of(session, case_id), files_of(session, case_id)
        others_in = {each.person_id for each in people_of(session, case_id)}
        people = names_of(session, others_in)
        told = names_of(session, {entry.details["person_id"] for entry in entries if entry.details.get("person_id")})
        in_charge = missions.in_charge(session, case.country, case.place)
        may_attach = who.may(WORK) or was_asked(session, who, case_id)
        officers = _who_can_work(session) if who.may(WORK) else []
        shown = {case.owner_id, *(entry.officer_id for entry in entries)}
        shown |= {_receiver(entry) for entry in entries} | {each.official_id for each in questions}
        names = _names(session, shown)
        others = [each for each in cases_about(session, person.id) if each.id != case.id]
        phones = phones_of(session, person.id)
        received = _received(session, phones)
        lines = story(session, case, entries, received, phones)
        calls = call_links(session, {entry.contact_id for entry in entries})
    return {
        "panels": _panels(case_id), "questions": questions, "files": files,
        "people": people, "told": told, "may_attach": may_attach, "missions": in_charge, "received": received,
        "may_reopen": (until := may_reopen_until(case)) is not None and current().clock.now() <= until,
        "max_question": MAX_QUESTION_CHARS, "now": current().clock.now(),
        "case": case, "person": person, "lines": lines, "calls": calls,
        "names": names, "others": others, "words": words, "ref": _ref,
        "events": CASE.events_for(case.state, who), "own": case.owner_id == who.id, "receiver": _receiver,
        "may_change": case.owner_id in (None, who.id) or who.may("cases.assign"), "source_link": _source_link(case),
        "officers": [(officer.id, officer.display_name) for officer in officers if officer.id != case.owner_id],
        "max_note": working.MAX_NOTE_CHARS, "max_reason": working.MAX_REASON_CHARS,
    }  # fmt: skip


@blueprint.post("/cases/<int:case_id>/take")
@permit("cases.work")
def take(case_id: int) -> ResponseReturnValue:
    """Become the owner."""
    return _act(
        case_id, lambda session: working.take(session, current().clock, actor(), case_id), gettext("The case is yours.")
    )


@blueprint.post("/cases/<int:case_id>/note")
@permit("cases.work")
def note(case_id: int) -> ResponseReturnValue:
    """Write a note."""
    body = request.form.get("note", "")
    return _act(
        case_id,
        lambda session: working.note(session, current().clock, actor(), case_id, body=body),
        gettext("Written down."),
    )


@blueprint.post("/cases/<int:case_id>/<act>")
@permit("cases.work")
def change(case_id: int, act: str) -> ResponseReturnValue:
    """Hand over, give back, put aside, go on, or close."""
    services, who, form = current(), actor(), request.form
    words_given = form.get("note", "")
    receiver = form.get("officer_id", "")
    acts: dict[str, Callable[[Session], object]] = {
        "hand-over": lambda session: working.hand_over(
            session, services.clock, who, case_id,
            int(receiver) if receiver.isascii() and receiver.isdigit() and len(receiver) < 19 else 0, note=words_given,
        ),
        "release": lambda session: working.release(session, services.clock, who, case_id, note=words_given),
        "wait": lambda session: working.wait(session, services.clock, who, case_id, note=words_given),
        "resume": lambda session: working.resume(session, services.clock, who, case_id),
        "close": lambda session: working.close(session, services.clock, who, case_id, reason=form.get("reason", "")),
    }  # fmt: skip
    if act not in acts:
        raise NotFound("page", request.path)
    return _act(case_id, acts[act], gettext("Done."))


def _act(case_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    """Run one act in one transaction and go back to the case; a refusal is shown on its page."""
    services = current()
    try:
        with services.db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _case_page(case_id, error)
    hint(case_id)
    flash(message, "good")
    return redirect(url_for("cases.show", case_id=case_id))


def hint(case_id: int) -> None:
    """Tell open pages that a case has changed."""
    live.notify(current().redis, "cases")
    live.notify(current().redis, f"case:{case_id}")


@blueprint.get("/cases/panel")
@permit("cases.read")
def panel() -> str:
    """Return the overview's panel: the most urgent cases that nobody has taken."""
    with current().db.transaction() as session:
        page = list_cases(session, CaseFilter(owner=0), limit=PANEL_ROWS)
        counts = counts_of_open(session, actor().id)
    return render_template("cases/_panel.html", page=page, counts=counts, words=words, ref=_ref)


@blueprint.get("/cases/of-traveller/<int:traveller_id>")
@permit("cases.read")
def traveller_panel(traveller_id: int) -> str:
    """Return the part of a traveller's page that lists their cases."""
    with current().db.transaction() as session:
        found = cases_of_person(session, traveller_id)
    return render_template("cases/_of_traveller.html", cases=found, words=words, ref=_ref)


def _ref(case_id: int) -> str:
    return reference("CS", case_id)


def _receiver(entry: CaseEntry) -> int | None:
    found = entry.details.get("owner_id")
    return found if isinstance(found, int) and found != entry.officer_id else None


def _panels(case_id: int) -> list[tuple[Panel, Markup]]:
    """Return what rooms above have to say about a case, to whom they let see it."""
    registry: Registry = current_app.extensions["registry"]
    return [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](case_id=case_id)))  # noqa: S704
        for panel in sorted(registry.case_panels, key=lambda panel: panel.order)
        if actor().may(panel.permission)
    ]


def _names(session: Session, ids: set[int | None]) -> dict[int, str]:
    wanted = {each for each in ids if each is not None}
    rows_found = (
        session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(wanted))) if wanted else ()
    )
    return {officer_id: name for officer_id, name in rows_found}  # rows are not pairs to the type checker


def _who_can_work(session: Session) -> list[Officer]:
    found = session.scalars(
        select(Officer).where(Officer.disabled_at.is_(None)).order_by(Officer.display_name).limit(MAX_OFFICERS)
    )
    return [officer for officer in found if WORK in permissions_of(officer.roles)]


def _received(session: Session, phones: list[str]) -> list[Received]:
    """Return the alerts that were sent to the person's numbers, where a room above tells of them."""
    registry: Registry = current_app.extensions["registry"]
    return (
        list(registry.received(session, phones, MAX_RECEIVED, current().clock.now()))
        if registry.received is not None and phones
        else []
    )


def _source_link(case: Case) -> tuple[str, str] | None:
    """Return (address, label) of the alert the case came from, where this process serves its page."""
    kind, _, number = case.source.partition(":")
    if kind != "alert" or "alerts.show" not in current_app.view_functions:
        return None
    return url_for("alerts.show", alert_id=int(number)), reference("AL", int(number))
