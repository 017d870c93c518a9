"""Cells and coverings as numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.db import Database
from hotline.geo.cells import RESIDENT_GRID, SQL_GRID, Grid, cell_of, cell_sql, cells_of, combine

INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12), st.booleans()), max_size=12)


def test_cells_are_numbered_from_the_south_west_row_by_row() -> None:
    assert cell_of(-90, -180) == 0
    assert cell_of(-90, -179.75) == 1
    assert cell_of(-89.75, -180) == 1440
    assert cell_of(89.999, 179.999) == 1440 * 720 - 1


def test_both_names_of_the_antimeridian_and_of_the_pole_row_give_one_cell() -> None:
    assert cell_of(10, 180) == cell_of(10, -180)
    assert cell_of(90, 5) == cell_of(89.9, 5)
    assert cell_of(10, 190) == cell_of(10, -170)


def test_a_grid_must_divide_the_globe() -> None:
    with pytest.raises(ValueError, match="divide"):
        Grid(7_000_000_000)


@given(INTERVALS)
def test_combined_intervals_hold_the_same_cells_and_the_interior_wins(
    intervals: list[tuple[int, int, bool]],
) -> None:
    state = np.zeros(80, np.int64)
    for first, width, interior in intervals:
        state[first : first + width] = np.maximum(state[first : first + width], 1 + interior)
    start = np.array([first for first, _, _ in intervals], np.int64)
    stop = start + np.array([width for _, width, _ in intervals], np.int64)
    covering = combine(start, stop, np.array([interior for _, _, interior in intervals], np.bool_))
    found = np.zeros(80, np.int64)
    for first, last, interior in covering.ranges():
        assert not found[first : last + 1].any()
        found[first : last + 1] = 1 + interior
    np.testing.assert_array_equal(found, state)
    ranges = covering.ranges()
    for before, after in itertools.pairwise(ranges):
        assert before[1] < after[0] - 1 or before[2] != after[2], "neighbours of one kind are one range"


@given(INTERVALS)
def test_refined_covering_holds_the_same_ground(intervals: list[tuple[int, int, bool]]) -> None:
    coarse, fine = Grid(300_000_000), Grid(100_000_000)
    start = np.array([first for first, _, _ in intervals], np.int64)
    stop = start + np.array([width for _, width, _ in intervals], np.int64)
    rough = combine(start, stop, np.array([interior for _, _, interior in intervals], np.bool_))
    refined = rough.refined(coarse, fine)
    cells = np.arange(fine.rows * fine.columns)
    parents = coarse.cell_of(*fine.centre_of(cells))

    def states(numbers: np.ndarray, ranges: list[tuple[int, int, bool]]) -> np.ndarray:
        held = np.zeros(len(numbers), np.int64)
        for first, last, interior in ranges:
            held[(numbers >= first) & (numbers <= last)] = 1 + interior
        return held

    np.testing.assert_array_equal(states(cells, refined.ranges()), states(parents, rough.ranges()))


def test_resident_cells_lie_within_sql_cells() -> None:
    random = np.random.default_rng(1)
    lat, lon = random.integers(-900_000_000, 900_000_001, 1000), random.integers(-1_800_000_000, 1_800_000_000, 1000)
    centre = RESIDENT_GRID.centre_of(RESIDENT_GRID.cell_of(lat, lon).astype(np.int64))
    np.testing.assert_array_equal(SQL_GRID.cell_of(lat, lon), SQL_GRID.cell_of(*centre))


def test_sql_expression_gives_the_same_cell_as_python(db: Database) -> None:
    random = np.random.default_rng(2)
    lat = np.concatenate((random.uniform(-90, 90, 500), [90, -90, 0, 0.25, 12.00000005, -0.25]))
    lon = np.concatenate((random.uniform(-180, 180, 500), [180, -180, 0, 179.99999999, -0.25, -190]))
    with db.connection() as connection:
        rows = connection.execute(
            f"SELECT {cell_sql('lat', 'lon')} FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS t (lat, lon, n)"  # noqa: S608 - our own text
            " ORDER BY n",
            (lat.tolist(), lon.tolist()),
        ).fetchall()
    assert [row[0] for row in rows] == cells_of(lat, lon).tolist()
