"""The data directory of `hotline up`: who uses it now, and the secrets that were made for it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hotline.platform.problem import SetupProblem

PREDECESSOR_LIMIT_S = 40.0
POLL_S = 0.05


@dataclass(frozen=True)
class Secrets:
    """Made once for a data directory, so that sessions and the practice carrier survive a restart."""

    secret_key: str
    sandbox_account_sid: str
    sandbox_auth_token: str


class DataDirLock:
    """Held while a supervisor or the last of its children uses the directory.

    The file's lock is shared with the guard process, which lets go of it only when every child is gone: the next
    supervisor on the same directory therefore never meets its predecessor's servers.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._path = data_dir / "up.lock"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def fileno(self) -> int:
        """The descriptor to hand to the guard."""
        return self._file

    def take(self) -> None:
        """Take the lock, waiting for a killed predecessor's children to end; refuse when the predecessor lives."""
        deadline = time.monotonic() + PREDECESSOR_LIMIT_S
        while not self._try():
            holder = self._holder()
            if holder is not None and _lives(holder):
                mend = "Stop that one, or choose another data directory (DATA=, --data)"
                raise SetupProblem(f"`hotline up` (process {holder}) already uses {self._data_dir}", mend)
            if time.monotonic() > deadline:
                mend = f"End them; `fuser {self._path}` names the guard"
                raise SetupProblem(f"processes of an earlier `hotline up` still use {self._data_dir}", mend)
            time.sleep(POLL_S)
        os.truncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let go; the guard's copy of the lock, if any, still counts."""
        os.close(self._file)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        try:
            return int(os.pread(self._file, 20, 0))
        except ValueError:
            return None  # Taken in this moment and not written yet.


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}  # A killed parent may wait for its own parent to notice.


def load_secrets(data_dir: Path) -> Secrets:
    """The directory's secrets, made at the first start and readable by this user alone."""
    path = data_dir / "secrets.json"
    try:
        return Secrets(**json.loads(path.read_text()))
    except FileNotFoundError:
        made = Secrets(secrets.token_urlsafe(48), f"AC{secrets.token_hex(16)}", secrets.token_hex(16))
        write_private(path, json.dumps(asdict(made), indent=1))
        return made
    except (ValueError, TypeError) as error:
        mend = "Move it away: new ones are made, and everybody signs in again"
        raise SetupProblem(f"{path} cannot be read ({error})", mend) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
