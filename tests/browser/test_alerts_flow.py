"""From a CAP file to the handsets in a real browser: two officers, the practice carrier, and figures that move by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from alerts.dispatch import ending
from alerts.dispatch.lanes import dispatch_alert
from alerts.dispatch.sweep import sweep
from alerts.materialise import materialise
from alerts.receipts.fold import fold
from hotline.auth.models import Officer
from hotline.core.config import Settings
from hotline.core.services import Services
from tests.browser.alerts_site import ask_for_approval, cap_file, make_staff, upload, wait_for_editor
from tests.browser.conftest import PHONE, Desk, Site
from tests.factories import make_alert
from tests.sandbox.conftest import RunningSandbox

pytestmark = [pytest.mark.browser, pytest.mark.long]
SETTLES_WITHIN_S = 30.0
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The practice carrier in a process of its own."""
    running = RunningSandbox(tmp_path_factory.mktemp("carrier"))
    yield running
    running.process.kill()
    running.process.wait(10)


@pytest.fixture
def site_settings(settings: Settings, carrier: RunningSandbox) -> Settings:
    """Send through the practice carrier."""
    return settings.model_copy(
        update={
            "twilio_account_sid": carrier.account_sid,
            "twilio_auth_token": type(settings.twilio_auth_token)(carrier.auth_token),
            "twilio_api_base_url": carrier.url,
        }
    )


@pytest.fixture
def staff(site: Site) -> tuple[Officer, Officer]:
    return make_staff(site)


def send(services: Services, alert_id: int) -> None:
    """Do what the worker does after an approval, in this process."""
    materialise(services, alert_id)
    dispatch_alert(services, alert_id)


def figure(page: Page, state: str) -> int:
    """Return one of the big figures."""
    return int(page.locator(f'[data-figure="{state}"]').inner_text().replace(",", ""))


def fold_until_delivered(services: Services, page: Page, people: int) -> None:
    """Fold receipts as they come until the open page, which is never loaded again, shows everybody as reached.

    A text whose answer came too late for its lane is settled by its receipt alone: then the sweeper ends the alert, as it does
    every second in a running service.
    """
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while figure(page, "delivered") < people:
        assert time.monotonic() < deadline, page.locator(".progress-panel").inner_text()
        fold(services)
        sweep(services)
        page.wait_for_timeout(200)


@LANGUAGES
def test_warning_goes_from_file_to_handsets_with_two_officers(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer], tmp_path: Path, language: str
) -> None:
    author, approver = staff
    first, second = open_desk(language=language), open_desk(language=language)
    for desk, officer in ((first, author), (second, approver)):
        desk.sign_in(officer)
        desk.speak(language)

    upload(first, cap_file(tmp_path))
    wait_for_editor(first.page)
    expect(first.page.locator("[data-part=total]")).to_have_text("5")
    alert_id = ask_for_approval(first.page)
    expect(first.page.locator("[data-opens=approve-dialog]")).to_have_count(0)
    first.page.wait_for_selector("html[data-alert=ready]")
    first.check(f"alert-waiting-own-{language}")

    second.go("/")
    second.page.locator(f'.card-list a[href="/alerts/{alert_id}"]').click()
    second.page.wait_for_selector("html[data-alert=ready]")
    expect(second.page.locator("[data-count] [data-part=total]")).to_have_text("5")
    second.check(f"alert-waiting-{language}")
    second.page.click("[data-opens=approve-dialog]")
    expect(second.page.locator("[data-approve-total]")).to_have_text("5")
    second.check(f"alert-approve-dialog-{language}")
    second.page.click("#approve-dialog button[type=submit]")
    expect(second.page.locator(".notice-good")).to_be_visible()

    send(site.services, alert_id)
    expect(first.page.locator(".progress-panel")).to_be_visible()
    fold_until_delivered(site.services, first.page, 5)
    sweep(site.services)
    # The open page loads itself anew when the alert has finished.
    expect(first.page.locator("h1 .state-done")).to_be_visible()
    first.page.wait_for_selector("html[data-alert=ready]")
    assert figure(first.page, "queued") == figure(first.page, "failed") == 0
    first.check(f"alert-finished-{language}")
    second.go("/alerts")
    second.check(f"alert-list-{language}")


