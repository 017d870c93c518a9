"""Sources of warnings and signatures as officers see them: both languages, both sizes, accessible and clean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts import drafting
from alerts.feeds import polling, sources
from alerts.feeds.sources import SourceFields
from alerts.models import Alert
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM
from tests.alerts.cap.sealing import as_bytes, sign, unsigned
from tests.alerts.feeds.loopback_feed import loopback_feed
from tests.alerts.feeds.makers import gdacs, item, quake, usgs
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_mission, make_officer
from tests.keypairs import make_pair

pytestmark = pytest.mark.browser


def fill(site: Site) -> tuple[Officer, int, int]:
    """Poll three sources, one of which fails; an officer, a feed's draft with news beside it, and a broken signature."""
    services = site.services
    services.settings.feeds_allow_private = True
    with loopback_feed() as server, services.db.transaction() as session:
        now = services.clock.now()
        make_mission(session)
        author = make_officer(session, roles=("author",))
        strong = quake(mag=6.4, at=now - timedelta(minutes=9))
        rows = {
            "USGS earthquakes": ("usgs", "6.0", server.serve("/usgs", usgs(strong))),
            "GDACS disasters": ("gdacs", "Orange", server.serve("/gdacs", gdacs(item(at=now - timedelta(minutes=9))))),
            "PAGASA": ("cap", "Severe", server.serve("/cap", b"", status=503)),
        }
        ids = []
        for name, (kind, threshold, url) in rows.items():
            fields = SourceFields(name, url, kind, threshold, 60)
            ids.append(sources.add(session, services.clock, SYSTEM, fields, allow_private=True).id)
        session.commit()
        for source_id in ids:
            polling.poll(services, source_id)
    with services.db.transaction() as session:
        feed_draft = session.scalars(select(Alert.id)).one()
        broken = as_bytes(sign(unsigned(), make_pair("Weather Service"))).replace(b">Severe<", b">Extreme<")
        who = actor_of(author, "console")
        (forged,) = drafting.draft_from_cap(session, services.clock, who, broken, source="cap")
    return author, feed_draft, forged.id


@pytest.mark.parametrize(("language", "size"), [("en", DESK), ("ko", PHONE)], ids=["en-1280", "ko-360"])
def test_sources_drafts_and_broken_signatures_are_shown(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    author, feed_draft, forged = fill(site)
    with site.services.db.transaction() as session:
        session.get_one(Officer, author.id).language = language
    desk = open_desk(language=language, size=size)
    desk.sign_in(author)
    # The first page with a map loads all cities of the world, and this machine may have other work.
    desk.page.set_default_timeout(30_000)
    for name, path in {
        "feeds": "/alerts/feeds",
        "feed-new": "/alerts/feeds/new",
        "feed-draft": f"/alerts/{feed_draft}",
        "signature-broken": f"/alerts/{forged}",
    }.items():
        desk.go(path)
        desk.check(f"{name}-{language}")


def test_a_source_is_added_by_keyboard_alone(site: Site, desk: Desk) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",))
    desk.sign_in(author)
    desk.go("/alerts/feeds/new")
    page = desk.page
    page.focus("#field-name")
    for text in ("USGS", "https://earthquake.example/all_day.geojson"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.focus("#field-interval_s")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/feeds")
    assert "USGS" in page.inner_text("table")
