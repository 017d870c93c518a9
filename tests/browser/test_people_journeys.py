"""A traveller's journeys, and the choice of whom an alert reaches, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from alerts.models import Alert
from hotline.core.actor import SYSTEM
from hotline.people import itineraries
from hotline.people.itineraries import CompanionFields, ItineraryFields
from hotline.people.legs import LegFields
from hotline.people.placing import record_sighting
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_alert, make_officer, make_traveller

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "language"), [(DESK, "ko"), (DESK, "en"), (PHONE, "ko")], ids=["ko", "en", "360"])
def test_journeys_are_shown_and_changed_at_both_sizes(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    clock = site.services.clock
    today = clock.now().date()
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("author",), language=language)
        person = make_traveller(session, name="김서연", lat=14.55, lon=121.02)
        legs = [
            LegFields(place="Manila", country="PH", from_date=today, to_date=today + timedelta(days=4), means="KE 623"),
            LegFields(country="VN", from_date=today + timedelta(days=5), to_date=today + timedelta(days=9)),
            LegFields(place="Tokyo", country="JP", from_date=date(2025, 1, 3), to_date=date(2025, 1, 9)),
        ]
        fellows = [CompanionFields(name="김바다", phone="+821077770001"), CompanionFields(name="김하늘")]
        given = ItineraryFields(legs=legs, companions=fellows)
        journey = itineraries.add(session, clock, SYSTEM, person.id, given, source="api")
        record_sighting(session, clock, person.id, country="PH", precision="country", source="roaming:kt")
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    for name, path in {
        "journeys": f"/travellers/{person.id}",
        "journey-edit": f"/travellers/{person.id}/journeys/{journey.id}",
        "journey-new": f"/travellers/{person.id}/journeys/new",
    }.items():
        desk.go(path)
        if desk.page.locator(".map").count():
            desk.page.wait_for_selector(".map[data-drawn=yes]")
        desk.check(f"{name}-{language}")
    desk.page.fill("[name=leg-0-from_date]", today.isoformat())
    desk.page.fill("[name=leg-0-to_date]", today.isoformat())
    desk.page.fill("[name=leg-0-place]", "Cebu City")
    desk.page.select_option("[name=leg-0-country]", "PH")
    desk.page.click("main form button.button-main")
    expect(desk.page.locator(".journey")).to_have_count(2)


def test_an_officer_unticks_who_is_known_by_country_only(site: Site, open_desk: Callable[..., Desk]) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",), language="en")
        areas = [{"description": "Manila", "polygons": [], "circles": [{"center": [14.6, 121.0], "radius_km": 50}]}]
        draft = make_alert(session, author=author, areas=areas).id
        for precision in ("exact", "exact", "country"):
            make_traveller(session, lat=14.6, lon=121.0, precision=precision)
    desk = open_desk(language="en")
    desk.sign_in(author)
    desk.go(f"/alerts/{draft}/edit")
    total = desk.page.locator("[data-part=total]")
    # The first count of a run loads the borders and cities of the world, and this machine may have other work.
    expect(total).to_have_text("3", timeout=20_000)
    desk.page.uncheck("input[name=precisions][value=country]")
    expect(total).to_have_text("2")
    desk.check("editor-precisions-en")
    desk.page.click("[data-act=save]")
    expect(desk.page.locator("[data-save-state]")).to_have_attribute("data-kind", "saved")
    with site.services.db.transaction() as session:
        assert session.get_one(Alert, draft).precisions == ["exact", "city"]
