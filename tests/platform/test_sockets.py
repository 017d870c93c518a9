"""Socket directories fit the kernel's limit, are stable, and are never somebody else's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hotline.platform import sockets
from hotline.platform.problem import SetupProblem


@pytest.mark.parametrize("length", range(1, 200, 7))
def test_path_always_fits_the_kernels_limit(length: int) -> None:
    directory = sockets.socket_dir(Path("/") / ("d" * length), "postgres", ".s.PGSQL.5432.lock")
    assert len(os.fsencode(directory / ".s.PGSQL.5432.lock")) <= sockets.MAX_SOCKET_PATH_BYTES


def test_short_plain_path_keeps_its_sockets_inside(tmp_path: Path) -> None:
    assert sockets.socket_dir(Path("/srv/hotline"), "valkey", "valkey.sock") == Path("/srv/hotline/run/valkey")


@pytest.mark.parametrize("name", ["a b", "a,b", "a'b", "a%20b", "가나", "a@b", "a?b", "a#b"])
def test_path_that_a_connection_string_cannot_carry_gets_a_plain_one(name: str) -> None:
    directory = sockets.socket_dir(Path("/srv") / name, "valkey", "valkey.sock")
    assert directory.parent == Path("/tmp")  # noqa: S108
    assert directory == sockets.socket_dir(Path("/srv") / name, "valkey", "valkey.sock")


def test_claimed_directory_is_private(tmp_path: Path) -> None:
    directory = tmp_path / "run" / "valkey"
    sockets.claim_socket_dir(directory, None)
    directory.chmod(0o777)
    sockets.claim_socket_dir(directory, None)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_link_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupProblem, match="is no directory"):
        sockets.claim_socket_dir(tmp_path / "link", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
def test_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(SetupProblem, match="user id 12345"):
        sockets.claim_socket_dir(tmp_path / "theirs", None)
