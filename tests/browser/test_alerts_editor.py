"""The editor of alerts in a real browser: map, numbers, texts, saving and conflicts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from alerts.models import Alert
from hotline.auth.models import Officer
from tests.browser.alerts_site import cap_file, make_staff, upload, wait_for_editor
from tests.browser.conftest import PHONE, Desk, Site
from tests.factories import make_alert

pytestmark = [pytest.mark.browser, pytest.mark.long]

FIJI = [
    {
        "description": "Fiji",
        "polygons": [[[-15, 176], [-15, -178], [-20, -178], [-20, 176], [-15, 176]]],
        "circles": [{"center": [-14, -177], "radius_km": 300}],
    }
]
"""An area on both sides of the date line."""


@pytest.fixture
def author(site: Site) -> Officer:
    return make_staff(site)[0]


@pytest.fixture
def at_work(desk: Desk, author: Officer) -> Desk:
    """Return a window in which the author is signed in."""
    desk.sign_in(author)
    return desk


def draft(site: Site, author: Officer, **more: object) -> int:
    """Add a draft and return its id."""
    with site.services.db.transaction() as session:
        return make_alert(session, author=author, **more).id


def open_editor(desk: Desk, alert_id: int) -> Page:
    """Open a draft in the editor."""
    desk.go(f"/alerts/{alert_id}/edit")
    wait_for_editor(desk.page)
    return desk.page


def point(page: Page, across: float, down: float) -> tuple[float, float]:
    """Return a place on the map as shares of its width and height."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def stored(site: Site, alert_id: int) -> Alert:
    """Return the draft as the database has it."""
    with site.services.db.transaction() as session:
        alert = session.get(Alert, alert_id)
        assert alert is not None
        assert alert.texts is not None
        return alert


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_editor_is_accessible_in_both_languages_and_themes(
    open_desk: Callable[..., Desk], author: Officer, tmp_path: Path, language: str, scheme: str
) -> None:
    desk = open_desk(language=language, color_scheme=scheme)
    desk.sign_in(author)
    desk.speak(language)
    upload(desk, cap_file(tmp_path))
    wait_for_editor(desk.page)
    expect(desk.page.locator("[data-part=total]")).to_have_text("5")
    desk.page.locator(".shape-toggle").first.click()
    desk.check(f"alert-editor-{language}-{scheme}")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_editor_fits_a_phone(open_desk: Callable[..., Desk], author: Officer, tmp_path: Path, language: str) -> None:
    desk = open_desk(language=language, size=PHONE)
    desk.sign_in(author)
    desk.speak(language)
    upload(desk, cap_file(tmp_path))
    wait_for_editor(desk.page)
    desk.check(f"alert-editor-phone-{language}")


def test_people_are_counted_as_a_polygon_is_drawn(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author, areas=[]))
    expect(page.locator("[data-part=total]")).to_have_text("0")
    page.fill("#place-query", "Manila")
    page.wait_for_selector("#place-results [role=option]")
    page.fill("#place-radius", "2000")
    page.wait_for_timeout(300)  # Longer than the list stays open once nobody is in its fields.
    page.press("#place-query", "Enter")
    expect(page.locator("[data-part=total]")).to_have_text("6")
    page.click('[data-act="undo"]')
    expect(page.locator("[data-part=total]")).to_have_text("0")
    page.click('[data-draw="Polygon"]')
    expect(page.locator("[data-map-hint]")).to_be_visible()
    for across, down in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)):
        page.mouse.click(*point(page, across, down))
    expect(page.locator(".area-item")).to_have_count(1)
    expect(page.locator("[data-part=total]")).not_to_have_text("0")


def test_corner_moves_by_mouse_and_undo_takes_it_back(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author))
    page.locator(".shape-toggle").first.click()
    corners = page.locator(".corners tbody input").evaluate_all("inputs => inputs.map((input) => input.value)")
    # Hovering waits until the corner stands still and nothing lies over it; a box read before that may be out of date.
    handle = page.locator(".marker-icon:not(.marker-icon-middle)").first
    handle.hover()
    box = handle.bounding_box()
    assert box is not None
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] - 30, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('.corners tbody input')].map((i) => i.value)) !== before",
        arg=str(corners).replace("'", '"').replace(", ", ","),
    )
    page.click('[data-act="undo"]')
    values = page.locator(".corners tbody input")
    for index, value in enumerate(corners):
        expect(values.nth(index)).to_have_value(value)


def test_area_can_be_written_by_keyboard_alone(at_work: Desk, site: Site, author: Officer) -> None:
    alert_id = draft(site, author)
    page = open_editor(at_work, alert_id)
    page.locator(".shape-toggle").first.focus()
    page.keyboard.press("Enter")
    latitude = page.locator('[data-key="lat-0"]')
    latitude.focus()
    latitude.fill("-5")
    page.keyboard.press("Tab")
    expect(page.locator('[data-key="lon-0"]')).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved")
    assert stored(site, alert_id).areas[0]["polygons"][0][0] == [-5.0, 0.0]


def test_area_over_the_date_line_is_one_picture_and_is_kept(at_work: Desk, site: Site, author: Officer) -> None:
    alert_id = draft(site, author, areas=FIJI)
    page = open_editor(at_work, alert_id)
    boxes = [box for box in (shape.bounding_box() for shape in page.locator("path.area-shape").all()) if box]
    assert len(boxes) == 2
    frame = page.locator("#map").bounding_box()
    assert frame is not None
    assert all(box["x"] >= frame["x"] and box["width"] < frame["width"] for box in boxes)
    page.locator(".shape-toggle").nth(1).click()
    radius = page.locator(".circle-numbers input").nth(2)
    radius.fill("250")
    radius.press("Tab")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved")
    kept = stored(site, alert_id).areas[0]
    assert kept["polygons"] == [[[float(lat), float(lon)] for lat, lon in FIJI[0]["polygons"][0]]]  # type: ignore[index,misc]
    assert kept["circles"] == [{"center": [-14.0, -177.0], "radius_km": 250.0}]


