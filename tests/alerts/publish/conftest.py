"""Alerts that are on their way, and the public documents that come of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from alerts.materialise import materialise
from alerts.models import Alert
from alerts.publish.models import CapDocument
from hotline.core import jobs, outbox
from hotline.core.db import Database
from hotline.core.services import Services
from tests.alerts.console.conftest import Officials
from tests.alerts.senders import make_approved
from tests.factories import make_traveller


@pytest.fixture
def deliver(services: Services) -> Callable[[], int]:
    """Return a function that delivers what waits in the outbox, as the worker's job does."""
    return lambda: outbox.deliver_due(services, jobs.registry().handlers)


@pytest.fixture
def send(services: Services) -> Callable[..., int]:
    """Return a function that makes an approved alert and sets it going, without telling anybody yet."""

    def send_one(**more: object) -> int:
        with services.db.transaction() as session:
            make_traveller(session)
            alert_id = make_approved(session, **more).id  # type: ignore[arg-type]
        materialise(services, alert_id)
        return alert_id

    return send_one


@pytest.fixture
def published(services: Services) -> Callable[[], list[CapDocument]]:
    """Return a function that reads what was published, oldest first."""

    def read() -> list[CapDocument]:
        with services.db.transaction() as session:
            return list(session.scalars(select(CapDocument).order_by(CapDocument.id)))

    return read


@pytest.fixture
def stop(services: Services) -> Callable[[int], None]:
    """Return a function that stops an alert as one officer may."""
    from alerts import approval
    from hotline.core.actor import SYSTEM

    def stop_one(alert_id: int) -> None:
        with services.db.transaction() as session:
            approval.cancel(session, services.clock, SYSTEM, alert_id, reason="false alarm")
            assert session.get_one(Alert, alert_id).state == "cancelled"

    return stop_one


@pytest.fixture
def officials(app: Any, db: Database) -> Officials:
    """Return signed-in officers by role."""
    return Officials(app, db)
