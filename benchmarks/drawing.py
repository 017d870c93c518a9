"""`drawing`: from the end of an officer's gesture on the map to the number of people in the page, in a real browser.

A web server as in production holds synthetic positions; Chromium, driven as by a hand, moves, resizes and draws circles in the
editor of an alert. Measured inside the page: from the release of the mouse to the frame that shows the new number. Beside it,
in the same run and from the same page, a request to an address of the same server that does nothing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from alerts.draft_fields import DraftFields
from alerts.drafting import draft_by_hand
from benchmarks import materialise
from benchmarks.measure import environment, print_table
from benchmarks.receipts import web_server
from hotline.auth import officers
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM
from hotline.core.services import Services

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "an officer of the benchmark"  # noqa: S105 - guards nothing, the servers live for one run
NO_OP = "/healthz"
VIEW = {"width": 1280, "height": 720}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
KINDS = ("move", "resize", "move", "resize", "draw", "undo")
WARM_UP, MAX_WARM_UP = 12, 120
QUICK_MS = 150
BETWEEN_MS = 450
"""A hand rests between two gestures; quicker ones are counted together."""
LOADED_WITHIN_S = 180.0
STEP_TIMEOUT_MS = 30_000
STEPS = 6
_WATCH = """() => {
  const total = document.querySelector('[data-part="total"]');
  window.gesture = { ended: 0, shown: [] };
  document.addEventListener("mouseup", () => { window.gesture.ended = performance.now(); }, true);
  new MutationObserver(() => {
    const ended = window.gesture.ended;
    if (ended) requestAnimationFrame(() => window.gesture.shown.push(performance.now() - ended));
    window.gesture.ended = 0;
  }).observe(total, { childList: true, characterData: true, subtree: true });
}"""
_BARE = """async (address) => {
  const started = performance.now();
  await (await fetch(address, { cache: "no-store" })).text();
  return performance.now() - started;
}"""


class NoBrowser(Exception):
    """There is no Chromium on this machine; the text says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rows", type=int, default=1_000_000, help="people inside (default 1,000,000)")
    parser.add_argument("--gestures", type=int, default=60, help="measured gestures (default 60)")


