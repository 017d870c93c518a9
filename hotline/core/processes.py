"""The long-running processes: gunicorn for web and live, the RQ worker and the scheduler."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from hotline.core import jobs, scheduler
from hotline.core.registry import Registry
from hotline.core.services import Services

GRACEFUL_S = 10
LIVE_GRACEFUL_S = 1
"""A live stream can be cut at any moment: the page reconnects and reads the truth again."""


def settle() -> None:
    """Spare the collector what has been read and made so far: it stays for ever.

    Looking through all of the code's objects halts every thread for a third of a second, and a call would wait for it. Nor is it
    looked through now: a worker that was killed must be back at once.
    """
    gc.freeze()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn carries no type information for this class
    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        made = self._make_app()
        settle()
        return made


def serve(make_app: Callable[[], Flask], *, host: str, port: int, workers: int, threads: int, name: str) -> None:
    """Serve the application until SIGTERM.

    The application is made in each worker after the fork, so that no database connection is shared between processes.
    """
    _Gunicorn(
        make_app,
        {
            "bind": f"{host}:{port}",
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "proc_name": f"hotline-{name}",
            "timeout": 60,
            "graceful_timeout": LIVE_GRACEFUL_S if name == "live" else GRACEFUL_S,
            "keepalive": 30,
            "backlog": 1024,
            "loglevel": "warning",
            "control_socket_disable": True,
        },
    ).run()


def run_worker(services: Services, queues: list[str], *, burst: bool) -> None:
    """Serve job queues until SIGTERM; the running job is finished first."""
    settle()
    jobs.work(services, queues, burst=burst)


def run_scheduler(services: Services, registry: Registry) -> None:
    """Run the scheduler until SIGTERM or SIGINT."""
    settle()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler.run(services, registry, stop)
