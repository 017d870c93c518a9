"""One poll: claim the source, fetch outside any transaction, keep what came, say when to come back.

A lease lets one process at a time fetch a source; a process that dies leaves a lease that runs out. Failures in a row
double the wait up to an hour, which is the circuit breaker of each source: one that is away costs one request an hour, and
its page says since when. What an answer leads to is idempotent, so that polls that meet each other do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import or_, select, update

from alerts.feeds.cap_atom import CapEntry, read_cap_feed
from alerts.feeds.cap_intake import Document, take_document, unseen
from alerts.feeds.fetch import Fetched, fetch
from alerts.feeds.gdacs import read_gdacs
from alerts.feeds.intake import Taken, take
from alerts.feeds.models import FeedSource
from alerts.feeds.ringing import ring
from alerts.feeds.saying import FeedFault, pack, say
from alerts.feeds.sources import wait_after
from alerts.feeds.usgs import read_usgs
from hotline.core import jobs, live
from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB, SWEEP = "alerts.poll_feed", "alerts.poll_feeds"
JOB_TIMEOUT_S = 300
LEASE = timedelta(seconds=JOB_TIMEOUT_S + 30)
MAX_DOCUMENTS_PER_POLL = 8
"""CAP documents fetched in one poll, 20 s each at the worst; the rest comes with the next ones."""
MAX_DUE = 50


@dataclass
class Outcome:
    """How a poll went: how many entries there were, how many could not be read, and what came of them."""

    entries: int | None = None
    unreadable: int | None = None
    error: str | None = None
    complete: bool = True
    """False when documents are left for the next poll, so that the feed itself must be sent again."""


def sweep(services: Services) -> int:
    """Enqueue every source that is due; how many."""
    now = services.clock.now()
    with services.db.transaction() as session:
        due = session.scalars(
            select(FeedSource.id)
            .where(
                FeedSource.enabled, FeedSource.next_poll_at <= now,
                or_(FeedSource.lease_until.is_(None), FeedSource.lease_until <= now),
            )
            .order_by(FeedSource.next_poll_at)
            .limit(MAX_DUE)
        ).all()  # fmt: skip
    for source_id in due:
        jobs.enqueue(services, JOB, source_id)
    return len(due)


def poll(services: Services, source_id: int) -> str:
    """Fetch a source that is due and act on what it says; `skipped` when it is not due or somebody else has it."""
    source = _claim(services, source_id)
    if source is None:
        return "skipped"
    taken, outcome, fetched = Taken(), Outcome(), None
    try:
        fetched = fetch(
            source.url, etag=source.etag, last_modified=source.last_modified,
            allow_private=services.settings.feeds_allow_private,
        )  # fmt: skip
        if fetched.status == 200:
            outcome = _act_on(services, source, fetched, taken)
    except FeedFault as fault:
        outcome.error = fault.packed
        log.warning("feeds.failed", source=source.id, reason=str(fault))
    except BaseException as error:
        # A fault of ours must not make the source unpolled for the length of its lease, nor polled without a pause.
        _record(services, source, None, Outcome(error=pack("internal", error=type(error).__name__)))
        raise
    _record(services, source, fetched, outcome)
    _tell(services, taken)
    if outcome.error is not None:
        return say(outcome.error)
    return "unchanged" if fetched is not None and fetched.status == 304 else "read"


def _claim(services: Services, source_id: int) -> FeedSource | None:
    now = services.clock.now()
    with services.db.transaction() as session:
        claimed = session.execute(
            update(FeedSource)
            .where(
                FeedSource.id == source_id, FeedSource.enabled, FeedSource.next_poll_at <= now,
                or_(FeedSource.lease_until.is_(None), FeedSource.lease_until <= now),
            )
            .values(lease_until=now + LEASE)
            .returning(FeedSource.id)
        ).first()  # fmt: skip
        return None if claimed is None else session.get(FeedSource, source_id)


def _act_on(services: Services, source: FeedSource, fetched: Fetched, taken: Taken) -> Outcome:
    if source.kind == "cap":
        entries = read_cap_feed(fetched.body, fetched.url)
        return _act_on_cap(services, source, entries, taken)
    events = read_usgs(fetched.body) if source.kind == "usgs" else read_gdacs(fetched.body)
    with services.db.transaction() as session:
        found = take(session, services.clock, source, events.sightings)
        ring(session, services.clock, services.settings, found.drafted)
    _add(taken, found)
    return Outcome(entries=len(events.sightings) + events.unreadable, unreadable=events.unreadable)


def _act_on_cap(services: Services, source: FeedSource, entries: list[CapEntry], taken: Taken) -> Outcome:
    """Fetch and keep the messages that are new; one that cannot be fetched now is tried again by the next poll."""
    with services.db.transaction() as session:
        new = unseen(session, source.id, entries)
    failed = 0
    for entry in new[:MAX_DOCUMENTS_PER_POLL]:
        try:
            data = entry.document or _document(services, source, entry)
        except FeedFault as fault:
            failed += 1
            log.warning("feeds.document_failed", source=source.id, reason=str(fault))
            continue
        with services.db.transaction() as session:
            found = take_document(session, services.clock, source, Document(entry, data))
            ring(session, services.clock, services.settings, found.drafted)
        _add(taken, found)
    complete = not failed and len(new) <= MAX_DOCUMENTS_PER_POLL
    return Outcome(entries=len(entries), unreadable=failed, complete=complete)


def _document(services: Services, source: FeedSource, entry: CapEntry) -> bytes:
    """Fetch the message that an entry names; what a feed over https names is not taken from anywhere without it."""
    if source.url.startswith("https:") and not entry.url.startswith("https:"):
        raise FeedFault("without_https")
    return fetch(entry.url, allow_private=services.settings.feeds_allow_private).body


def _add(taken: Taken, found: Taken) -> None:
    taken.drafted += found.drafted
    taken.refreshed += found.refreshed
    taken.news += found.news


def _record(services: Services, source: FeedSource, fetched: Fetched | None, outcome: Outcome) -> None:
    """Write down how it went and when to come back, unless the source was changed meanwhile."""
    now = services.clock.now()
    with services.db.transaction() as session:
        row = session.get(FeedSource, source.id, with_for_update=True)
        if row is None:
            return
        row.lease_until = None
        if row.version != source.version:
            return
        row.polled_at = now
        row.last_error = outcome.error
        row.failures = row.failures + 1 if outcome.error else 0
        row.next_poll_at = now + wait_after(row.interval_s, row.failures)
        if outcome.error is None and fetched is not None:
            row.succeeded_at = now
            if fetched.status == 200:
                row.etag, row.last_modified = (
                    (fetched.etag, fetched.last_modified) if outcome.complete else (None, None)
                )
                row.entries, row.unreadable = outcome.entries, outcome.unreadable
    live.notify(services.redis, "feeds")


def _tell(services: Services, taken: Taken) -> None:
    """Let open pages look again: the lists, and those of the alerts themselves."""
    if taken.alerts:
        live.notify(services.redis, "alerts")
    for alert_id in dict.fromkeys(taken.alerts):
        live.notify(services.redis, f"alert:{alert_id}")
