"""`hotline up` as a user meets it: READY from an empty directory, a clean stop, nothing left after a kill, all data kept."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from hotline.platform.embedded import EmbeddedPostgres
from hotline.platform.preflight import free_port
from tests.platform.processes import PROJECT, clean_environment, descendants, end, is_alive, read_line, wait_until

HOTLINE = [sys.executable, "-m", "wsgi"]
NAMES = {"scheduler", "worker", "web", "live", "sandbox"}

# Stands for `make`: starts the service and waits for it.
MAKE = """
import subprocess, sys
sys.exit(subprocess.call(sys.argv[1:]))
"""


def _up(data: Path, port: int, *more: str, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*HOTLINE, "up", "--port", str(port), "--data", str(data), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=clean_environment(**settings),
        start_new_session=True,
    )


def _wait_for_ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read the announcement; what it says by its first word."""
    said: dict[str, str] = {}
    while "READY" not in said:
        line = read_line(process)
        assert line, f"it ended: {process.stderr.read() if process.stderr else ''}"
        word, _, rest = line.partition(" ")
        said[word] = rest
    return said


def _one_line_of(process: subprocess.Popen[str]) -> str:
    """The error of a start that was refused."""
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        end(process)
    assert process.returncode == 2
    assert output == ""
    assert errors.count("\n") == 1, errors
    return errors.strip()