def test_outline_of_thousands_of_corners_shows_few_handles(at_work: Desk, site: Site, author: Officer) -> None:
    ring = [[index / 1000, 10.0] for index in range(3000)] + [[index / 1000, 12.0] for index in range(3000, 0, -1)]
    page = open_editor(at_work, draft(site, author, areas=[
        {"description": "long", "polygons": [[*ring, ring[0]]], "circles": []}
    ]))  # fmt: skip
    page.locator(".shape-toggle").first.click()
    page.mouse.move(*point(page, 0.5, 0.5))
    expect(page.locator(".marker-icon").first).to_be_attached()
    assert page.locator(".marker-icon").count() <= 60
    assert page.locator(".corners tbody tr").count() == 25
    expect(page.locator(".pager")).to_contain_text("6,000")


def test_text_is_filled_counted_and_made_cheaper(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author, texts={"en": "Flood"}))
    page.select_option("#field-mission_id", label="Philippines: Embassy in Manila")
    page.fill("#text-en", "Flood in ")
    page.click('[data-language="en"] [data-placeholder="place"]')
    page.keyboard.type(" at {time} – don’t stay. {mission_phone}")
    bubble = page.locator('[data-language="en"] [data-part="bubble"]')
    expect(bubble).to_contain_text("Flood in Manila at 21 Nov 11:00")
    expect(bubble.locator("mark")).to_have_text(["–", "’"])
    cost = page.locator('[data-language="en"] [data-part="cost"]')
    expect(cost).to_contain_text("UCS-2")
    page.click('[data-language="en"] [data-act="cheaper"]')
    expect(cost).to_contain_text("GSM-7")
    expect(page.locator("#text-en")).to_have_value("Flood in {place} at {time} - don't stay. {mission_phone}")


def test_text_without_a_place_is_named_and_not_submitted(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author, texts={"en": "Run at 10:00, call +82232100404"}))
    expect(page.locator("#problems-en")).to_contain_text("does not say where")
    at_work.expected_statuses = {422}
    page.click('[data-act="submit"]')
    expect(page.locator("[data-faults]")).to_contain_text("does not say where")
    expect(page.locator("#submit-dialog")).to_be_hidden()
    page.locator("[data-faults] a").first.click()
    expect(page.locator("#text-en")).to_be_focused()


def test_languages_are_added_and_removed(at_work: Desk, site: Site, author: Officer) -> None:
    alert_id = draft(site, author)
    page = open_editor(at_work, alert_id)
    page.select_option("#add-language", "ja")
    expect(page.locator("#text-ja")).to_be_focused()
    page.keyboard.type("{place} {time} {hotline}")
    page.click('[data-language="en"] [data-act="remove"]')
    page.keyboard.press("Control+s")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved")
    assert set(stored(site, alert_id).bodies()) == {"ko", "ja"}


def test_drill_is_marked_all_over_the_page(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author))
    expect(page.locator(".strip-drill").first).to_be_hidden()
    page.select_option("#field-status", "Exercise")
    expect(page.locator("[data-drill-strip]")).to_be_visible()
    expect(page.locator("body")).to_have_class(re.compile("is-drill"))
    expect(page.locator("[data-part=note]")).to_be_visible()


def test_conflict_shows_both_sides_and_loses_neither(
    open_desk: Callable[..., Desk], site: Site, author: Officer
) -> None:
    alert_id = draft(site, author)
    mine, theirs = open_desk(), open_desk()
    for desk in (mine, theirs):
        desk.sign_in(author)
        open_editor(desk, alert_id)
    theirs.page.fill("#field-headline", "Their headline")
    theirs.page.fill("#field-place", "Cavite")
    theirs.page.keyboard.press("Control+s")
    expect(theirs.page.locator("[data-save-state]")).to_contain_text("Saved")
    mine.expected_statuses = {409}
    mine.page.fill("#field-headline", "My headline")
    mine.page.keyboard.press("Control+s")
    dialog = mine.page.locator("#conflict-dialog")
    expect(dialog).to_contain_text("My headline")
    expect(dialog).to_contain_text("Their headline")
    dialog.locator("button[value=merge]").click()
    expect(mine.page.locator("[data-save-state]")).to_contain_text("Saved")
    expect(mine.page.locator("#field-place")).to_have_value("Cavite")
    kept = stored(site, alert_id)
    assert (kept.headline, kept.place) == ("My headline", "Cavite")


def test_leaving_with_unsaved_changes_asks_first(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author))
    page.fill("#field-headline", "Changed")
    expect(page.locator("[data-save-state]")).to_contain_text("Not saved")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    at_work.go("/alerts")
    assert asked == ["beforeunload"]


def test_count_that_fails_says_so_and_recovers(at_work: Desk, site: Site, author: Officer) -> None:
    page = open_editor(at_work, draft(site, author))
    at_work.expected_statuses = {503}
    page.route("**/alerts/count", lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    page.locator(".shape-toggle").first.click()
    page.locator('[data-key="lat-0"]').fill("-6")
    page.keyboard.press("Tab")
    expect(page.locator("[data-count] [data-part=error]")).to_contain_text("The database is away.")
    expect(page.locator("[data-part=total]")).to_have_text("–")
    page.unroute("**/alerts/count")
    page.click('[data-act="undo"]')
    expect(page.locator("[data-count] [data-part=error]")).to_be_hidden()
