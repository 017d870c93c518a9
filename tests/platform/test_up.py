"""`hotline up` as a user meets it: READY from an empty directory, a clean stop, nothing left after a kill, all data kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.platform.processes import PROJECT, clean_environment, descendants, end, is_alive, wait_until
from tests.platform.starting import HOTLINE, NAMES, ask_json, one_line_of, start_up, wait_for_ready
from tests.ports import free_port

pytestmark = pytest.mark.long

# Stands for `make`: starts the service and waits for it.
MAKE = """
import subprocess, sys
sys.exit(subprocess.call(sys.argv[1:]))
"""


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
        process = start_up(data, free_port())
        try:
            yield Service(process, data, wait_for_ready(process))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            end(process)


def _database_url(data: Path) -> str:
    return f"postgresql://postgres@/hotline?host={data / 'run' / 'postgres'}"


def test_ready_service_answers_and_stops_clean(first_data: Path, port: int) -> None:
    process = start_up(first_data, port)
    try:
        said = wait_for_ready(process)
        assert said["READY"] == f"http://127.0.0.1:{port}"
        assert ask_json(f"{said['READY']}/readyz")["status"] == "ready"
        with urllib.request.urlopen(said["SANDBOX"], timeout=20) as page:
            assert page.status == 200
        family = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert errors.rstrip().endswith("hotline: stopped")
        # A grandchild whose parent has just ended (a pool's keeper of shared memory) sees it a moment later.
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left", limit_s=10)
    finally:
        end(process)


def test_killed_service_leaves_nobody_and_starts_again_with_everything(first_data: Path, port: int) -> None:
    process = start_up(first_data, port)
    try:
        wait_for_ready(process)
        with psycopg.connect(_database_url(first_data)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept_by_test AS SELECT 'still here' AS word")
        secrets = (first_data / "secrets.json").read_text()
        family = descendants(process.pid)
        assert len(family) >= len(NAMES)
        process.kill()
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left", limit_s=30)
    finally:
        end(process)
    again = start_up(first_data, port)
    try:
        wait_for_ready(again)
        with psycopg.connect(_database_url(first_data)) as connection:
            assert connection.execute("SELECT word FROM kept_by_test").fetchone() == ("still here",)
        assert (first_data / "secrets.json").read_text() == secrets
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=60)
        assert again.returncode == 0
    finally:
        end(again)


def test_second_service_on_the_same_directory_is_refused(service: Service) -> None:
    refused = one_line_of(start_up(service.data, free_port()))
    assert f"process {service.process.pid}) already uses {service.data}" in refused


def test_killed_child_comes_back(service: Service) -> None:
    children = descendants(service.process.pid)
    web = next(pid for pid in children if "master [hotline-web]" in _title(pid))
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: not is_alive(web), "it is gone")
    wait_until(lambda: _is_ready(f"{service.said['READY']}/readyz"), "web answers again")


def test_death_of_the_fork_server_is_outlived(service: Service) -> None:
    family = descendants(service.process.pid)
    server = next(pid for pid in family if "multiprocessing.forkserver" in _title(pid))
    ours = {pid for pid in family if "hotline" in _title(pid).split("/")[0]}
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, ours)), "what was tied to it is gone")
    wait_until(lambda: _is_ready(f"{service.said['READY']}/readyz"), "web answers again")
    assert any("multiprocessing.forkserver" in _title(pid) for pid in descendants(service.process.pid) - {server})


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
        wait_for_ready(make)
        family = descendants(make.pid)
        make.kill()
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left")
    finally:
        end(make)


def _title(pid: int) -> str:
    """What lists of processes say of one."""
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def _is_ready(url: str) -> bool:
    try:
        return ask_json(url)["status"] == "ready"
    except OSError:
        return False
