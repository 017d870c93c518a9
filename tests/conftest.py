"""Fixtures for every test: real PostgreSQL and Valkey from their wheels, a fresh database each, and no network but loopback."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pydantic import SecretStr
from redis import Redis

from hotline.core import jobs, migrate
from hotline.core import services as services_module
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.services import Services, make_services
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.databases import TEMPLATE, Databases

# A machine that is busy for a second fails nobody: how long an example or its making takes says nothing of what it shows.
# A change is judged by what it changes, so its examples are the same each time; new ones are looked for through the night.
examples.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("HOTLINE_NIGHTLY") != "1",
)
examples.load_profile("house")
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""Three at night in Seoul's winter would be 18:00 UTC; tests stand at noon there and move the clock themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files: one that comes last would keep one process busy while the others have nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Spare the collector what was imported: it never goes away, and looking through it was a tenth of the run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address!r}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


MEMORY_ROOM_BYTES = 4 * 2**30
"""So much must be free before the servers' files are kept in memory."""


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """Return a directory for the servers, outside pytest's own.

    pytest's directory is shared by all runs of a user and each run resets its mode, which would shut out the user that
    PostgreSQL runs as when the tests are run by root. It lies in memory where there is room: nothing here outlives the run.
    """
    memory = Path("/dev/shm")  # noqa: S108  # a directory of its own is made there
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= MEMORY_ROOM_BYTES
    place = str(memory) if roomy else None
    with tempfile.TemporaryDirectory(prefix="hotline-test-", dir=place, ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(server_dir: Path) -> Iterator[EmbeddedPostgres]:
    """One throw-away PostgreSQL for the whole run, with a migrated template database."""
    server = EmbeddedPostgres(server_dir, durable=False)
    url = server.start()
    try:
        server.create_database(TEMPLATE)
        migrate.upgrade(server.url_for(TEMPLATE))
        assert url
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey(server_dir: Path) -> Iterator[EmbeddedValkey]:
    """One throw-away Valkey for the whole run; each test starts with it empty."""
    server = EmbeddedValkey(server_dir)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    """Give out this process's database, emptied between tests."""
    made = Databases(postgres)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """Return the URL of an empty, migrated database of this test's own."""
    yield databases.take()
    databases.give_back()


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """Return the URL of an empty Valkey."""
    client = Redis.from_url(valkey.url)
    client.flushall()
    client.close()
    return valkey.url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """Return access to this test's database."""
    database = Database(database_url, pool_size=4)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> FrozenClock:
    """Return a clock that stands at NOW."""
    return FrozenClock(NOW)


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Return settings that point at this test's servers; nothing comes from the developer's environment."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key="a secret for tests only",
        data_dir=tmp_path,
        public_url="http://127.0.0.1:5000",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="auth token for tests",
        twilio_api_base_url="http://127.0.0.1:9",
        twilio_from="+15005550006",
    )


@pytest.fixture
def services(settings: Settings, clock: FrozenClock) -> Iterator[Services]:
    """Return the services of one process on the frozen clock."""
    from wsgi import build_registry

    made = make_services(settings, clock=clock, pool_size=4)
    services_module.set_current(made)
    jobs.set_registry(build_registry())
    yield made
    services_module.set_current(None)
    made.db.dispose()
    made.redis.close()


@pytest.fixture(scope="session")
def built_apps() -> dict[str, Any]:
    """Applications that were built in this process, by the settings they were built from."""
    return {}


@pytest.fixture
def app(services: Services, built_apps: dict[str, Any]) -> Any:
    """Return the web application; built once for equal settings, because routes cost a tenth of a second to build."""
    from wsgi import create_app

    given = services.settings.model_dump(exclude={"database_url", "redis_url", "data_dir"})
    key = str([value.get_secret_value() if isinstance(value, SecretStr) else value for value in given.values()])
    made = built_apps.get(key)
    if made is None:
        made = built_apps[key] = create_app(services=services)
        made.testing = False
        return made
    made.extensions["hotline"] = services
    for start in made.extensions["registry"].starters:
        start(services)
    return made


@pytest.fixture
def client(app: Any) -> FlaskClient:
    """Return a test client of the web application."""
    made: FlaskClient = app.test_client()
    return made
