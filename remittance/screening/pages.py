"""The pages of screening: the work list of findings, one finding with both names side by side, and a remittance's panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.requests import access
from remittance.requests import reading as requests_reading
from remittance.requests import words as requests_words
from remittance.screening import clearing, lists, reading, words
from remittance.screening.comparing import latin
from remittance.screening.models import ScreeningFinding
from remittance.screening.reading import ALL, CHOICES, PAGE_ROWS
from remittance.screening.states import CLEAR, FINDING, OPEN, READ

blueprint = Blueprint("screening", __name__, template_folder="templates")

Decide = Callable[..., ScreeningFinding]


@blueprint.get("/screening/findings")
@permit(READ)
def findings() -> ResponseReturnValue:
    """List findings: those that nobody decided yet, unless something else is asked for."""
    state = request.args.get("state", OPEN)
    state = state if state in CHOICES else ALL
    search = request.args.get("q", "")[: reading.MAX_SEARCH_CHARS]
    before = _id(request.args.get("before", ""))
    with current().db.transaction() as session:
        found = reading.listed(session, actor(), state, search, before=before, limit=PAGE_ROWS + 1)
    kept: dict[str, Any] = {"state": state} | ({"q": search} if search else {})
    more = len(found) > PAGE_ROWS
    return render_template(
        "screening/findings.html", found=found[:PAGE_ROWS], state=state, search=search, choices=CHOICES, words=words,
        older=url_for("screening.findings", before=found[PAGE_ROWS - 1].finding.id, **kept) if more else None,
        newer=url_for("screening.findings", **kept) if before else None,
    )  # fmt: skip


@blueprint.get("/screening/panel")
@permit(READ)
def overview() -> str:
    """Return the overview's panel: money that waits for somebody to look at a finding."""
    with current().db.transaction() as session:
        waiting = reading.waiting(session, actor())
    return render_template("screening/_overview.html", waiting=waiting)


@blueprint.get("/screening/findings/<int:finding_id>")
@permit(READ)
def finding(finding_id: int) -> ResponseReturnValue:
    """Show one finding."""
    return _one(finding_id)


def _one(finding_id: int, error: InvalidInput | SeveralFaults | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = reading.whole(session, actor(), finding_id)
        names = requests_reading.names_of(
            session,
            [found.finding.raised_by_id, found.finding.decided_by_id, *(each.decided_by_id for each in found.before)],
        )
    page = render_template(
        "screening/finding.html", found=found, names=names, words=words, states=requests_words, latin=latin,
        may_do=FINDING.events_for(found.finding.state, actor()),
        values=request.form if error is not None else {},
        errors=explain_fields(error, "screening") if error is not None else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/screening/findings/<int:finding_id>/clear")
@permit(CLEAR)
def clear(finding_id: int) -> ResponseReturnValue:
    """Say that it is a false one."""
    return _decide(finding_id, clearing.clear, gettext("Cleared. It is not raised again for this person."))


@blueprint.post("/screening/findings/<int:finding_id>/confirm")
@permit(CLEAR)
def confirm(finding_id: int) -> ResponseReturnValue:
    """Say that it is a true one."""
    return _decide(finding_id, clearing.confirm, gettext("Confirmed. The remittance stays on hold."))


def _decide(finding_id: int, act: Decide, done: str) -> ResponseReturnValue:
    services = current()
    reason, back = request.form.get("reason", ""), url_for("screening.finding", finding_id=finding_id)
    return act_from_page(
        lambda session: act(session, services.clock, actor(), finding_id, reason=reason),
        done, about="screening", back=back, form=partial(_one, finding_id),
    )  # fmt: skip


@blueprint.get("/screening/of-remittance/<int:remittance_id>")
@permit(READ)
def panel(remittance_id: int) -> str:
    """Return the part of a remittance's page that says what was compared and what was found."""
    with current().db.transaction() as session:
        access.demand(session, actor(), remittance_id)
        found = reading.of_remittance(session, remittance_id)
        checks = reading.last_checks(session, remittance_id)
        held = lists.holding(session)
    return render_template(
        "screening/_of_remittance.html", found=found, checks=checks, newest=max((each.id for each in held), default=0),
        words=words,
    )  # fmt: skip


def _id(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
