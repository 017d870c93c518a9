"""The processes of a chaos run: the practice carrier, the web process for its callbacks, the scheduler, and the nursery."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import requests

from hotline.core import jobs
from hotline.core.config import Settings
from hotline.core.services import Services, make_services
from hotline.sandbox.client import SandboxClient
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60.0


def wait_until(
    condition: Callable[[], object], what: str, limit_s: float = START_LIMIT_S, poll_s: float = 0.02
) -> None:
    """Poll real processes until the condition holds; fails, saying what was awaited, when it never does."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {what}"
        time.sleep(poll_s)


class Lines:
    """Reads a process's output line by line with a time limit."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.strip())

    def next(self) -> str:
        return self._lines.get(timeout=START_LIMIT_S)


@dataclass
class Nursery:
    """Worker processes, started and killed on command."""

    process: subprocess.Popen[str]
    lines: Lines
    alive: set[int] = field(default_factory=set)

    def start(self) -> int:
        """Start a worker and return its process id."""
        pid = int(self._ask("start"))
        self.alive.add(pid)
        return pid

    def kill(self, pid: int) -> str:
        """Send SIGKILL and return `killed`, or how the worker had ended by itself before."""
        self.alive.discard(pid)
        return self._ask(f"kill {pid}")

    def reap(self) -> list[int]:
        """Return the workers that have ended by themselves since the last call."""
        ended = [int(pid) for pid in self._ask("reap").split()[1:]]
        self.alive.difference_update(ended)
        return ended

    def _ask(self, command: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.lines.next()


@dataclass
class Stage:
    """Everything that runs, and the services of the test's own process."""

    services: Services
    sandbox: SandboxClient
    nursery: Nursery

    def job_of(self, pid: int) -> str:
        """Return the description of the job a worker is at, empty when it is idle or not known (Redis may be empty)."""
        redis = self.services.redis
        for key in redis.keys("rq:worker:*"):
            known_pid, job_id = redis.hmget(key, "pid", "current_job")
            if known_pid and int(known_pid) == pid and job_id:
                description = redis.hget(b"rq:job:" + job_id, "description")
                return description.decode() if description else ""
        return ""


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], log: Path, **options: object
) -> Iterator[subprocess.Popen[str]]:
    with log.open("a") as output:
        process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]  # text mode with more options
            command, env=environment, cwd=ROOT, stderr=output, text=True, **options
        )
        try:
            yield process
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _kept_running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """Keep a process running, as the supervisor does: it ends when its database goes away, and is started again."""
    over = threading.Event()

    def keep() -> None:
        while not over.is_set():
            with _process(command, environment, log, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None and not over.wait(0.2):
                    pass
            over.wait(0.3)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


@contextmanager
def running_stage(
    database_url: str, redis_url: str, folder: Path, *, smsc: bool = False, **more: object
) -> Iterator[Stage]:
    """Start all processes against a database of the test's own; `more` are further environment variables.

    With `smsc` the carrier opens its message centre too, and every worker binds to it as the provider `smpp`.
    """
    account_sid, auth_token, port = "AC" + secrets.token_hex(16), secrets.token_hex(16), free_port()
    public_url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_REDIS_URL": redis_url,
        "HOTLINE_PUBLIC_URL": public_url,
        "HOTLINE_SECRET_KEY": "a secret for tests only",
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_WEB_WORKERS": "1",
        "TWILIO_ACCOUNT_SID": account_sid,
        "TWILIO_AUTH_TOKEN": auth_token,
        "TWILIO_FROM": "+15005550006",
        **{name: str(value) for name, value in more.items()},
    }
    python = sys.executable
    with ExitStack() as stack:

        def start(name: str, *command: str, **options: object) -> subprocess.Popen[str]:
            return stack.enter_context(_process([python, *command], environment, folder / f"{name}.log", **options))

        words = ["--sent-ms", "20", "--delivered-ms", "60", *(["--smsc-port", "0"] if smsc else [])]
        carrier = start("sandbox", "-m", "hotline.sandbox", *words, stdout=subprocess.PIPE)
        assert carrier.stdout is not None
        said = Lines(carrier.stdout)
        sandbox_url = said.next().removeprefix("SANDBOX ")
        environment["TWILIO_API_BASE_URL"] = sandbox_url
        if smsc:
            environment["SMPP_URL"] = f"smpp://desk:secret@{said.next().removeprefix('SMSC ')}"
        start("web", "wsgi.py", "web", "--port", str(port), stdout=subprocess.DEVNULL)
        stack.enter_context(_kept_running([python, "wsgi.py", "scheduler"], environment, folder / "scheduler.log"))
        nursery = start("worker", "-m", "tests.chaos.nursery", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert nursery.stdout is not None
        lines = Lines(nursery.stdout)
        assert lines.next() == "ready"
        wait_until(lambda: _answers(public_url + "/healthz"), "the web process answers")
        services = make_services(
            Settings(
                database_url=database_url,
                redis_url=redis_url,
                secret_key="a secret for tests only",
                twilio_account_sid=account_sid,
                twilio_auth_token=auth_token,
                twilio_api_base_url=sandbox_url,
                twilio_from="+15005550006",
                data_dir=folder,
            )
        )
        from wsgi import build_registry

        jobs.set_registry(build_registry())
        sandbox = SandboxClient(sandbox_url, account_sid, auth_token)
        try:
            yield Stage(services, sandbox, Nursery(nursery, lines))
        finally:
            sandbox.close()
            services.db.dispose()
            services.redis.close()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2, proxies={"http": ""}).status_code == 200
    except requests.RequestException:  # nobody there yet, or somebody too busy with starting to answer
        return False
