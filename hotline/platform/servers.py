"""The embedded servers as members of the supervisor."""

from __future__ import annotations

import subprocess
from typing import Protocol

from hotline.platform.supervisor import SERVER_GRACE_S


class StartableServer(Protocol):
    """What EmbeddedPostgres and EmbeddedValkey have in common."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """Its process while it is started."""

    def start(self) -> str:
        """Start it; its URL."""

    def stop(self) -> None:
        """Stop it within its time limit."""

    def last_words(self) -> str:
        """The last line of its log."""


class EmbeddedServer:
    """One embedded server that the supervisor starts first, restarts when it ends, and stops last."""

    grace_s = SERVER_GRACE_S

    def __init__(self, name: str, server: StartableServer) -> None:
        self.name = name
        self.stage = name
        self._server = server

    def start(self) -> None:
        """Start it, or start it again with the data it left."""
        self._server.start()

    def ask_to_end(self) -> None:
        """Nothing: each server is a stage of its own, and `stop` asks."""

    def stop(self) -> None:
        """Stop it within its time limit."""
        self._server.stop()

    def process(self) -> subprocess.Popen[bytes] | None:
        """Its process while it is started."""
        return self._server.process

    def last_words(self) -> str:
        """The last line of its log."""
        return self._server.last_words()
