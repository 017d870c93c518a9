"""The pages of lists and rules: which versions hold, taking a new one over, and the numbers of the rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import MAX_BODY_BYTES, permit
from remittance.requests import reading as requests_reading
from remittance.screening import lists, rules, thresholds, words
from remittance.screening.list_files import COLUMNS, NEEDED, read_list
from remittance.screening.states import LISTS, RULES, SETTINGS

blueprint = Blueprint("screening_lists", __name__, template_folder="templates")
FILES = ("file", "aliases", "addresses")


@blueprint.get("/screening/lists")
@permit(SETTINGS)
def index() -> ResponseReturnValue:
    """Show the versions that hold and those before, and the form for a new one."""
    return _lists()


def _lists(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        history = lists.history(session)
        held = {each.id for each in lists.holding(session)}
        names = requests_reading.names_of(session, [each.imported_by_id for each in history])
    page = render_template(
        "screening/lists.html", history=history, held=held, names=names, columns=COLUMNS, needed=NEEDED, words=words,
        max_mib=MAX_BODY_BYTES // (1024 * 1024), values=request.form if error is not None else {},
        faults=error.faults if isinstance(error, SeveralFaults) else [],
        errors=explain_fields(error, "screening") if isinstance(error, InvalidInput) else {},
        refusal=explain(error, "screening") if error is not None and not isinstance(error, InvalidInput) else "",
        shrinks=error is not None and error.code == "list-shrinks",
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/screening/lists")
@permit(LISTS)
def take() -> ResponseReturnValue:
    """Take a list over."""
    services, form = current(), request.form
    given = {name: upload.read() if (upload := request.files.get(name)) is not None else b"" for name in FILES}
    try:
        if not given["file"]:
            raise InvalidInput("file", "", "choose a file")
        read = read_list(given["file"], aliases=given["aliases"], addresses=given["addresses"])
        with services.db.transaction() as session:
            version, new = lists.take(
                session, services.clock, actor(), form.get("code", "").strip(), read, smaller=form.get("smaller") == "1"
            )
            told = {"list": version.code, "count": version.entries}
    except HotlineError as error:
        return _lists(error)
    if new:
        flash(
            gettext("%(list)s holds with %(count)s entries. Open remittances are compared with it now.", **told), "good"
        )
    else:
        flash(gettext("This version of %(list)s holds already; nothing was changed.", **told), "note")
    return redirect(url_for("screening_lists.index"))


@blueprint.get("/screening/rules")
@permit(SETTINGS)
def rules_page() -> ResponseReturnValue:
    """Show the rules that hold."""
    return _rules()


def _rules(error: SeveralFaults | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        holding = thresholds.current(session)
        history = thresholds.history(session)
        names = requests_reading.names_of(session, [each.kept_by_id for each in history])
    values = holding.numbers if error is None else _given()
    page = render_template(
        "screening/rules.html", rules=rules.RULES, choices=rules.CHOICES, values=values, history=history, names=names,
        words=words, errors=explain_fields(error, "screening") if error is not None else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/screening/rules")
@permit(RULES)
def keep_rules() -> ResponseReturnValue:
    """Keep a new version of the rules."""
    services = current()
    try:
        with services.db.transaction() as session:
            thresholds.keep(session, services.clock, actor(), _given())
    except SeveralFaults as error:
        return _rules(error)
    flash(gettext("The rules hold from now on. Open remittances are looked into again."), "good")
    return redirect(url_for("screening_lists.rules_page"))


def _given() -> dict[str, dict[str, Any]]:
    return {
        rule: {name: request.form.get(f"{rule}.{name}", "") for name in ("severity", *(each.name for each in numbers))}
        for rule, numbers in rules.RULES.items()
    }
