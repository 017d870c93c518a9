"""From reports to drafts: one event of the world is one draft, however many feeds report it and however often.

Everything of one answer happens in one transaction under one advisory lock, so that two feeds reporting the same earthquake
at the same moment meet each other; unique constraints hold the rest. No draft is ever submitted from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from geographiclib.geodesic import Geodesic
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.drafting import DEFAULT_VALIDITY
from alerts.feeds import drafts
from alerts.feeds.hazard import (
    EARTHQUAKE,
    GRADES,
    Sighting,
    is_above,
    may_be_same,
    severity_of,
    windows_of,
)
from alerts.feeds.models import FeedHazard, FeedSighting, FeedSource
from alerts.models import Alert
from alerts.responsible import choose_mission
from alerts.states import CANCELLED, DRAFT, REJECTED
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock

NEW_WITHIN = {EARTHQUAKE: timedelta(hours=24)}
"""An earthquake that is a day old when a source first shows it warns nobody any more."""
OTHERWISE_NEW_WITHIN = timedelta(days=14)
"""Storms and floods go on for days; a drought that began last year is no news."""
UPDATED_WITHIN = timedelta(hours=48)
MAX_DRAFTS_PER_POLL = 20
"""A feed that suddenly reports a hundred disasters is wrong; the rest is drafted by the next polls if it stays."""
LOCK = 0x48_4F_54_05
_LOCK_TIMEOUT_S = 15


@dataclass
class Taken:
    """What came of one answer: drafts that are new, drafts that were brought up to date, and news beside edited ones."""

    drafted: list[int] = field(default_factory=list)
    refreshed: list[int] = field(default_factory=list)
    news: list[int] = field(default_factory=list)
    entries: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    """Audit entries to write last, because the trail's lock must not be held while alerts are waited for."""

    @property
    def alerts(self) -> list[int]:
        """All alerts whose pages have something new."""
        return [*self.drafted, *self.refreshed, *self.news]


