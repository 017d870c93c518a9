"""Forgetting from where requests came: digests are of use while a fraud can still be found, and no longer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from hotline.core.services import Services
from remittance.own_page.models import OwnRequest

JOB, EVERY_S = "own_page.forget", 6 * 3600
KEPT_FOR = timedelta(days=365)


def forget(services: Services) -> None:
    """Remove digests older than KEPT_FOR; the requests stay."""
    with services.db.transaction() as session:
        session.execute(delete(OwnRequest).where(OwnRequest.asked_at < services.clock.now() - KEPT_FOR))
