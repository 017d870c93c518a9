"""Plans of disaster mode: written in advance, every saving a version, each step checked by the room that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.registry import ModeStep
from hotline.geo.countries import countries
from hotline.incidents.fields import MAX_COUNTRIES, refuse
from hotline.incidents.mode_models import ModePlan, ModePlanVersion
from hotline.incidents.models import Incident
from hotline.incidents.states import KINDS, PLANS

MAX_PLANS, MAX_STEPS, MAX_NAME = 100, 30, 120
Steps = Mapping[str, ModeStep]


@dataclass(frozen=True, kw_only=True)
class PlanFields:
    """A plan as it is written: `steps` in order, each a kind and its parameters; no kinds or countries mean all."""

    name_ko: str
    name_en: str
    kinds: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    steps: Sequence[tuple[str, Mapping[str, Any]]] = ()


def save(
    session: Session, clock: Clock, actor: Actor, known: Steps, given: PlanFields, *, plan_id: int | None = None,
    version: int = 0,
) -> ModePlan:  # fmt: skip
    """Add a plan, or keep a new version of one that was read at `version`.

    `known` are the steps that the house can do. Raises Forbidden, NotFound, Conflict, Refused, and SeveralFaults in which a
    fault of a step is named `steps.N.FIELD`, counted from 1.
    """
    _demand(actor)
    values, steps = _checked(session, known, given)
    now = clock.now()
    if plan_id is None:
        if (session.scalar(select(func.count(ModePlan.id)).where(ModePlan.retired.is_(False))) or 0) >= MAX_PLANS:
            raise Refused(f"There are at most {MAX_PLANS} plans; retire one first.", code="too-many-plans")
        plan = ModePlan(**values, version=1, created_at=now, updated_at=now)
        session.add(plan)
    else:
        plan = get(session, plan_id, lock=True)
        if plan.version != version:
            raise Conflict("Somebody else changed the plan meanwhile; read it again.", code="plan-changed")
        for name, value in values.items():
            setattr(plan, name, value)
        plan.version, plan.updated_at = plan.version + 1, now
    session.flush()
    session.add(ModePlanVersion(plan_id=plan.id, number=plan.version, steps=steps, at=now, by_id=actor.id))
    session.flush()
    after = {**values, "version": plan.version, "steps": [each["kind"] for each in steps]}
    audit.record(session, clock, actor, "mode_plan.saved", "mode_plan", plan.id, after=after)
    return plan


def retire(session: Session, clock: Clock, actor: Actor, plan_id: int, *, retired: bool) -> ModePlan:
    """Take a plan off the list of those that can be switched on, or put it back. Raises Forbidden and NotFound."""
    _demand(actor)
    plan = get(session, plan_id, lock=True)
    if plan.retired != retired:
        plan.retired, plan.updated_at = retired, clock.now()
        action = "mode_plan.retired" if retired else "mode_plan.restored"
        audit.record(session, clock, actor, action, "mode_plan", plan.id)
    return plan


def get(session: Session, plan_id: int, *, lock: bool = False) -> ModePlan:
    """Return a plan; raises NotFound."""
    plan = session.get(ModePlan, plan_id, with_for_update=lock, populate_existing=lock)
    if plan is None:
        raise NotFound("plan", plan_id)
    return plan


def version_of(session: Session, plan_id: int, number: int) -> ModePlanVersion:
    """Return a version of a plan; raises NotFound."""
    found = session.scalar(
        select(ModePlanVersion).where(ModePlanVersion.plan_id == plan_id, ModePlanVersion.number == number)
    )
    if found is None:
        raise NotFound("version of the plan", number)
    return found


def versions(session: Session, plan_id: int, most: int = 50) -> list[ModePlanVersion]:
    """Return a plan's versions, the latest first."""
    found = select(ModePlanVersion).where(ModePlanVersion.plan_id == plan_id)
    return list(session.scalars(found.order_by(ModePlanVersion.number.desc()).limit(most)))


def listed(session: Session, *, with_retired: bool = False) -> list[ModePlan]:
    """Return plans by name."""
    statement = select(ModePlan).order_by(ModePlan.retired, ModePlan.name_en, ModePlan.id).limit(2 * MAX_PLANS)
    return list(session.scalars(statement if with_retired else statement.where(ModePlan.retired.is_(False))))


def fitting(session: Session, incident: Incident) -> list[ModePlan]:
    """Return the plans for an incident's kind and countries, those made for exactly these first."""
    found = [
        plan
        for plan in listed(session)
        if (not plan.kinds or incident.kind in plan.kinds)
        and (not plan.countries or set(plan.countries) & set(incident.countries))
    ]
    return sorted(found, key=lambda plan: (not plan.kinds, not plan.countries))


def checked_step(session: Session, known: Steps, kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's parameters as they are kept; raises InvalidInput or SeveralFaults."""
    step = known.get(kind)
    if step is None:
        raise InvalidInput("kind", kind, f"use one of {', '.join(sorted(known))}")
    return step.check(session, params)


def _checked(session: Session, known: Steps, given: PlanFields) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    faults: list[InvalidInput] = []
    values: dict[str, Any] = {}
    for name in ("name_ko", "name_en"):
        values[name] = " ".join(getattr(given, name).split())
        if not 1 <= len(values[name]) <= MAX_NAME or not values[name].isprintable():
            faults.append(InvalidInput(name, getattr(given, name), f"write 1 to {MAX_NAME} characters in one line"))
    values["kinds"] = [kind for kind in KINDS if kind in given.kinds]
    if set(given.kinds) - set(KINDS):
        faults.append(InvalidInput("kinds", sorted(given.kinds), f"use any of {', '.join(KINDS)}"))
    codes = list(dict.fromkeys(code.strip().upper() for code in given.countries if code.strip()))
    values["countries"] = codes
    if set(codes) - {country.code for country in countries()} or len(codes) > MAX_COUNTRIES:
        faults.append(InvalidInput("countries", ", ".join(codes), "give ISO 3166 codes such as JP"))
    if not 1 <= len(given.steps) <= MAX_STEPS:
        faults.append(InvalidInput("steps", len(given.steps), f"give 1 to {MAX_STEPS} steps"))
        refuse(faults, "The plan has faults.")
    steps: list[dict[str, Any]] = []
    for nth, (kind, params) in enumerate(given.steps, start=1):
        try:
            steps.append({"kind": kind, "params": checked_step(session, known, kind, params)})
        except InvalidInput as fault:
            faults.append(InvalidInput(f"steps.{nth}.{fault.field}", fault.value, fault.mend))
        except SeveralFaults as several:
            for each in several.faults:
                name, mend = f"steps.{nth}.{each.get('field', '')}", str(each.get("mend", several.message))
                faults.append(InvalidInput(name, each.get("value", ""), mend))
    refuse(faults, "The plan has faults.")
    return values, steps


def _demand(actor: Actor) -> None:
    if not actor.may(PLANS) or actor.id is None:
        raise Forbidden(f"Plans of disaster mode need the permission {PLANS}.")
