"""The frame of every page: who sees what, what it says in which language, and what holds when parts are away."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from hotline.auth.models import Officer
from hotline.auth.permissions import ROLES
from hotline.console import rendering, system
from hotline.core import jobs, outbox
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.registry import Registry
from hotline.core.services import Services, connect_redis
from hotline.core.web import permission_of
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer


@pytest.mark.parametrize("role", ROLES)
def test_menu_and_overview_hold_only_what_the_role_may_open(
    visitor: Visitor, app: Any, db: Database, role: str
) -> None:
    with db.transaction() as session:
        make_officer(session, name="somebody", roles=(role,))
    visitor.sign_in("somebody")
    page = visitor.get("/").get_data(as_text=True)
    registry: Registry = app.extensions["registry"]
    with app.test_request_context():
        addresses = {entry.endpoint: app.url_for(entry.endpoint) for entry in registry.menu}
        sources = {panel.endpoint: app.url_for(panel.endpoint) for panel in registry.panels}
    for entry in registry.menu:
        may = entry.permission == "signed-in" or entry.permission in ROLES[role]
        shown = f'<a href="{addresses[entry.endpoint]}"' in page.split("</nav>", 1)[0]
        assert shown == may, entry.label
        assert visitor.get(addresses[entry.endpoint]).status_code == (200 if may else 403)
    for panel in registry.panels:
        may = panel.permission == "signed-in" or panel.permission in ROLES[role]
        assert (f'data-live-src="{sources[panel.endpoint]}"' in page) == may, panel.title


def test_menu_entries_and_panels_declare_what_their_views_demand(app: Any) -> None:
    registry: Registry = app.extensions["registry"]
    for item in [*registry.menu, *registry.panels]:
        assert permission_of(app, item.endpoint) == item.permission, item


def test_menu_keys_are_single_letters_and_differ(app: Any) -> None:
    keys = [entry.key for entry in app.extensions["registry"].menu if entry.key]
    assert len(keys) == len(set(keys))
    assert all(len(key) == 1 and key.isalpha() and key != "g" for key in keys)


def test_links_of_audit_subjects_lead_to_pages_that_exist(app: Any) -> None:
    for kind in app.extensions["registry"].subjects.values():
        if kind.endpoint:
            assert permission_of(app, kind.endpoint) == kind.permission
            with app.test_request_context():
                assert app.url_for(kind.endpoint, **{kind.argument: 1})


def test_demo_installation_says_so_on_every_page(services: Services) -> None:
    from wsgi import create_app

    plain = create_app(services=services).test_client().get("/sign-in").get_data(as_text=True)
    assert "strip-demo" not in plain
    services.settings = services.settings.model_copy(update={"demo": True})
    page = create_app(services=services).test_client().get("/sign-in").get_data(as_text=True)
    assert "DEMO" in page
    assert "made up" in page


@pytest.mark.parametrize("language", ["ko", "en"])
def test_error_page_comes_in_the_readers_language_without_anybody_signed_in(client: FlaskClient, language: str) -> None:
    answer = client.get("/no-such-page", headers={"Accept-Language": language})
    text = {"ko": "페이지 또는 자료를 찾을 수 없습니다", "en": "There is no such page or entry"}[language]
    assert answer.status_code == 404
    assert text in answer.get_data(as_text=True)


def test_error_page_stands_when_the_database_is_away(
    app: Any, visitor: Visitor, boss: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(app.extensions["hotline"].db, "transaction", away)
    answer = visitor.get("/")
    assert answer.status_code == 503
    page = answer.get_data(as_text=True)
    assert "A part of the service cannot be reached" in page
    assert "SELECT" not in page


def test_unexpected_error_shows_a_number_and_no_detail(
    app: Any, visitor: Visitor, boss: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("secret detail")

    broken.__permission__ = "system.read"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "pages.system_panel", broken)
    answer = visitor.get("/overview/system")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert re.search(r"Number for the administrator: <code>[0-9a-f]{8}</code>", page)
    assert "secret detail" not in page


def test_every_page_carries_a_policy_without_inline_code(client: FlaskClient) -> None:
    answer = client.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = answer.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|\son[a-z]+=", page)


def test_static_files_are_kept_for_a_year_under_the_address_with_their_hash(client: FlaskClient, app: Any) -> None:
    page = client.get("/sign-in").get_data(as_text=True)
    addresses = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert addresses
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "v=" in address
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    assert "max-age=3600" in client.get(addresses[0].split("?")[0]).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../wiring.py", "%2e%2e/wiring.py", "css/../../wiring.py", "/etc/passwd", "css"])
def test_nothing_outside_the_static_folder_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}", follow_redirects=True).status_code == 404


def test_missing_asset_is_named_instead_of_linked(app: Any) -> None:
    from hotline.console.assets import asset
    from hotline.core.errors import NotFound

    with app.test_request_context(), pytest.raises(NotFound):
        asset("css/no-such-sheet.css")


# --- How values are shown --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (86400 * 2, "2 days"),
    ],
)
def test_length_of_time_is_shown_in_its_largest_unit(app: Any, seconds: float, shown: str) -> None:
    with app.test_request_context():
        assert rendering.duration(seconds) == shown


@pytest.mark.parametrize(
    ("zone", "label"),
    [("Asia/Seoul", "KST"), ("Asia/Manila", "UTC+8"), ("Asia/Kathmandu", "UTC+5:45"), ("America/St_Johns", "UTC-3:30"),
     ("America/Los_Angeles", "UTC-8"), ("UTC", "UTC"), ("Europe/Paris", "CET")],
)  # fmt: skip
def test_zone_is_named_so_that_it_cannot_be_mistaken(app: Any, zone: str, label: str) -> None:
    with app.test_request_context():
        assert str(rendering.when(NOW, zone=zone)).endswith(f" {label}</time>")


def test_time_carries_utc_for_machines_and_in_its_title(app: Any) -> None:
    with app.test_request_context():
        shown = str(rendering.when(NOW))
    assert 'datetime="2026-11-21T03:00:00+00:00"' in shown
    assert 'title="2026-11-21 03:00:00 UTC"' in shown
    assert ">2026-11-21 12:00 KST<" in shown


def test_past_and_future_are_told_apart(app: Any) -> None:
    with app.test_request_context():
        assert ">5 min ago<" in str(rendering.ago(NOW - timedelta(minutes=5)))
        assert ">in 2 h<" in str(rendering.ago(NOW + timedelta(hours=2)))
        assert "–" in str(rendering.ago(None))


def test_only_what_differs_is_listed() -> None:
    before, after = {"same": 1, "changed": 1, "gone": True}, {"same": 1, "changed": 2, "new": None, "more": []}
    assert rendering.differences((before, after)) == [("changed", 1, 2), ("gone", True, None), ("more", None, [])]
    assert rendering.differences((None, None)) == []


def test_number_that_cannot_be_read_is_shown_as_stored() -> None:
    assert rendering.phone("+821012345678") == "+82 10-1234-5678"
    assert rendering.phone("not a number") == "not a number"


# --- The service's own health ----------------------------------------------------------------------------------------


def test_health_names_what_is_not_running(services: Services) -> None:
    health = system.read_health(services)
    assert (health.database, health.redis) == ("ok", "ok")
    assert (health.scheduler_active, health.workers) == (False, [])
    assert health.faults == 2


def test_health_is_read_although_redis_is_away(services: Services) -> None:
    health = system.read_health(replace(services, redis=connect_redis("unix:///nowhere/valkey.sock")))
    assert health.database == "ok"
    assert health.redis != "ok"
    assert health.queues is None


def test_parked_facts_and_waiting_jobs_are_counted(services: Services, db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        outbox.publish(session, clock, "Waiting", {})
        outbox.publish(session, clock, "Parked", {}).parked_at = clock.now()
        outbox.publish(session, clock, "Delivered", {}).delivered_at = clock.now()
    jobs.enqueue(services, "outbox.deliver")
    health = system.read_health(services)
    assert (health.outbox_waiting, health.outbox_parked) == (1, 1)
    assert health.queues is not None
    assert health.queues["urgent"] == 1


def test_running_worker_is_seen(services: Services) -> None:
    from rq import Queue, SimpleWorker
    from rq.serializers import JSONSerializer

    services = replace(services, clock=services.clock)
    worker = SimpleWorker(
        [Queue("urgent", connection=services.redis, serializer=JSONSerializer)],
        connection=services.redis,
        serializer=JSONSerializer,
    )
    worker.register_birth()
    heard = worker.last_heartbeat
    assert heard is not None
    services.clock = FrozenClock(heard + timedelta(seconds=30))
    assert [pulse.alive for pulse in system.read_health(services).workers] == [True]
    services.clock = FrozenClock(heard + system.WORKER_SILENT)
    assert [pulse.alive for pulse in system.read_health(services).workers] == [False]


def test_administrator_sees_the_health_panel(visitor: Visitor, boss: Officer) -> None:
    page = visitor.get("/overview/system").get_data(as_text=True)
    assert "2 parts need attention" in page
    assert "none running" in page