def browser_path() -> str:
    """Return the path of the browser that the tests use; raises NoBrowser."""
    found = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "find_browser.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if found.returncode or not found.stdout.strip():
        raise NoBrowser((found.stderr.strip().splitlines() or ["no chromium on this machine"])[-1])
    return found.stdout.strip().splitlines()[-1]


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and return the figures; without a browser only the reason (`skipped`)."""
    try:
        path = browser_path()
    except NoBrowser as reason:
        return {"skipped": str(reason)}
    with tempfile.TemporaryDirectory(prefix="bench-drawing-") as folder, materialise.servers(Path(folder)) as services:
        materialise.load_people(services, args.rows)
        alert_id = _draft(services)
        with web_server(services.settings.database_url, services.settings.redis_url) as origin:
            shown, bare = _draw(path, origin, alert_id, args.gestures)
    p50, p95 = statistics.median(shown), _p95(shown)
    return {
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "max_ms": round(max(shown), 1),
        "bare_p50_ms": round(statistics.median(bare), 1),
        "bare_p95_ms": round(_p95(bare), 1),
        "ratio_to_bare_request": round(p50 / statistics.median(bare), 2),
        "ratio_to_bare_request_p95": round(p95 / _p95(bare), 2),
        "gestures": len(shown),
        "rows": args.rows,
        "environment": environment("flask", "numpy", "playwright"),
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    if "skipped" in result:
        print(f"Drawing: skipped, {result['skipped']}")
        return
    print_table(
        f"Drawing on the map, {result['rows']:,} people",
        ["", "p50 ms", "p95 ms"],
        [
            ["request that does nothing", result["bare_p50_ms"], result["bare_p95_ms"]],
            ["gesture to number", result["p50_ms"], result["p95_ms"]],
        ],
    )


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def _draft(services: Services) -> int:
    """Add an author, and a draft with one circle in the midst of the people."""
    centre = list(materialise.CENTRE)
    areas = [{"description": "drawn", "polygons": [], "circles": [{"center": centre, "radius_km": 120}]}]
    with services.db.transaction() as session:
        author = officers.add_officer(
            session, services.clock, SYSTEM, name="author", display_name="Author", roles=["author"], password=PASSWORD
        )
        fields = DraftFields(headline="Drawing", areas=areas)
        return draft_by_hand(session, services.clock, actor_of(author, "console"), fields).id


def _draw(path: str, origin: str, alert_id: int, gestures: int) -> tuple[list[float], list[float]]:
    """Make the gestures; the milliseconds from each one's end to its number, and those of the bare requests between."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport=VIEW)  # type: ignore[arg-type]
        page.set_default_timeout(STEP_TIMEOUT_MS)
        page.goto(f"{origin}/sign-in")
        page.fill("[name=name]", "author")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(f"{origin}/alerts/{alert_id}/edit")
        page.wait_for_selector("html[data-editor=ready]", timeout=LOADED_WITHIN_S * 1000)
        page.wait_for_selector('[data-count][aria-busy="false"]', state="attached", timeout=LOADED_WITHIN_S * 1000)
        page.locator(".shape-toggle").first.click()
        page.wait_for_selector(".circle-center")
        page.evaluate(_WATCH)
        _warm_up(page)
        page.evaluate("window.gesture.shown = []")
        bare: list[float] = []
        for nth in range(gestures):
            _gesture(page, nth)
            bare.append(float(page.evaluate(_BARE, origin + NO_OP)))
            page.wait_for_timeout(BETWEEN_MS)
        shown: list[float] = page.evaluate("window.gesture.shown")
        browser.close()
    if len(shown) != gestures:
        raise RuntimeError(f"{gestures} gestures were made and {len(shown)} numbers shown")
    return shown, bare


def _warm_up(page: Page) -> None:
    """Draw until every process of the server has its index in memory, as it has in service; bounded."""
    deadline, quick = time.monotonic() + LOADED_WITHIN_S, 0
    for nth in range(MAX_WARM_UP):
        quick = quick + 1 if _gesture(page, nth) < QUICK_MS else 0
        page.wait_for_timeout(BETWEEN_MS)
        # A whole turn, so that the editor is left as it was found.
        if (quick >= WARM_UP or time.monotonic() > deadline) and nth % len(KINDS) == len(KINDS) - 1:
            return


def _gesture(page: Page, nth: int) -> float:
    """Make one gesture and wait for its number; the milliseconds it took."""
    before = page.evaluate("window.gesture.shown.length")
    kind, way = KINDS[nth % len(KINDS)], 1 if (nth // 2) % 2 else -1
    if kind == "undo":
        page.click('[data-act="undo"]')
    elif kind == "draw":
        page.click('[data-draw="Circle"]')
        box = page.locator("#map").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.4
        page.mouse.click(x, y)
        page.mouse.move(x + 60, y + 20, steps=STEPS)
        page.mouse.click(x + 60, y + 20)
    else:
        if page.locator(".circle-center").count() == 0:
            page.locator(".shape-toggle").first.click()
        _drag(page, ".circle-center" if kind == "move" else ".circle-edge", way)
    page.wait_for_function("(known) => window.gesture.shown.length > known", arg=before)
    if page.locator('[data-part="total"]').inner_text() == "–":
        raise RuntimeError("the page could not show a number")
    return float(page.evaluate("window.gesture.shown.at(-1)"))


def _drag(page: Page, handle: str, way: int) -> None:
    box = page.locator(handle).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + way * 14, y + (way * 10 if handle == ".circle-center" else 0), steps=STEPS)
    page.mouse.up()
