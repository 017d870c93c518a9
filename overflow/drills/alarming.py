"""The alarm of a line that failed twice: raised once while it stands, and told to the mission's duty telephone by a text."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.missions.duty import duty_of
from hotline.missions.models import Mission, MissionLine
from hotline.notices import store
from overflow.drills.models import LineAlarm, LineTest

TEXT_LIVES = timedelta(hours=12)
TEXT = (
    "[영사콜센터] {ko} {number} 시험 전화가 두 번 실패했습니다. 착신 전환을 확인하십시오."
    " / {en}: two test calls to {number} failed. Check its forwarding. {page}"
)


def raise_alarm(session: Session, services: Services, test: LineTest) -> None:
    """Raise the alarm of a test's line, unless it stands already; whoever is on duty at the mission is told once."""
    now = services.clock.now()
    alarm_id = session.scalar(
        insert(LineAlarm)
        .values(line_id=test.line_id, test_id=test.id, raised_at=now)
        .on_conflict_do_nothing(index_elements=["line_id"], index_where=LineAlarm.resolved_at.is_(None))
        .returning(LineAlarm.id)
    )
    if alarm_id is None:
        return
    audit.record(
        session, services.clock, SYSTEM, "line_alarm.raised", "line_test", test.id,
        after={"line_id": test.line_id, "reason": test.reason},
    )  # fmt: skip
    _text(session, services, alarm_id, test)


def _text(session: Session, services: Services, alarm_id: int, test: LineTest) -> None:
    """A mission without a duty telephone is told by its page alone, as the centre is by its own."""
    line = session.get_one(MissionLine, test.line_id)
    mission = session.get_one(Mission, line.mission_id)
    first = next(iter(duty_of(session, mission.id)), None)
    if first is None:
        return
    body = TEXT.format(
        ko=mission.name_ko, en=mission.name_en, number=line.number, page=f"{services.settings.public_url}/line-tests"
    )
    store.publish(
        session, services.clock, phone=first.phone, body=body, purpose="duty", dedupe_key=f"line-alarm:{alarm_id}",
        expires_at=services.clock.now() + TEXT_LIVES,
    )  # fmt: skip
