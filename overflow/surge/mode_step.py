"""The surge step of disaster mode: applying it calls volunteers out, taking it back stands everybody of that call-out down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.agents.skills import check_languages, check_skills
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import InvalidInput, NotFound, SeveralFaults
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import ModeField, ModeStep
from hotline.core.services import Services
from overflow.surge import opening, standing_down
from overflow.surge.form import number, read_skills, split
from overflow.surge.models import MAX_NEEDED
from overflow.surge.moving import get_callout, move_callout
from overflow.surge.opening import MAX_TASK_CHARS, CalloutFields
from overflow.surge.reading import people_here
from overflow.surge.states import ENDING, OVER

KIND = "surge"
USUAL_MINUTES, USUAL_HOURS = 30, 6


def check(_session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as they are kept; raises InvalidInput or SeveralFaults."""
    faults: list[InvalidInput] = []
    kept: dict[str, Any] = {
        "task": str(params.get("task") or "").strip(),
        "follows_forecast": bool(params.get("follows_forecast")),
    }
    for name, most, usual in (("needed", MAX_NEEDED, 0), ("minutes", 240, USUAL_MINUTES), ("hours", 24, USUAL_HOURS)):
        given = params.get(name)
        kept[name] = usual if given in (None, "") else number(str(given))
        if not 1 <= kept[name] <= most:
            faults.append(InvalidInput(name, given, f"use 1 to {most}"))
    if len(kept["task"]) > MAX_TASK_CHARS or any(ord(char) < 32 for char in kept["task"]):
        faults.append(InvalidInput("task", kept["task"], f"use at most {MAX_TASK_CHARS} characters on one line"))
    skills, languages = params.get("skills") or {}, params.get("languages") or []
    try:
        kept["skills"] = dict(check_skills(read_skills(skills) if isinstance(skills, str) else skills))
        kept["languages"] = list(check_languages(split(languages) if isinstance(languages, str) else languages))
    except InvalidInput as fault:
        faults.append(fault)
    if faults:
        raise faults[0] if len(faults) == 1 else SeveralFaults(
            [{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults]
        )  # fmt: skip
    return kept


def describe(_session: Session, params: Mapping[str, Any]) -> str:
    """Say what the step will do, in the reader's language."""
    return str(
        gettext(
            "Calls %(needed)s volunteers out, ready within %(minutes)s minutes, for %(hours)s hours. Taken back, they finish"
            " their call and are thanked.",
            needed=params.get("needed", "?"), minutes=params.get("minutes", USUAL_MINUTES),
            hours=params.get("hours", USUAL_HOURS),
        )
    )  # fmt: skip


def apply(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Begin the call-out; the sweep asks its first wave after the commit. Two people agreed by switching the mode on."""
    kept = check(session, params)
    now = services.clock.now()
    by_at = now + timedelta(minutes=kept["minutes"])
    wanted = CalloutFields(
        incident_id, kept["needed"], by_at, by_at + timedelta(hours=kept["hours"]), kept["skills"], kept["languages"],
        kept["task"], kept["follows_forecast"],
    )  # fmt: skip
    made = opening.start(session, services, SYSTEM, wanted, source="mode")
    made.created_by_id = actor.id if actor.kind == "officer" else None
    return {"callout_id": made.id}


def revert(
    session: Session,
    services: Services,
    _actor: Actor,
    _incident_id: int,
    _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:
    """Stand everybody down; one that somebody has ended meanwhile stays as it is."""
    try:
        callout = get_callout(session, int(kept["callout_id"]), lock=True)
    except NotFound:
        return
    if callout.state in (*ENDING, *OVER):
        return
    people = people_here(session, callout.id, lock=True)
    standing_down.spare_everybody(session, services, callout, people)
    standing_down.release(session, services, callout, None)
    move_callout(session, services.clock, callout, "stand_down", SYSTEM)  # last, as in `opening.act`


STEP = ModeStep(
    KIND, gettext_noop("Call volunteers out"), 55, describe, apply, revert, check,
    (
        ModeField("needed", gettext_noop("How many people"), "number", most=MAX_NEEDED),
        ModeField("minutes", gettext_noop("Ready within minutes"), "number", most=240, optional=True),
        ModeField("hours", gettext_noop("For how many hours"), "number", most=24, optional=True),
        ModeField(
            "languages", gettext_noop("Languages that each must speak"), help=gettext_noop("Codes such as ko en zh"), most=100,
            optional=True,
        ),
        ModeField(
            "skills", gettext_noop("Skills that each must have"),
            help=gettext_noop("Name and level 1 to 5, parted by commas: visa:3, senior:1"), most=400, optional=True,
        ),
        ModeField("task", gettext_noop("What they will do"), most=MAX_TASK_CHARS, optional=True),
        ModeField("follows_forecast", gettext_noop("Stand people down as the forecast recommends"), "yes"),
    ),
)  # fmt: skip
