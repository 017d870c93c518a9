"""A handset lands: the practice carrier tells the service with a signature that the service itself accepts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from hotline.core.actor import Actor
from hotline.core.clock import SystemClock
from hotline.core.services import Services
from hotline.core.signed_body import is_signed
from hotline.geo.networks import country_of_network
from hotline.people.models import Position
from hotline.roaming import demo, fold, mapping
from hotline.sandbox import roaming
from hotline.sandbox.settings import BadInput
from tests.factories import make_traveller
from tests.sandbox.conftest import RunningSandbox

NUMBER = "+821012345678"
OFFICER = Actor(kind="officer", id=1, name="author")


@pytest.fixture
def service(services: Services) -> Iterator[str]:
    """The real web application on loopback, with the demo's carriers and their key in its data directory."""
    from wsgi import create_app

    services.clock = SystemClock()  # the carrier signs with the real time
    server = make_server("127.0.0.1", 0, create_app(services=services), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    services.settings = services.settings.model_copy(update={"public_url": url})
    demo.add_practice_carriers(services, OFFICER)
    demo.add_practice_carriers(services, OFFICER)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join(5)


def land(folder: Path | None, country: str = "PH") -> dict[str, object]:
    """Have the handset land, on a thread of its own: the browser of other tests keeps an event loop on this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, roaming.land(folder, NUMBER, country)).result()


def test_landing_reaches_the_service_and_places_the_traveller(service: str, services: Services) -> None:
    with services.db.transaction() as session:
        traveller = make_traveller(session, phone=NUMBER, lat=None, lon=None).id
    outcome = land(services.settings.data_dir, "PH")
    assert outcome == {"reached": True}
    assert fold.fold(services).calls == 1
    with services.db.transaction() as session:
        assert session.get_one(Position, traveller).country == "PH"


def test_the_page_can_have_a_handset_land(service: str, services: Services, tmp_path: Path) -> None:
    assert services.settings.data_dir == tmp_path
    running = RunningSandbox(tmp_path)
    try:
        running.control.add_handsets([{"number": NUMBER, "name": "김민준", "country": "KR", "language": "ko"}])

        def post(body: Any) -> requests.Response:
            return requests.post(
                f"{running.url}/page/handsets/{NUMBER}/land", json=body, timeout=20,
                auth=(running.account_sid, running.auth_token),
            )  # fmt: skip

        assert post({"country": "JP"}).json() == {"reached": True}
        assert post({"country": "XX"}).status_code == 400
        assert post({"country": 7}).status_code == 400
    finally:
        running.stop()
    assert fold.fold(services).calls == 1


def test_without_a_key_or_a_service_it_says_so(services: Services, tmp_path: Path) -> None:
    assert land(None)["reason"] == land(tmp_path / "none")["reason"] == "no_key"
    folder = tmp_path / "sandbox"
    folder.mkdir()
    key = {"url": "http://127.0.0.1:9/webhooks/roaming/practice", "key_id": "k", "secret": "s"}
    for content in ("{", "[]", json.dumps(key | {"secret": 1}), json.dumps(key | {"url": "https://example.org/"})):
        (folder / roaming.FILE).write_text(content)
        assert land(tmp_path)["reason"] == "no_key"
    (folder / roaming.FILE).write_text(json.dumps(key))
    assert land(tmp_path)["reason"] == "no_answer"
    with pytest.raises(BadInput):
        land(tmp_path, "QQ")


def test_its_signature_and_networks_are_the_services_own() -> None:
    signature = roaming.signature("secret", "1795230000", "key", b"body")
    assert is_signed("secret", "1795230000", b"body", signature, idempotency_key="key")
    for country, plmn in roaming.NETWORKS.items():
        assert country_of_network(plmn[:3], plmn[3:]) == country
        body = json.dumps({"events": [{"msisdn": "821012345678", "plmn": plmn, "time": "2026-11-21T12:00:00+09:00"}]})
        assert mapping.read("plmn", body.encode(), datetime(2026, 11, 21, 3, tzinfo=UTC)).refused == 0
