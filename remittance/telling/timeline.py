"""A line in the case's history for each step of its money, each once.

Holds and their lifting leave none: whoever reads cases need not know of them, and those who may see it on the remittance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from hotline.cases import tracing
from hotline.cases.models import CaseEntry
from hotline.cases.working import get_case
from hotline.core.errors import NotFound
from hotline.core.services import Services
from remittance.requests import moving, words
from remittance.requests.models import RemittanceChange
from remittance.requests.states import ON_HOLD

KIND = "money"


def trace(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `RemittanceMoved`; idempotent, because the case's row is held while its history is looked through."""
    with services.db.transaction() as session:
        try:
            one = moving.get(session, int(payload["remittance_id"]))
            case = get_case(session, one.case_id, lock=True)
        except NotFound:
            return
        change = session.get(RemittanceChange, int(payload["change_id"]))
        label = label_of(change) if change is not None and change.remittance_id == one.id else ""
        if change is None or not label:
            return
        known = select(CaseEntry.id).where(
            CaseEntry.case_id == case.id, CaseEntry.kind == KIND,
            CaseEntry.details["change_id"].as_integer() == change.id,
        )  # fmt: skip
        if session.scalar(known.limit(1)) is None:
            details = {"change_id": change.id, "remittance_id": one.id, "number": one.number, "label": label}
            tracing.trace(session, services.clock, case.id, KIND, details=details)


def label_of(change: RemittanceChange) -> str:
    """Return the message id of a change's line; empty for one that leaves none."""
    if change.after == ON_HOLD or change.event.startswith("lift_"):
        return ""
    if change.event == "reroute":
        return words.EVENTS["reroute"]
    return words.STATES[change.after] if change.before != change.after else ""
