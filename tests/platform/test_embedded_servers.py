"""The embedded servers keep their data, listen on private sockets only, and say plainly why they cannot start."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from hotline.platform import postgres_server, valkey_server
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey, postgres_version, valkey_version
from hotline.platform.problem import SetupProblem
from tests.platform.processes import end, is_alive, read_line, run_python, wait_until

BOTH = """
import sys, time
from pathlib import Path
from hotline.platform.embedded import EmbeddedPostgres, EmbeddedValkey
postgres, valkey = EmbeddedPostgres(Path(sys.argv[1])), EmbeddedValkey(Path(sys.argv[1]))
print(postgres.start(), flush=True)
print(valkey.start(), flush=True)
print(postgres.process.pid, valkey.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server that is not started yet."""
    made = EmbeddedPostgres(tmp_path, durable=False)
    yield made
    made.stop()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey server that is not started yet."""
    made = EmbeddedValkey(tmp_path)
    yield made
    made.stop()


def _value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_rows_are_kept_over_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    _run(server.start(), "CREATE TABLE kept AS SELECT 'still here' AS word")
    server.stop()
    assert _value(server.start(), "SELECT word FROM kept") == "still here"


def test_default_server_waits_for_the_disk(tmp_path: Path) -> None:
    durable = EmbeddedPostgres(tmp_path)
    try:
        url = durable.start()
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert _value(url, f"SHOW {setting}") == "on", setting
    finally:
        durable.stop()


def test_database_speaks_utf8_sorts_plainly_and_lives_in_utc(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert _value(url, "SHOW server_encoding") == "UTF8"
    assert _value(url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C"
    assert _value(url, "SHOW timezone") == "UTC"
    assert _value(url, "SELECT '지진'::text") == "지진"


def test_servers_open_no_network_port(server: EmbeddedPostgres, cache: EmbeddedValkey) -> None:
    server.start()
    cache.start()
    for process in (server.process, cache.process):
        assert process is not None
        sockets = {str(fd.readlink()) for fd in Path(f"/proc/{process.pid}/fd").iterdir()}
        tables = [Path(f"/proc/{process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6", "udp", "udp6")]
        inodes = {f"socket:[{line.split()[9]}]" for table in tables for line in table.splitlines()[1:]}
        assert not sockets & inodes


def test_socket_directories_are_closed_to_others(
    server: EmbeddedPostgres, cache: EmbeddedValkey, tmp_path: Path
) -> None:
    server.start()
    cache.start()
    for name in ("postgres", "valkey"):
        assert stat.S_IMODE((tmp_path / "run" / name).stat().st_mode) == 0o700


def test_long_data_path_gets_a_short_socket_path_that_is_removed(tmp_path: Path) -> None:
    far = tmp_path / ("x" * 90) / "with a blank and 한글"
    server, cache = EmbeddedPostgres(far, durable=False), EmbeddedValkey(far)
    try:
        assert _value(server.start(), "SELECT 1") == 1
        assert redis.Redis.from_url(cache.start()).ping()
        short = Path(cache.url.removeprefix("unix://")).parent
        assert short.is_dir()
    finally:
        server.stop()
        cache.stop()
    assert not short.exists()


def test_different_data_directories_never_share_a_short_socket_path(tmp_path: Path) -> None:
    first, second = (EmbeddedValkey(tmp_path / ("x" * 90) / name) for name in ("a", "b"))
    assert first.url != second.url


def test_second_server_on_the_same_directory_is_refused(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "PREDECESSOR_LIMIT_S", 0.1)
    url = server.start()
    with pytest.raises(SetupProblem, match="already uses") as refused:
        EmbeddedPostgres(tmp_path, durable=False).start()
    assert "\n" not in str(refused.value)
    assert _value(url, "SELECT 1") == 1


def test_second_valkey_on_the_same_directory_is_refused(
    cache: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "PREDECESSOR_LIMIT_S", 0.1)
    cache.start()
    with pytest.raises(SetupProblem, match="already uses"):
        EmbeddedValkey(tmp_path).start()


def test_committed_rows_survive_a_killed_server(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    try:
        _run(server.start(), "CREATE TABLE kept AS SELECT 1 AS one")
        assert server.process is not None
        server.process.kill()
        server.process.wait(120)
        assert _value(server.start(), "SELECT count(*) FROM kept") == 1
    finally:
        server.stop()


def test_both_servers_end_with_a_killed_parent_and_start_again_with_everything(tmp_path: Path) -> None:
    parent = run_python(BOTH, str(tmp_path))
    try:
        database_url, redis_url = read_line(parent), read_line(parent)
        pids = [int(word) for word in read_line(parent).split()]
        _run(database_url, "CREATE TABLE kept AS SELECT 1 AS one")
        with redis.Redis.from_url(redis_url) as client:
            client.set("kept", "yes")
    finally:
        end(parent)
    # Started at once, while the old ones may still be ending.
    server, cache = EmbeddedPostgres(tmp_path), EmbeddedValkey(tmp_path)
    try:
        assert _value(server.start(), "SELECT one FROM kept") == 1
        with redis.Redis.from_url(cache.start()) as client:
            assert client.get("kept") == b"yes"
        wait_until(lambda: not any(map(is_alive, pids)), "the old servers are gone")
    finally:
        server.stop()
        cache.stop()


def test_process_id_that_now_belongs_to_another_program_does_not_block_the_start(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.start()
    server.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        mark = tmp_path / "postgres" / "postmaster.pid"
        mark.write_text(f"{stranger.pid}\n{tmp_path / 'postgres'}\n1\n5432\n\n\n\nready\n")
        assert _value(server.start(), "SELECT 1") == 1
    finally:
        stranger.kill()
        stranger.wait(120)


def test_directory_with_other_files_is_not_taken_for_a_cluster(server: EmbeddedPostgres, tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(SetupProblem, match="not empty"):
        server.start()
    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "mine"


def test_interrupted_first_start_is_begun_again(server: EmbeddedPostgres, tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    assert _value(server.start(), "SELECT 1") == 1
    assert not (tmp_path / "postgres.new").exists()


def test_cluster_of_another_major_version_is_refused_with_the_way_out(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    server.stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(SetupProblem, match="made by PostgreSQL 15") as refused:
        server.start()
    assert "docs/operations.md" in refused.value.mend


def test_server_that_cannot_start_gives_its_own_last_words(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    server.stop()
    (tmp_path / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(SetupProblem, match="PostgreSQL ended at its start"):
        server.start()
    assert "no_such_setting" in (tmp_path / "log" / "postgres.log").read_text()


def test_databases_are_made_once_copied_from_a_template_and_dropped(server: EmbeddedPostgres) -> None:
    server.start()
    _run(server.create_database("pattern"), "CREATE TABLE copied AS SELECT 7 AS seven")
    url = server.create_database("copy", template="pattern")
    assert _value(url, "SELECT seven FROM copied") == 7
    assert server.create_database("copy") == url
    with psycopg.connect(url):
        server.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_server_does_not_inherit_our_secrets(
    server: EmbeddedPostgres, cache: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "not for servers")
    monkeypatch.setenv("PGDATABASE", "elsewhere")
    server.start()
    cache.start()
    assert cache.process is not None
    assert b"not for servers" not in Path(f"/proc/{cache.process.pid}/environ").read_bytes()


def test_valkey_keeps_keys_over_a_stop_and_a_start(cache: EmbeddedValkey) -> None:
    with redis.Redis.from_url(cache.start()) as client:
        client.set("word", "kept")
    cache.stop()
    with redis.Redis.from_url(cache.start()) as client:
        assert client.get("word") == b"kept"


def test_damaged_valkey_file_is_set_aside_for_an_empty_start(tmp_path: Path) -> None:
    heard: list[str] = []
    cache = EmbeddedValkey(tmp_path, on_line=heard.append)
    try:
        with redis.Redis.from_url(cache.start()) as client:
            client.set("word", "lost")
        cache.stop()
        manifest = next((tmp_path / "valkey" / "appendonlydir").glob("*.manifest"))
        manifest.write_text("this is no manifest\n")
        with redis.Redis.from_url(cache.start()) as client:
            assert client.get("word") is None
        assert (tmp_path / "valkey" / "appendonlydir.damaged").is_dir()
        assert any("damaged" in line for line in heard)
    finally:
        cache.stop()


def test_stopping_twice_or_before_the_start_is_harmless(server: EmbeddedPostgres, cache: EmbeddedValkey) -> None:
    for _ in range(2):
        server.stop()
        cache.stop()
    assert server.process is cache.process is None


def test_stop_ends_open_transactions_at_once(server: EmbeddedPostgres) -> None:
    connection = psycopg.connect(server.start())
    connection.execute("SELECT 1")
    assert server.process is not None
    pid = server.process.pid
    server.stop(limit_s=20)
    assert not is_alive(pid)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_servers_say_their_versions() -> None:
    assert postgres_version().startswith("postgres (PostgreSQL) 18")
    assert valkey_version().startswith("Valkey server v=9")


def test_sockets_are_real_unix_sockets(cache: EmbeddedValkey) -> None:
    path = cache.start().removeprefix("unix://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(path)
        client.sendall(b"PING\r\n")
        assert client.recv(16) == b"+PONG\r\n"


def test_server_killed_by_a_signal_is_noticed(cache: EmbeddedValkey) -> None:
    cache.start()
    assert cache.process is not None
    cache.process.send_signal(signal.SIGKILL)
    assert cache.process.wait(120) == -signal.SIGKILL
