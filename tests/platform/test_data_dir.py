"""One `hotline up` at a time uses a data directory, and its secrets are made once and kept private."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from hotline.platform import data_dir as data_dir_module
from hotline.platform.data_dir import DataDirLock, load_secrets, write_private
from hotline.platform.problem import SetupProblem


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    assert load_secrets(tmp_path) == load_secrets(tmp_path)


def test_secrets_differ_between_directories_and_are_long(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = load_secrets(tmp_path / "a"), load_secrets(tmp_path / "b")
    assert first.secret_key != second.secret_key
    assert len(first.secret_key) >= 64
    assert first.sandbox_account_sid.startswith("AC")
    assert len(first.sandbox_account_sid) == 34


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        load_secrets(tmp_path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "[]", '{"secret_key": "x"}', "not json"])
def test_unreadable_secrets_are_never_replaced_silently(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(SetupProblem, match="cannot be read"):
        load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == content


def test_private_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "first")
    write_private(tmp_path / "a", "second")
    assert (tmp_path / "a").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_second_user_is_refused_at_once_and_told_who_is_first(tmp_path: Path) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    first.take()
    with pytest.raises(SetupProblem, match=rf"process {os.getpid()}\) already uses"):
        second.take()
    second.release()
    first.release()


def test_lock_is_free_after_its_release(tmp_path: Path) -> None:
    for _ in range(2):
        lock = DataDirLock(tmp_path)
        lock.take()
        lock.release()


def test_children_that_never_end_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_dir_module, "PREDECESSOR_LIMIT_S", 0.1)
    # A lock that is held while its writer is dead is what a guard holds.
    (tmp_path / "up.lock").write_text(str(2**22 + 1))
    with (tmp_path / "up.lock").open("r+") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        lock = DataDirLock(tmp_path)
        with pytest.raises(SetupProblem, match="earlier `hotline up` still use"):
            lock.take()
        lock.release()
