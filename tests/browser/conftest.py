"""A real browser in front of the real application: shared by every browser test.

The console and the live stream run in threads of this process, on two ports, against the test's own database. Every page
visited is watched: an error in the browser's console, a refused script or style, or an answer of 500 fails the test.
With HOTLINE_TEST_SCREENSHOTS set to a folder, each page that is checked is also photographed there.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response, expect
from playwright.sync_api import Error as PlaywrightError
from werkzeug.serving import BaseWSGIServer, make_server

from hotline.auth.models import Officer
from hotline.core.config import Settings
from hotline.core.live import CHANNEL_PREFIX, notify
from hotline.core.services import Services
from tests.factories import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESK = {"width": 1280, "height": 720}
PHONE = {"width": 360, "height": 740}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
STREAM_CHANNEL = CHANNEL_PREFIX + "system"
"""Every window subscribes to this one."""
STREAMS_END_S = 60
GO_ATTEMPTS = 3
OVERTAKEN = ("net::ERR_ABORTED", "is interrupted by another navigation")
"""What the browser says of a load that another one of the same window replaced."""
expect.set_options(timeout=30_000)
"""For each file, also when it is run alone: the first map of a run loads all cities, and a busy machine is slow, not wrong."""
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Return the browser's path, or skip with the reason why none could be had."""
    path = os.environ.get("HOTLINE_TEST_BROWSER") or shutil.which("chromium")
    if not path:
        pytest.skip(os.environ.get("HOTLINE_TEST_BROWSER_WHY_NOT") or "no chromium on this machine")
    return path


@pytest.fixture(scope="session")
def real_browser(chromium_path: str, playwright: Playwright) -> Iterator[Browser]:
    """One browser process for the whole run; each test opens contexts of its own."""
    browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
    yield browser
    browser.close()


@dataclass
class Site:
    """The running application."""

    url: str
    live_url: str
    services: Services
    web: BaseWSGIServer
    live: BaseWSGIServer


def _serve() -> BaseWSGIServer:
    """Bind a free port; the application is set once all addresses are known."""
    return make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)


@pytest.fixture
def site_settings(settings: Settings) -> Settings:
    """Return the settings the site runs with, before its addresses are known; a test module may override this."""
    return settings


@pytest.fixture
def site(services: Services, site_settings: Settings) -> Iterator[Site]:
    """Serve the console and the live stream until the test ends."""
    from wsgi import create_app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    web, live = _serve(), _serve()
    url, live_url = (f"http://127.0.0.1:{server.server_port}" for server in (web, live))
    services.settings = site_settings.model_copy(update={"public_url": url, "live_url": live_url})
    web.app = create_app(services=services)
    live.app = create_app(services=services, kind="live")
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in (web, live)]
    for thread in threads:
        thread.start()
    yield Site(url, live_url, services, web, live)
    _end_streams(services)
    for server in (web, live):
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join(5)


def _end_streams(services: Services) -> None:
    """Have every stream write to its closed window and so notice that nobody listens any more."""
    deadline = time.monotonic() + STREAMS_END_S
    while any(count for _channel, count in services.redis.pubsub_numsub(STREAM_CHANNEL)):
        notify(services.redis, "system")
        assert time.monotonic() < deadline, "a live stream outlived its window"
        time.sleep(0.05)


@dataclass
class Desk:
    """One officer's browser window, and everything that went wrong in it."""

    site: Site
    page: Page
    context: BrowserContext
    faults: list[str] = field(default_factory=list)
    expected_statuses: set[int] = field(default_factory=set)
    """Statuses of 400 and above that the test provokes; the browser reports them in its console as well."""

    def watch(self) -> None:
        """Write down every error of the page from now on."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if any(f"status of {status} " in message.text for status in self.expected_statuses):
            return
        self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.faults.append(f"{response.status} {response.request.method} {response.url}")

    def go(self, path: str) -> Response:
        """Open a page of the site, again when the window was just loading itself anew.

        An alert's page does that when somebody else decides, and the browser then drops one of the two loads: ours.
        """
        for _attempt in range(GO_ATTEMPTS):
            try:
                response = self.page.goto(self.site.url + path)
            except PlaywrightError as error:
                if not any(sign in error.message for sign in OVERTAKEN):
                    raise
            else:
                if response is not None:
                    return response
            self.page.wait_for_load_state()
        raise AssertionError(f"{path} was overtaken by another load {GO_ATTEMPTS} times")

    def sign_in(self, officer: Officer, password: str = PASSWORD) -> None:
        """Sign in through the form and wait for the page that follows."""
        self.go("/sign-in")
        self.page.fill("[name=name]", officer.name)
        self.page.fill("[name=password]", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def speak(self, language: str) -> None:
        """Choose the language through the switch in the bar, when another one is shown."""
        if self.page.locator("html").get_attribute("lang") != language:
            self.page.click(f"[data-language={language}]")
            self.page.wait_for_selector(f"html[lang={language}]")

    def axe(self, *, exclude: tuple[str, ...] = ()) -> list[str]:
        """Return axe-core's findings on the page as it is; evaluated from outside, so the page's policy stays in force."""
        # Scrolled somewhere, the bar lies over whatever stands there by chance, and its targets would count as too small.
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(
            """([tags, exclude]) => axe.run({exclude: exclude.map((selector) => [selector])},
                {runOnly: tags, resultTypes: ["violations"]}).then((result) => result.violations)""",
            [STANDARDS, list(exclude)],
        )
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found
            for node in violation["nodes"]
        ]

    def sideways(self) -> int:
        """Return by how many pixels the page is wider than the window; a page must not scroll sideways."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def check(self, name: str, *, exclude: tuple[str, ...] = ()) -> None:
        """Note what keeps the page from being accessible or from fitting its window; photograph it where that is wanted."""
        self.page.evaluate("document.fonts.ready.then(() => true)")
        folder = os.environ.get("HOTLINE_TEST_SCREENSHOTS")
        if folder:
            size = self.page.viewport_size or DESK
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
        self.faults += [f"{name}: {fault}" for fault in self.axe(exclude=exclude)]
        if self.sideways() > 0:
            self.faults.append(f"{name}: scrolls sideways by {self.sideways()} px")

    def assert_clean(self) -> None:
        """Assert that nothing went wrong in this window."""
        assert not self.faults, "\n".join(self.faults)


@pytest.fixture
def open_desk(site: Site, real_browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Return a function that opens a window of its own (own cookies); all windows are checked and closed at the end."""
    desks: list[Desk] = []

    def open_one(*, language: str = "en", size: dict[str, int] | None = None, **more: Any) -> Desk:
        locale = {"en": "en-GB", "ko": "ko-KR"}[language]
        context = real_browser.new_context(locale=locale, viewport=size or DESK, **more)  # type: ignore[arg-type]
        desk = Desk(site, context.new_page(), context)
        desk.page.set_default_timeout(30_000)  # bounds what never comes; a busy machine is slow, and not wrong
        desk.watch()
        desks.append(desk)
        return desk

    yield open_one
    for desk in desks:
        desk.context.close()
    for desk in desks:
        desk.assert_clean()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """Return one window in English at 1280×720."""
    return open_desk()
