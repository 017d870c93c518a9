"""Overflow's pages in both languages and at two sizes: no policy violation, no error, no accessibility fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hotline.core.actor import SYSTEM
from hotline.missions.models import MissionHours
from overflow.forwarding import demo, keys, rules
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_mission, make_officer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_overflow_is_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    services = site.services
    now = services.clock.now()
    names = {"beijing": ("Embassy in China", "주중국 대한민국 대사관", "Asia/Shanghai", "CN"),
             "manila": ("Embassy in the Philippines", "주필리핀 대한민국 대사관", "Asia/Manila", "PH")}  # fmt: skip
    with services.db.transaction() as session:
        boss = make_officer(
            session, roles=("administrator", "senior_agent"), name="chief", display_name="한지우", language=language
        )
        made = {
            code: make_mission(session, code=code, name_en=en, name_ko=ko, zone=zone, country=country).id
            for code, (en, ko, zone, country) in names.items()
        }
        session.add(MissionHours(mission_id=made["beijing"], hours="Mo-Fr 09:00-12:00,13:30-17:30", updated_at=now))
        keys.add(session, services.clock, SYSTEM, "x", made["beijing"])
        rules.add_incident(
            session, services.clock, SYSTEM, action="take", mission_id=None, country="PH",
            ends_at=now + timedelta(days=2), note="Typhoon: the embassy is evacuated",
        )  # fmt: skip
    demo.load(services, SYSTEM)
    desk = open_desk(language=language, size=size)
    desk.sign_in(boss)
    for name, path in {
        "rules": "/overflow/rules",
        "try": "/overflow/try",
        "tried": f"/overflow/try?mission={made['beijing']}&reason=all&centre=full&language=zh",
        "log": "/overflow/forwardings",
        "one": "/overflow/forwardings/1",
        "exchanges": "/overflow/exchanges",
        "exchange": f"/overflow/exchanges/{made['beijing']}",
    }.items():
        desk.go(path)
        desk.check(f"overflow-{name}-{language}")
    if size == DESK:
        desk.go("/overflow/rules")
        desk.page.click("[data-opens=rule-capacity]")
        desk.check(f"overflow-rule-{language}")
