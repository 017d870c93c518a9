"""Hand-overs of all missions for the duty officer, one with everything, the acts on it, and parts of other pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import words as call_words
from hotline.cases import words as case_words
from hotline.core import live
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit
from overflow.handover import composing, deciding, escalating, mailing, reading, words
from overflow.handover.access import demand_sight, is_staff, own_missions, sees_all
from overflow.handover.models import HandoverSummary
from overflow.handover.states import ESCALATED, READ, STATES, WATCH, is_urgent

blueprint = Blueprint("handovers", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
PAGE_ROWS, PANEL_ROWS = 50, 8


@blueprint.get("/handovers")
@permit(READ)
def list_page() -> ResponseReturnValue:
    """List hand-overs: of all missions to the centre, of their own to staff of a mission."""
    return render_template("handover/list.html", **_list_context())


@blueprint.get("/handovers/rows")
@permit(READ)
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("handover/_rows.html", **_list_context())


def _list_context() -> dict[str, Any]:
    state, search = request.args.get("state", ""), request.args.get("q", "")[: reading.MAX_SEARCH_CHARS]
    state = state if state in (reading.WAITS, *STATES) else ""
    before = _number(request.args.get("before", ""))
    with current().db.transaction() as session:
        missions = None if sees_all(actor()) else [each.id for each in own_missions(session, actor())]
        wanted = reading.Wanted(missions=missions, state=state, search=search)
        page = reading.list_handovers(session, wanted, before=before, limit=PAGE_ROWS)
    kept = {name: value for name, value in (("state", state), ("q", search)) if value}
    return {
        "page": page, "state": state, "search": search, "before": before, "kept": kept, "words": words, "ref": reference,
        "blind": missions == [], "states": [reading.WAITS, ESCALATED, "acknowledged", "empty"],
    }  # fmt: skip


@blueprint.get("/handovers/<int:handover_id>")
@permit(READ)
def show(handover_id: int) -> ResponseReturnValue:
    """Show one hand-over."""
    return _page(handover_id)


@blueprint.get("/handovers/<int:handover_id>/part")
@permit(READ)
def part(handover_id: int) -> ResponseReturnValue:
    """Return what changes by itself, for open pages."""
    return render_template("handover/_one.html", **_context(handover_id))


def _page(handover_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    shown = explain(error, "handover") if error is not None else None
    page = render_template("handover/show.html", **_context(handover_id), error=shown)
    return page, error.status if error is not None else 200


def _context(handover_id: int) -> dict[str, Any]:
    who = actor()
    with current().db.transaction() as session:
        handover = reading.get(session, handover_id)
        demand_sight(session, who, handover.mission_id)
        staff = is_staff(session, who, handover.mission_id)
        whole = reading.whole(session, handover_id, persons=staff)
    return {
        "whole": whole, "mission": whole.mission, "staff": staff, "words": words, "case_words": case_words,
        "call_words": call_words, "ref": reference, "is_urgent": is_urgent,
    }  # fmt: skip


@blueprint.post("/handovers/<int:handover_id>/items/<int:item_id>/acknowledge")
@permit(READ)
def acknowledge(handover_id: int, item_id: int) -> ResponseReturnValue:
    """Take one thing into the mission's hand."""
    return _act(
        handover_id, lambda session: deciding.acknowledge(session, current(), actor(), handover_id, item_id),
        gettext("Acknowledged: your mission has it now."),
    )  # fmt: skip


@blueprint.post("/handovers/<int:handover_id>/items/<int:item_id>/return")
@permit(READ)
def give_back(handover_id: int, item_id: int) -> ResponseReturnValue:
    """Give one thing back to the centre."""
    note = request.form.get("note", "")
    return _act(
        handover_id, lambda session: deciding.give_back(session, current(), actor(), handover_id, item_id, note),
        gettext("Given back: the centre has it again."),
    )  # fmt: skip


@blueprint.post("/handovers/<int:handover_id>/acknowledge-calm")
@permit(READ)
def acknowledge_calm(handover_id: int) -> ResponseReturnValue:
    """Take everything that is not urgent."""
    return _act(
        handover_id, lambda session: deciding.acknowledge_calm(session, current(), actor(), handover_id),
        gettext("Acknowledged what is not urgent."),
    )  # fmt: skip


@blueprint.post("/handovers/<int:handover_id>/see-to")
@permit(WATCH)
def see_to(handover_id: int) -> ResponseReturnValue:
    """Say that one acts on a hand-over that climbed."""
    return _act(
        handover_id, lambda session: escalating.see_to(session, current(), actor(), handover_id),
        gettext("Noted that you act on it."),
    )  # fmt: skip


def _act(handover_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            act(session)
            mission_id = reading.get(session, handover_id).mission_id
    except NotFound:
        raise
    except HotlineError as error:
        return _page(handover_id, error)
    hint(mission_id)
    flash(message, "good")
    if request.form.get("back") == "mission":
        return redirect(url_for("mission_page.show", mission_id=mission_id))
    return redirect(url_for("handovers.show", handover_id=handover_id))


def hint(mission_id: int) -> None:
    """Tell open pages, those of cases included, that something was decided."""
    composing.hint(current(), mission_id)
    live.notify(current().redis, "cases")


@blueprint.get("/handovers/<int:handover_id>/summary-<int:revision>.json")
@permit(READ)
def summary_file(handover_id: int, revision: int) -> ResponseReturnValue:
    """Return the signed summary as a file, to keep and to verify."""
    with current().db.transaction() as session:
        handover = reading.get(session, handover_id)
        demand_sight(session, actor(), handover.mission_id)
        kept = session.scalar(
            select(HandoverSummary).where(
                HandoverSummary.handover_id == handover.id, HandoverSummary.revision == revision
            )
        )
    if kept is None:
        raise NotFound("summary", revision)
    response = Response(mailing.envelope_of(kept), content_type="application/json")
    name = f"{reference('HO', handover_id)}-{revision}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/handovers/panel")
@permit(WATCH)
def panel() -> str:
    """Return the overview's panel: what no mission has acknowledged in time."""
    with current().db.transaction() as session:
        page = reading.list_handovers(session, reading.Wanted(state=ESCALATED), limit=PANEL_ROWS)
    return render_template("handover/_panel.html", page=page, ref=reference, me_id=actor().id)


@blueprint.get("/handovers/of-case/<int:case_id>")
@permit(READ)
def case_panel(case_id: int) -> str:
    """Return the part of a case's page that says which mission has it."""
    with current().db.transaction() as session:
        found = reading.of_case(session, case_id)
    return render_template("handover/_of_case.html", found=found, words=words, ref=reference)


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
