"""The planners' pages: the week with its gaps, one shift, need, patterns, tables, and the overview's panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from overflow.shifts import (
    coverage,
    forms,
    missing,
    people,
    planning,
    reading,
    rosters,
    sending,
    swapping,
    tables,
    wall,
    words,
)
from overflow.shifts.models import ShiftTelling
from overflow.shifts.planning import Change, Outcome, Wanted
from overflow.shifts.states import DRAFT, LIVE, READ, SHIFT, WRITE

blueprint = Blueprint("shifts", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"
MAX_LEFT_SHOWN = 60
ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
)


def home() -> ZoneInfo:
    """Return the centre's zone, in which weeks and need are shown."""
    return ZoneInfo(current().settings.home_zone)


@blueprint.get("/shifts")
@permit(READ)
def week_page() -> ResponseReturnValue:
    """Show a week by day, with coverage against need."""
    return _week()


@blueprint.get("/shifts/part")
@permit(READ)
def week_part() -> ResponseReturnValue:
    """Return the days alone, for open pages."""
    return render_template("shifts/_week.html", **_week_context())


def _week(
    error: HotlineError | None = None, left: list[tuple[Wanted, str]] | None = None, monday: date | None = None
) -> ResponseReturnValue:
    context = _week_context(monday)
    with current().db.transaction() as session:
        context["people"] = people.plannable(session) if actor().may(WRITE) else []
        context["patterns"] = rosters.patterns(session) if actor().may(WRITE) else []
        context["names"] = people.names(session, {each.agent_id for each, _ in left or []})
        context["offers"] = swapping.open_offers(session, current().clock)
    page = render_template(
        "shifts/week.html", **context, error=explain(error, "shift") if error else None, left=left or [], given=request.form,
        zones=ZONES, max_weeks=rosters.MAX_WEEKS, field=getattr(error, "field", ""),
    )  # fmt: skip
    return page, error.status if error else (422 if left and request.method == "POST" else 200)


def _week_context(monday: date | None = None) -> dict[str, Any]:
    zone, now = home(), current().clock.now()
    monday = monday or forms.monday_given(request.values.get("week", ""), now, zone)
    with current().db.transaction() as session:
        days = coverage.week(session, zone, monday)
    drafts = sum(each.shift.state == DRAFT for day in days for each in day.planned)
    return {
        "days": days, "monday": monday, "before": monday - timedelta(days=7), "after": monday + timedelta(days=7),
        "today": now.astimezone(zone).date(), "zone": zone.key, "drafts": drafts, "words": words, "wall": wall,
        "week_of": lambda day: wall.monday_of(day).isoformat(),
    }  # fmt: skip


@blueprint.post("/shifts")
@permit(WRITE)
def make() -> ResponseReturnValue:
    """Plan a shift for one person or many."""

    def act(session: Session) -> Outcome:
        agent_ids = forms.ids(request.form.getlist("person"), "person")
        known = people.people(session, agent_ids)
        wanted = [
            Wanted(each, forms.wall_of(request.form, known[each].zone if each in known else home().key), line=line)
            for line, each in enumerate(agent_ids, 1)
        ]
        return planning.make_many(session, current().clock, actor(), wanted)

    return _many(act)


@blueprint.post("/shifts/copy")
@permit(WRITE)
def copy() -> ResponseReturnValue:
    """Copy the week shown into another."""

    def act(session: Session) -> Outcome:
        source, target = (
            wall.read_day(request.form.get("week", "")),
            wall.read_day(request.form.get("target", ""), "target"),
        )
        return rosters.copy_week(session, current().clock, actor(), source, target)

    return _many(act)


@blueprint.post("/shifts/repeat")
@permit(WRITE)
def repeat() -> ResponseReturnValue:
    """Plan a pattern for people over some weeks."""

    def act(session: Session) -> Outcome:
        return rosters.apply(
            session, current().clock, actor(), forms.number(request.form.get("pattern", ""), "pattern", least=1),
            forms.ids(request.form.getlist("person"), "person"), wall.read_day(request.form.get("first", ""), "first"),
            forms.number(request.form.get("weeks", ""), "weeks", least=1, most=rosters.MAX_WEEKS),
        )  # fmt: skip

    return _many(act)


def _many(act: Callable[[Session], Outcome]) -> ResponseReturnValue:
    """Carry out what makes many shifts, and show those that could not be made beside the week."""
    try:
        with current().db.transaction() as session:
            outcome = act(session)
    except HotlineError as error:
        return _week(error)
    _changed()
    if outcome.made:
        flash(gettext("%(count)s shifts planned as drafts. Nobody was told yet.", count=len(outcome.made)), "good")
    shown = min((each.starts_at.astimezone(home()).date() for each in outcome.made), default=None)
    if outcome.left:
        return _week(left=explained(outcome), monday=wall.monday_of(shown) if shown else None)
    return redirect(url_for("shifts.week_page", week=shown.isoformat() if shown else request.form.get("week", "")))


def explained(outcome: Outcome) -> list[tuple[Wanted, str]]:
    """Return the shifts that could not be made, each with why in the reader's language."""
    return [(wanted, explain(fault, "shift")) for wanted, fault in outcome.left[:MAX_LEFT_SHOWN]]


