"""Made-up queues, groups and agents to practise with; loading again changes nothing that is there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import keeping as agent_keeping
from hotline.agents.keeping import AgentFacts
from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.queues.keeping import QueueFacts, keep_queue
from hotline.queues.models import Queue
from hotline.queues.steps import Step

AGENTS = {
    "agent": ("+821055500001", {"visa": 3, "passport": 4}, ["ko", "en"]),
    "senior-agent": ("+821055500002", {"visa": 4, "passport": 5, "incident": 5, "senior": 1}, ["ko", "en", "ja"]),
}
"""Sign-in name: telephone (a handset of the practice carrier), skills with levels, languages."""


def load(services: Services, actor: Actor) -> None:
    """Add two groups, two agents and three queues."""
    with services.db.transaction() as session:
        if session.scalar(select(Queue.id).limit(1)) is not None:
            return
        house = agent_keeping.keep_group(session, services.clock, actor, "상담 1팀", "서울", outsourced=False)
        firm = agent_keeping.keep_group(session, services.clock, actor, "야간 협력사", "대전", outsourced=True)
        _agents(session, services, actor, house.id)
        _queues(session, services, actor, [house.id, firm.id])


def _agents(session: Session, services: Services, actor: Actor, group_id: int) -> None:
    known = set(session.scalars(select(Agent.officer_id)))
    for name, (phone, skills, languages) in AGENTS.items():
        officer = session.scalar(select(Officer).where(Officer.name == name))
        if officer is not None and officer.id not in known:
            facts = AgentFacts(group_id=group_id, via="phone", phone=phone, skills=skills, languages=languages)
            agent_keeping.keep_agent(session, services.clock, actor, officer.id, facts)


def _queues(session: Session, services: Services, actor: Actor, groups: list[int]) -> None:
    widening = (Step(0, 2, groups=1), Step(45, 1, groups=1), Step(120, 1, groups=0), Step(300, 1, language=False))
    general = QueueFacts(
        code="general", name_ko="일반 상담", name_en="General", steps=widening, group_ids=groups, callback_after_s=180,
    )  # fmt: skip
    made = keep_queue(session, services.clock, actor, general)
    for code, name_ko, name_en in (
        ("incident", "사건·사고", "Incidents"),
        ("passport", "여권·비자", "Passports and visas"),
    ):
        facts = QueueFacts(
            code=code, name_ko=name_ko, name_en=name_en, strategy="most_skilled", group_ids=groups, steps=widening,
            overflow_action="queue", overflow_queue_id=made.id, overflow_wait_s=120,
        )  # fmt: skip
        keep_queue(session, services.clock, actor, facts)
