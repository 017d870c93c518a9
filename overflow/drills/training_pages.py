"""The pages of training calls: the list, one call with its sheet, planning one, and the scenarios."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.calls.events import wake_all
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions.models import Mission, MissionStaff
from hotline.queues.moments import read_moment
from overflow.drills import scenarios, training, words
from overflow.drills.models import TrainingScenario
from overflow.drills.report_files import name_of
from overflow.drills.states import AREAS, TRAIN, TRAINING
from overflow.drills.training import Planned, Sheet

blueprint = Blueprint("training", __name__, template_folder="templates")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
MAX_PEOPLE = 2_000


@blueprint.get("/training")
@permit("missions.read")
def index() -> ResponseReturnValue:
    """List training calls: trainers see all, everybody else their own."""
    return _list()


def _list(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = training.listed(session, actor())
        trainer = actor().may(TRAIN)
        people = _people(session) if trainer else []
        offered = scenarios.listed(session) if trainer else []
    return render_template(
        "drills/training.html", found=found, words=words, areas=AREAS, people=people, scenarios=offered,
        name_of=name_of, values=request.form if error is not None else {},
        errors=explain_fields(error, "training") if isinstance(error, (InvalidInput, SeveralFaults)) else {},
    ), error.status if error is not None else 200  # fmt: skip


def _people(session: Session) -> list[tuple[str, str]]:
    """Return who can be trained: mission and person as one choice, so that nobody picks a pair that does not exist."""
    rows = session.execute(
        select(Mission, Officer.id, Officer.display_name)
        .join(MissionStaff, MissionStaff.mission_id == Mission.id)
        .join(Officer, Officer.id == MissionStaff.officer_id)
        .where(Mission.closed_at.is_(None), Officer.disabled_at.is_(None))
        .order_by(Mission.code, Officer.display_name)
        .limit(MAX_PEOPLE)
    ).tuples()
    return [
        (f"{mission.id}-{officer_id}", f"{name_of({'ko': mission.name_ko, 'en': mission.name_en})} · {name}")
        for mission, officer_id, name in rows
    ]


@blueprint.post("/training")
@permit("training.write")
def plan() -> ResponseReturnValue:
    """Plan a training call; the time is read in the trainer's own zone."""
    services, form = current(), request.form
    mission, _, trainee = form.get("whom", "").partition("-")
    try:
        with services.db.transaction() as session:
            given = Planned(
                _id(mission), _id(trainee), _id(form.get("scenario_id", "")), form.get("phone", "")[:40],
                _moment(session, form.get("scheduled_at", "")),
            )  # fmt: skip
            made = training.plan(session, services, actor(), given)
    except (InvalidInput, SeveralFaults) as error:
        return _list(error)
    flash(gettext("The training call is planned."), "good")
    return redirect(url_for("training.show", training_id=made.id))


def _id(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _moment(session: Session, written: str) -> datetime:
    """Return the moment of the form; what is no moment lies outside every bound and is refused with the other faults."""
    officer = session.get(Officer, actor().id or 0)
    try:
        return read_moment(written, ZoneInfo(officer.zone if officer is not None else "Asia/Seoul"))
    except InvalidInput:
        return _NEVER


@blueprint.get("/training/<int:training_id>")
@permit("missions.read")
def show(training_id: int) -> ResponseReturnValue:
    """Show one training call with its sheet."""
    return _one(training_id)


def _one(training_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = training.get(session, actor(), training_id)
    return render_template(
        "drills/training_call.html", each=found, words=words, areas=AREAS, name_of=name_of,
        may_do=TRAINING.events_for(found.call.state, actor()), values=request.form if error is not None else None,
        errors=explain_fields(error, "training") if isinstance(error, (InvalidInput, SeveralFaults)) else {},
    ), error.status if error is not None else 200  # fmt: skip


def _act(training_id: int, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    back = url_for("training.show", training_id=training_id)
    return act_from_page(act, done, about="training", back=back, form=partial(_one, training_id))


@blueprint.post("/training/<int:training_id>/call")
@permit("training.write")
def place(training_id: int) -> ResponseReturnValue:
    """Call the trainee from the trainer's own desk."""
    services = current()
    made: list[int | None] = []

    def act(session: Session) -> None:
        made.append(training.place(session, services, actor(), training_id).call_id)

    answer = _act(training_id, act, gettext("Your telephone rings first; then the trainee is called."))
    if made:
        wake_all(services, made[0])
    return answer


@blueprint.post("/training/<int:training_id>/sheet")
@permit("training.write")
def score(training_id: int) -> ResponseReturnValue:
    """Fill in the sheet."""
    form = request.form
    marks = {area: int(form[area]) for area in AREAS if form.get(area, "") in ("0", "1", "2", "3", "4", "5")}
    sheet = Sheet(marks, {area: form.get(f"{area}_note", "") for area in AREAS}, form.get("follow_up", ""))
    return _act(
        training_id,
        lambda session: training.score(session, current(), actor(), training_id, sheet),
        gettext("The sheet is saved."),
    )


@blueprint.post("/training/<int:training_id>/cancel")
@permit("training.write")
def cancel(training_id: int) -> ResponseReturnValue:
    """Call it off."""
    return _act(
        training_id, lambda session: training.cancel(session, current(), actor(), training_id), gettext("Called off.")
    )


@blueprint.get("/training/scenarios")
@permit("training.write")
def scenario_list() -> ResponseReturnValue:
    """List the scenarios; `scenario` opens one for changing."""
    return _scenarios()


def _scenarios(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = scenarios.listed(session, with_retired=True)
        row = session.get(TrainingScenario, _id(request.args.get("scenario", "")))
    values = {name: getattr(row, name) for name in ("code", *scenarios.TEXTS)} if row is not None else {}
    return render_template(
        "drills/scenarios.html", found=found, row=row, values=request.form if error is not None else values,
        errors=explain_fields(error, "scenario") if isinstance(error, (InvalidInput, SeveralFaults)) else {},
        error=explain(error, "scenario") if error is not None else None,
    ), error.status if error is not None else 200  # fmt: skip


@blueprint.post("/training/scenarios")
@permit("training.write")
def save_scenario() -> ResponseReturnValue:
    """Add or change a scenario."""
    services, given = current(), request.args.get("scenario", "")
    try:
        with services.db.transaction() as session:
            scenarios.save(
                session,
                services,
                actor(),
                _id(given) if given else None,
                request.form,
                retired=request.form.get("retired") == "1",
            )
    except NotFound:
        raise
    except HotlineError as error:
        return _scenarios(error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("training.scenario_list"))
