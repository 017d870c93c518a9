"""Ports for services that tests start: below those the system gives out by itself, and each process of a run with its own."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, BLOCK, NEIGHBOURS = 20_000, 2_000, 10
"""Linux gives out ports from 32,768; whoever starts a service needs the ports behind its own as well, some seconds later."""
_numbers = itertools.count(os.getpid() % (BLOCK // NEIGHBOURS))


def free_port() -> int:
    """Return a port that is free with those behind it, and that no other process of this run is given.

    A port that the system chose may be taken by any connection between the choice and the service's start.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    start = FIRST + BLOCK * (int(worker) % 6)
    for number in itertools.islice(_numbers, BLOCK // NEIGHBOURS):
        port = start + number * NEIGHBOURS % BLOCK
        if all(_is_free(each) for each in range(port, port + NEIGHBOURS)):
            return port
    raise AssertionError(f"no {NEIGHBOURS} free ports in a row from {start}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
