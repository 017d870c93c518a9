"""Texts with the link to somebody's own page: an invitation to confirm number and consent, or a new link for who lost theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.notices import store
from overflow.volunteers.keeping import demand_there
from overflow.volunteers.links import link_for
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.states import APPROVED

LIFE = timedelta(days=1)
PAUSE_S = 600
"""One link in so many seconds for one person: the button may be pressed twice."""
_INVITE = {
    "ko": "[외교부] 영사콜센터 자원봉사 명부에 등록되었습니다. 본인 확인과 동의는 여기에서: {link}",
    "en": "Consular hotline: you are on our list of volunteers. Confirm your number and agree here: {link}",
}
_LINK = {
    "ko": "[외교부] 영사콜센터 자원봉사자 페이지 링크입니다(30일간 사용): {link}",
    "en": "Consular hotline: your page as a volunteer (30 days): {link}",
}
_WELCOME = {
    "ko": "[외교부] 자원봉사자로 승인되었습니다. 감사합니다. 내 페이지(30일간 사용): {link}",
    "en": "Consular hotline: you are on the roster of volunteers. Thank you. Your page (30 days): {link}",
}


def welcome(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerApproved`: tell them, with their link; once, however often it is delivered. Drill people hear nothing."""
    with services.db.transaction() as session:
        volunteer = session.get(Volunteer, int(payload["volunteer_id"]))
        if volunteer is None or volunteer.state != APPROVED or volunteer.drill:
            return
        body = _WELCOME[volunteer.speaks].format(link=link_for(services, volunteer.id))
        store.publish(
            session, services.clock, phone=volunteer.phone, body=body, purpose="volunteer",
            dedupe_key=f"volunteer-welcome:{volunteer.id}", expires_at=services.clock.now() + LIFE,
        )  # fmt: skip


def send_link(services: Services, session: Session, actor: Actor, volunteer_id: int) -> None:
    """Have the link to their own page sent to their number, with an invitation where they have not agreed yet.

    In the caller's transaction; hurry the lanes after its commit. Raises NotFound, and Refused for who is gone.
    """
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    if not volunteer.phone:
        raise Refused("There is no number to send it to.", code="volunteer-gone")
    now = services.clock.now()
    asked = volunteer.consent_at is None or volunteer.phone_verified_at is None
    body = (_INVITE if asked else _LINK)[volunteer.speaks].format(link=link_for(services, volunteer.id))
    store.publish(
        session, services.clock, phone=volunteer.phone, body=body, purpose="volunteer",
        dedupe_key=f"volunteer-link:{volunteer.id}:{int(now.timestamp()) // PAUSE_S}", expires_at=now + LIFE,
    )  # fmt: skip
    audit.record(session, services.clock, actor, "volunteer.link_sent", "volunteer", volunteer.id)
