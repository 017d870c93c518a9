"""Logs are complete up to their bound, and a child never waits for its log."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

import pytest

from hotline.platform.logs import MAX_LINE_BYTES, TAIL_LINES, BoundedLog, LogPump


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    reader, writer = os.pipe()
    return os.fdopen(reader, "rb"), os.fdopen(writer, "wb")


def test_lines_arrive_whole_and_in_order(tmp_path: Path) -> None:
    reader, writer = _pipe()
    heard: list[str] = []
    pump = LogPump(reader, BoundedLog(tmp_path / "a.log"), on_line=heard.append)
    with writer:
        writer.write("eins\nzwei\n지진\nlast without an end".encode())
    pump.join(120)
    assert (tmp_path / "a.log").read_text() == "eins\nzwei\n지진\nlast without an end\n"
    assert heard == ["eins", "zwei", "지진", "last without an end"]


def test_log_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log" / "a.log")
    log.write(b"x\n")
    log.close()
    assert stat.S_IMODE((tmp_path / "log" / "a.log").stat().st_mode) == 0o600


def test_files_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "a.log", max_bytes=100, kept=2)
    for number in range(100):
        log.write(f"line {number:04}\n".encode())
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["a.log", "a.log.1", "a.log.2"]
    assert all(file.stat().st_size <= 100 for file in files)
    kept = [line for name in ("a.log.2", "a.log.1", "a.log") for line in (tmp_path / name).read_text().splitlines()]
    assert kept == [f"line {number:04}" for number in range(100 - len(kept), 100)]


def test_log_continues_after_a_restart(tmp_path: Path) -> None:
    for text in (b"before\n", b"after\n"):
        log = BoundedLog(tmp_path / "a.log")
        log.write(text)
        log.close()
    assert (tmp_path / "a.log").read_text() == "before\nafter\n"


def test_endless_line_is_cut_instead_of_filling_memory(tmp_path: Path) -> None:
    reader, writer = _pipe()
    pump = LogPump(reader, BoundedLog(tmp_path / "a.log"))
    with writer:
        writer.write(b"x" * (3 * MAX_LINE_BYTES))
    pump.join(120)
    assert [len(line) for line in (tmp_path / "a.log").read_bytes().splitlines()] == [MAX_LINE_BYTES] * 3


def test_tail_keeps_the_last_lines(tmp_path: Path) -> None:
    reader, writer = _pipe()
    pump = LogPump(reader, BoundedLog(tmp_path / "a.log"))
    with writer:
        writer.write(b"".join(f"{number}\n".encode() for number in range(TAIL_LINES + 5)))
    pump.join(120)
    assert pump.tail() == [str(number) for number in range(5, TAIL_LINES + 5)]


def test_bytes_that_are_no_text_are_kept_and_shown_replaced(tmp_path: Path) -> None:
    reader, writer = _pipe()
    pump = LogPump(reader, BoundedLog(tmp_path / "a.log"))
    with writer:
        writer.write(b"\xff\xfe broken\n")
    pump.join(120)
    assert (tmp_path / "a.log").read_bytes() == b"\xff\xfe broken\n"
    assert pump.tail()[0].endswith(" broken")


def test_child_goes_on_when_its_log_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = BoundedLog(tmp_path / "a.log")

    def full(_line: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "write", full)
    reader, writer = _pipe()
    pump = LogPump(reader, log)
    with writer:
        writer.write(b"one\ntwo\n")
    pump.join(120)
    assert pump.dropped_lines == 2
    assert pump.tail() == ["one", "two"]


def test_log_recovers_after_a_failed_rotation(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "d" / "a.log", max_bytes=20, kept=1)
    log.write(b"0123456789\n")
    (tmp_path / "d").rename(tmp_path / "moved")
    with pytest.raises(OSError, match="No such file"):
        log.write(b"0123456789\n")
    (tmp_path / "moved").rename(tmp_path / "d")
    log.write(b"again\n")
    log.close()
    assert (tmp_path / "d" / "a.log").read_text().endswith("again\n")
