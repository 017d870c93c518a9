"""Scenarios of training calls: kept by trainers, in both languages; those that come with the software are written in once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.drills.models import TrainingScenario
from overflow.drills.states import TRAIN

BUILT_IN = Path(__file__).resolve().parent / "scenarios.json"
MAX_SCENARIOS = 100
MAX_TITLE, MAX_TEXT = 120, 4_000
TEXTS = {"title_ko": MAX_TITLE, "title_en": MAX_TITLE, "text_ko": MAX_TEXT, "text_en": MAX_TEXT}
_CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")


def listed(session: Session, *, with_retired: bool = False) -> list[TrainingScenario]:
    """Return the scenarios by code."""
    statement = select(TrainingScenario).order_by(TrainingScenario.code).limit(MAX_SCENARIOS)
    return list(session.scalars(statement if with_retired else statement.where(TrainingScenario.retired.is_(False))))


def begin(session: Session, services: Services) -> int:
    """Write in the scenarios that come with the software, where none are kept yet; returns how many."""
    if session.scalar(select(TrainingScenario.id).limit(1)) is not None:
        return 0
    rows = [each | {"updated_at": services.clock.now()} for each in json.loads(BUILT_IN.read_text("utf-8"))]
    made = insert(TrainingScenario).values(rows).on_conflict_do_nothing(index_elements=["code"])
    return len(session.scalars(made.returning(TrainingScenario.id)).all())


def save(
    session: Session,
    services: Services,
    actor: Actor,
    scenario_id: int | None,
    given: Mapping[str, str],
    *,
    retired: bool = False,
) -> TrainingScenario:
    """Add or change a scenario; raises Forbidden, NotFound, Refused beyond 100, and SeveralFaults naming each field."""
    if not actor.may(TRAIN):
        raise Forbidden(f"Scenarios need the permission {TRAIN}.")
    row = session.get(TrainingScenario, scenario_id, with_for_update=True) if scenario_id is not None else None
    if scenario_id is not None and row is None:
        raise NotFound("training scenario", scenario_id)
    texts = _checked(given)
    if row is None:
        row = _new(session, given.get("code", "").strip())
    for name, value in texts.items():
        setattr(row, name, value)
    row.retired, row.updated_at = retired, services.clock.now()
    session.add(row)
    session.flush()
    audit.record(
        session, services.clock, actor, "training.scenario_saved", "training_scenario", row.id,
        after={"code": row.code, "retired": retired},
    )  # fmt: skip
    return row


def _new(session: Session, code: str) -> TrainingScenario:
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", code, "use 2 to 40 small letters, digits and dashes")
    if session.scalar(select(TrainingScenario.id).where(TrainingScenario.code == code)) is not None:
        raise InvalidInput("code", code, "choose a code that no other scenario has")
    if (session.scalar(select(func.count()).select_from(TrainingScenario)) or 0) >= MAX_SCENARIOS:
        raise Refused(f"There are at most {MAX_SCENARIOS} scenarios.", code="too-many-scenarios")
    return TrainingScenario(code=code)


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    texts = {name: given.get(name, "").replace("\r\n", "\n").strip() for name in TEXTS}
    faults: list[dict[str, object]] = [
        {"field": name, "value": texts[name][:40], "mend": f"write 1 to {most} characters"}
        for name, most in TEXTS.items()
        if not 1 <= len(texts[name]) <= most
    ]
    if faults:
        raise SeveralFaults(faults, "The scenario has faults.")
    return texts
