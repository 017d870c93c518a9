"""Started by root, PostgreSQL runs as a user of its own that can reach its files and nothing more."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from hotline.platform import os_user
from hotline.platform.children import Identity
from hotline.platform.embedded import EmbeddedPostgres
from hotline.platform.problem import SetupProblem

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
SOMEBODY = Identity("nobody", 65534, 65534)


def _may(path: Path, what: str, uid: int = SOMEBODY.uid) -> bool:
    """Whether a user may read (-r), write (-w) or pass through (-x) a path."""
    return subprocess.run(["/usr/bin/test", what, str(path)], user=uid, group=uid, check=False).returncode == 0


def test_ordinary_user_runs_the_server_as_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert os_user.database_identity(tmp_path) is None
    assert os_user.let_through(tmp_path / "x", None) == []


@root_only
def test_processes_that_start_together_make_one_system_user() -> None:
    """Their servers run under one number; a second `useradd` had put its own in place of the first's."""
    name = f"hotline-test-{os.getpid()}"
    code = f"from hotline.platform.os_user import find_or_create; print(find_or_create({name!r}).pw_uid)"
    try:
        started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
        numbers = [process.communicate(timeout=60)[0].strip() for process in started]
        assert numbers == [str(pwd.getpwnam(name).pw_uid).encode()] * 4
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=False, capture_output=True)


@root_only
def test_root_gets_a_system_user_without_shell_or_password(tmp_path: Path) -> None:
    identity = os_user.database_identity(tmp_path / "new")
    assert identity is not None
    assert identity.uid != 0
    line = next(line for line in Path("/etc/passwd").read_text().splitlines() if line.startswith("hotline-db:"))
    assert line.endswith(("nologin", "false"))


@root_only
def test_cluster_of_an_ordinary_user_stays_theirs(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    os.chown(cluster, 65534, 65534)
    identity = os_user.database_identity(cluster)
    assert identity is not None
    assert (identity.uid, identity.gid) == (65534, 65534)


@root_only
def test_user_may_pass_through_but_neither_read_nor_write(tmp_path: Path) -> None:
    private = tmp_path / "private"
    inner = private / "inner"
    inner.mkdir(parents=True)
    private.chmod(0o700)
    assert not _may(inner, "-x")
    changed = os_user.let_through(inner / "data", SOMEBODY)
    assert private in changed
    assert _may(inner, "-x")
    assert not _may(private, "-r")
    assert not _may(private, "-w")


@root_only
def test_nobody_else_gains_anything(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "inner").mkdir(parents=True)
    private.chmod(0o700)
    os_user.let_through(private / "inner", SOMEBODY)
    assert not _may(private / "inner", "-x", uid=12345)
    assert stat.S_IMODE(private.stat().st_mode) & 0o007 == 0


@root_only
def test_letting_through_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert os_user.let_through(private / "data", SOMEBODY)
    before = os.getxattr(private, "system.posix_acl_access")
    assert os_user.let_through(private / "data", SOMEBODY) == []
    assert os.getxattr(private, "system.posix_acl_access") == before


@root_only
def test_rights_that_a_mask_had_closed_stay_closed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    os_user.let_through(private / "x", Identity("other", 12345, 12345))
    private.chmod(0o700)  # Sets the mask to nothing: user 12345 is shut out again.
    assert not _may(private, "-x", uid=12345)
    os_user.let_through(private / "x", SOMEBODY)
    assert _may(private, "-x")
    assert not _may(private, "-x", uid=12345)


@root_only
def test_file_system_without_access_lists_is_an_error_with_its_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(SetupProblem, match="may not pass through") as refused:
        os_user.let_through(private / "data", SOMEBODY)
    assert "chmod o+x" in refused.value.mend


@root_only
def test_strict_umask_of_the_installation_is_mended_without_opening_more(tmp_path: Path) -> None:
    tree = tmp_path / "wheel"
    (tree / "bin").mkdir(parents=True)
    for name, mode in (("bin/postgres", 0o700), ("bin/data.txt", 0o600)):
        (tree / name).write_text("x")
        (tree / name).chmod(mode)
    (tree / "bin").chmod(0o700)
    os_user.make_readable(tree, SOMEBODY)
    modes = {name: stat.S_IMODE((tree / name).stat().st_mode) for name in ("bin", "bin/postgres", "bin/data.txt")}
    assert modes == {"bin": 0o705, "bin/postgres": 0o705, "bin/data.txt": 0o604}


@root_only
def test_server_runs_in_a_directory_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed" / "deeper"
    closed.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    server = EmbeddedPostgres(closed / "data", durable=False)
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    finally:
        server.stop()
    assert (closed / "data").stat().st_uid == 0
    assert (closed / "data" / "postgres").stat().st_uid != 0


@root_only
def test_missing_user_that_cannot_be_made_is_an_error_with_its_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_user, "DATABASE_USER", "no-such-user-here")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SetupProblem, match="cannot run as root") as refused:
        os_user.database_identity(tmp_path / "new")
    assert "useradd" in refused.value.mend
