"""Makers of lists for tests. Every listed name is made up."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from remittance.requests.models import Remittance
from remittance.screening import lists
from remittance.screening.list_files import read_list
from remittance.screening.models import SanctionList, ScreeningFinding

_pairs = itertools.count(1)
HEAD = "name,aliases,born,country,program,reference\n"
ROWS = (
    '"QUORBANI, Zelimkhan Tarek","Tarek Qurbani; زليمخان قرباني",1961-04-09,XX,TEST,T-1\n'
    '"OH, Deoksam",오덕삼,1970,XX,TEST,T-2\n'
    "Brightwater Made-Up Trading Ltd,,,XX,TEST,T-3\n"
)


def make_list(
    session: Session, clock: Clock, rows: str = ROWS, *, code: str = "test", smaller: bool = False
) -> SanctionList:
    """Take a small list over."""
    return lists.take(session, clock, SYSTEM, code, read_list((HEAD + rows).encode()), smaller=smaller)[0]


def make_finding(session: Session, clock: Clock, one: Remittance, **more: Any) -> ScreeningFinding:
    """Raise a finding about a remittance, as a rule would that only notes."""
    values: dict[str, Any] = {
        "remittance_id": one.id, "person_id": one.person_id, "kind": "far_mission", "severity": "note",
        "facts": {"country": "BR"}, "pair": f"pair-{next(_pairs)}", "raised_at": clock.now(),
    }  # fmt: skip
    finding = ScreeningFinding(**(values | more))
    session.add(finding)
    session.flush()
    return finding
