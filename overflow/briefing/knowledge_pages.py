"""The console's pages of knowledge tests: which there are, and writing one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from overflow.briefing import knowledge, questions
from overflow.briefing.states import WRITE

blueprint = Blueprint("knowledge", __name__, template_folder="templates")
NEW = {"level": "1", "pass_percent": "80", "months": "12", "wait_hours": "24", "active": "1"}


@blueprint.get("/knowledge-tests")
@permit(WRITE)
def index() -> ResponseReturnValue:
    """List the tests."""
    with current().db.transaction() as session:
        found = knowledge.listed(session, with_retired=True)
    return render_template("briefing/tests.html", found=found)


@blueprint.get("/knowledge-tests/new")
@permit(WRITE)
def new() -> ResponseReturnValue:
    """Show an empty test."""
    return _form(None)


@blueprint.get("/knowledge-tests/<int:test_id>")
@permit(WRITE)
def edit(test_id: int) -> ResponseReturnValue:
    """Show a test for changing."""
    return _form(test_id)


def _form(test_id: int | None, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        test = knowledge.get(session, test_id) if test_id is not None else None
    values: dict[str, Any] = dict(NEW)
    if test is not None:
        names = ("name_ko", "name_en", "skill", "level", "pass_percent", "months", "wait_hours")
        values = {name: getattr(test, name) for name in names} | questions.as_form(test.questions)
        values["active"] = "1" if test.active else ""
    several = isinstance(error, InvalidInput | SeveralFaults)
    page = render_template(
        "briefing/test.html", test=test, values=request.form if error is not None else values,
        count=knowledge.MOST_QUESTIONS, needed=knowledge.LEAST_QUESTIONS,
        error=explain(error, "briefing") if error is not None and not several else None,
        errors=explain_fields(error, "briefing") if isinstance(error, InvalidInput | SeveralFaults) else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/knowledge-tests/new")
@permit(WRITE)
def add() -> ResponseReturnValue:
    """Add a test."""
    return _save(None)


@blueprint.post("/knowledge-tests/<int:test_id>")
@permit(WRITE)
def save(test_id: int) -> ResponseReturnValue:
    """Change a test."""
    return _save(test_id)


def _save(test_id: int | None) -> ResponseReturnValue:
    services, given = current(), request.form.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    try:
        with services.db.transaction() as session:
            knowledge.save(session, services.clock, actor(), test_id, request.form, version)
    except NotFound:
        raise
    except HotlineError as error:
        return _form(test_id, error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("knowledge.index"))
