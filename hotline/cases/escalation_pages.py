"""Pages of escalation: what officials owe, asking and answering, opening again, and the table of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.cases import escalating, words
from hotline.cases.escalation_models import Escalation
from hotline.cases.judging import RISKS
from hotline.cases.models import Case
from hotline.cases.pages import hint
from hotline.cases.reading import names_of
from hotline.cases.states import ANSWER
from hotline.core.acting import act_from_page
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("escalations", __name__, template_folder="templates")
MAX_OFFICERS = 300


@blueprint.get("/escalations")
@permit("cases.read")
def list_page() -> ResponseReturnValue:
    """List the questions that officials have not answered; `mine=1` only those that the reader was asked."""
    return render_template("cases/escalations.html", **_waiting())


@blueprint.get("/escalations/rows")
@permit("cases.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages and the overview."""
    return render_template("cases/_escalations.html", **_waiting())


@blueprint.get("/escalations/panel")
@permit("cases.answer")
def panel() -> str:
    """Return the overview's panel: the questions that the reader was asked."""
    return render_template("cases/_escalations.html", **_waiting(mine=True))


def _waiting(*, mine: bool | None = None) -> dict[str, Any]:
    own = request.args.get("mine") == "1" if mine is None else mine
    with current().db.transaction() as session:
        found = escalating.waiting_questions(session, official_id=(actor().id or 0) if own else None)
        cases = {case.id: case for case in session.scalars(_cases_of(found))}
        people = names_of(session, {case.person_id for case in cases.values()})
        officials = _officials(session, {each.official_id for each in found})
    return {
        "questions": found, "cases": cases, "people": people, "officials": officials, "now": current().clock.now(),
        "mine": own, "ref": lambda number: reference("CS", number),
    }  # fmt: skip


def _cases_of(found: list[Escalation]) -> Any:
    return select(Case).where(Case.id.in_([each.case_id for each in found]))


def _officials(session: Session, ids: set[int]) -> dict[int, str]:
    found = session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(ids)))
    return {officer_id: name for officer_id, name in found.tuples()}


@blueprint.post("/cases/<int:case_id>/escalate")
@permit("cases.work")
def ask(case_id: int) -> ResponseReturnValue:
    """Ask the responsible official."""
    question = request.form.get("question", "")
    return _act(
        case_id,
        lambda session: escalating.escalate(session, current().clock, actor(), case_id, question=question),
        gettext("The responsible official was asked."),
    )


@blueprint.post("/escalations/<int:escalation_id>/answer")
@permit("cases.answer")
def answer(escalation_id: int) -> ResponseReturnValue:
    """Answer as an official."""
    with current().db.transaction() as session:
        found = session.get(Escalation, escalation_id)
        if found is None:
            raise NotFound("escalation", escalation_id)
        case_id = found.case_id
    given = request.form.get("answer", "")
    return _act(
        case_id,
        lambda session: escalating.answer(session, current().clock, actor(), escalation_id, words=given),
        gettext("Answered. The person reads it on their page."),
    )


@blueprint.post("/cases/<int:case_id>/open-again")
@permit("cases.work")
def open_again(case_id: int) -> ResponseReturnValue:
    """Open a closed case again."""
    reason = request.form.get("reason", "")
    return _act(
        case_id,
        lambda session: escalating.reopen(session, current().clock, actor(), case_id, reason=reason),
        gettext("The case is open again."),
    )


def _act(case_id: int, act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    back = url_for("cases.show", case_id=case_id)
    return act_from_page(act, message, about="case", back=back, after=lambda _: hint(case_id))


@blueprint.get("/escalations/rules")
@permit("cases.rules")
def rules_page() -> ResponseReturnValue:
    """Show who answers for what, and a form for one more rule."""
    return _rules()


@blueprint.post("/escalations/rules")
@permit("cases.rules")
def set_rule() -> ResponseReturnValue:
    """Set a rule; the one that stood in its place ends."""
    form = request.form
    try:
        with current().db.transaction() as session:
            escalating.set_rule(
                session, current().clock, actor(), country=form.get("country", ""), risk=form.get("risk", ""),
                level=_number("level"), official_id=_number("official_id"),
                deadline_minutes=_number("deadline_minutes"), phone=form.get("phone", ""),
            )  # fmt: skip
    except InvalidInput as error:
        return _rules(error)
    flash(gettext("The rule holds from now on."), "good")
    return redirect(url_for("escalations.rules_page"))


@blueprint.post("/escalations/rules/<int:rule_id>/remove")
@permit("cases.rules")
def remove_rule(rule_id: int) -> ResponseReturnValue:
    """End a rule."""
    with current().db.transaction() as session:
        escalating.remove_rule(session, current().clock, actor(), rule_id)
    flash(gettext("The rule has ended."), "good")
    return redirect(url_for("escalations.rules_page"))


def _rules(error: InvalidInput | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        found = escalating.live_rules(session)
        officers = session.scalars(
            select(Officer).where(Officer.disabled_at.is_(None)).order_by(Officer.display_name).limit(MAX_OFFICERS)
        ).all()
        names = _officials(session, {rule.official_id for rule in found})
    may_answer = [(each.id, each.display_name) for each in officers if ANSWER in permissions_of(each.roles)]
    page = render_template(
        "cases/rules.html", rules=found, names=names, officials=may_answer, words=words, risks=RISKS, form=request.form,
        error=explain(error, "rule") if error is not None else None,
    )  # fmt: skip
    return page, 422 if error is not None else 200


def _number(name: str) -> int:
    given = request.form.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
