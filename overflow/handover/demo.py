"""Two made-up nights of Shanghai to practise with: one that was handed over and acknowledged, and one that waits; once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of, find_by_name
from hotline.calls.models import Call
from hotline.cases import contacts
from hotline.cases.contacts import NewContact
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionStaff
from hotline.queues import callbacks
from overflow.handover import composing, deciding
from overflow.handover.duty import duty_officer
from overflow.handover.models import Handover, HandoverItem, HandoverWatch
from overflow.handover.states import COMPOSING

MISSION, STAFF, AGENT = "shanghai", "mission-officer", "agent"
"""Code of the mission; sign-in names of the demo accounts that answer for it and that took its calls."""
NIGHT = timedelta(hours=15)
NIGHTS = (timedelta(days=1), timedelta(minutes=10))
"""How long ago the two nights ended."""
CALLS = (
    (timedelta(hours=2), "여권 분실, 내일 오전 귀국 항공편", "passport", True, False),
    (timedelta(hours=5), "아들이 호텔에서 연락되지 않음", "safety", True, True),
    (timedelta(hours=7), "", "", False, False),
    (timedelta(hours=9), "교통사고 후 병원 입원, 통역 필요", "accident", True, False),
)
"""How long after the closing, what it was about, how the agent wrote it up, whether somebody answered, danger to life."""


def load(services: Services, _actor: Actor) -> None:
    """Make both nights where there is none yet; without the mission and the demo accounts nothing is made."""
    now = services.clock.now()
    with services.db.transaction() as session:
        mission = session.scalar(select(Mission).where(Mission.code == MISSION))
        officer, agent = find_by_name(session, STAFF), find_by_name(session, AGENT)
        if mission is None or officer is None or agent is None:
            return
        if session.scalar(select(Handover.id).where(Handover.mission_id == mission.id).limit(1)) is not None:
            return
        if session.scalar(select(MissionStaff.id).where(MissionStaff.officer_id == officer.id).limit(1)) is None:
            session.add(MissionStaff(officer_id=officer.id, mission_id=mission.id, since=now))
        if session.get(HandoverWatch, mission.id) is None:
            begun = now - NIGHTS[0] - NIGHT
            # Seen open: the next round goes on from here by the mission's real hours.
            session.add(
                HandoverWatch(mission_id=mission.id, open=True, since=now - NIGHTS[1], until=now, begun_at=begun)
            )
        who_calls = actor_of(agent, "cli")
        made = [_night(session, services, mission, who_calls, place) for place in range(len(NIGHTS))]
        who, mission_id = actor_of(officer, "cli"), mission.id
    for handover_id in made:
        composing.compose(services, handover_id)
    _acknowledge(services, who, made[0])
    composing.hint(services, mission_id)


def _night(session: Session, services: Services, mission: Mission, agent: Actor, place: int) -> int:
    """Add one night's calls with what came of them, and the hand-over that is to be written."""
    end = services.clock.now() - NIGHTS[place]
    start = end - NIGHT
    for number, (after, about, disposition, answered, danger) in enumerate(CALLS):
        began = start + after
        phone, ref = f"+82105550{place:02d}{number:02d}", f"demo-handover:{mission.id}:{place}:{number}"
        contact = contacts.open_contact(
            session, services.clock,
            NewContact(kind="call", ref=ref, direction="in", phone=phone, danger=danger),
        )  # fmt: skip
        contact.opened_at = began
        session.add(
            Call(
                provider_sid=f"demo-handover-{mission.id}-{int(began.timestamp())}", direction="in", state="ended", phone=phone,
                called=mission.phone, mission_id=mission.id, contact_id=contact.id, danger=danger, started_at=began,
                heard_at=began, queued_at=began, connected_at=began + timedelta(seconds=20 + 9 * number) if answered else None,
                ended_at=began + timedelta(minutes=4), end_reason="hangup",
            )
        )  # fmt: skip
        session.flush()
        if answered:
            case = contacts.open_case(
                session, services.clock, agent, contact.id, summary=about, country=mission.country
            )
            case.opened_at = began + timedelta(minutes=2)
            contacts.close_contact(session, services.clock, contact.id, disposition, "", "", (), agent)
            if number == 0:
                word = callbacks.promise(
                    session, services.clock, case.id, services.clock.now() + timedelta(hours=2), agent.id or 0, phone, actor=agent
                )  # fmt: skip
                word.created_at = began + timedelta(minutes=3)
    handover = Handover(
        mission_id=mission.id, period_start=start, period_end=end, state=COMPOSING, duty_officer_id=duty_officer(session),
        created_at=services.clock.now(),
    )  # fmt: skip
    session.add(handover)
    session.flush()
    return handover.id


def _acknowledge(services: Services, who: Actor, handover_id: int) -> None:
    with services.db.transaction() as session:
        if session.get(Officer, who.id) is None:
            return
        items = session.scalars(
            select(HandoverItem.id).where(HandoverItem.handover_id == handover_id).order_by(HandoverItem.id)
        ).all()
        for item_id in items:
            deciding.acknowledge(session, services, who, handover_id, item_id)
