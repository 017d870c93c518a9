"""Two incidents with disaster mode at once: what one of them holds, such as the menu, the other one leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import Refused
from hotline.incidents.mode_models import ModeRun, ModeRunStep
from hotline.incidents.states import DONE, HELD, MODE_LIVE, REVERTING

HELD_CODE = "mode-held-elsewhere"


def refuse_held(session: Session, incident_id: int, kind: str, same: Callable[[Mapping[str, Any], bool], bool]) -> None:
    """Raise Refused where a step of the same kind of another incident holds the same thing.

    Ending the one would otherwise put back what the other one had made. `same` says so from what that step kept and whether it
    is a drill's. Call it when the thing itself is locked, so that two incidents that begin together do not miss each other.
    """
    found = session.execute(
        select(ModeRun.incident_id, ModeRun.drill, ModeRunStep.kept)
        .join(ModeRun, ModeRun.id == ModeRunStep.run_id)
        .where(
            ModeRun.incident_id != incident_id, ModeRun.state.in_(MODE_LIVE), ModeRunStep.kind == kind,
            ModeRunStep.state.in_((DONE, REVERTING, HELD)),
        )
        .order_by(ModeRun.id)
    )  # fmt: skip
    for other_id, drill, kept in found.tuples():
        if same(kept, drill):
            raise Refused(
                f"Disaster mode of incident {other_id} holds the same; try again when it has ended, or skip this step.",
                code=HELD_CODE, params={"incident": other_id},
            )  # fmt: skip
