"""What the two embedded servers have in common: one tied process, its log, its start and its stop."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hotline.platform.children import Identity, output_of, spawn_tied, stop_process
from hotline.platform.logs import BoundedLog, LogPump
from hotline.platform.problem import SetupProblem

START_LIMIT_S = 120.0
STOP_LIMIT_S = 30.0
PREDECESSOR_LIMIT_S = 10.0
POLL_S = 0.02
LOG_LIMIT_S = 1.0

OnLine = Callable[[str], None]


class ServerProcess:
    """One server, tied to this process, that writes into `DATA/log/NAME.log`."""

    def __init__(self, name: str, log_path: Path, on_line: OnLine | None) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self._log_path = log_path
        self._on_line = on_line
        self._pump: LogPump | None = None

    def start(
        self,
        command: Sequence[str],
        answers: Callable[[], bool],
        *,
        death_signal: signal.Signals,
        cwd: Path,
        env: Mapping[str, str],
        identity: Identity | None = None,
    ) -> None:
        """Start the server and wait until it answers; raises SetupProblem when it ends or stays silent."""
        self.process = spawn_tied(command, death_signal=death_signal, identity=identity, cwd=cwd, env=env)
        self._pump = LogPump(output_of(self.process), BoundedLog(self._log_path), on_line=self._on_line)
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SetupProblem(f"{self.name} ended at its start: {self.last_words()}", f"See {self._log_path}")
            if answers():
                return
            time.sleep(POLL_S)
        self.process.kill()
        raise SetupProblem(f"{self.name} did not answer within {START_LIMIT_S:.0f} s", f"See {self._log_path}")

    def say(self, line: str) -> None:
        """Report something about the server as if it had said so itself."""
        if self._on_line is not None:
            self._on_line(line)

    def last_words(self) -> str:
        """The last line of its log."""
        if self._pump is not None and self.process is not None and self.process.poll() is not None:
            self._pump.join(LOG_LIMIT_S)
        lines = self._pump.tail() if self._pump is not None else []
        return lines[-1] if lines else "it said nothing"

    def stop(self, ask_with: signal.Signals, limit_s: float) -> None:
        """Ask it to end, kill it when it does not within `limit_s`, and close its log."""
        if self.process is not None:
            stop_process(self.process, ask_with=ask_with, limit_s=limit_s)
        if self._pump is not None:
            self._pump.join(LOG_LIMIT_S)
        self.process = self._pump = None


def server_environment() -> dict[str, str]:
    """A server's environment: no secrets of ours, and no PG* variables that would point its tools elsewhere."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def package_dir(module: str, package: str) -> Path:
    """Where an installed wheel's files are; raises SetupProblem when it is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise SetupProblem(f"the Python package {package} is not installed", "Run `make setup`")
    return Path(spec.submodule_search_locations[0])
