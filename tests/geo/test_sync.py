"""The resident index follows the table of positions over a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from hotline.core.clock import FrozenClock
from hotline.core.db import Database, libpq_url
from hotline.geo import sync as sync_module
from hotline.geo.cells import cell_sql
from hotline.geo.index import PositionIndex
from hotline.geo.sync import IndexSync
from tests.conftest import NOW
from tests.factories import make_traveller
from tests.geo.oracles import box, make_area

EVERYWHERE = make_area(polygons=[box(-90, -180, 90, 180)])
WAIT_S = 60.0


@pytest.fixture
def index() -> PositionIndex:
    return PositionIndex()


@pytest.fixture
def sync(database_url: str, index: PositionIndex, clock: FrozenClock) -> Iterator[IndexSync]:
    following = IndexSync(database_url, index, clock=clock, poll_s=0.05)
    yield following
    following.stop()


def _ids(index: PositionIndex) -> list[int]:
    return sorted(index.query(EVERYWHERE, NOW).tolist())


def _add(db: Database, **more: Any) -> int:
    with db.transaction() as session:
        return make_traveller(session, **more).id


def _execute(db: Database, statement: str, *values: object) -> None:
    with db.connection() as connection:
        connection.execute(statement, values)  # type: ignore[arg-type]


def test_full_load_brings_every_trait(db: Database, sync: IndexSync, index: PositionIndex) -> None:
    soldier = _add(db, lat=37.5, lon=127.0, country="KR", language="ko", precision="city")
    expired = _add(db, lat=37.5, lon=127.0, country="KR", valid_until=NOW - timedelta(seconds=1))
    valid = _add(db, lat=-17.0, lon=180.0, country="FJ", language="en-GB", valid_until=NOW + timedelta(seconds=1))
    drill = _add(db, lat=90.0, lon=12.0, country="ZZ", drill=True)
    unknown = _add(db, lat=None, lon=None)
    assert sync.poll() == 4
    assert sync.loaded
    assert sync.as_of == NOW
    assert _ids(index) == [soldier, valid, drill]
    assert index.query(EVERYWHERE, NOW, drill=True).tolist() == [drill]
    assert index.query(make_area(circles=[(-17, -180, 1)]), NOW).tolist() == [valid]
    counts = index.count(EVERYWHERE, NOW, drill=False)
    assert (counts.total, counts.by_country, counts.by_language, counts.by_precision) == (
        2,
        {"KR": 1, "FJ": 1},
        {"ko": 1, "en-GB": 1},
        {"city": 1, "exact": 1},
    )
    assert {expired, unknown}.isdisjoint(_ids(index))


def test_moves_losses_and_newcomers_are_followed(db: Database, sync: IndexSync, index: PositionIndex) -> None:
    moved, lost = _add(db), _add(db)
    sync.poll()
    new = _add(db)
    _execute(db, "UPDATE positions SET lat = 60, lon = 10, cell = 1 WHERE traveller_id = %s", moved)
    _execute(db, "UPDATE positions SET lat = NULL, lon = NULL, cell = NULL WHERE traveller_id = %s", lost)
    assert sync.poll() == 3
    assert _ids(index) == [moved, new]
    assert index.query(make_area(circles=[(60, 10, 1)]), NOW).tolist() == [moved]
    assert sync.poll() == 0, "what was read once is not read again"


def test_a_transaction_that_commits_late_is_not_missed(
    db: Database, database_url: str, sync: IndexSync, index: PositionIndex
) -> None:
    slow, quick = _add(db), _add(db)
    sync.poll()
    with psycopg.connect(libpq_url(database_url)) as early:
        early.execute("UPDATE positions SET lat = 1, lon = 1, cell = 1 WHERE traveller_id = %s", (slow,))
        _execute(db, "UPDATE positions SET lat = 2, lon = 2, cell = 1 WHERE traveller_id = %s", quick)
        assert sync.poll() == 1
        assert index.query(make_area(circles=[(2, 2, 1)]), NOW).tolist() == [quick]
        assert sync.poll() == 0
        early.commit()
    assert sync.poll() == 1
    assert index.query(make_area(circles=[(1, 1, 1)]), NOW).tolist() == [slow]
    assert sync.poll() == 0


def test_a_transaction_that_stays_open_does_not_make_others_be_read_again(
    db: Database, database_url: str, sync: IndexSync
) -> None:
    person = _add(db)
    sync.poll()
    with psycopg.connect(libpq_url(database_url)) as lazy:
        lazy.execute("SELECT pg_current_xact_id()")
        for lat in (10, 20, 30):
            _execute(db, "UPDATE positions SET lat = %s WHERE traveller_id = %s", lat, person)
            assert sync.poll() == 1
            assert sync.poll() == 0


def test_a_rolled_back_change_is_not_seen(
    db: Database, database_url: str, sync: IndexSync, index: PositionIndex
) -> None:
    person = _add(db, lat=5.0, lon=5.0)
    sync.poll()
    with psycopg.connect(libpq_url(database_url)) as doubtful:
        doubtful.execute("UPDATE positions SET lat = 50 WHERE traveller_id = %s", (person,))
        doubtful.rollback()
    assert sync.poll() == 0
    assert index.query(make_area(circles=[(5, 5, 1)]), NOW).tolist() == [person]


def test_many_rows_are_read_in_pages_and_are_the_rows_of_the_table(
    db: Database, sync: IndexSync, index: PositionIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "_PAGE_ROWS", 700)
    _execute(
        db,
        "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
        " SELECT 'T', '+8210' || n, 'KR', now(), now() FROM generate_series(10000001, 10005000) AS n",
    )
    _execute(
        db,
        f"INSERT INTO positions (traveller_id, lat, lon, cell, country, language, source, observed_at)"  # noqa: S608
        f" SELECT id, lat, lon, {cell_sql('lat', 'lon')}, CASE WHEN mod(id, 2) = 0 THEN 'KR' ELSE 'JP' END,"
        " CASE WHEN mod(id, 3) = 0 THEN '한국' ELSE 'ko' END, 'test', now()"
        " FROM (SELECT id, random() * 180 - 90 AS lat, random() * 360 - 180 AS lon FROM travellers) AS t",
    )
    assert sync.poll() == 5_000
    with db.connection() as connection:
        rows = connection.execute("SELECT traveller_id, lat, lon FROM positions").fetchall()
    assert _ids(index) == sorted(row[0] for row in rows)
    area = make_area(polygons=[box(-30, 150, 30, -150)])
    expected = [row[0] for row in rows if -30 <= row[1] <= 30 and (row[2] >= 150 or row[2] <= -150)]
    assert sorted(index.query(area, NOW).tolist()) == sorted(expected)
    assert index.count(EVERYWHERE, NOW).by_country == {"KR": 2_500, "JP": 2_500}


def test_an_older_copy_of_the_database_is_loaded_anew(db: Database, sync: IndexSync, index: PositionIndex) -> None:
    person = _add(db)
    sync.poll()
    sync._snapshot = "999999999999:999999999999:"
    index.replace_all(index._state.base.columns.take(np.zeros(0, np.int64)))
    assert sync.poll() == 1
    assert _ids(index) == [person]


def test_the_thread_follows_and_survives_a_lost_connection(db: Database, sync: IndexSync, index: PositionIndex) -> None:
    first = _add(db)
    sync.start()
    assert sync.wait_until_loaded(WAIT_S)
    assert _ids(index) == [first]
    with pytest.raises(RuntimeError, match="already"):
        sync.start()
    _execute(
        db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hotline position index'"
    )
    second = _add(db)
    _until(lambda: _ids(index) == [first, second])
    sync.stop()
    _add(db)
    assert _ids(index) == [first, second]


def test_an_unreachable_database_leaves_the_index_unloaded_and_is_said(index: PositionIndex) -> None:
    following = IndexSync("postgresql://nobody@127.0.0.1:9/none", index)
    with pytest.raises(psycopg.OperationalError):
        following.poll()
    assert not following.loaded
    assert following.as_of is None


def _until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "the index did not follow"
        time.sleep(0.02)  # bounded polling of a real server