@blueprint.post("/shifts/publish")
@permit(WRITE)
def publish() -> ResponseReturnValue:
    """Publish the week's drafts: people are told."""
    zone = home()
    monday = forms.monday_given(request.form.get("week", ""), current().clock.now(), zone)
    with current().db.transaction() as session:
        since, until = wall.midnight(zone, monday), wall.midnight(zone, monday + timedelta(days=7))
        result = planning.publish(session, current().clock, actor(), since, until)
    _changed(tell=True)
    flash(gettext("%(count)s shifts published; people are told by text.", count=len(result.told)), "good")
    for shift, fault in result.left[:10]:
        flash(f"{shift.day.isoformat()}: {explain(fault, 'shift')}", "warn")
    return redirect(url_for("shifts.week_page", week=monday.isoformat()))


@blueprint.get("/shifts/<int:shift_id>")
@permit(READ)
def show(shift_id: int) -> ResponseReturnValue:
    """Show one shift."""
    return _shift(shift_id)


def _shift(shift_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        shift = reading.get(session, shift_id)
        person = people.person(session, shift.agent_id)
        told = session.scalars(
            select(ShiftTelling).where(ShiftTelling.shift_id == shift_id).order_by(ShiftTelling.id.desc()).limit(50)
        ).all()
        offers = [each for each in swapping.open_offers(session, current().clock) if each.shift.id == shift_id]
        whom = people.names(session, {each.agent_id for each in told})
        others = people.plannable(session) if actor().may(WRITE) else []
    events = SHIFT.events_for(shift.state, actor()) if shift.ends_at > current().clock.now() else frozenset()
    page = render_template(
        "shifts/shift.html", shift=shift, person=person, told=told, whom=whom, offers=offers, others=others, words=words,
        wall=wall, events=events, zones=ZONES, given=request.form if error else {}, field=getattr(error, "field", ""),
        error=explain(error, "shift") if error else None,
    )  # fmt: skip
    return page, error.status if error else 200


@blueprint.post("/shifts/<int:shift_id>/change")
@permit(WRITE)
def change(shift_id: int) -> ResponseReturnValue:
    """Move a shift or give it to somebody else."""

    def act(session: Session) -> object:
        form = request.form
        given = Change(
            forms.number(form.get("version", ""), "version", least=1), forms.wall_of(form, home().key),
            forms.number(form.get("person", ""), "person", least=1), form.get("reason", ""),
        )  # fmt: skip
        return planning.change(session, current().clock, actor(), shift_id, given)

    return _act(shift_id, act, gettext("Changed; whoever knew of it is told."))


@blueprint.post("/shifts/<int:shift_id>/cancel")
@permit(WRITE)
def cancel(shift_id: int) -> ResponseReturnValue:
    """Take a shift back."""
    reason = request.form.get("reason", "")
    return _act(
        shift_id, lambda session: planning.cancel(session, current().clock, actor(), shift_id, reason),
        gettext("Cancelled; whoever knew of it is told."),
    )  # fmt: skip


@blueprint.post("/shifts/<int:shift_id>/swaps/<int:swap_id>/<answer>")
@permit(WRITE)
def decide(shift_id: int, swap_id: int, answer: str) -> ResponseReturnValue:
    """Agree to a swap, or not."""
    if answer not in ("approve", "refuse"):
        raise NotFound("answer to a swap", answer[:20])
    return _act(
        shift_id, lambda session: swapping.decide(session, current().clock, actor(), swap_id, agreed=answer == "approve"),
        gettext("Done; both are told."),
    )  # fmt: skip


def _act(shift_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    try:
        with current().db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _shift(shift_id, error)
    _changed(tell=True)
    flash(message, "good")
    return redirect(url_for("shifts.show", shift_id=shift_id))


def _changed(*, tell: bool = False) -> None:
    """Let open pages know, and have texts leave now rather than with the next round."""
    live.notify(current().redis, missing.TOPIC)
    if tell:
        jobs.enqueue(current(), sending.JOB)


@blueprint.get("/shifts/table.csv")
@permit(READ)
def table() -> ResponseReturnValue:
    """Send four weeks from the one shown as a table."""
    zone = home()
    monday = forms.monday_given(request.args.get("week", ""), current().clock.now(), zone)
    with current().db.transaction() as session:
        since, until = wall.midnight(zone, monday), wall.midnight(zone, monday + timedelta(days=28))
        text = tables.write(session, reading.between(session, since, until, states=LIVE))
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="shifts-{monday.isoformat()}.csv"'
    return response


@blueprint.post("/shifts/table")
@permit(WRITE)
def take_table() -> ResponseReturnValue:
    """Take a table of shifts over."""

    def act(session: Session) -> Outcome:
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise InvalidInput("file", "", "choose a file")
        return tables.read(session, current().clock, actor(), upload.stream.read(tables.MAX_FILE_BYTES + 1))

    return _many(act)


@blueprint.get("/shifts/panel")
@permit(WRITE)
def panel() -> str:
    """Return the overview's panel: who did not come, who cannot, and swaps that wait."""
    now = current().clock.now()
    with current().db.transaction() as session:
        absent = missing.absent(session, now)
        on_shift = len(reading.on_shift(session, now))
        waiting = swapping.open_offers(session, current().clock, states=("taken",))
        unreachable = missing.untold(session, now)
    return render_template(
        "shifts/_panel.html", absent=absent, on_shift=on_shift, waiting=waiting, unreachable=unreachable, words=words
    )
