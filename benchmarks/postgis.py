"""A throw-away PostgreSQL with PostGIS, from the programs that Debian's packages install, to compare against."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg

from hotline.geo.area import Area
from hotline.platform import os_user
from hotline.platform.children import spawn_tied, stop_process

START_LIMIT_S = 60.0
STOP_LIMIT_S = 60.0
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "2GB",
    "work_mem": "512MB",
    "maintenance_work_mem": "2GB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "16GB",
    "logging_collector": "on",
}
"""Generous to the other side: everything fits into memory, and nothing waits for the disk."""

Connection = psycopg.Connection[tuple[object, ...]]


def programs() -> Path | None:
    """The directory with the server's programs for which PostGIS is installed, the newest first; None without it."""
    found = []
    for control in Path("/usr/share/postgresql").glob("*/extension/postgis.control"):
        version = control.parts[-3]
        directory = Path("/usr/lib/postgresql") / version / "bin"
        if version.isdecimal() and (directory / "postgres").exists():
            found.append((int(version), directory))
    return max(found)[1] if found else None


@contextmanager
def server(directory: Path) -> Iterator[Connection]:
    """A fresh server on a unix socket in a temporary directory, removed afterwards; as root it runs as another user."""
    with tempfile.TemporaryDirectory(prefix="bench-postgis-") as folder:
        home = Path(folder)
        cluster = home / "cluster"
        identity = os_user.database_identity(cluster)
        os_user.own(home, identity)
        os_user.own(cluster, identity)
        make = [
            str(directory / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        process = spawn_tied([*make, "--locale=C"], death_signal=signal.SIGKILL, identity=identity, cwd=Path("/"))
        output, _ = process.communicate(timeout=START_LIMIT_S)
        if process.returncode != 0:
            raise RuntimeError(f"initdb failed: {output.decode(errors='replace').strip()[-500:]}")
        settings = _SETTINGS | {"unix_socket_directories": str(home)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(directory / "postgres"), "-D", str(cluster), *options]
        process = spawn_tied(command, death_signal=signal.SIGINT, identity=identity, cwd=Path("/"))
        try:
            with _connected(home) as connection:
                yield connection
        finally:
            stop_process(process, ask_with=signal.SIGINT, limit_s=STOP_LIMIT_S)


def _connected(home: Path) -> Connection:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            # Never prepared: a generic plan would read the text of the outline anew for every row.
            return psycopg.connect(
                f"postgresql://postgres@/postgres?host={home}", autocommit=True, prepare_threshold=None
            )
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def load(connection: Connection, lat: np.ndarray, lon: np.ndarray) -> None:
    """Put positions (degrees; the id is the index) into a table with GiST indexes, in the order they come."""
    connection.execute("CREATE EXTENSION postgis")
    connection.execute("CREATE UNLOGGED TABLE raw (id bigint, lat float8, lon float8)")
    record = np.dtype(
        [("fields", ">i2"), ("a", ">i4"), ("id", ">i8"), ("b", ">i4"), ("lat", ">f8"), ("c", ">i4"), ("lon", ">f8")]
    )
    with connection.cursor().copy("COPY raw FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for begin in range(0, len(lat), 500_000):
            part = slice(begin, min(begin + 500_000, len(lat)))
            rows = np.zeros(part.stop - part.start, record)
            rows["fields"], rows["a"], rows["b"], rows["c"] = 3, 8, 8, 8
            rows["id"], rows["lat"], rows["lon"] = np.arange(part.start, part.stop), lat[part], lon[part]
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
    connection.execute(
        "CREATE UNLOGGED TABLE positions AS"
        " SELECT id, ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geometry(Point, 4326) AS geom FROM raw"
    )
    connection.execute("DROP TABLE raw")
    connection.execute("CREATE INDEX ON positions USING gist (geom)")
    connection.execute("CREATE INDEX ON positions USING gist ((geom::geography))")
    connection.execute("VACUUM (ANALYZE) positions")


def ids_inside(connection: Connection, area: Area) -> np.ndarray:
    """Ids inside an area of one polygon (plane, as PostGIS does it) or one circle (geodesic), as one array."""
    circle = next(area.circles(), None)
    if circle is not None:
        where = "ST_DWithin(geom::geography, ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography, %s)"
        values: list[object] = [circle.lon / 1e7, circle.lat / 1e7, circle.radius_mm / 1000]
    else:
        where = "ST_Intersects(geom, ST_GeomFromText(%s, 4326))"
        ring = next(area.rings())
        values = ["POLYGON((" + ",".join(f"{lon / 1e7:.7f} {lat / 1e7:.7f}" for lat, lon in ring.corners) + "))"]
    # One array in binary form: reading row by row in Python would be held against PostGIS, and is not its fault.
    cursor = connection.cursor(binary=True)
    cursor.execute(f"SELECT array_agg(id) FROM positions WHERE {where}", values)  # noqa: S608 - our own text
    result = cursor.pgresult
    data = result.get_value(0, 0) if result is not None else None
    if data is None:
        return np.zeros(0, np.int64)
    return np.frombuffer(data, np.dtype([("bytes", ">i4"), ("id", ">i8")]), offset=20)["id"].astype(np.int64)


def uses_index(connection: Connection, area: Area) -> bool:
    """Whether the planner answers the area with the GiST index, so that the comparison is not with a plain scan."""
    circle = next(area.circles(), None)
    column = "geom::geography" if circle is not None else "geom"
    box = (
        "ST_DWithin({0}, ST_SetSRID(ST_MakePoint(0, 0), 4326)::geography, 100000)"
        if circle is not None
        else ("ST_Intersects({0}, ST_MakeEnvelope(0, 0, 1, 1, 4326))")
    )
    rows = connection.execute(f"EXPLAIN SELECT id FROM positions WHERE {box.format(column)}").fetchall()  # noqa: S608
    return any("Index" in str(row[0]) for row in rows)


def versions(connection: Connection) -> str:
    """What the server and the extension call themselves."""
    row = connection.execute("SELECT version() || '; PostGIS ' || postgis_lib_version()").fetchone()
    return str(row[0]) if row is not None else "unknown"
