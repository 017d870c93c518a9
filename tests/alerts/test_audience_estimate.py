"""Counting for the officer who draws: by the resident index while it is fresh, by SQL otherwise."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from alerts import index_room
from alerts.audience import DATABASE, INDEX, estimate
from alerts.index_room import PositionRoom
from hotline.core.clock import FrozenClock, SystemClock
from hotline.core.config import Settings
from hotline.core.errors import InvalidInput
from hotline.core.services import Services, make_services
from hotline.geo.index import PositionIndex
from hotline.geo.sync import IndexSync
from tests.factories import NOW, SQUARE, make_traveller


@pytest.fixture
def followed(services: Services) -> Iterator[IndexSync]:
    """An index that is brought up to date by hand."""
    index = PositionIndex()
    sync = IndexSync(services.settings.database_url, index, clock=services.clock)
    services.rooms[index_room.ROOM] = PositionRoom(index, sync)
    yield sync
    sync.stop()


def add_people(services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session, country="PH", language="en")
        make_traveller(session, country="VN", precision="country")
        make_traveller(session, country="VN", drill=True)
        make_traveller(session, valid_until=NOW)
        make_traveller(session, lat=50.0, lon=50.0)


def test_without_an_index_sql_counts(services: Services) -> None:
    add_people(services)
    counts = estimate(services, SQUARE, NOW, drill=False)
    assert (counts.total, counts.source, counts.as_of) == (2, DATABASE, NOW)
    assert counts.by_country == {"PH": 1, "VN": 1}
    assert counts.by_language == {"en": 1, "ko": 1}
    assert counts.by_precision == {"exact": 1, "country": 1}


def test_index_and_sql_give_the_same_counts(services: Services, followed: IndexSync) -> None:
    add_people(services)
    by_sql = estimate(services, SQUARE, NOW, drill=False)
    followed.poll()
    by_index = estimate(services, SQUARE, NOW, drill=False)
    assert (by_sql.source, by_index.source) == (DATABASE, INDEX)
    assert (by_sql.total, by_sql.by_country, by_sql.by_language, by_sql.by_precision) == (
        by_index.total, by_index.by_country, by_index.by_language, by_index.by_precision,
    )  # fmt: skip


def test_drill_people_are_counted_for_a_drill_only(services: Services, followed: IndexSync) -> None:
    add_people(services)
    assert estimate(services, SQUARE, NOW, drill=True).by_country == {"VN": 1}
    followed.poll()
    assert estimate(services, SQUARE, NOW, drill=True).by_country == {"VN": 1}


def test_an_index_that_lost_touch_with_the_database_is_not_asked(
    services: Services, followed: IndexSync, clock: FrozenClock
) -> None:
    followed.poll()
    clock.advance(index_room.STALE_AFTER)
    assert estimate(services, SQUARE, clock.now(), drill=False).source == INDEX
    clock.advance(timedelta(seconds=1))
    assert estimate(services, SQUARE, clock.now(), drill=False).source == DATABASE


@pytest.mark.parametrize("areas", [[], [{"description": "nothing", "polygons": [], "circles": []}]])
def test_an_empty_area_holds_nobody(services: Services, followed: IndexSync, areas: list[object]) -> None:
    add_people(services)
    assert estimate(services, areas, NOW, drill=False).total == 0
    followed.poll()
    assert estimate(services, areas, NOW, drill=False).total == 0


def test_an_area_that_cannot_be_read_is_refused_by_name(services: Services) -> None:
    with pytest.raises(InvalidInput, match=r"areas\[0\]"):
        estimate(services, [7], NOW, drill=False)


def test_a_process_on_a_clock_set_by_hand_keeps_no_index(services: Services) -> None:
    index_room.start(services)
    assert index_room.ROOM not in services.rooms


def until(condition: Callable[[], bool], limit_s: float = 20.0) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_web_process_loads_its_index_and_follows_changes(settings: Settings) -> None:
    services = make_services(settings, clock=SystemClock(), pool_size=2)
    index_room.start(services)
    room = services.rooms[index_room.ROOM]
    try:
        assert until(lambda: index_room.fresh_index(services) is not None)
        with services.db.transaction() as session:
            make_traveller(session)
        assert until(lambda: estimate(services, SQUARE, NOW, drill=False).total == 1)
        assert estimate(services, SQUARE, NOW, drill=False).source == INDEX
    finally:
        room.sync.stop()
        services.db.dispose()


def test_the_thread_ends_with_the_services_it_belongs_to(settings: Settings) -> None:
    services = make_services(settings, clock=SystemClock(), pool_size=2)
    index_room.start(services)
    sync = services.rooms[index_room.ROOM].sync
    thread = sync._thread  # what ends is only visible on the thread itself
    assert thread is not None
    services.db.dispose()
    del services
    gc.collect()
    assert until(lambda: not thread.is_alive())
