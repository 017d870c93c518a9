"""Makers of what a remittance needs: a mission with staff, a person's case, officers, and requests; keyword-only."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of
from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.missions.models import Mission, MissionStaff
from remittance.money.amounts import Money
from remittance.requests import asking, reviewing
from remittance.requests.asking import Wish
from remittance.requests.models import Remittance
from tests.factories import make_mission, make_officer

_keys = itertools.count(1)


def make_hong_kong(session: Session, *, code: str = "hong-kong") -> Mission:
    """Add the consulate in Hong Kong."""
    return make_mission(
        session, code=code, name_en="Consulate General in Hong Kong", name_ko="주홍콩 총영사관", country="HK", countries=["HK"],
        city="Hong Kong", zone="Asia/Hong_Kong",
    )  # fmt: skip


def make_actor(session: Session, clock: Clock, *roles: str, mission: Mission | None = None) -> Actor:
    """Add an officer; of a mission's staff where one is given."""
    officer = make_officer(session, roles=roles)
    if mission is not None:
        session.add(MissionStaff(officer_id=officer.id, mission_id=mission.id, since=clock.now()))
        session.flush()
    return actor_of(officer, "console")


def make_case(
    session: Session, clock: Clock, *, name: str = "김민수", person_id: int | None = None, **more: Any
) -> Case:
    """Add somebody's case."""
    now = clock.now()
    if person_id is None:
        person = Person(name=name, language="ko", created_at=now, updated_at=now)
        session.add(person)
        session.flush()
        person_id = person.id
    values: dict[str, Any] = {
        "person_id": person_id, "source": "person", "state": "open", "priority": 3, "country": "HK", "opened_at": now,
        "updated_at": now, "drill": False,
    }  # fmt: skip
    case = Case(**(values | more))
    session.add(case)
    session.flush()
    return case


def make_wish(*, case_id: int, mission_id: int, **more: Any) -> Wish:
    """Make a request with everything that is needed for a yes."""
    values: dict[str, Any] = {
        "key": f"key-{next(_keys)}", "case_id": case_id, "mission_id": mission_id, "wanted": Money(100_000, "USD"),
        "reason": "robbed", "payee_name": "KIM MINSU", "identity": "passport", "payer_name": "김영자",
        "payer_phone": "+82 10-2000-0011", "payee_phone": "+852 6123 4567", "consent": True,
    }  # fmt: skip
    return Wish(**(values | more))


def make_remittance(
    session: Session,
    clock: Clock,
    *,
    mission: Mission | None = None,
    case: Case | None = None,
    asker: Actor | None = None,
    **more: Any,
) -> Remittance:
    """Ask for a remittance."""
    mission = mission or make_hong_kong(session, code=f"hk-{next(_keys)}")
    case = case or make_case(session, clock)
    asker = asker or make_actor(session, clock, "agent")
    return asking.ask(session, clock, asker, make_wish(case_id=case.id, mission_id=mission.id, **more))


def make_approved(session: Session, clock: Clock, **more: Any) -> Remittance:
    """Ask for one, review it and say yes."""
    one = make_remittance(session, clock, **more)
    chief = make_actor(session, clock, "duty_chief")
    reviewing.take_up(session, clock, chief, one.id)
    kept = {"payer_phone": more["payer_phone"]} if more.get("payer_phone") else {}
    reviewing.note(session, clock, chief, one.id, noted(**kept))
    return reviewing.approve(session, clock, chief, one.id)


def noted(**more: Any) -> dict[str, Any]:
    """Return what a review writes down."""
    return {
        "identity": "passport", "duress": "free", "payer_name": "김영자", "payer_phone": "+82 10-2000-0011", "consent": True,
    } | more  # fmt: skip
