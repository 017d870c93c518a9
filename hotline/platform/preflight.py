"""Looks at what a process needs before it starts, and says in one line what is missing and how to mend it.

Every check returns nothing when all is well and raises `SetupProblem` otherwise.
"""

from __future__ import annotations

import errno
import re
import socket
import sys
import tempfile
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import ValidationError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError

from hotline.core import migrate
from hotline.core.config import Settings, load_settings
from hotline.platform.problem import SetupProblem

MIN_PYTHON = (3, 11)
MIN_POSTGRES = 150000
CONNECT_LIMIT_S = 5
_MISSING_DATABASE = re.compile(r'database ".*" does not exist')


def check_python() -> None:
    """This interpreter is new enough."""
    if sys.version_info < MIN_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise SetupProblem(f"this is Python {found} and 3.11 is needed", "Run: make setup PYTHON=/path/to/python3.11")


def check_port(host: str, port: int) -> None:
    """The port can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                mend = f"Stop the program that uses it, or choose another: PORT={port + 10} (--port)"
                raise SetupProblem(f"port {port} on {host} is taken", mend) from error
            what = f"port {port} on {host} cannot be opened ({error.strerror})"
            raise SetupProblem(
                what, "Choose a port above 1023 and an address of this machine (--port, --host)"
            ) from error


def check_data_dir(data_dir: Path) -> None:
    """The data directory exists or can be made, and files can be written in it."""
    mend = "Choose another (DATA=, --data), or give this user the right to write there"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        # Only a real attempt tells: permissions say nothing about read-only file systems or full disks.
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"\0")
    except FileExistsError as error:
        raise SetupProblem(f"the data directory {data_dir} is a file", mend) from error
    except OSError as error:
        raise SetupProblem(f"the data directory {data_dir} is not writable ({error.strerror})", mend) from error


def check_database(url: str) -> None:
    """The database answers and its server is not too old."""
    try:
        with psycopg.connect(_libpq(url), connect_timeout=CONNECT_LIMIT_S) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise _database_problem(url, error) from error
    if version < MIN_POSTGRES:
        raise SetupProblem(
            f"the database server is PostgreSQL {version // 10000} and 15 is needed", "Use a newer server"
        )


def ensure_database(url: str) -> None:
    """The database answers; one that does not exist yet is made on its server."""
    try:
        psycopg.connect(_libpq(url), connect_timeout=CONNECT_LIMIT_S).close()
    except psycopg.Error as error:
        if not _MISSING_DATABASE.search(str(error)):
            raise _database_problem(url, error) from error
        _make_database(url)
    check_database(url)


def check_redis(url: str) -> None:
    """Redis or Valkey answers."""
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=CONNECT_LIMIT_S, retry=Retry(NoBackoff(), 0))
    except ValueError as error:
        raise SetupProblem(
            f"HOTLINE_REDIS_URL is not an address ({error})", "Write it as redis://host:6379/0"
        ) from error
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        mend = "Start it, or correct HOTLINE_REDIS_URL (unset it to use the built-in one with `hotline up`)"
        raise SetupProblem(f"Redis at {_without_password(url)} is unreachable ({_reason(error)})", mend) from error
    finally:
        client.close()


def check_migrations(url: str) -> None:
    """The database's schema is the one this program was written for."""
    try:
        found, needed = migrate.current_revision(url), migrate.head_revision()
    except (psycopg.Error, SQLAlchemyError) as error:
        raise _database_problem(url, error) from error
    if found != needed:
        stands = f"at revision {found}" if found else "empty"
        mend = "Run `hotline db upgrade` (or install the program's version that fits the database)"
        raise SetupProblem(f"a migration is pending: the database is {stands} and the program needs {needed}", mend)


def check_servers(database_url: str, redis_url: str) -> None:
    """Both servers answer and no migration is pending: what web, live, worker and scheduler need."""
    check_database(database_url)
    check_redis(redis_url)
    check_migrations(database_url)


def read_settings() -> Settings:
    """The settings from the environment; a missing or impossible one is named, without its value."""
    try:
        return load_settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        name = name if name.startswith(("HOTLINE_", "TWILIO_", "SMPP_")) else f"HOTLINE_{name}"
        mend = "Set it in the environment (docs/operations.md, settings), or start everything with `hotline up`"
        raise SetupProblem(f"{name}: {first['msg']}", mend) from error


def _libpq(url: str) -> str:
    """The address as PostgreSQL's own library reads it; SQLAlchemy's form names the driver in the scheme."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _make_database(url: str) -> None:
    parts = conninfo_to_dict(_libpq(url))
    server = make_conninfo(_libpq(url), dbname="postgres")
    try:
        with psycopg.connect(server, connect_timeout=CONNECT_LIMIT_S, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(parts["dbname"]))))
    except psycopg.errors.DuplicateDatabase:
        return  # Another process made it meanwhile.
    except psycopg.Error as error:
        mend = f"Make it as an administrator: createdb {parts['dbname']}"
        raise SetupProblem(
            f"the database {parts['dbname']} does not exist and cannot be made ({_reason(error)})", mend
        ) from error


def _database_problem(url: str, error: Exception) -> SetupProblem:
    try:
        parts = conninfo_to_dict(_libpq(url))
    except psycopg.Error:
        return SetupProblem("HOTLINE_DATABASE_URL is not an address", "Write it as postgresql://user@host/hotline")
    place = f"{parts.get('dbname') or 'the default database'} at {parts.get('host') or 'the local socket'}"
    mend = "Start it, or correct HOTLINE_DATABASE_URL (unset it to use the built-in one with `hotline up`)"
    if _MISSING_DATABASE.search(str(error)):
        mend = f"Make it: createdb {parts.get('dbname')}"
    return SetupProblem(f"the database {place} is unreachable ({_reason(error)})", mend)


def _reason(error: Exception) -> str:
    """The exact part of an error's text, bounded: libpq puts it after the address, which we have already named."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    chosen = next((line for line in lines if "failed" in line), lines[-1] if lines else "no reason given")
    return chosen.rpartition("failed: ")[2][:200]


def _without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//", url)


def free_port(host: str, preferred: int) -> int:
    """`preferred` when it is free, else any free port."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SetupProblem(f"no port is free on {host}", "End some programs that listen there")
