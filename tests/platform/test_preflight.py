"""Each thing that can be wrong before the start is one line with its mend, and shows no secret."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hotline.core import migrate
from hotline.platform import preflight
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from hotline.platform.problem import SetupProblem


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def _problem(check: Callable[[], object]) -> SetupProblem:
    with pytest.raises(SetupProblem) as caught:
        check()
    assert "\n" not in str(caught.value)
    assert caught.value.mend
    return caught.value


def test_problem_is_one_line_and_status_2() -> None:
    @click.command()
    def command() -> None:
        raise SetupProblem("two\nlines of\ttrouble.", "Mend\nit")

    result = CliRunner().invoke(command)
    assert result.exit_code == 2
    assert result.output == "hotline: two lines of trouble. Mend it\n"


def test_taken_port_is_named(taken_port: int) -> None:
    problem = _problem(lambda: preflight.check_port("127.0.0.1", taken_port))
    assert str(problem).startswith(f"port {taken_port} on 127.0.0.1 is taken. Stop the program")


def test_free_port_is_accepted_and_left_free(taken_port: int) -> None:
    port = preflight.free_port("127.0.0.1", taken_port)
    assert port != taken_port
    preflight.check_port("127.0.0.1", port)
    preflight.check_port("127.0.0.1", port)


def test_address_of_another_machine_cannot_be_opened() -> None:
    assert "cannot be opened" in _problem(lambda: preflight.check_port("192.0.2.1", 8000)).what


def test_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert "Python 3.10.4 and 3.11 is needed" in _problem(preflight.check_python).what


def test_data_directory_is_made(tmp_path: Path) -> None:
    preflight.check_data_dir(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_file_in_the_place_of_the_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is a file" in _problem(lambda: preflight.check_data_dir(tmp_path / "file")).what
    assert "is not writable" in _problem(lambda: preflight.check_data_dir(tmp_path / "file" / "below")).what


def test_data_directory_that_cannot_be_written_is_named() -> None:
    # Not even root can make files here.
    problem = _problem(lambda: preflight.check_data_dir(Path("/proc/self")))
    assert problem.what.startswith("the data directory /proc/self is not writable")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://anna:hush@127.0.0.1:1/hotline", "hotline at 127.0.0.1 is unreachable"),
        ("postgresql+psycopg://anna:hush@127.0.0.1:1/hotline", "hotline at 127.0.0.1 is unreachable"),
        ("postgresql://anna:hush@/hotline?host=/nowhere", "hotline at /nowhere is unreachable"),
        ("http://anna:hush@example/", "is not an address"),
        ("postgresql://anna:hush@[", "is not an address"),
    ],
)
def test_unreachable_database_is_named_without_its_password(url: str, named: str) -> None:
    problem = _problem(lambda: preflight.check_database(url))
    assert named in problem.what
    assert "hush" not in str(problem)
    assert "hush" not in str(_problem(lambda: preflight.ensure_database(url)))


@pytest.mark.parametrize("url", ["redis://:hush@127.0.0.1:1/0", "unix:///nowhere/valkey.sock"])
def test_unreachable_redis_is_named_without_its_password(url: str) -> None:
    problem = _problem(lambda: preflight.check_redis(url))
    assert "is unreachable" in problem.what
    assert "hush" not in str(problem)


def test_impossible_redis_address_is_named() -> None:
    assert "HOTLINE_REDIS_URL is not an address" in _problem(lambda: preflight.check_redis("carrier pigeon")).what


def test_missing_database_is_named_with_the_command_that_makes_it(postgres: EmbeddedPostgres) -> None:
    problem = _problem(lambda: preflight.check_database(postgres.url_for("not_there")))
    assert problem.mend == "Make it: createdb not_there"


def test_missing_database_is_made_once(postgres: EmbeddedPostgres) -> None:
    url = postgres.url_for('made "here"')
    try:
        preflight.ensure_database(url)
        preflight.ensure_database(url)
        preflight.check_database(url)
    finally:
        postgres.drop_database('made "here"')


def test_pending_migration_is_named_with_its_command(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("empty_schema")
    try:
        problem = _problem(lambda: preflight.check_migrations(url))
    finally:
        postgres.drop_database("empty_schema")
    assert problem.what == (
        f"a migration is pending: the database is empty and the program needs {migrate.head_revision()}"
    )
    assert "hotline db upgrade" in problem.mend


def test_servers_that_are_ready_pass(database_url: str, valkey: EmbeddedValkey) -> None:
    preflight.check_servers(database_url, valkey.url)


def test_missing_setting_is_named_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    problem = _problem(preflight.read_settings)
    assert problem.what.startswith("HOTLINE_DATABASE_URL: ")
    assert "hotline up" in problem.mend


def test_impossible_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "mysql://anna:hush@host/hotline")
    monkeypatch.setenv("HOTLINE_REDIS_URL", "redis://127.0.0.1")
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "x")
    problem = _problem(preflight.read_settings)
    assert "HOTLINE_DATABASE_URL" in problem.what
    assert "hush" not in str(problem)
