"""The sources themselves: added, changed, switched off, by named people and with limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.feeds.fetch import fault_of_url, is_public
from alerts.feeds.hazard import GRADES, LEVELS
from alerts.feeds.models import FeedSource
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused

MAX_SOURCES: Final = 100
MIN_INTERVAL_S: Final = 30
"""USGS writes its feeds anew every minute; nobody's server is asked more often than twice in that time."""
MAX_INTERVAL_S: Final = 86_400
THRESHOLDS: Final = {
    "usgs": tuple(f"{tenth / 10:.1f}" for tenth in range(40, 91, 5)),
    "gdacs": LEVELS[1:],
    "cap": GRADES,
}
"""Kinds of feed, and the thresholds that each can have, the lowest first."""


@dataclass(frozen=True, slots=True)
class SourceFields:
    """What people may say about a source."""

    name: str
    url: str
    kind: str
    threshold: str
    interval_s: int
    enabled: bool = True


def add(session: Session, clock: Clock, actor: Actor, fields: SourceFields, *, allow_private: bool) -> FeedSource:
    """Add a source and poll it soon; raises InvalidInput, or Refused when there are too many or the address is known."""
    _check(fields, allow_private=allow_private)
    _lock(session)
    known = session.scalars(select(FeedSource.url)).all()
    if fields.url in known:
        raise Refused("This address is a source already.", code="feed-known")
    if len(known) >= MAX_SOURCES:
        raise Refused(f"There are {MAX_SOURCES} sources already; change one that is not used.", code="feeds-full")
    row = FeedSource(**_values(fields), next_poll_at=clock.now())
    session.add(row)
    session.flush()
    audit.record(session, clock, actor, "feed.added", "feed", row.id, after=_values(fields))
    return row


def change(
    session: Session, clock: Clock, actor: Actor, source_id: int, fields: SourceFields, *, allow_private: bool
) -> FeedSource:
    """Change a source; a new address or kind is fetched as if for the first time. Raises as `add`, and NotFound."""
    _check(fields, allow_private=allow_private)
    _lock(session)
    row = get(session, source_id)
    before = {name: getattr(row, name) for name in _values(fields)}
    after = {name: value for name, value in _values(fields).items() if value != before[name]}
    if not after:
        return row
    if "url" in after and session.scalar(select(FeedSource.id).where(FeedSource.url == fields.url)) is not None:
        raise Refused("This address is a source already.", code="feed-known")
    for name, value in after.items():
        setattr(row, name, value)
    row.version += 1
    # A threshold that was lowered must see the same document again.
    row.etag = row.last_modified = None
    row.failures, row.last_error, row.next_poll_at = 0, None, clock.now()
    session.flush()
    audit.record(
        session,
        clock,
        actor,
        "feed.changed",
        "feed",
        row.id,
        before={name: before[name] for name in after},
        after=after,
    )
    return row


def get(session: Session, source_id: int) -> FeedSource:
    """Return a source; raises NotFound."""
    row = session.get(FeedSource, source_id)
    if row is None:
        raise NotFound("source", source_id)
    return row


def list_sources(session: Session) -> Sequence[FeedSource]:
    """Return all sources by name."""
    return session.scalars(select(FeedSource).order_by(FeedSource.name, FeedSource.id)).all()


def _lock(session: Session) -> None:
    """Let one person at a time change the list; it is short and changed seldom."""
    session.execute(select(FeedSource.id).order_by(FeedSource.id).with_for_update())


def _values(fields: SourceFields) -> dict[str, Any]:
    return {
        "name": " ".join(fields.name.split()),
        "url": fields.url.strip(),
        "kind": fields.kind,
        "threshold": fields.threshold,
        "interval_s": fields.interval_s,
        "enabled": fields.enabled,
    }


def _check(fields: SourceFields, *, allow_private: bool) -> None:
    if not 1 <= len(" ".join(fields.name.split())) <= 120:
        raise InvalidInput("name", fields.name, "give a name of 1 to 120 characters")
    fault = fault_of_url(fields.url.strip())
    if fault is not None:
        raise InvalidInput("url", fields.url, fault)
    host = urlsplit(fields.url.strip()).hostname or ""
    literal = host.replace(".", "").replace(":", "").isalnum() and (":" in host or host.replace(".", "").isdigit())
    if not allow_private and (host == "localhost" or host.endswith(".localhost") or (literal and not is_public(host))):
        raise InvalidInput("url", fields.url, "the address leads into a private network; give a public one")
    if fields.kind not in THRESHOLDS:
        raise InvalidInput("kind", fields.kind, f"use one of {', '.join(THRESHOLDS)}")
    if fields.threshold not in THRESHOLDS[fields.kind]:
        raise InvalidInput("threshold", fields.threshold, f"use one of {', '.join(THRESHOLDS[fields.kind])}")
    if not MIN_INTERVAL_S <= fields.interval_s <= MAX_INTERVAL_S:
        raise InvalidInput("interval_s", fields.interval_s, f"use {MIN_INTERVAL_S} to {MAX_INTERVAL_S} seconds")


LONGEST_WAIT: Final = timedelta(hours=1)


def wait_after(interval_s: int, failures: int) -> timedelta:
    """Return how long to wait for the next poll: the interval, doubled with each failure in a row.

    At most an hour, or the interval itself where that is longer.
    """
    ceiling = max(LONGEST_WAIT, timedelta(seconds=interval_s))
    return min(timedelta(seconds=interval_s * 2 ** min(failures, 12)), ceiling)
