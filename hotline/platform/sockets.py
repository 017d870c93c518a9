"""Where the embedded servers' unix sockets live.

A socket's path may have at most 107 bytes, and a connection string cannot quote every character a path can have. The
directory is `DATA/run/…` where that fits, and otherwise a short one under /tmp that only this data directory has.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path

from hotline.platform.children import Identity
from hotline.platform.problem import SetupProblem

MAX_SOCKET_PATH_BYTES = 107
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
_SHORT_PARENT = Path("/tmp")  # noqa: S108 - the directory made in it is checked for its owner and kind before use


def socket_dir(data_dir: Path, server: str, socket_name: str) -> Path:
    """The directory for one server's socket; the same for the same data directory every time."""
    resolved = data_dir.resolve()
    direct = resolved / "run" / server
    if _PLAIN_PATH.fullmatch(str(direct)) and len(os.fsencode(direct / socket_name)) <= MAX_SOCKET_PATH_BYTES:
        return direct
    digest = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:16]
    return _SHORT_PARENT / f"hotline-{os.geteuid()}-{digest}-{server}"


def claim_socket_dir(directory: Path, identity: Identity | None) -> None:
    """Make the directory with mode 0700, and refuse one that somebody else put there.

    The mode is what protects the sockets: whoever can enter the directory can use the server without a password.
    """
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        _refuse_strangers(directory, identity)
    if identity is not None:
        os.chown(directory, identity.uid, identity.gid)
    directory.chmod(0o700)


def remove_short_socket_dir(directory: Path) -> None:
    """Leave nothing under /tmp once the server has stopped; a directory inside the data directory stays."""
    if directory.parent == _SHORT_PARENT:
        with contextlib.suppress(OSError):  # Not empty or not there: the next start deals with either.
            directory.rmdir()


def _refuse_strangers(directory: Path, identity: Identity | None) -> None:
    status = directory.lstat()
    friends = {os.geteuid()} | ({identity.uid} if identity else set())
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in friends:
        raise SetupProblem(
            f"{directory} is needed for the servers' sockets but belongs to user id {status.st_uid} or is no directory",
            f"Remove it, or choose a data directory with a shorter path (DATA=, now too long for {directory.name})",
        )
