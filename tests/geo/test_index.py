"""The resident index against a plain dictionary of positions."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.geo import index as index_module
from hotline.geo.area import Area, Bounds
from hotline.geo.index import Change, PositionIndex
from hotline.geo.segment import NEVER_EXPIRES, expiry_second, make_columns
from hotline.geo.select import ids_inside
from tests.geo.oracles import box, make_area

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
AREA = make_area(polygons=[box(-1, 178, 1, -178)], circles=[(10, 10, 150)])
EVERYWHERE = make_area(polygons=[box(-90, -180, 90, 180)])

change_strategy = st.builds(
    Change,
    traveller_id=st.integers(1, 25),
    lat=st.one_of(st.none(), st.sampled_from([-1.0, 0.3, 1.0, 1.1, 10.2, 11.4])),
    lon=st.sampled_from([177.9, 178.0, 180.0, -179.2, 10.3, 11.5]),
    country=st.sampled_from(["FJ", "KR", "ZZ"]),
    language=st.sampled_from(["ko", "en"]),
    precision=st.sampled_from(["exact", "city"]),
    drill=st.booleans(),
    valid_until=st.sampled_from([None, NOW, NOW + timedelta(seconds=1), NOW - timedelta(days=1)]),
)


def _expected(model: dict[int, Change], area: Area, drill: bool | None) -> dict[int, Change]:
    held = {}
    for key, change in model.items():
        assert change.lat is not None and change.lon is not None
        valid = change.valid_until is None or change.valid_until > NOW
        if valid and drill in (None, change.drill) and ids_inside([change.lat], [change.lon], area)[0]:
            held[key] = change
    return held


def _compare(index: PositionIndex, model: dict[int, Change]) -> None:
    assert len(index) == len(model)
    for area in (AREA, EVERYWHERE):
        for drill in (None, True, False):
            expected = _expected(model, area, drill)
            found = index.query(area, NOW, drill)
            assert sorted(found.tolist()) == sorted(expected), "each id once"
            counts = index.count(area, NOW, drill)
            assert counts.total == len(expected)
            assert counts.by_country == dict(Counter(change.country for change in expected.values()))
            assert counts.by_language == dict(Counter(change.language for change in expected.values()))
            assert counts.by_precision == dict(Counter(change.precision for change in expected.values()))


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(change_strategy, max_size=12), max_size=6), merges=st.sets(st.integers(0, 5)))
def test_index_equals_brute_force_after_batches_of_add_move_remove(
    batches: list[list[Change]], merges: set[int]
) -> None:
    index, model = PositionIndex(), dict[int, Change]()
    for number, batch in enumerate(batches):
        index.apply(batch)
        for change in batch:
            if change.lat is None:
                model.pop(change.traveller_id, None)
            else:
                model[change.traveller_id] = change
        if number in merges:
            index.merge()
    _compare(index, model)


def _loaded(count: int, seed: int = 3) -> tuple[PositionIndex, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    lat, lon = random.normal(37.5, 1.5, count), random.normal(127, 1.5, count)
    index = PositionIndex()
    code = index.code_of(("KR", "ko", "exact", False))
    never = np.full(count, NEVER_EXPIRES)
    index.replace_all(make_columns(np.arange(count), lat, lon, np.full(count, code), never))
    return index, lat, lon


def test_full_load_replaces_everything_and_equals_the_exact_test() -> None:
    index, lat, lon = _loaded(20_000)
    area = make_area(polygons=[box(36.9, 126.1, 38.2, 127.7)], circles=[(37.5, 128.0, 40)])
    assert sorted(index.query(area, NOW).tolist()) == np.flatnonzero(ids_inside(lat, lon, area)).tolist()
    index.replace_all(make_columns([7], [37.5], [127.0], [0], [NEVER_EXPIRES]))
    assert index.query(area, NOW).tolist() == [7]


def test_many_changes_are_merged_by_themselves_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MERGE_AT_LEAST", 30)
    index, lat, lon = _loaded(1_000)
    random = np.random.default_rng(4)
    for _ in range(20):
        moved = random.choice(1_000, 10, replace=False)
        lat[moved] = random.normal(37.5, 1.5, 10)
        index.apply([Change(int(i), float(lat[i]), float(lon[i])) for i in moved])
    area = make_area(circles=[(37.5, 127.0, 100)])
    assert sorted(index.query(area, NOW).tolist()) == np.flatnonzero(ids_inside(lat, lon, area)).tolist()
    assert len(index) == 1_000


def test_a_reader_never_sees_half_a_batch() -> None:
    index, _, _ = _loaded(2_000)
    home, away = make_area(circles=[(0, 0, 10)]), make_area(circles=[(0, 90, 10)])
    both = make_area(circles=[(0, 0, 10), (0, 90, 10)])
    index.apply([Change(10_000 + n, 0.0, 0.0) for n in range(500)])
    seen: list[int] = []
    halves: list[int] = []

    def read() -> None:
        for _ in range(150):
            seen.append(len(index.query(both, NOW)))
            halves.append(len(index.query(home, NOW)))

    reader = threading.Thread(target=read)
    reader.start()
    for round_number in range(40):
        lon = 90.0 if round_number % 2 == 0 else 0.0
        index.apply([Change(10_000 + n, 0.0, lon) for n in range(500)])
    reader.join(timeout=60)
    assert not reader.is_alive()
    assert set(seen) == {500}
    assert set(halves) <= {0, 500}
    assert len(index.query(away, NOW)) + len(index.query(home, NOW)) == 500


def test_a_position_is_valid_until_its_very_second_ends() -> None:
    until = NOW + timedelta(milliseconds=1)
    assert expiry_second(until) == int(NOW.timestamp()) + 1
    assert expiry_second(NOW) == int(NOW.timestamp())
    assert expiry_second(None) == int(NEVER_EXPIRES)
    assert expiry_second(datetime(9999, 1, 1, tzinfo=UTC)) == int(NEVER_EXPIRES)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        PositionIndex().query(AREA, datetime(2026, 11, 21))  # noqa: DTZ001 - the naive time is what is tested


def test_an_empty_index_answers() -> None:
    index = PositionIndex()
    assert index.query(EVERYWHERE, NOW).tolist() == []
    assert index.count(EVERYWHERE, NOW).total == 0
    assert index.heat(Bounds(-90, -180, 90, 180)).count == []


@pytest.mark.parametrize("max_cells", [288, 1_000, 5_000, 100_000])
def test_heat_adds_up_to_the_positions_in_the_picture(max_cells: int) -> None:
    index, lat, lon = _loaded(5_000)
    index.apply([Change(1, None), Change(2, 37.51, 127.01), Change(90_000, 37.5, 127.0)])
    world = index.heat(Bounds(-90, -180, 90, 180), max_cells)
    assert sum(world.count) == len(index)
    assert len(world.count) <= max_cells
    near = index.heat(Bounds(37.0, 126.5, 37.99, 127.49), max_cells)
    assert near.side_deg <= world.side_deg
    for south, west in zip(near.south, near.west, strict=True):
        assert 37.0 - near.side_deg <= south < 38
        assert 126.5 - near.side_deg <= west < 127.5
    strictly_within = np.count_nonzero((lat[3:] >= 37) & (lat[3:] < 37.99) & (lon[3:] >= 126.5) & (lon[3:] < 127.49))
    assert sum(near.count) >= strictly_within


def test_heat_crosses_the_antimeridian() -> None:
    index = PositionIndex()
    index.apply([Change(1, -17.0, 179.9), Change(2, -17.0, -179.9), Change(3, -17.0, 0.0)])
    assert sum(index.heat(Bounds(-20, 176, -15, 183)).count) == 2


def test_heat_refuses_fewer_cells_than_the_globe_has() -> None:
    with pytest.raises(ValueError, match="288"):
        PositionIndex().heat(Bounds(-90, -180, 90, 180), 10)
