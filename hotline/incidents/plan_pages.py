"""The pages of plans: the list, and the editor with its preview and the versions that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.registry import ModeField, ModeStep, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import plan_form, plans
from hotline.incidents.mode_models import ModePlan
from hotline.incidents.plan_form import PlanForm
from hotline.incidents.states import PLANS, SWITCH

blueprint = Blueprint("disaster_plans", __name__, template_folder="templates")


def plan_name(plan: ModePlan) -> str:
    """Return a plan's name in the reader's language."""
    return plan.name_ko if str(get_locale()) == "ko" else plan.name_en


def known_steps() -> dict[str, ModeStep]:
    """Return what the house can do, in the usual order."""
    registry: Registry = current_app.extensions["registry"]
    return dict(sorted(registry.mode_steps.items(), key=lambda each: each[1].order))


def reads_whole() -> bool:
    """Say whether the reader may see steps whole, with partners' numbers: who switches disaster mode or writes plans."""
    return actor().may(SWITCH) or actor().may(PLANS)


def shown_params(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a step's parameters the reader may see; nothing of a step that nobody knows any more."""
    step = known_steps().get(kind)
    if reads_whole():
        return dict(params)
    return step.for_readers(params) if step is not None else {}


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"plan_name": plan_name}


@blueprint.get("/disaster-plans")
@permit("incidents.read")
def index() -> ResponseReturnValue:
    """List the plans."""
    with current().db.transaction() as session:
        found = plans.listed(session, with_retired=True)
    return render_template("incidents/plans.html", plans=found)


@blueprint.get("/disaster-plans/new")
@permit("incidents.plans")
def new() -> ResponseReturnValue:
    """Show the editor of a new plan."""
    with current().db.transaction() as session:
        return _editor(session, PlanForm(), None)


@blueprint.get("/disaster-plans/<int:plan_id>")
@permit("incidents.read")
def show(plan_id: int) -> ResponseReturnValue:
    """Show a plan: its editor to those who write plans, and to everybody what each step does. `version` shows an older one."""
    with current().db.transaction() as session:
        plan = plans.get(session, plan_id)
        number = request.args.get("version", type=int) or plan.version
        shown = plan_form.of_plan(plan, plans.version_of(session, plan_id, number if 0 < number < 2**31 else 0))
        return _editor(session, shown, plan, number=number)


@blueprint.post("/disaster-plans")
@permit("incidents.plans")
def create() -> ResponseReturnValue:
    """Keep a new plan, or show the form again with its steps moved, added or looked at."""
    return _keep(None)


@blueprint.post("/disaster-plans/<int:plan_id>")
@permit("incidents.plans")
def save(plan_id: int) -> ResponseReturnValue:
    """Keep a new version of a plan, or show the form again."""
    return _keep(plan_id)


def _keep(plan_id: int | None) -> ResponseReturnValue:
    services, known, do = current(), known_steps(), request.form.get("do", "")
    given = plan_form.read(request.form, known)
    if do != "save":
        plan_form.rearrange(given, do, request.form.get("adds", ""), known)
        with services.db.transaction() as session:
            return _editor(session, given, plans.get(session, plan_id) if plan_id else None)
    try:
        with services.db.transaction() as session:
            kept = plans.save(
                session, services.clock, actor(), known, given.fields(), plan_id=plan_id, version=given.version
            )
    except NotFound:
        raise
    except HotlineError as error:
        with services.db.transaction() as session:
            return _editor(session, given, plans.get(session, plan_id) if plan_id else None, error=error)
    flash(gettext("The plan is saved as version %(version)s.", version=kept.version), "good")
    return redirect(url_for("disaster_plans.show", plan_id=kept.id))


@blueprint.post("/disaster-plans/<int:plan_id>/retire")
@permit("incidents.plans")
def retire(plan_id: int) -> ResponseReturnValue:
    """Take a plan off the list, or put it back."""
    services, retired = current(), request.form.get("retired") == "1"
    with services.db.transaction() as session:
        plans.retire(session, services.clock, actor(), plan_id, retired=retired)
    flash(gettext("The plan is retired.") if retired else gettext("The plan can be used again."), "good")
    return redirect(url_for("disaster_plans.show", plan_id=plan_id))


def _editor(
    session: Session, shown: PlanForm, plan: ModePlan | None, *, number: int = 0, error: HotlineError | None = None
) -> ResponseReturnValue:
    registry: Registry = current_app.extensions["registry"]
    known = known_steps()
    shown.steps = [each for each in shown.steps if each.kind in known]
    plan_form.look(session, shown, known, registry.explanations, whole=reads_whole())
    errors = explain_fields(error, "plan") if isinstance(error, (InvalidInput, SeveralFaults)) else {}
    page = render_template(
        "incidents/plan.html", shown=shown, plan=plan, number=number, known=known, errors=errors,
        error=explain(error, "plan") if error is not None and not errors else "", options=_options(session, known),
        versions=plans.versions(session, plan.id) if plan is not None else [], rows=ModeRows,
        writes=actor().may(PLANS) and (plan is None or number in (0, plan.version)),
    )  # fmt: skip
    return page, error.status if error is not None else 200


class ModeRows:
    """How high the field of a parameter is."""

    @staticmethod
    def of(asked: ModeField) -> int:
        """Return lines."""
        return 3 if asked.kind == "lines" or asked.most > 200 else 1


def _options(session: Session, known: dict[str, ModeStep]) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen, by kind and field."""
    return {
        f"{step.kind}.{each.name}": each.options(session)
        for step in known.values()
        for each in step.fields
        if each.options is not None
    }