def test_what_changed_while_nobody_listened_is_seen_as_soon_as_the_page_listens(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer]
) -> None:
    """Between the making of a page and its first event there is a gap, and a hint that falls into it is heard by nobody."""
    author, _ = staff
    desk = open_desk()
    desk.sign_in(author)
    held: list[Route] = []
    desk.page.route("**/live/events*", lambda route: held.append(route))  # noqa: PLW0108 - the driver marks what it is given
    desk.page.clock.install()  # and stands still but for what the page awaits: no timer looks again by itself
    desk.go("/alerts")
    with site.services.db.transaction() as session:
        make_alert(session, author=author, headline="Written in the gap")
    written = desk.page.get_by_text("Written in the gap")
    expect(written).to_have_count(0)
    desk.page.clock.pause_at(time.time() + 1)
    held[0].continue_()
    expect(written).to_be_visible()


def test_an_end_that_came_before_the_pages_own_script_is_seen_as_soon_as_that_is_here(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer]
) -> None:
    """On a slow line the script comes after the first hints; none of them is repeated for it."""
    author, _ = staff
    with site.services.db.transaction() as session:
        alert_id = make_alert(session, author=author, state="dispatching").id
    desk = open_desk()
    desk.sign_in(author)
    held: list[Route] = []
    desk.page.route("**/js/alert.js*", lambda route: route.continue_() if held else held.append(route))
    desk.page.clock.install()
    desk.page.goto(f"{site.url}/alerts/{alert_id}", wait_until="commit")
    expect(desk.page.locator(".live[data-live-state=open]")).to_be_visible()
    assert ending.finish(site.services, alert_id)
    desk.page.clock.pause_at(time.time() + 1)
    expect(desk.page.locator("h1 .state-done")).to_have_count(0)
    held[0].continue_()
    expect(desk.page.locator("h1 .state-done")).to_be_visible()


@LANGUAGES
def test_every_page_fits_a_phone_at_night(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer], language: str
) -> None:
    author, approver = staff
    with site.services.db.transaction() as session:
        draft = make_alert(session, author=author, headline="Flood at night").id
        waiting = make_alert(session, author=author, state="submitted", submitted_by_id=author.id).id
    desk = open_desk(language=language, size=PHONE, color_scheme="dark")
    desk.sign_in(approver)
    desk.speak(language)
    for name, path in (
        ("list", "/alerts"),
        ("draft", f"/alerts/{draft}"),
        ("waiting", f"/alerts/{waiting}"),
        ("home", "/"),
    ):
        desk.go(path)
        desk.check(f"alert-phone-{name}-{language}")


@LANGUAGES
def test_every_fault_of_a_file_is_shown_with_its_line(
    open_desk: Callable[..., Desk], staff: tuple[Officer, Officer], tmp_path: Path, language: str
) -> None:
    desk = open_desk(language=language)
    desk.sign_in(staff[0])
    desk.speak(language)
    desk.expected_statuses = {422}
    text = cap_file(tmp_path).read_text(encoding="utf-8")
    broken = text.replace("14.2,120.5 14.2,121.3", "94.2,120.5 14.2,121.3").replace(
        "<circle>15.5,120.6 25", "<circle>15.5"
    )
    upload(desk, cap_file(tmp_path, text=broken))
    expect(desk.page.locator("table tbody tr")).to_have_count(2)
    expect(desk.page.locator("table")).to_contain_text("22")
    expect(desk.page.locator("table")).to_contain_text("94.2")
    desk.check(f"alert-faults-{language}")


