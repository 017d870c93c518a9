"""Sources that point at a server on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from alerts.feeds import sources
from alerts.feeds.models import FeedSource
from alerts.feeds.sources import SourceFields
from alerts.models import Alert
from hotline.core.actor import SYSTEM
from hotline.core.db import Database
from hotline.core.services import Services
from tests.alerts.console.conftest import Officials
from tests.alerts.feeds.loopback_feed import LoopbackFeed, loopback_feed

THRESHOLDS = {"usgs": "6.0", "gdacs": "Orange", "cap": "Severe"}


@pytest.fixture
def server() -> Iterator[LoopbackFeed]:
    with loopback_feed() as feed:
        yield feed


@pytest.fixture
def add_source(services: Services) -> Callable[..., int]:
    """Return a function that adds a source on the loopback and returns its id."""
    services.settings.feeds_allow_private = True

    def add_one(url: str, kind: str = "usgs", **more: Any) -> int:
        values: dict[str, Any] = {"name": f"{kind} feed", "threshold": THRESHOLDS[kind], "interval_s": 60}
        with services.db.transaction() as session:
            fields = SourceFields(url=url, kind=kind, **(values | more))
            return sources.add(session, services.clock, SYSTEM, fields, allow_private=True).id

    return add_one


@pytest.fixture
def source_of(services: Services) -> Callable[[int], FeedSource]:
    """Return a function that reads a source back."""

    def read(source_id: int) -> FeedSource:
        with services.db.transaction() as session:
            return session.get_one(FeedSource, source_id)

    return read


@pytest.fixture
def drafts(services: Services) -> Callable[[], list[Alert]]:
    """Return a function that reads all alerts, oldest first."""

    def read() -> list[Alert]:
        with services.db.transaction() as session:
            return list(session.scalars(select(Alert).order_by(Alert.id)))

    return read


@pytest.fixture
def officials(app: Any, db: Database) -> Officials:
    return Officials(app, db)
