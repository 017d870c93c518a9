"""The pages on which planners say how many people are needed, and keep patterns of weeks."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core import live
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from overflow.shifts import coverage, forms, missing, rosters, wall, words
from overflow.shifts.pages import ZONES, home
from overflow.shifts.states import READ, WRITE

blueprint = Blueprint("shift_plans", __name__, template_folder="templates")


@blueprint.get("/shifts/needs")
@permit(READ)
def needs() -> ResponseReturnValue:
    """Show how many people are needed, by weekday and hour."""
    return _needs()


def _needs(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        rows = coverage.needs(session)
    page = render_template(
        "shifts/needs.html", rows=rows, words=words, zone=home().key, error=explain(error, "need") if error else None,
        given=request.form if error else {}, field=getattr(error, "field", ""),
    )  # fmt: skip
    return page, error.status if error else 200


@blueprint.post("/shifts/needs")
@permit(WRITE)
def keep_need() -> ResponseReturnValue:
    """Keep lines of need."""

    def act(session: Session) -> None:
        wanted = forms.needs_of(request.form, request.form.getlist("weekday"))
        coverage.keep(session, current().clock, actor(), wanted)

    return _done(act, _needs, "shift_plans.needs")


@blueprint.post("/shifts/needs/<int:need_id>/remove")
@permit(WRITE)
def remove_need(need_id: int) -> ResponseReturnValue:
    """Take a line of need away."""
    return _done(
        lambda session: coverage.remove(session, current().clock, actor(), need_id), _needs, "shift_plans.needs"
    )


@blueprint.get("/shifts/patterns")
@permit(READ)
def patterns() -> ResponseReturnValue:
    """Show the patterns."""
    return _patterns()


def _patterns(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        rows = rosters.patterns(session)
    page = render_template(
        "shifts/patterns.html", rows=rows, words=words, wall=wall, zones=ZONES, given=request.form if error else {},
        error=explain(error, "pattern") if error else None, field=getattr(error, "field", ""),
    )  # fmt: skip
    return page, error.status if error else 200


@blueprint.post("/shifts/patterns")
@permit(WRITE)
def keep_pattern() -> ResponseReturnValue:
    """Keep a pattern."""

    def act(session: Session) -> None:
        form = request.form
        lines = forms.pattern_lines(form.get("lines", ""))
        rosters.keep_pattern(session, current().clock, actor(), form.get("name", ""), form.get("zone", ""), lines)

    return _done(act, _patterns, "shift_plans.patterns")


@blueprint.post("/shifts/patterns/<int:pattern_id>/remove")
@permit(WRITE)
def remove_pattern(pattern_id: int) -> ResponseReturnValue:
    """Forget a pattern."""
    return _done(
        lambda session: rosters.remove_pattern(session, current().clock, actor(), pattern_id), _patterns,
        "shift_plans.patterns",
    )  # fmt: skip


def _done(
    act: Callable[[Session], None], page: Callable[[HotlineError | None], ResponseReturnValue], back: str
) -> ResponseReturnValue:  # fmt: skip
    try:
        with current().db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return page(error)
    live.notify(current().redis, missing.TOPIC)
    flash(gettext("Saved."), "good")
    return redirect(url_for(back))
