"""The system user that PostgreSQL runs as when the service is started by root, and how it reaches its files.

PostgreSQL refuses to run as root. Instead of opening directories to everybody, that one user is given the right to
*pass through* the directories above its own (an access control list entry with `x` alone); nothing is copied, and
nothing but its own directories changes owner.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.platform.children import Identity
from hotline.platform.problem import SetupProblem

DATABASE_USER = "hotline-db"
CREATE_LIMIT_S = 20.0
LOCK_POLL_S = 0.02

_ACL_ATTRIBUTE = "system.posix_acl_access"
_ACL_VERSION = 2
_ACL_NO_ID = 0xFFFFFFFF
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_MAY_PASS = 0o1


def database_identity(data_dir: Path) -> Identity | None:
    """The user to run PostgreSQL as, or None when this process is an ordinary user and runs it as itself.

    A cluster that an ordinary user made earlier stays that user's, so that they can still start it without root.
    """
    if os.geteuid() != 0:
        return None
    if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
        return Identity(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    found = find_or_create(DATABASE_USER)
    return Identity(found.pw_name, found.pw_uid, found.pw_gid)


def own(path: Path, identity: Identity | None) -> None:
    """Make one of the database's own directories, with mode 0700."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if identity is not None:
        os.chown(path, identity.uid, identity.gid)


def let_through(path: Path, identity: Identity | None) -> list[Path]:
    """Let the user pass through every directory above `path`; the directories that had to be changed."""
    if identity is None:
        return []
    return [directory for directory in reversed(path.resolve().parents) if _open_for(directory, identity)]


def make_readable(tree: Path, identity: Identity | None) -> None:
    """Make the wheel's own program files readable, which a strict umask at installation time prevents."""
    if identity is None:
        return
    for directory, _subdirectories, files in os.walk(tree):
        for entry in [Path(directory), *(Path(directory, name) for name in files)]:
            mode = stat.S_IMODE(entry.stat().st_mode)
            wanted = mode | 0o004 | (0o001 if mode & 0o100 else 0)
            if wanted != mode:
                entry.chmod(wanted)


def _open_for(directory: Path, identity: Identity) -> bool:
    status = directory.stat()
    if status.st_uid == identity.uid or status.st_mode & stat.S_IXOTH:
        return False
    return _add_pass_entry(directory, stat.S_IMODE(status.st_mode), identity)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _look_up(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def find_or_create(name: str) -> pwd.struct_passwd:
    """Return the system user of this name, made when there is none; processes that start together make one.

    Two `useradd` at once have both succeeded, and the second took the number from the first, whose server then ran as nobody.
    """
    with _alone():
        return _look_up(name) or _create(name)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the directory of the user list against other processes of ours; after a limit go on without."""
    directory = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + CREATE_LIMIT_S
        while not _locked(directory) and time.monotonic() < deadline:
            time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(directory)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create(name: str) -> pwd.struct_passwd:
    """Make a system user without a home, a password or a shell."""
    commands = {
        "useradd": ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"],
        "adduser": ["-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin"],  # BusyBox, as in Alpine.
    }
    for program, options in commands.items():
        if (path := shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")) is None:
            continue
        subprocess.run([path, *options, name], capture_output=True, timeout=CREATE_LIMIT_S, check=False)
        # Somebody else may have made the same user meanwhile, so only the result counts.
        if (found := _look_up(name)) is not None:
            return found
    raise SetupProblem(
        f"PostgreSQL cannot run as root and the system user {name} could not be made",
        f"Run as an ordinary user, or make it: useradd --system {name}",
    )


def _add_pass_entry(directory: Path, mode: int, identity: Identity) -> bool:
    """Add `user:NAME:--x` to a directory's access control list; False when it is already there."""
    try:
        present = os.getxattr(directory, _ACL_ATTRIBUTE)
    except OSError:
        present = b""  # No list yet (ENODATA); a file system without lists says so below.
    entries = _parse_acl(present) or [
        (_USER_OBJ, mode >> 6 & 7, _ACL_NO_ID),
        (_GROUP_OBJ, mode >> 3 & 7, _ACL_NO_ID),
        (_OTHER, mode & 7, _ACL_NO_ID),
    ]
    if _passes(entries, identity.uid):
        return False
    try:
        os.setxattr(directory, _ACL_ATTRIBUTE, _build_acl(_with_pass(entries, identity.uid)))
    except OSError as error:
        raise SetupProblem(
            f"the database's user {identity.name} may not pass through {directory} ({error.strerror})",
            f"Choose another place for the project and DATA=, run as an ordinary user, or: chmod o+x {directory}",
        ) from error
    return True


Acl = list[tuple[int, int, int]]


def _parse_acl(raw: bytes) -> Acl:
    return [struct.unpack_from("<HHI", raw, offset) for offset in range(4, len(raw), 8)]


def _build_acl(entries: Acl) -> bytes:
    # The kernel demands this order: by tag, and by id within a tag.
    return struct.pack("<I", _ACL_VERSION) + b"".join(
        struct.pack("<HHI", *entry) for entry in _in_kernel_order(entries)
    )


def _in_kernel_order(entries: Acl) -> Acl:
    """The entries in the order the kernel demands: by tag, then by id."""
    return sorted(entries, key=lambda entry: (entry[0], entry[2]))


def _mask_of(entries: Acl) -> int:
    return next((permissions for tag, permissions, _ in entries if tag == _MASK), 7)


def _passes(entries: Acl, uid: int) -> bool:
    mask = _mask_of(entries)
    return any(tag == _USER and who == uid and permissions & mask & _MAY_PASS for tag, permissions, who in entries)


def _with_pass(entries: Acl, uid: int) -> Acl:
    """The list with the user's `x`, and nobody else's rights changed by the wider mask."""
    mask = _mask_of(entries)
    held = next((permissions & mask for tag, permissions, who in entries if tag == _USER and who == uid), 0)
    kept = [
        (tag, permissions & mask if tag in (_USER, _GROUP, _GROUP_OBJ) else permissions, who)
        for tag, permissions, who in entries
        if tag != _MASK and not (tag == _USER and who == uid)
    ]
    widest = _MAY_PASS | held
    for tag, permissions, _ in kept:
        if tag in (_USER, _GROUP, _GROUP_OBJ):
            widest |= permissions
    return [*kept, (_USER, held | _MAY_PASS, uid), (_MASK, widest, _ACL_NO_ID)]
