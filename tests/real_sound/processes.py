"""Starting the exchange and the telephone as processes of their own, and talking to them from a test."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from hotline.sandbox.client import SandboxClient
from tests.real_sound.hearing import Recording, read_wav, sound_name
from tests.real_sound.houses import House

START_TIMEOUT_S = 30.0
EVENT_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 15.0


class Process:
    """A module of this folder; what it says on lines that begin with ``>`` is kept in order."""

    def __init__(self, module: str, *arguments: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.real_sound.{module}", *arguments],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._events: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("> "):
                self._events.put(line[2:].strip())
        self._events.put("gone")

    def wait_for(self, event: str, timeout_s: float = EVENT_TIMEOUT_S) -> str:
        """Return the next line that begins with ``event``; fails when the process ends or none comes."""
        while True:
            try:
                line = self._events.get(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError(f"{event} did not come; before it came {self._said}") from None
            self._said.append(line)
            if line.split()[0] == event:
                return line
            assert line != "gone", f"the process ended before {event}; before it came {self._said}"

    def order(self, words: str) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """End the process by the end of its input; fails when it does not end well."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=STOP_TIMEOUT_S)
        finally:
            self._process.kill()
            self._process.wait(timeout=STOP_TIMEOUT_S)
            self._reader.join(timeout=STOP_TIMEOUT_S)
            self._process.stdout.close()
        assert self._process.returncode == 0, f"the process ended with {self._process.returncode}"


class Exchange(Process):
    """The practice carrier with its SIP door, leading the house's number to the house."""

    def __init__(self, house: House, directory: Path) -> None:
        super().__init__(
            "exchange", str(directory), TWILIO_ACCOUNT_SID=house.account_sid, TWILIO_AUTH_TOKEN=house.auth_token
        )
        self._directory = directory
        _, url, self.address = self.wait_for("EXCHANGE", START_TIMEOUT_S).split()
        self.control = SandboxClient(url, house.account_sid, house.auth_token)
        self.control.set_numbers(house.line)

    def call_of(self, caller: str) -> dict[str, Any]:
        """Return what the carrier keeps of a caller's latest call, nothing before there is one."""
        calls = self.control.calls(caller)
        return calls[-1] if calls else {"heard": [], "lines": [], "wants_key": False, "status": "", "sid": ""}

    def file_of(self, line: dict[str, Any]) -> Path:
        """Return the WAV of something that was said or played."""
        return self._directory / sound_name(line["kind"], line["text"])

    def stop(self) -> None:
        self.control.close()
        super().stop()


class Telephone(Process):
    """A telephone that calls at once; its recording can be listened to when the call is over."""

    def __init__(self, exchange: Exchange, caller: str, number: str, recording: Path) -> None:
        self._recording = recording
        super().__init__("telephone", caller, number, exchange.address, str(recording))

    def press(self, key: str) -> None:
        """Send a key by RFC 4733."""
        self.order(f"press {key}")

    def listen(self, seconds: int) -> None:
        """Stay on the line for a while."""
        self.order(f"listen {seconds}")
        self.wait_for("listened")

    def hang_up(self) -> str:
        """Hang up, and return the last SIP status of the call."""
        self.order("hangup")
        return self.over()

    def over(self) -> str:
        """Wait for the end of the call, and return its last SIP status."""
        return self.wait_for("over").split()[1]

    def recording(self) -> Recording:
        """Return what was heard."""
        return Recording(*read_wav(self._recording))
