"""The pages of call-outs for the duty chief: the list, a new one with its preview, the live page, and the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents.models import Incident
from overflow.surge import asking, briefed, curve, opening, reading, reporting, telling, words
from overflow.surge.form import number, read_form, usual
from overflow.surge.moving import TOPIC, topic_of
from overflow.surge.states import CALLOUT, IN_ORDER
from overflow.surge.survey import QUESTIONS
from overflow.volunteers import reading as roster

blueprint = Blueprint("callouts", __name__, template_folder="templates")
MAX_INCIDENTS = 100


@blueprint.get("/callouts")
@permit("volunteers.read")
def index() -> ResponseReturnValue:
    """List call-outs."""
    before = number(request.args.get("before", "")) or None
    with current().db.transaction() as session:
        rows = reading.listed(session, before=before, most=reading.PAGE_ROWS + 1)
    older = rows[reading.PAGE_ROWS - 1].callout.id if len(rows) > reading.PAGE_ROWS else None
    return render_template(
        "surge/list.html", rows=rows[: reading.PAGE_ROWS], older=older, before=before, words=words, topic=TOPIC
    )


@blueprint.get("/callouts/rows")
@permit("volunteers.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    before = number(request.args.get("before", "")) or None
    with current().db.transaction() as session:
        found = reading.listed(session, before=before)
    return render_template("surge/_list.html", rows=found, words=words)


def _zone() -> ZoneInfo:
    return ZoneInfo(g.officer.zone)


def _incidents(session: Session) -> list[Incident]:
    return list(
        session.scalars(
            select(Incident).where(Incident.state == "open").order_by(Incident.id.desc()).limit(MAX_INCIDENTS)
        )
    )


@blueprint.get("/callouts/new")
@permit("surge.call")
def new() -> ResponseReturnValue:
    """Show the form for a new call-out; the advice on staffing says how many in `needed`."""
    values = usual(current().clock.now(), _zone()) | {"incident_id": request.args.get("incident", "")[:19]}
    if advised := number(request.args.get("needed", "")):
        values["needed"] = str(advised)
    return _form(values)


def _form(
    values: Any, *, errors: dict[str, str] | None = None, told: tuple[int, int] | None = None, status: int = 200
) -> ResponseReturnValue:
    with current().db.transaction() as session:
        incidents = _incidents(session)
        chosen = number(str(values.get("incident_id", "")))
        unbriefed = chosen in {each.id for each in incidents} and not briefed.is_published(session, chosen)
        skills = roster.skills(session)
    page = render_template(
        "surge/form.html", values=values, errors=errors or {}, incidents=incidents, told=told, unbriefed=unbriefed,
        skills=skills,
    )  # fmt: skip
    return page, status


@blueprint.post("/callouts")
@permit("surge.call")
def start() -> ResponseReturnValue:
    """Begin a call-out, or say how many people could be asked for it (`act=preview`)."""
    services = current()
    try:
        wanted = read_form(request.form, _zone())
        if request.form.get("act") == "preview":
            with services.db.transaction() as session:
                told = asking.first_wave(session, services, opening.drafted(session, services, wanted))
                session.expunge_all()
            return _form(request.form, told=told)
        with services.db.transaction() as session:
            callout_id = opening.start(session, services, actor(), wanted).id
    except (InvalidInput, SeveralFaults) as error:
        return _form(request.form, errors=explain_fields(error, "callout"), status=error.status)
    except NotFound:
        return _form(request.form, errors={"incident_id": gettext("Choose an open incident.")}, status=422)
    except HotlineError as error:
        flash(explain(error, "callout"), "warn")
        return _form(request.form, status=error.status)
    telling.tell(services, callout_id)
    flash(gettext("The first people are being asked."), "good")
    return redirect(url_for("callouts.show", callout_id=callout_id))


@blueprint.get("/callouts/<int:callout_id>")
@permit("volunteers.read")
def show(callout_id: int) -> ResponseReturnValue:
    """Show how a call-out goes, live."""
    return render_template("surge/show.html", **_shown(callout_id))


@blueprint.get("/callouts/<int:callout_id>/part")
@permit("volunteers.read")
def part(callout_id: int) -> ResponseReturnValue:
    """Return what changes of the page, for open pages."""
    return render_template("surge/_standing.html", **_shown(callout_id))


def _shown(callout_id: int) -> dict[str, Any]:
    services = current()
    with services.db.transaction() as session:
        found = reading.shown(session, callout_id, services.clock.now())
        unbriefed = not briefed.is_published(session, found.callout.incident_id)
    found.people.sort(key=lambda each: (IN_ORDER.index(each[0].person.state), each[0].person.id))
    timeline = [each for each in found.events if each.person_id is None][:30]
    return {
        "shown": found, "callout": found.callout, "standing": found.standing, "words": words, "topic": topic_of(callout_id),
        "may_do": CALLOUT.events_for(found.callout.state, actor()), "timeline": timeline, "unbriefed": unbriefed,
        "curve": curve.drawn(found.samples, services.clock.now()),
    }  # fmt: skip


def _act(callout_id: int, stage: Callable[[Session], object], done: str) -> ResponseReturnValue:
    back = url_for("callouts.show", callout_id=callout_id)
    return act_from_page(stage, done, about="callout", back=back, after=lambda _: telling.tell(current(), callout_id))


_DONE = {
    "pause": lambda: gettext("Paused: nobody new is asked."),
    "resume": lambda: gettext("Asking goes on."),
    "cancel": lambda: gettext("Cancelled: whoever was coming is told, whoever is there finishes their call."),
    "stand_down": lambda: gettext("Standing down: whoever is there finishes their call and is thanked."),
}


@blueprint.post("/callouts/<int:callout_id>/act")
@permit("surge.call")
def act(callout_id: int) -> ResponseReturnValue:
    """Pause, resume, cancel, or stand everybody down."""
    event, services = request.form.get("act", ""), current()
    done = _DONE[event]() if event in _DONE else ""
    return _act(callout_id, lambda session: opening.act(session, services, actor(), callout_id, event), done)


@blueprint.post("/callouts/<int:callout_id>/needed")
@permit("surge.call")
def needed(callout_id: int) -> ResponseReturnValue:
    """Change how many are needed."""
    count, services = number(request.form.get("needed", "")), current()
    return _act(
        callout_id,
        lambda session: opening.change_needed(session, services, actor(), callout_id, count),
        gettext("Saved."),
    )


@blueprint.post("/callouts/<int:callout_id>/ask-more")
@permit("surge.call")
def ask_more(callout_id: int) -> ResponseReturnValue:
    """Ask more people."""
    count, services = number(request.form.get("count", "")), current()
    return _act(
        callout_id, lambda session: opening.ask_more(session, services, actor(), callout_id, count),
        gettext("They are asked with the next wave, within seconds."),
    )  # fmt: skip


@blueprint.post("/callouts/<int:callout_id>/release")
@permit("surge.call")
def release(callout_id: int) -> ResponseReturnValue:
    """Stand some people down."""
    count, services = number(request.form.get("count", "")), current()
    return _act(
        callout_id, lambda session: opening.release(session, services, actor(), callout_id, count),
        gettext("They finish their call and are thanked."),
    )  # fmt: skip


@blueprint.get("/callouts/<int:callout_id>/report")
@permit("volunteers.read")
def report(callout_id: int) -> ResponseReturnValue:
    """Show what came of a call-out."""
    return render_template("surge/report.html", report=_report(callout_id), words=words, questions=QUESTIONS)


@blueprint.get("/callouts/<int:callout_id>/report.csv")
@permit("volunteers.read")
def csv_report(callout_id: int) -> ResponseReturnValue:
    """Send everybody who was asked as a table."""
    found = _report(callout_id)
    response = Response("\ufeff" + reporting.as_csv(found), content_type="text/csv; charset=utf-8")
    day = found.shown.callout.created_at.astimezone(UTC).date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="call-out-{callout_id}-{day}.csv"'
    return response


def _report(callout_id: int) -> reporting.Report:
    services = current()
    with services.db.transaction() as session:
        return reporting.report_of(session, callout_id, services.clock.now())


@blueprint.get("/callouts/of-incident/<int:incident_id>")
@permit("volunteers.read")
def of_incident(incident_id: int) -> str:
    """Return the part of an incident's page: its call-outs and the button for a new one."""
    services = current()
    with services.db.transaction() as session:
        found = reading.listed(session, incident_id=incident_id, most=5)
    standings = {each.callout.id: each.standing for each in found if each.callout.ended_at is None}
    return render_template(
        "surge/_of_incident.html", rows=found, standings=standings, words=words, incident_id=incident_id,
        open_one=bool(standings),
    )  # fmt: skip
