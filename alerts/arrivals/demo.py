"""General texts on arrival in Korean and English to practise with, written by one demo officer and approved by another."""

from __future__ import annotations

from alerts.arrivals import texts
from alerts.arrivals.models import ANYWHERE
from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services

APPROVER = "approver"
QUICK = ("JP", "PH", "TH")
"""Countries in which nobody who practises has to wait until a telephone has settled."""
TEXTS = {
    "ko": (
        "[외교부] {place}에 오신 것을 환영합니다. 위급할 때는 {mission} {mission_phone} 또는 "
        "영사콜센터 {hotline}(24시간)로 전화하세요."
    ),
    "en": (
        "Welcome to {place}. In an emergency call {mission} {mission_phone} or "
        "the consular centre {hotline}, day and night."
    ),
}


def add_practice_texts(services: Services, actor: Actor) -> None:
    """Add the general texts unless there are texts already."""
    with services.db.transaction() as session:
        approver = find_by_name(session, APPROVER)
        if approver is None or texts.current(session):
            return
        for language, body in TEXTS.items():
            draft = texts.write(
                session, services.clock, actor, country=ANYWHERE, language=language, body=body,
                hotline=services.settings.hotline_number,
            )  # fmt: skip
            texts.approve(session, services.clock, actor_of(approver, "cli"), draft.id)
        for country in QUICK:
            texts.set_policy(session, services.clock, actor, country, greets=True, settle_minutes=0, quiet_days=7)