def lock(session: Session) -> None:
    """Let one transaction at a time match reports to events, until it ends."""
    session.execute(text(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_S * 1000}"))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def take(session: Session, clock: Clock, source: FeedSource, sightings: Sequence[Sighting]) -> Taken:
    """Keep what a source reports and draft what is new and grave enough; the same answer again changes nothing."""
    lock(session)
    known = _known(session, source.id, sightings)
    hazards = _hazards_near(session, sightings)
    taken, rows = Taken(), []
    for sighting in sightings:
        before = known.get(sighting.external_id)
        if before is not None and _same_report(before, sighting):
            continue
        hazard = _hazard_of(hazards, sighting, before)
        above = is_above(sighting, source.kind, source.threshold) and _is_news(sighting, clock.now())
        if hazard is None and above and len(taken.drafted) < MAX_DRAFTS_PER_POLL:
            hazard = _new_hazard(session, clock, sighting)
            hazards.append(hazard)
        if hazard is None:
            continue
        rows.append(_row(source, clock, hazard, sighting))
        _act(session, clock, source, hazard, sighting, above, taken)
    _keep(session, rows)
    for action, alert_id, after in taken.entries:
        audit.record(session, clock, SYSTEM, action, "alert", alert_id, after=after)
    return taken


def _known(session: Session, source_id: int, sightings: Sequence[Sighting]) -> dict[str, FeedSighting]:
    keys = [each.external_id for each in sightings]
    found = session.scalars(
        select(FeedSighting).where(FeedSighting.source_id == source_id, FeedSighting.external_id.in_(keys))
    )
    return {row.external_id: row for row in found}


def _hazards_near(session: Session, sightings: Sequence[Sighting]) -> list[FeedHazard]:
    """Return every known event that one of the reports could be about, by kind and time."""
    if not sightings:
        return []
    wide = max(windows_of(each.kind)[0] for each in sightings)
    first = min(each.occurred_at for each in sightings) - wide
    last = max(each.occurred_at for each in sightings) + wide
    return list(
        session.scalars(
            select(FeedHazard)
            .where(
                FeedHazard.kind.in_({each.kind for each in sightings}),
                FeedHazard.occurred_at >= first,
                FeedHazard.occurred_at <= last,
            )
            .order_by(FeedHazard.id)
        )
    )


def _same_report(row: FeedSighting, sighting: Sighting) -> bool:
    return (row.title, row.place, row.magnitude, row.level, row.occurred_at) == (
        sighting.title, sighting.place, sighting.magnitude, sighting.level, sighting.occurred_at
    )  # fmt: skip


def _hazard_of(hazards: Sequence[FeedHazard], sighting: Sighting, before: FeedSighting | None) -> FeedHazard | None:
    """Return the event that a report is about: the one it was about before, else the nearest that may be the same."""
    if before is not None and before.hazard_id is not None:
        for hazard in hazards:
            if hazard.id == before.hazard_id:
                return hazard
    nearest: tuple[float, FeedHazard] | None = None
    for hazard in hazards:
        if hazard.kind != sighting.kind or abs(hazard.occurred_at - sighting.occurred_at) > windows_of(hazard.kind)[0]:
            continue  # the exact distance costs more than everything else, and a feed may list a month
        metres: float = Geodesic.WGS84.Inverse(hazard.lat, hazard.lon, sighting.lat, sighting.lon)["s12"]
        same = may_be_same(
            sighting, kind=hazard.kind, occurred_at=hazard.occurred_at, distance_km=metres / 1000,
            magnitude=hazard.magnitude,
        )  # fmt: skip
        if same and (nearest is None or metres < nearest[0]):
            nearest = (metres, hazard)
    return nearest[1] if nearest else None


def _is_news(sighting: Sighting, now: datetime) -> bool:
    age = now - sighting.occurred_at
    return age <= NEW_WITHIN.get(sighting.kind, OTHERWISE_NEW_WITHIN) and now - sighting.updated_at <= UPDATED_WITHIN


def _new_hazard(session: Session, clock: Clock, sighting: Sighting) -> FeedHazard:
    hazard = FeedHazard(
        kind=sighting.kind, occurred_at=sighting.occurred_at, lat=sighting.lat, lon=sighting.lon,
        magnitude=sighting.magnitude, created_at=clock.now(),
    )  # fmt: skip
    session.add(hazard)
    session.flush()
    return hazard


def _act(
    session: Session,
    clock: Clock,
    source: FeedSource,
    hazard: FeedHazard,
    sighting: Sighting,
    above: bool,
    taken: Taken,
) -> None:
    """Draft, bring the untouched draft up to date, or leave the news for its page."""
    alert = session.get(Alert, hazard.alert_id, with_for_update={"of": Alert}) if hazard.alert_id else None
    facts = drafts.facts_of(sighting)
    if alert is None:
        if above and hazard.alert_id is None:
            _draft(session, clock, source, hazard, sighting, taken)
        return
    worse = GRADES.index(severity_of(sighting)) - GRADES.index((hazard.drafted or facts)["severity"])
    if alert.state in (CANCELLED, REJECTED) and alert.approved_at is None:
        # Somebody has judged it not worth a warning; only when it has become graver are people asked again.
        if above and worse > 0:
            _draft(session, clock, source, hazard, sighting, taken)
    elif alert.state == DRAFT and alert.version == hazard.draft_version:
        if _leads(session, source, hazard) or worse > 0:
            _refresh(session, clock, source, hazard, alert, sighting, taken)
    else:
        taken.news.append(alert.id)


def _leads(session: Session, source: FeedSource, hazard: FeedHazard) -> bool:
    """Whether the source is the one that reported the event first: two feeds must not rewrite one draft in turns."""
    first = session.scalar(
        select(FeedSighting.source_id).where(FeedSighting.hazard_id == hazard.id).order_by(FeedSighting.id).limit(1)
    )
    return first in (None, source.id)


def _draft(
    session: Session, clock: Clock, source: FeedSource, hazard: FeedHazard, sighting: Sighting, taken: Taken
) -> None:
    now, severity = clock.now(), severity_of(sighting)
    alert = Alert(
        state=DRAFT, source="feed", idempotency_key=f"feed:{hazard.id}:{severity}", expires=now + DEFAULT_VALIDITY,
        created_at=now, updated_at=now,
    )  # fmt: skip
    drafts.fill(alert, sighting)
    session.add(alert)
    choose_mission(session, alert)
    session.flush()
    hazard.alert_id, hazard.draft_version, hazard.drafted = alert.id, alert.version, drafts.facts_of(sighting)
    taken.drafted.append(alert.id)
    taken.entries.append(_entry("alert.drafted", alert, source, sighting))


def _refresh(
    session: Session,
    clock: Clock,
    source: FeedSource,
    hazard: FeedHazard,
    alert: Alert,
    sighting: Sighting,
    taken: Taken,
) -> None:
    """Write a newer report into a draft that nobody has touched; its version grows, as with every change."""
    drafts.fill(alert, sighting)
    alert.version += 1
    alert.updated_at = clock.now()
    hazard.lat, hazard.lon, hazard.magnitude = sighting.lat, sighting.lon, sighting.magnitude
    hazard.draft_version, hazard.drafted = alert.version, drafts.facts_of(sighting)
    taken.refreshed.append(alert.id)
    taken.entries.append(_entry("alert.refreshed", alert, source, sighting))


def _entry(action: str, alert: Alert, source: FeedSource, sighting: Sighting) -> tuple[str, int, dict[str, Any]]:
    after: dict[str, Any] = {
        "source": "feed", "feed": source.name, "event": sighting.external_id, "headline": alert.headline,
        "severity": alert.severity, "version": alert.version,
    }  # fmt: skip
    return action, alert.id, after


def _row(source: FeedSource, clock: Clock, hazard: FeedHazard, sighting: Sighting) -> dict[str, Any]:
    return {
        "source_id": source.id, "external_id": sighting.external_id, "hazard_id": hazard.id, "title": sighting.title,
        "place": sighting.place, "magnitude": sighting.magnitude, "level": sighting.level,
        "severity": severity_of(sighting), "occurred_at": sighting.occurred_at, "url": sighting.url,
        "reported_at": sighting.updated_at, "seen_at": clock.now(),
    }  # fmt: skip


def _keep(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write all reports in one statement; of an event that stands twice in one answer the last one counts."""
    unique = {row["external_id"]: row for row in rows}
    if not unique:
        return
    statement = insert(FeedSighting).values(list(unique.values()))
    changed = {
        name: statement.excluded[name]
        for name in next(iter(unique.values()))
        if name not in ("source_id", "external_id")
    }
    session.execute(
        statement.on_conflict_do_update(index_elements=[FeedSighting.source_id, FeedSighting.external_id], set_=changed)
    )
