"""The whole service as real processes: `hotline up` with its own servers, driven from outside over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_LIMIT_S = 240
DUTY = "+821055500077"
"""The duty officer's telephone, rung when nothing else works."""


@dataclass
class RunningService:
    """A running service with its demo accounts."""

    url: str
    sandbox_url: str
    database_url: str
    officers: dict[str, dict[str, Any]]
    data_dir: Path
    environment: dict[str, str]
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    pid: int

    def children(self, title: str) -> list[int]:
        """Return the service's own processes that go by a title, such as `rq:worker` for workers."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")[0].decode()
            except (OSError, UnicodeDecodeError):
                continue  # it has ended between being listed and being read
            if words.startswith(title) and self.pid in _ancestors(int(folder.name)):
                found.append(int(folder.name))
        return sorted(found)

    @property
    def sandbox_credentials(self) -> tuple[str, str]:
        """Account and token that the practice carrier was started with."""
        kept = json.loads((self.data_dir / "secrets.json").read_text())
        return kept["sandbox_account_sid"], kept["sandbox_auth_token"]

    def api(self, method: str, path: str, officer: str, **more: Any) -> requests.Response:
        """Call the API as the officer with this sign-in name."""
        headers = {"Authorization": f"Bearer {self.officers[officer]['token']}", **more.pop("headers", {})}
        return requests.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=90, **more)


def _ancestors(pid: int) -> Iterator[int]:
    for _ in range(10):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        pid = int(fields[1])
        yield pid


def wait_for_ready(process: subprocess.Popen[str]) -> str:
    """Return the address after READY; fail with what was printed when it does not come in time."""
    assert process.stdout is not None
    printed: list[str] = []
    deadline = time.monotonic() + READY_LIMIT_S
    for line in process.stdout:
        printed.append(line)
        if line.startswith("READY "):
            return line.split()[1]
        if time.monotonic() > deadline:
            break
    raise AssertionError("the service was not ready:\n" + "".join(printed))


def _show(process: subprocess.Popen[str]) -> None:
    """Read what the service goes on to print, so that it never waits for a reader; shown beside a test that fails."""
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(f"up | {line}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Start PostgreSQL, Valkey and then everything else by `hotline up --demo`; stop all of it afterwards."""
    data_dir = tmp_path_factory.mktemp("journey")
    postgres, valkey = EmbeddedPostgres(data_dir / "pg"), EmbeddedValkey(data_dir / "valkey")
    database_url, redis_url = postgres.start(), valkey.start()
    environment = os.environ | {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_REDIS_URL": redis_url,
        "HOTLINE_VOICE_DUTY_NUMBER": DUTY,
        "HOTLINE_DISPATCH_LEASE_S": "5",
        "HOTLINE_DISPATCH_TIMEOUT_S": "3",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "hotline", "up", "--demo", "--with-parent", "--port", str(free_port()),
         "--data", str(data_dir / "data")],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        url = wait_for_ready(process)
        printed = threading.Thread(target=_show, args=(process,), daemon=True)
        printed.start()
        demo = json.loads((data_dir / "data" / "demo.json").read_text())
        yield RunningService(
            url=url,
            sandbox_url=demo["sandbox_url"],
            database_url=database_url,
            officers={officer["name"]: officer for officer in demo["officers"]},
            data_dir=data_dir / "data",
            environment=environment,
            postgres=postgres,
            valkey=valkey,
            pid=process.pid,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
            valkey.stop()
            postgres.stop()
