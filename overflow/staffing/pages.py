"""The pages of staffing: calls foreseen, people needed, what to do and why; what-if questions with their curves; the panel."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.console.rendering import reader_zone, zone_label
from hotline.core import jobs
from hotline.core.errors import Refused, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents.models import Incident
from overflow.staffing import asking, pictures, reading, showing, words
from overflow.staffing.showing import Shown

blueprint = Blueprint("staffing", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
CALL_OUT = "callouts.new"
"""The page that calls volunteers out, where the installation has it."""
COMMON = ("per_hour", "factor", "hours", "agents", "handling_s", "patience_s", "redial", "within_s")


@blueprint.get("/staffing")
@permit("staffing.read")
def index() -> ResponseReturnValue:
    """Show the forecast, the need and the advice; `?drill=1` those of a drill."""
    return render_template("staffing/index.html", **_context())


@blueprint.get("/staffing/part")
@permit("staffing.read")
def part() -> ResponseReturnValue:
    """Return figures, advice and the numbers of the pictures alone, for open pages."""
    return render_template("staffing/_now.html", **_context())


def _context() -> dict[str, Any]:
    services, drill = current(), request.args.get("drill") == "1"
    with services.db.transaction() as session:
        found = showing.shown(session, services.clock, drill=drill)
        lines = showing.curves(session, services.clock, found)
        drilling = drill or session.scalar(select(Incident.id).where(Incident.state == "open", Incident.drill).limit(1))
    return _advice(found) | {
        "drill": drill, "drilling": bool(drilling), "data": pictures.of_advice(lines, found.at, reader_zone()),
        "zone": zone_label(found.at.astimezone(ZoneInfo(reader_zone()))),
        "rows": [{**slot, "local": _local(slot["at"])} for slot in found.slots],
    }  # fmt: skip


def _local(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(ZoneInfo(reader_zone())).strftime("%H:%M")


def _advice(found: Shown) -> dict[str, Any]:
    address = None
    if found.call_out and CALL_OUT in current_app.view_functions:
        address = url_for(CALL_OUT, needed=found.call_out)
    return {
        "found": found, "call_out_url": address,
        "sentences": [words.sentence(code, numbers) for code, numbers in found.why],
    }  # fmt: skip


@blueprint.get("/staffing/panel")
@permit("staffing.read")
def panel() -> str:
    """Return the overview's panel: whether people are to be called out or may go."""
    services = current()
    with services.db.transaction() as session:
        found = showing.shown(session, services.clock, drill=False)
    return render_template("staffing/_panel.html", **_advice(found))


@blueprint.get("/staffing/what-if")
@permit("staffing.read")
def what_if() -> ResponseReturnValue:
    """Show the form of a question, filled with how things are now, and the questions asked before."""
    return _form({})


@blueprint.post("/staffing/what-if")
@permit("staffing.read")
def ask() -> ResponseReturnValue:
    """Have a question played."""
    services, given = current(), request.form.to_dict()
    try:
        question = asking.read({name: given.get(name, "") for name in asking.FIELDS})
        with services.db.transaction() as session:
            asked = asking.ask(session, services.clock, actor(), question).id
    except SeveralFaults as error:
        return _form(given, explain_fields(error, "what_if")), error.status
    except Refused as error:
        flash(explain(error, "what_if"), "warn")
        return _form(given), error.status
    jobs.enqueue(services, asking.JOB, asked)
    return redirect(url_for("staffing.answer", what_if_id=asked))


def _form(given: dict[str, str], errors: dict[str, str] | None = None) -> str:
    services = current()
    with services.db.transaction() as session:
        values = _usual(session) | given
        recent = asking.recent(session, actor().id)
        return render_template(
            "staffing/what_if.html", values=values, errors=errors or {}, fields=asking.FIELDS, common=COMMON, words=words,
            recent=recent,
        )  # fmt: skip


def _usual(session: Session) -> dict[str, Any]:
    """Return a question to begin with: the centre as it is now, and forty volunteers in twenty minutes."""
    services, values = current(), {name: f"{field.usual:g}" for name, field in asking.FIELDS.items()}
    found = showing.shown(session, services.clock, drill=False)
    callers = reading.callers(session, services.settings, services.clock.now(), drill=False).calls
    if found.usual_per_hour >= 1:
        values["per_hour"] = str(round(found.usual_per_hour))
    if found.on_duty:
        values["agents"] = str(found.on_duty)
    return values | {
        "handling_s": f"{callers.handling_s:g}", "patience_s": f"{callers.patience_s:g}",
        "redial": f"{callers.redial * 100:g}", "within_s": str(services.settings.staffing_within_s),
    }  # fmt: skip


@blueprint.get("/staffing/what-if/<int:what_if_id>")
@permit("staffing.read")
def answer(what_if_id: int) -> ResponseReturnValue:
    """Show a question with its two answers side by side."""
    return render_template("staffing/answer.html", **_answer(what_if_id))


@blueprint.get("/staffing/what-if/<int:what_if_id>/part")
@permit("staffing.read")
def answer_part(what_if_id: int) -> ResponseReturnValue:
    """Return how far it is, or the answers, for open pages."""
    return render_template("staffing/_answer.html", **_answer(what_if_id))


def _answer(what_if_id: int) -> dict[str, Any]:
    with current().db.transaction() as session:
        found = asking.find(session, what_if_id)
        session.expunge(found)
    names = {
        answer: gettext("Nobody is called out") if not found.question[f"volunteers_{answer}"]
        else gettext(
            "%(people)s volunteers after %(minutes)s minutes", people=found.question[f"volunteers_{answer}"],
            minutes=found.question[f"minutes_{answer}"],
        )
        for answer in ("a", "b")
    }  # fmt: skip
    data = pictures.of_answer(found.curves, names)
    return {"found": found, "names": names, "words": words, "common": COMMON, "data": data}