def _ask(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        found: dict[str, object] = json.load(answer)
    return found


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    return free_port("127.0.0.1", 0)


@pytest.fixture(scope="module")
def first_data() -> Iterator[Path]:
    """A data directory that the tests of this file use one after the other, as an installation would."""
    with tempfile.TemporaryDirectory(prefix="hotline-test-", ignore_cleanup_errors=True) as directory:
        yield Path(directory) / "data"


@dataclass(frozen=True)
class Service:
    """A running service, its data directory and what it announced."""

    process: subprocess.Popen[str]
    data: Path
    said: dict[str, str]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One running service for the tests that only visit it."""
    with tempfile.TemporaryDirectory(prefix="hotline-test-", ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        process = _up(data, free_port("127.0.0.1", 0))
        try:
            yield Service(process, data, _wait_for_ready(process))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            end(process)


def _database_url(data: Path) -> str:
    return f"postgresql://postgres@/hotline?host={data / 'run' / 'postgres'}"


def test_ready_service_answers_and_stops_clean(first_data: Path, port: int) -> None:
    process = _up(first_data, port)
    try:
        said = _wait_for_ready(process)
        assert said["READY"] == f"http://127.0.0.1:{port}"
        assert _ask(f"{said['READY']}/readyz")["status"] == "ready"
        with urllib.request.urlopen(said["SANDBOX"], timeout=20) as page:
            assert page.status == 200
        family = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert errors.rstrip().endswith("hotline: stopped")
        assert not any(map(is_alive, family))
    finally:
        end(process)


def test_killed_service_leaves_nobody_and_starts_again_with_everything(first_data: Path, port: int) -> None:
    process = _up(first_data, port)
    try:
        _wait_for_ready(process)
        with psycopg.connect(_database_url(first_data)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept_by_test AS SELECT 'still here' AS word")
        secrets = (first_data / "secrets.json").read_text()
        family = descendants(process.pid)
        assert len(family) >= len(NAMES)
        process.kill()
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left", limit_s=30)
    finally:
        end(process)
    again = _up(first_data, port)
    try:
        _wait_for_ready(again)
        with psycopg.connect(_database_url(first_data)) as connection:
            assert connection.execute("SELECT word FROM kept_by_test").fetchone() == ("still here",)
        assert (first_data / "secrets.json").read_text() == secrets
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=60)
        assert again.returncode == 0
    finally:
        end(again)


def test_second_service_on_the_same_directory_is_refused(service: Service) -> None:
    refused = _one_line_of(_up(service.data, free_port("127.0.0.1", 0)))
    assert f"process {service.process.pid}) already uses {service.data}" in refused


def test_killed_child_comes_back(service: Service) -> None:
    children = descendants(service.process.pid)
    web = next(pid for pid in children if _is_program(pid, "web", service.process.pid))
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: not is_alive(web), "it is gone")
    wait_until(lambda: _is_ready(f"{service.said['READY']}/readyz"), "web answers again")


def test_service_stops_when_the_make_that_started_it_is_killed(first_data: Path, port: int) -> None:
    command = [*HOTLINE, "up", "--with-parent", "--port", str(port), "--data", str(first_data)]
    make = subprocess.Popen(
        [sys.executable, "-c", MAKE, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=clean_environment(),
        start_new_session=True,
    )
    try:
        _wait_for_ready(make)
        family = descendants(make.pid)
        make.kill()
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left")
    finally:
        end(make)


def test_servers_named_in_the_environment_are_used(
    tmp_path: Path, port: int, database_url: str, redis_url: str
) -> None:
    process = _up(tmp_path / "data", port, HOTLINE_DATABASE_URL=database_url, HOTLINE_REDIS_URL=redis_url)
    try:
        said = _wait_for_ready(process)
        assert _ask(f"{said['READY']}/readyz")["status"] == "ready"
        assert not (tmp_path / "data" / "postgres").exists()
        assert not (tmp_path / "data" / "valkey").exists()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        end(process)


def test_servers_alone_can_be_started_for_a_back_up(tmp_path: Path) -> None:
    process = _up(tmp_path, 1, "--servers-only")
    try:
        said = _wait_for_ready(process)
        with psycopg.connect(said["DATABASE"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert said["REDIS"].startswith("unix://")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        end(process)


def test_interrupted_start_leaves_nobody(tmp_path: Path, port: int) -> None:
    process = _up(tmp_path, port)
    try:
        wait_until(lambda: descendants(process.pid), "it has begun to start something")
        family = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert not any(map(is_alive, family | descendants(process.pid)))
    finally:
        end(process)


def test_taken_port_is_one_line(tmp_path: Path, port: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert _one_line_of(_up(tmp_path, port)).startswith(f"hotline: port {port} on 127.0.0.1 is taken. Stop the")


def test_unwritable_data_directory_is_one_line(tmp_path: Path, port: int) -> None:
    (tmp_path / "file").write_text("")
    assert "is a file. Choose another (DATA=" in _one_line_of(_up(tmp_path / "file", port))


def test_unreachable_database_is_one_line(tmp_path: Path, port: int) -> None:
    line = _one_line_of(_up(tmp_path, port, HOTLINE_DATABASE_URL="postgresql://a:hush@127.0.0.1:1/hotline"))
    assert "the database hotline at 127.0.0.1 is unreachable" in line
    assert "hush" not in line


def test_unreachable_redis_is_one_line(tmp_path: Path, port: int, database_url: str) -> None:
    line = _one_line_of(
        _up(tmp_path, port, HOTLINE_DATABASE_URL=database_url, HOTLINE_REDIS_URL="redis://127.0.0.1:1/0")
    )
    assert "Redis at redis://127.0.0.1:1/0 is unreachable" in line


def test_demo_accounts_are_never_offered_to_a_network(tmp_path: Path, port: int) -> None:
    assert "may not be reachable from outside" in _one_line_of(_up(tmp_path, port, "--demo", "--host", "0.0.0.0"))  # noqa: S104


@pytest.mark.parametrize("command", ["web", "live", "worker", "scheduler"])
def test_process_started_by_hand_names_a_pending_migration(
    command: str, tmp_path: Path, postgres: EmbeddedPostgres, redis_url: str
) -> None:
    url = postgres.create_database("not_migrated")
    try:
        ended = subprocess.run(
            [*HOTLINE, command],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=PROJECT,
            env=clean_environment(HOTLINE_DATABASE_URL=url, HOTLINE_REDIS_URL=redis_url, HOTLINE_SECRET_KEY="x"),
            check=False,
        )
    finally:
        postgres.drop_database("not_migrated")
    assert ended.returncode == 2
    assert ended.stderr.startswith("hotline: a migration is pending")
    assert ended.stderr.count("\n") == 1


def test_doctor_says_ok_and_how_to_mend(tmp_path: Path) -> None:
    def ask(**settings: str) -> subprocess.CompletedProcess[str]:
        command = [*HOTLINE, "doctor", "--data", str(tmp_path)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=PROJECT,
            env=clean_environment(**settings),
            check=False,
        )

    well = ask()
    assert well.returncode == 0, well.stdout
    assert "embedded PostgreSQL" in well.stdout
    ill = ask(HOTLINE_REDIS_URL="redis://127.0.0.1:1/0", TWILIO_ACCOUNT_SID="AC1")
    assert ill.returncode == 1
    assert "FAIL  Redis" in ill.stdout
    assert "→ Start it, or correct HOTLINE_REDIS_URL" in ill.stdout
    assert "TWILIO_AUTH_TOKEN and TWILIO_FROM" in ill.stdout


def _is_program(pid: int, word: str, parent: int) -> bool:
    status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(status[1]) == parent and word in Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _is_ready(url: str) -> bool:
    try:
        return _ask(url)["status"] == "ready"
    except OSError:
        return False
