"""The form of a plan: its steps in order, each with what its room asks for; moving and adding steps works without a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.i18n import gettext
from hotline.core.registry import ModeField, ModeStep
from hotline.incidents.form import codes_of
from hotline.incidents.mode_models import ModePlan, ModePlanVersion
from hotline.incidents.plans import MAX_STEPS, PlanFields, checked_step

MAX_LINES = 200


@dataclass
class StepForm:
    """One step as it stands in the form; `faults` by field, `words` what it will do where that can be said."""

    kind: str
    params: dict[str, Any]
    faults: dict[str, str] = field(default_factory=dict)
    words: str = ""


@dataclass
class PlanForm:
    """A whole plan as it stands in the form."""

    name_ko: str = ""
    name_en: str = ""
    kinds: list[str] = field(default_factory=list)
    countries: str = ""
    version: int = 0
    steps: list[StepForm] = field(default_factory=list)

    def fields(self) -> PlanFields:
        """Return what is to be kept."""
        return PlanFields(
            name_ko=self.name_ko, name_en=self.name_en, kinds=tuple(self.kinds),
            countries=tuple(codes_of(self.countries)), steps=[(each.kind, each.params) for each in self.steps],
        )  # fmt: skip


def of_plan(plan: ModePlan, version: ModePlanVersion) -> PlanForm:
    """Return a kept plan as the form shows it."""
    steps = [StepForm(each["kind"], dict(each["params"])) for each in version.steps]
    return PlanForm(plan.name_ko, plan.name_en, list(plan.kinds), ", ".join(plan.countries), plan.version, steps)


def read(form: MultiDict[str, str], known: Mapping[str, ModeStep]) -> PlanForm:
    """Return what was typed; steps of a kind that is not known are left out."""
    made = PlanForm(
        form.get("name_ko", "")[:300], form.get("name_en", "")[:300], form.getlist("kinds")[:30],
        form.get("countries", "")[:1_000],
    )  # fmt: skip
    made.version = _whole(form.get("version", "")) or 0
    for nth in range(1, MAX_STEPS + 1):
        step = known.get(form.get(f"s{nth}.kind", ""))
        if step is not None:
            made.steps.append(
                StepForm(step.kind, {each.name: _value(form, f"s{nth}.{each.name}", each) for each in step.fields})
            )
    return made


def rearrange(plan: PlanForm, do: str, adds: str, known: Mapping[str, ModeStep]) -> None:
    """Add a step, or move or remove one: `do` is `add`, or `up`, `down` or `remove` with a number after a colon."""
    act, _, number = do.partition(":")
    nth = (_whole(number) or 0) - 1
    if act == "add" and adds in known and len(plan.steps) < MAX_STEPS:
        plan.steps.append(StepForm(adds, {}))
    if not 0 <= nth < len(plan.steps):
        return
    if act == "remove":
        del plan.steps[nth]
    other = nth + {"up": -1, "down": 1}.get(act, 0)
    if act in ("up", "down") and 0 <= other < len(plan.steps):
        plan.steps[nth], plan.steps[other] = plan.steps[other], plan.steps[nth]


def look(
    session: Session, plan: PlanForm, known: Mapping[str, ModeStep], explanations: Mapping[str, str], *, whole: bool
) -> None:  # fmt: skip
    """Write into each step what it will do, or what is wrong with it; not `whole`: as everybody may read it."""
    for step in plan.steps:
        try:
            kind, params = known[step.kind], checked_step(session, known, step.kind, step.params)
            step.words = kind.describe(session, params if whole else kind.for_readers(params))
        except InvalidInput as fault:
            step.faults = {fault.field: _told(step.kind, fault.field, fault.mend, explanations)}
        except SeveralFaults as several:
            step.faults = {
                str(each.get("field", "")): _told(
                    step.kind, str(each.get("field", "")), str(each.get("mend", "")), explanations
                )
                for each in several.faults
            }


def _told(kind: str, name: str, mend: str, explanations: Mapping[str, str]) -> str:
    for key in (f"mode.{kind}.{name}", f"mode.{name}"):
        if key in explanations:
            return str(gettext(explanations[key]))
    return mend


def _value(form: MultiDict[str, str], name: str, asked: ModeField) -> Any:
    given = form.get(name, "")
    if asked.kind == "yes":
        return given == "1"
    if asked.kind == "choices":
        return form.getlist(name)[: asked.most]
    if asked.kind == "lines":
        return [line.strip() for line in given.splitlines()[:MAX_LINES] if line.strip()]
    if asked.kind == "number":
        number = _whole(given)
        return number if number is not None else given[:20]
    return given.replace("\r\n", "\n").strip()[: asked.most + 1]


def _whole(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
