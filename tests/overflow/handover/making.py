"""Makers of missions with hours, their staff, and the calls of a night with what came of them; keyword-only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls.models import Call
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.actor import Actor
from hotline.missions.models import Mission, MissionHours, MissionStaff
from hotline.queues.models import Callback, Queue
from overflow.handover.models import Handover, HandoverItem, HandoverSummary
from tests.factories import make_mission, make_officer
from tests.queues.making import make_queue

EVENING = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
"""18:00 in Shanghai: the mission has just closed."""
MORNING = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
"""09:00 there: it opens."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_numbers = itertools.count(1)


def make_shanghai(
    session: Session, *, hours: str | None = "Mo-Su 09:00-18:00", email: str = "", **more: object
) -> Mission:
    """Add a mission in Shanghai that is open by day, every day; None gives it no hours."""
    values: dict[str, object] = {
        "name_en": "Consulate General in Shanghai", "name_ko": "주상하이 총영사관", "country": "CN", "countries": ["CN"],
        "city": "Shanghai", "zone": "Asia/Shanghai", "email": email,
    }  # fmt: skip
    mission = make_mission(session, **(values | more))
    if hours is not None:
        session.add(MissionHours(mission_id=mission.id, hours=hours, updated_at=EVENING))
    session.flush()
    return mission


def make_staff(session: Session, mission: Mission, *, name: str | None = None, **more: object) -> Actor:
    """Add an officer of the mission."""
    officer = make_officer(session, roles=("mission_officer",), name=name, **more)
    session.add(MissionStaff(officer_id=officer.id, mission_id=mission.id, since=EVENING))
    session.flush()
    return actor_of(officer, "console")


def make_watcher(session: Session) -> Actor:
    """Add a senior agent, who may be named as duty officer."""
    return actor_of(make_officer(session, roles=("senior_agent",)), "console")


def make_call(
    session: Session, mission: Mission, *, at: datetime, lasts: timedelta = 3 * MINUTE, connected: bool = True,
    ended: bool = True, phone: str | None = None, end_reason: str = "hangup", danger: bool = False, drill: bool = False,
) -> Call:  # fmt: skip
    """Add a call that came for a mission, with its contact."""
    number = next(_numbers)
    number_of = f"+8210{20_000_000 + number}" if phone is None else phone
    contact = Contact(
        ref=f"handover:{number}", kind="call", direction="in", phone=number_of, opened_at=at, danger=danger,
        state="closed" if ended else "open", closed_at=at + lasts if ended else None, drill=drill,
    )  # fmt: skip
    session.add(contact)
    session.flush()
    call = Call(
        provider_sid=f"CAH{number:029x}", direction="in", state="ended" if ended else "talking", phone=number_of,
        called="+82232100404", mission_id=mission.id, started_at=at, heard_at=at, contact_id=contact.id, drill=drill,
        connected_at=at + timedelta(seconds=20) if connected else None, ended_at=at + lasts if ended else None,
        end_reason=end_reason if ended else "", danger=danger, queue_ref=f"call:{number}:h", queued_at=at,
    )  # fmt: skip
    session.add(call)
    session.flush()
    return call


def make_case_of(
    session: Session, call: Call, *, priority: int = 3, at: datetime | None = None, **more: object
) -> Case:
    """Open a case from a call."""
    person = Person(name="Kim Minsu", language="ko", created_at=EVENING, updated_at=EVENING)
    session.add(person)
    session.flush()
    opened = at or call.started_at + 2 * MINUTE
    values: dict[str, object] = {
        "person_id": person.id, "source": f"contact:{call.contact_id}", "summary": "Lost passport", "state": "open",
        "priority": priority, "country": "CN", "opened_at": opened, "updated_at": opened, "drill": call.drill,
    }  # fmt: skip
    case = Case(**(values | more))
    session.add(case)
    session.flush()
    session.get_one(Contact, call.contact_id).case_id = case.id
    session.flush()
    return case


def make_promise(
    session: Session, call: Call, *, due_at: datetime, case: Case | None = None, **more: object
) -> Callback:
    """Promise a callback in a call: about a case, or to the number alone."""
    queue = session.scalar(select(Queue).limit(1)) or make_queue(session)
    values: dict[str, object] = {
        "kind": "promise", "queue_id": queue.id, "phone": call.phone, "enqueued_at": due_at, "due_at": due_at,
        "created_at": call.started_at + MINUTE, "case_id": case.id if case else None,
    }  # fmt: skip
    callback = Callback(**(values | more))
    session.add(callback)
    session.flush()
    return callback


@dataclass(frozen=True)
class Told:
    """What a hand-over looks like in rows."""

    handover: Handover
    items: list[HandoverItem]
    summaries: list[HandoverSummary]

    @property
    def things(self) -> dict[tuple[str, int], str]:
        """The state of each thing."""
        return {(item.kind, item.subject_id): item.state for item in self.items}


def handovers_of(session: Session, mission_id: int) -> list[Told]:
    """Return a mission's hand-overs, the oldest first."""
    found = session.scalars(select(Handover).where(Handover.mission_id == mission_id).order_by(Handover.period_end))
    return [
        Told(
            each,
            list(
                session.scalars(
                    select(HandoverItem).where(HandoverItem.handover_id == each.id).order_by(HandoverItem.id)
                )
            ),
            list(
                session.scalars(
                    select(HandoverSummary)
                    .where(HandoverSummary.handover_id == each.id)
                    .order_by(HandoverSummary.revision)
                )
            ),
        )
        for each in found
    ]


def officer_of(session: Session, actor: Actor) -> Officer:
    """Return the officer behind an actor."""
    return session.get_one(Officer, actor.id)
