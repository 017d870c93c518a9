"""How carriers do: their keys, when they last called, how much they send, and how much of it could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.roaming.models import Carrier, CarrierKey, RoamingBatch, RoamingDay

RATE_OVER = timedelta(minutes=10)
DAYS = 7
TIMEOUT_MS = 5_000
MAX_CARRIERS = 200
"""More than the world's largest countries have; the page shows no more."""


@dataclass(frozen=True)
class Day:
    """One day's events (UTC): about people on record, about other numbers, and those that could not be used."""

    day: date
    known: int = 0
    unknown: int = 0
    refused: int = 0


@dataclass
class Standing:
    """One carrier; `calls_a_minute` is the mean of the last `RATE_OVER`, `days` the last `DAYS`, today first."""

    carrier: Carrier
    keys: list[CarrierKey] = field(default_factory=list)
    last_call_at: datetime | None = None
    calls_a_minute: float = 0.0
    days: list[Day] = field(default_factory=list)

    @property
    def today(self) -> Day:
        """Return today's counts."""
        return self.days[0]

    @property
    def refused(self) -> int:
        """Return how many events of these days could not be used."""
        return sum(each.refused for each in self.days)

    def good_keys(self, now: datetime) -> list[CarrierKey]:
        """Return the keys that are good now."""
        return [key for key in self.keys if key.valid_until is None or key.valid_until > now]


def read_standing(session: Session, clock: Clock, carrier_id: int | None = None) -> list[Standing]:
    """Return how the carriers do, by name, or how one does; empty when it is not known."""
    now = clock.now()
    session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MS}"))
    wanted = select(Carrier).order_by(Carrier.closed_at.is_not(None), Carrier.name, Carrier.id).limit(MAX_CARRIERS)
    if carrier_id is not None:
        wanted = wanted.where(Carrier.id == carrier_id)
    found = {carrier.id: Standing(carrier) for carrier in session.scalars(wanted)}
    ids = list(found)
    newest_first = select(CarrierKey).where(CarrierKey.carrier_id.in_(ids)).order_by(CarrierKey.id.desc())
    for key in session.scalars(newest_first):
        found[key.carrier_id].keys.append(key)
    recent = (
        select(RoamingBatch.carrier_id, func.count())
        .where(RoamingBatch.received_at > now - RATE_OVER, RoamingBatch.carrier_id.in_(ids))
        .group_by(RoamingBatch.carrier_id)
    )
    for known_id, calls in session.execute(recent).tuples():
        found[known_id].calls_a_minute = calls / (RATE_OVER / timedelta(minutes=1))
    for known_id, each in found.items():
        of_carrier = select(RoamingBatch.received_at).where(RoamingBatch.carrier_id == known_id)
        each.last_call_at = session.scalar(of_carrier.order_by(RoamingBatch.received_at.desc()).limit(1))
    _add_days(session, found, now.date())
    return list(found.values())


def _add_days(session: Session, found: dict[int, Standing], today: date) -> None:
    first = today - timedelta(days=DAYS - 1)
    rows: Sequence[RoamingDay] = session.scalars(
        select(RoamingDay).where(RoamingDay.carrier_id.in_(list(found)), RoamingDay.day >= first)
    ).all()
    by_day = {(row.carrier_id, row.day): Day(row.day, row.known, row.unknown, row.refused) for row in rows}
    wanted = [today - timedelta(days=back) for back in range(DAYS)]
    for carrier_id, each in found.items():
        each.days = [by_day.get((carrier_id, day), Day(day)) for day in wanted]
