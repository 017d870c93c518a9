"""What the browser tests of alerts share: a warning as a file, officers, travellers, and the steps of an officer."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from tests.browser.conftest import Desk, Site
from tests.factories import make_mission, make_officer, make_traveller

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>PAGASA-2026-1121</identifier>
  <sender>warnings@example.org</sender>
  <sent>2026-11-21T10:30:00+08:00</sent>
  <status>{status}</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>en-US</language>
    <category>Met</category>
    <event>Flood</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <onset>2026-11-21T11:00:00+08:00</onset>
    <expires>2026-11-21T20:00:00+08:00</expires>
    <headline>Flood warning for Manila Bay</headline>
    <instruction>Go to high ground.</instruction>
    <area>
      <areaDesc>Manila Bay</areaDesc>
      <polygon>14.2,120.5 14.2,121.3 14.9,121.3 14.9,120.5 14.2,120.5</polygon>
      <circle>15.5,120.6 25</circle>
    </area>
  </info>
</alert>
"""
"""A polygon around Manila and a circle of 25 km around a place to its north."""


MANILA = (14.6, 121.0)
IN_CIRCLE = (15.5, 120.7)
OUTSIDE = (13.0, 121.0)


def cap_file(folder: Path, *, status: str = "Actual", text: str | None = None) -> Path:
    """Write the warning into a file as a browser would upload it."""
    path = folder / "warning.cap"
    path.write_text(text if text is not None else CAP.format(status=status), encoding="utf-8")
    return path


def make_people(session: Session) -> None:
    """Add a mission, four people in the polygon, one in the circle, one outside, and one of the drills inside."""
    make_mission(session)
    for number in range(4):
        make_traveller(session, lat=MANILA[0] + number / 100, lon=MANILA[1], language="ko" if number else "en")
    make_traveller(session, lat=IN_CIRCLE[0], lon=IN_CIRCLE[1])
    make_traveller(session, lat=OUTSIDE[0], lon=OUTSIDE[1])
    make_traveller(session, lat=MANILA[0], lon=MANILA[1], drill=True)


def make_staff(site: Site) -> tuple[Officer, Officer]:
    """Add an author, an approver, and the people around Manila."""
    with site.services.db.transaction() as session:
        make_people(session)
        return make_officer(session, roles=("author",)), make_officer(session, roles=("approver",))


def upload(desk: Desk, file: Path) -> None:
    """Upload a CAP file on the page of new alerts."""
    desk.go("/alerts/new")
    desk.page.set_input_files("#cap-file", file)
    desk.page.locator("form[enctype] button[type=submit]").click()


def wait_for_editor(page: Page) -> None:
    """Wait until the map and its tools can be used."""
    page.wait_for_selector("html[data-editor=ready]")
    expect(page.locator("[data-count]")).to_have_attribute("aria-busy", "false")


def ask_for_approval(page: Page) -> int:
    """Ask for approval in the editor and return the alert's id."""
    page.click('[data-act="submit"]')
    page.click('#submit-dialog [data-act="submit-now"]')
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    return int(page.url.rsplit("/", 1)[-1])
