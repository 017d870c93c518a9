"""`hotline up` with servers from elsewhere or alone, interrupted, and refused: a refusal is one line with the mend."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from hotline.platform.embedded import EmbeddedPostgres
from tests.platform.processes import PROJECT, clean_environment, descendants, end, is_alive, wait_until
from tests.platform.starting import HOTLINE, ask_json, one_line_of, start_up, wait_for_ready

pytestmark = pytest.mark.long


def test_servers_named_in_the_environment_are_used(
    tmp_path: Path, port: int, database_url: str, redis_url: str
) -> None:
    process = start_up(tmp_path / "data", port, HOTLINE_DATABASE_URL=database_url, HOTLINE_REDIS_URL=redis_url)
    try:
        said = wait_for_ready(process)
        assert ask_json(f"{said['READY']}/readyz")["status"] == "ready"
        assert not (tmp_path / "data" / "postgres").exists()
        assert not (tmp_path / "data" / "valkey").exists()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        end(process)


def test_servers_alone_can_be_started_for_a_back_up(tmp_path: Path) -> None:
    process = start_up(tmp_path, 1, "--servers-only")
    try:
        said = wait_for_ready(process)
        with psycopg.connect(said["DATABASE"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert said["REDIS"].startswith("unix://")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        end(process)


def test_interrupted_start_leaves_nobody(tmp_path: Path, port: int) -> None:
    process = start_up(tmp_path, port)
    try:
        wait_until(lambda: descendants(process.pid), "it has begun to start something")
        family = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left", limit_s=10)
    finally:
        end(process)


def test_taken_port_is_one_line(tmp_path: Path, port: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert one_line_of(start_up(tmp_path, port)).startswith(f"hotline: port {port} on 127.0.0.1 is taken. Stop the")


def test_unwritable_data_directory_is_one_line(tmp_path: Path, port: int) -> None:
    (tmp_path / "file").write_text("")
    assert "is a file. Choose another (DATA=" in one_line_of(start_up(tmp_path / "file", port))


def test_unreachable_database_is_one_line(tmp_path: Path, port: int) -> None:
    line = one_line_of(start_up(tmp_path, port, HOTLINE_DATABASE_URL="postgresql://a:hush@127.0.0.1:1/hotline"))
    assert "the database hotline at 127.0.0.1 is unreachable" in line
    assert "hush" not in line


def test_unreachable_redis_is_one_line(tmp_path: Path, port: int, database_url: str) -> None:
    line = one_line_of(
        start_up(tmp_path, port, HOTLINE_DATABASE_URL=database_url, HOTLINE_REDIS_URL="redis://127.0.0.1:1/0")
    )
    assert "Redis at redis://127.0.0.1:1/0 is unreachable" in line


def test_demo_accounts_are_never_offered_to_a_network(tmp_path: Path, port: int) -> None:
    assert "may not be reachable from outside" in one_line_of(start_up(tmp_path, port, "--demo", "--host", "0.0.0.0"))  # noqa: S104


@pytest.mark.parametrize("command", ["web", "live", "worker", "scheduler"])
def test_process_started_by_hand_names_a_pending_migration(
    command: str, tmp_path: Path, postgres: EmbeddedPostgres, redis_url: str
) -> None:
    url = postgres.create_database("not_migrated")
    try:
        ended = subprocess.run(
            [*HOTLINE, command],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=PROJECT,
            env=clean_environment(HOTLINE_DATABASE_URL=url, HOTLINE_REDIS_URL=redis_url, HOTLINE_SECRET_KEY="x"),
            check=False,
        )
    finally:
        postgres.drop_database("not_migrated")
    assert ended.returncode == 2
    assert ended.stderr.startswith("hotline: a migration is pending")
    assert ended.stderr.count("\n") == 1


def test_doctor_says_ok_and_how_to_mend(tmp_path: Path) -> None:
    def ask(**settings: str) -> subprocess.CompletedProcess[str]:
        command = [*HOTLINE, "doctor", "--data", str(tmp_path)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=PROJECT,
            env=clean_environment(**settings),
            check=False,
        )

    well = ask()
    assert well.returncode == 0, well.stdout
    assert "embedded PostgreSQL" in well.stdout
    ill = ask(HOTLINE_REDIS_URL="redis://127.0.0.1:1/0", TWILIO_ACCOUNT_SID="AC1")
    assert ill.returncode == 1
    assert "FAIL  Redis" in ill.stdout
    assert "→ Start it, or correct HOTLINE_REDIS_URL" in ill.stdout
    assert "TWILIO_AUTH_TOKEN and TWILIO_FROM" in ill.stdout