def test_drill_is_marked_at_every_step(
    open_desk: Callable[..., Desk], site: Site, staff: tuple[Officer, Officer], tmp_path: Path
) -> None:
    author, approver = staff
    first, second = open_desk(), open_desk()
    first.sign_in(author)
    second.sign_in(approver)
    upload(first, cap_file(tmp_path, status="Exercise"))
    wait_for_editor(first.page)
    expect(first.page.locator("[data-drill-strip]")).to_be_visible()
    expect(first.page.locator("[data-part=total]")).to_have_text("1")
    for language in ("ko", "en"):
        box = first.page.locator(f"#text-{language}")
        mark = {"ko": "[훈련] ", "en": "[DRILL] "}[language]
        if mark not in box.input_value():
            box.fill(mark + box.input_value())
    alert_id = ask_for_approval(first.page)
    second.go(f"/alerts/{alert_id}")
    expect(second.page.locator(".strip-drill").first).to_be_visible()
    second.page.click("[data-opens=approve-dialog]")
    expect(second.page.locator("#approve-dialog .strip-drill")).to_be_visible()
    second.check("alert-drill-approve")
    with second.page.expect_navigation():
        second.page.click("#approve-dialog button[type=submit]")
    send(site.services, alert_id)
    second.go(f"/alerts/{alert_id}")
    assert figure(second.page, "sent") + figure(second.page, "delivered") == 1


def test_returned_alert_shows_what_was_changed_since(
    open_desk: Callable[..., Desk], staff: tuple[Officer, Officer], tmp_path: Path
) -> None:
    author, approver = staff
    first, second = open_desk(), open_desk()
    first.sign_in(author)
    second.sign_in(approver)
    upload(first, cap_file(tmp_path))
    wait_for_editor(first.page)
    alert_id = ask_for_approval(first.page)
    second.go(f"/alerts/{alert_id}")
    second.page.click("[data-opens=return-dialog]")
    second.page.fill("#return-dialog textarea", "Name the shelter")
    second.page.click("#return-dialog button[type=submit]")
    expect(second.page.locator("main")).to_contain_text("Name the shelter")
    expect(first.page.locator("h1")).to_contain_text("Draft")
    first.page.wait_for_selector("html[data-alert=ready]")
    first.go(f"/alerts/{alert_id}/edit")
    wait_for_editor(first.page)
    expect(first.page.locator("main")).to_contain_text("Name the shelter")
    first.page.fill("#field-headline", "Flood: go to the shelter")
    ask_for_approval(first.page)
    second.go(f"/alerts/{alert_id}")
    expect(second.page.locator(".diff")).to_contain_text("Flood warning for Manila Bay")
    expect(second.page.locator(".diff")).to_contain_text("Flood: go to the shelter")


def test_one_officer_stops_an_alert_that_is_waiting_to_be_sent(
    desk: Desk, site: Site, staff: tuple[Officer, Officer]
) -> None:
    author, _approver = staff
    with site.services.db.transaction() as session:
        alert_id = make_alert(session, author=author, state="approved").id
    desk.sign_in(author)
    desk.go(f"/alerts/{alert_id}")
    desk.page.click("[data-opens=stop-dialog]")
    desk.check("alert-stop-dialog")
    desk.page.fill("#stop-dialog textarea", "False alarm")
    desk.page.click("#stop-dialog button[type=submit]")
    expect(desk.page.locator("h1")).to_contain_text("Stopped")
    expect(desk.page.locator(".timeline")).to_contain_text("False alarm")


def test_open_page_of_an_alert_moves_on_when_somebody_else_decides(
    open_desk: Callable[..., Desk], staff: tuple[Officer, Officer], tmp_path: Path
) -> None:
    author, approver = staff
    first, second = open_desk(), open_desk()
    first.sign_in(author)
    second.sign_in(approver)
    upload(first, cap_file(tmp_path))
    wait_for_editor(first.page)
    alert_id = ask_for_approval(first.page)
    second.go(f"/alerts/{alert_id}")
    second.page.click("[data-opens=reject-dialog]")
    second.page.fill("#reject-dialog textarea", "Wrong country")
    second.page.click("#reject-dialog button[type=submit]")
    expect(first.page.locator("h1")).to_contain_text("Rejected")
