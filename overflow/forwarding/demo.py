"""Lines of a few missions and some announced calls, so that the pages look alive; loading again changes nothing that is there."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionLine
from overflow.forwarding import standing, taking
from overflow.forwarding.models import Forwarding
from overflow.forwarding.reading import Announced
from overflow.forwarding.taking import Webhook

LINES = (
    ("beijing", "+861055550404", "+82233330011", "+861055550499"),
    ("manila", "+63255550404", "+82233330012", "+63255550499"),
    ("tokyo", "+81355550404", "+82233330013", None),
    ("hanoi", "+842455550404", "+82233330014", "+842455550499"),
)
"""Mission, its number, ours, and the telephone for a hand-back. The numbers are made up."""
CALLS = (
    ("beijing", 2, "closed", "+8613955550001", "ko"), ("manila", 9, "busy", "+639175550002", "en"),
    ("beijing", 25, "no_answer", "", ""), ("tokyo", 64, "all", "+819055550003", "ko"),
    ("manila", 130, "closed", "+639175550004", "ko"), ("hanoi", 400, "closed", "+84915550005", "vi"),
    ("beijing", 900, "test", "+861055550404", ""),
)  # fmt: skip
"""Mission, minutes ago, reason, caller, language."""


def load(services: Services, _actor: Actor) -> None:
    """Add lines where no mission has any, and announced calls where there are none."""
    now = services.clock.now()
    with services.db.transaction() as session:
        _add_lines(session, services)
        if session.scalar(select(Forwarding.id).limit(1)) is not None:
            return
    for nth, (code, minutes_ago, reason, caller, language) in enumerate(CALLS):
        at = now - timedelta(minutes=minutes_ago)
        with services.db.transaction() as session:
            mission = standing.read(session, services, code, at)
        if mission is None or not mission.lines:
            continue
        called = mission.lines[0].number
        announced = Announced(
            caller=caller, called=called, reason=reason, language=language, reference=f"demo-{nth}", at=at
        )
        taking.keep(services, mission, Webhook(code, "demo", "", "", f"demo-{nth}", b""), announced, at)


def _add_lines(session: Session, services: Services) -> None:
    if session.scalar(select(MissionLine.id).limit(1)) is not None:
        return
    for code, number, pool, back in LINES:
        mission_id = session.scalar(select(Mission.id).where(Mission.code == code, Mission.closed_at.is_(None)))
        if mission_id is not None:
            session.add(
                MissionLine(
                    mission_id=mission_id, number=number, pool_number=pool, return_number=back, label="", technique="webhook",
                    created_at=services.clock.now(),
                )
            )  # fmt: skip
    session.flush()
