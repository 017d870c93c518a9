"""`/api/v1/incidents/{id}/mode` and `/api/v1/disaster-plans`: what is on, and the acts of two people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.clock import Clock
from hotline.core.description import MAX_ID
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import permit
from hotline.incidents import carrying, opening, plans, steps, switching, telling
from hotline.incidents.mode_models import ModePlan, ModeRun
from hotline.incidents.plan_pages import shown_params

blueprint = APIBlueprint("api_disaster", __name__, url_prefix="/api/v1", tag="Incidents")


class ModeStepOut(BaseModel):
    """One step: its place, kind and parameters, its state, and why it failed or is held."""

    position: int
    kind: str
    params: dict[str, Any]
    state: str
    reason: dict[str, Any]
    done_at: datetime | None
    reverted_at: datetime | None


class RunOut(BaseModel):
    """Disaster mode of an incident; times are UTC. `digest` is what the second person agrees to."""

    id: int
    incident_id: int
    plan_id: int
    plan_version: int
    drill: bool
    state: Literal["asked", "on", "off_asked", "restoring", "off", "declined"]
    digest: str
    asked_by_id: int
    asked_at: datetime
    agreed_by_id: int | None
    agreed_at: datetime | None
    off_asked_by_id: int | None
    off_asked_at: datetime | None
    off_agreed_by_id: int | None
    off_agreed_at: datetime | None
    ended_at: datetime | None
    steps: list[ModeStepOut]


class ModeOut(BaseModel):
    """The run that is on or was last; empty where there was none."""

    mode: RunOut | None


class ModeAct(BaseModel):
    """One act: `ask` names `plan_id`, `agree` the `digest` of what was read; a second person agrees."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["ask", "agree", "decline", "ask_off", "agree_off"]
    plan_id: int | None = Field(None, ge=1, le=MAX_ID)
    digest: str | None = None


class StepAct(BaseModel):
    """What is done to one step by hand."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["retry", "again", "skip", "revert", "force", "leave"]


class PlanOut(BaseModel):
    """A plan of disaster mode with the steps of its version that holds."""

    id: int
    name_ko: str
    name_en: str
    kinds: list[str]
    countries: list[str]
    version: int
    retired: bool
    steps: list[dict[str, Any]]
    updated_at: datetime


class PlanList(BaseModel):
    """Plans by name, retired ones last."""

    plans: list[PlanOut]


@blueprint.get("/disaster-plans")
@blueprint.output(PlanList)
@blueprint.doc(summary="List the plans of disaster mode")
@permit("incidents.read")
def list_plans() -> ResponseReturnValue:
    """List plans."""
    with current().db.transaction() as session:
        return jsonify(plans=[_plan(session, each) for each in plans.listed(session, with_retired=True)])


@blueprint.get("/incidents/<int:crisis_id>/mode")
@blueprint.output(ModeOut)
@blueprint.doc(summary="Show disaster mode of an incident with its steps")
@permit("incidents.read")
def show(crisis_id: int) -> ResponseReturnValue:
    """Show what is on."""
    with current().db.transaction() as session:
        opening.get(session, crisis_id)
        return _answer(session, crisis_id)


@blueprint.post("/incidents/<int:crisis_id>/mode")
@blueprint.input(ModeAct, location="json", arg_name="given")
@blueprint.output(ModeOut)
@blueprint.doc(
    summary="Ask for disaster mode, agree to it, decline it, or ask for and agree to its end",
    responses={409: "Not possible now, the same person, or not what was read"},
)
@permit("incidents.switch")
def act(crisis_id: int, given: ModeAct) -> ResponseReturnValue:
    """Do one act."""
    services = current()
    with services.db.transaction() as session:
        _act(session, services.clock, crisis_id, given)
        response = _answer(session, crisis_id)
    telling.tell(services, crisis_id)
    carrying.wake(services)
    return response


def _act(session: Session, clock: Clock, incident_id: int, given: ModeAct) -> None:
    who = actor()
    if given.act == "ask":
        if given.plan_id is None:
            raise InvalidInput("plan_id", None, "name the plan")
        switching.ask(session, clock, who, incident_id, given.plan_id)
    elif given.act == "agree":
        if not given.digest:
            raise InvalidInput("digest", given.digest, "give the digest of what was read")
        switching.agree(session, clock, who, incident_id, given.digest[:64])
    else:
        acts = {"decline": switching.decline, "ask_off": switching.ask_off, "agree_off": switching.agree_off}
        acts[given.act](session, clock, who, incident_id)


@blueprint.post("/incidents/<int:crisis_id>/mode/steps/<int:position>")
@blueprint.input(StepAct, location="json", arg_name="given")
@blueprint.output(ModeOut)
@blueprint.doc(summary="Try a step again, skip it, take it back, restore or leave what was changed by hand")
@permit("incidents.switch")
def act_on_step(crisis_id: int, position: int, given: StepAct) -> ResponseReturnValue:
    """Do one thing to one step."""
    services = current()
    with services.db.transaction() as session:
        steps.act(session, services.clock, actor(), crisis_id, min(position, 32_767), given.act)
        response = _answer(session, crisis_id)
    telling.tell(services, crisis_id)
    carrying.wake(services)
    return response


def _answer(session: Session, incident_id: int) -> Response:
    session.flush()
    run = switching.latest(session, incident_id)
    return jsonify(mode=_run(session, run) if run is not None else None)


def _run(session: Session, run: ModeRun) -> dict[str, Any]:
    names = (
        "id", "incident_id", "plan_id", "plan_version", "drill", "state", "digest", "asked_by_id", "agreed_by_id",
        "off_asked_by_id", "off_agreed_by_id",
    )  # fmt: skip
    times = ("asked_at", "agreed_at", "off_asked_at", "off_agreed_at", "ended_at")
    shown = [
        {
            "position": each.position, "kind": each.kind, "params": shown_params(each.kind, each.params),
            "state": each.state, "reason": each.reason,
            "done_at": _iso(each.done_at), "reverted_at": _iso(each.reverted_at),
        }
        for each in switching.steps_of(session, run.id)
    ]  # fmt: skip
    return (
        {name: getattr(run, name) for name in names}
        | {name: _iso(getattr(run, name)) for name in times}
        | {"steps": shown}
    )


def _plan(session: Session, plan: ModePlan) -> dict[str, Any]:
    names = ("id", "name_ko", "name_en", "kinds", "countries", "version", "retired")
    steps = plans.version_of(session, plan.id, plan.version).steps
    kept = [{**each, "params": shown_params(each["kind"], each["params"])} for each in steps]
    return {name: getattr(plan, name) for name in names} | {"steps": kept, "updated_at": _iso(plan.updated_at)}


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None
