"""The pages of the centre in both languages: no policy violation, no error, no accessibility fault; ready by a press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core import outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.queues import attention, callbacks, demo, tending
from hotline.queues.attention_models import AttentionItem
from hotline.queues.models import Callback
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.cases.test_cases import make_case
from tests.factories import make_mission, make_officer
from tests.queues.making import call_in, make_agent
from wsgi import build_registry

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "size"), [("ko", DESK), ("en", PHONE)], ids=["ko-1280", "en-360"])
def test_the_centre_is_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    services = site.services
    with services.db.transaction() as session:
        roles = ("senior_agent", "administrator")
        boss = make_officer(session, roles=roles, name="agent", display_name="한지우", language=language)
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        now = services.clock.now()
        for number in range(3):
            call_in(
                session, services.clock, ref=f"call:{number}", language="ko", enqueued_at=now - timedelta(minutes=4)
            )
        callbacks.promise(session, services.clock, None, now + timedelta(minutes=5), boss.id, "+821012345678")
        make_mission(session)
        case = make_case(session, FrozenClock(now))
        callbacks.reserve(
            session,
            services.clock,
            queue="general",
            phone="+821012345670",
            at=now + timedelta(hours=3),
            case_id=case.id,
        )
        other = make_agent(session, state="not_ready", reason="dead_number")
        callbacks.promise(session, services.clock, None, now, other.officer_id, "+821012345679")
        late = session.scalars(select(Callback).where(Callback.owner_id == other.officer_id)).one()
        late.due_at = now - timedelta(minutes=20)
        for ref in ("number_dead:1", "number_dead:2"):
            session.add(AttentionItem(kind="number_dead", ref=ref, agent_id=other.id, at=now))
    tending.tend(services)
    outbox.deliver_due(services, build_registry().handlers)
    with services.db.transaction() as session:
        who = actor_of(session.get_one(Officer, boss.id), "console")
        attention.acknowledge(session, services.clock, who, session.scalars(select(AttentionItem.id)).first() or 0)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    for name, path in {
        "wallboard": "/wallboard", "wallboard-big": "/wallboard?big=1", "presence": "/presence", "agents": "/agents",
        "agent-edit": f"/agents/officers/{boss.id}", "queues": "/queues", "queue-edit": "/queues/1",
        "callbacks": "/callbacks", "overview": "/", "reserve": "/callbacks/new",
        "reserve-of-case": f"/callbacks/new?case={case.id}",
        "case": f"/cases/{case.id}",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"{name}-{language}-{size['width']}")
    desk.go("/presence")
    desk.page.get_by_role("button", name="통화 대기 시작" if language == "ko" else "Ready for calls").click()
    expect(desk.page.locator(".my-state .state")).to_contain_text(
        "통화 가능" if language == "ko" else "ready for calls"
    )
    desk.assert_clean()
