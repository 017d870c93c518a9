"""Knowledge tests on a volunteer's own page: which there are for them, and taking one."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.core.errors import HotlineError, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from overflow.briefing import knowledge
from overflow.briefing.own_pages import volunteer_actor
from overflow.briefing.pages import number_of
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.own_page import guarded, private

blueprint = Blueprint("own_tests", __name__, template_folder="templates")


@blueprint.get("/knowledge-tests/of-volunteer/<int:volunteer_id>")
@permit("volunteers.read")
def panel(volunteer_id: int) -> str:
    """Return the part of a volunteer's own page about tests and certificates."""
    services = current()
    with services.db.transaction() as session:
        found = knowledge.standings(session, services.clock, volunteer_id)
    return render_template("briefing/_own_tests.html", found=found, token=g.get("volunteer_token", ""))


@blueprint.get("/v/<token>/tests/<int:test_id>")
@permit(PUBLIC)
def show(token: str, test_id: int) -> ResponseReturnValue:
    """Show a test."""
    return guarded(lambda services: _shown(services, token, test_id))


def _shown(services: Services, token: str, test_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    try:
        with services.db.transaction() as session:
            volunteer = volunteer_of(session, services, token)
            paper = knowledge.paper(session, services.clock, volunteer.id, test_id)
    except Refused as refusal:  # they must wait: their own page says until when
        flash(explain(refusal, "briefing"), "warn")
        return redirect(url_for("volunteer_page.show", token=token))
    several = isinstance(error, InvalidInput | SeveralFaults)
    page = render_template(
        "briefing/own_test.html", paper=paper, token=token, values=request.form,
        error=explain(error, "briefing") if error is not None and not several else None,
        errors=explain_fields(error, "briefing") if isinstance(error, InvalidInput | SeveralFaults) else {},
    )  # fmt: skip
    return private(page, error.status if error is not None else 200)


@blueprint.post("/v/<token>/tests/<int:test_id>")
@permit(PUBLIC)
def answer(token: str, test_id: int) -> ResponseReturnValue:
    """Take a volunteer's answers."""
    return guarded(lambda services: _answered(services, token, test_id))


def _answered(services: Services, token: str, test_id: int) -> ResponseReturnValue:
    try:
        with services.db.transaction() as session:
            volunteer = volunteer_of(session, services, token)
            made = knowledge.answer(
                session, services.clock, volunteer.id, test_id, version=number_of("version"), number=number_of("try"),
                given=request.form, by=volunteer_actor(volunteer),
            )  # fmt: skip
    except NotFound:
        raise
    except HotlineError as error:
        return _shown(services, token, test_id, error)
    if made.passed:
        flash(gettext("Passed: %(right)s of %(asked)s were right.", right=made.rights, asked=made.asked), "good")
    else:
        flash(gettext("Not passed: %(right)s of %(asked)s were right.", right=made.rights, asked=made.asked), "warn")
    return redirect(url_for("volunteer_page.show", token=token))
