"""Where each provider stands now, as pages and `/readyz` show it: configured, at fault, away, slow, and its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.providers import faults, health
from hotline.providers.carriers import NotConfigured, configured_names
from hotline.providers.models import Provider, ProviderFault, RegionOff

REGION_SHOWN_FOR = timedelta(hours=24)
AWAY_SHOWN_FOR = timedelta(minutes=5)
"""A provider that nobody has tried for longer than this is not called away any more: nobody knows."""


@dataclass
class Standing:
    """One provider. Counts are of the last minute; `mean_ms` is the mean time to an answer."""

    name: str
    configured: bool
    id: int | None = None
    share: int = 100
    share_at: datetime | None = None
    away_since: datetime | None = None
    fault: ProviderFault | None = None
    regions_off: list[RegionOff] = field(default_factory=list)
    texts: int = 0
    failed: int = 0
    mean_ms: float = 0.0

    @property
    def state(self) -> str:
        """`fault`, `away`, `reduced`, `regions`, `unset` or `ok`; the worst that holds."""
        if self.fault is not None:
            return "fault"
        if self.away_since is not None:
            return "away"
        if not self.configured:
            return "unset"
        if self.share < 100:
            return "reduced"
        return "regions" if self.regions_off else "ok"


def read_standing(session: Session, services: Services) -> Sequence[Standing]:
    """Return every provider that is configured, was ever used, or has a fault; the configured ones first."""
    now = services.clock.now()
    try:
        configured = configured_names(services.settings)
    except NotConfigured:
        configured = []
    found = {name: Standing(name, True) for name in configured}
    for row in session.scalars(select(Provider).order_by(Provider.name)):
        standing = found.setdefault(row.name, Standing(row.name, False))
        standing.id, standing.share, standing.share_at = row.id, row.share, row.share_at
        if row.away_since is not None and now - row.seen_at < AWAY_SHOWN_FOR:
            standing.away_since = row.away_since
    for each in health.recent_of(session, now):
        standing = found[each.name]
        standing.texts, standing.failed, standing.mean_ms = each.texts, each.failed, each.mean_ms
    for fault in faults.standing(session):
        found.setdefault(fault.provider, Standing(fault.provider, False)).fault = fault
    since = now - REGION_SHOWN_FOR
    for region in session.scalars(
        select(RegionOff).where(RegionOff.seen_at > since).order_by(RegionOff.provider, RegionOff.country)
    ):
        found.setdefault(region.provider, Standing(region.provider, False)).regions_off.append(region)
    return list(found.values())


def readiness(services: Services) -> dict[str, str]:
    """Return one word for each provider that is not well, for `/readyz`; codes only, since anybody may ask.

    A provider's trouble does not make this process unready: pages and other providers go on.
    """
    try:
        with services.db.transaction() as session:
            standing = read_standing(session, services)
    except SQLAlchemyError:
        return {}
    told = {}
    for each in standing:
        if each.state in ("fault", "away", "reduced"):
            code = f" {each.fault.error_code}" if each.fault is not None else ""
            told[each.name] = f"{each.state}{code}" if each.state != "reduced" else f"reduced to {each.share}%"
    return told
