"""From the entries of a CAP feed to drafts: each message once, through the same reader as an upload, and never sent.

A message that cannot be used, or that wants something of an officer (a Cancel of what has been sent here), stays on record
with a note, so that it is neither fetched for ever nor lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts import drafting
from alerts.cap.faults import CapRefused
from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.feeds.cap_atom import CapEntry
from alerts.feeds.hazard import GRADES
from alerts.feeds.intake import Taken, lock
from alerts.feeds.models import FeedSighting, FeedSource
from alerts.feeds.saying import pack, pack_cap
from alerts.follow.chain import MAX_REFERENCES, Origin, is_akin
from alerts.models import Alert
from alerts.publish.signers import seals_now
from alerts.states import ALERT, DRAFT
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import HotlineError

MAX_NOTE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of an entry's message, fetched or taken out of the feed."""

    entry: CapEntry
    data: bytes


def unseen(session: Session, source_id: int, entries: Sequence[CapEntry]) -> list[CapEntry]:
    """Return the entries that are new or have changed, the newest first (as feeds are written)."""
    keys = [entry.key for entry in entries]
    rows = session.execute(
        select(FeedSighting.external_id, FeedSighting.stamp).where(
            FeedSighting.source_id == source_id, FeedSighting.external_id.in_(keys)
        )
    )
    known = dict(rows.tuples().all())
    return [entry for entry in entries if known.get(entry.key) != entry.stamp]


def take_document(session: Session, clock: Clock, source: FeedSource, document: Document) -> Taken:
    """Keep one message of a feed and draft it when it is for the public and grave enough; twice changes nothing."""
    lock(session)
    taken = Taken()
    entry = document.entry
    known = select(FeedSighting).where(FeedSighting.source_id == source.id, FeedSighting.external_id == entry.key)
    row = session.scalar(known)
    if row is not None and row.stamp == entry.stamp:
        return taken
    try:
        reading = read_cap(document.data)
    except CapRefused as refused:
        return _keep(session, clock, source, document, None, pack_cap(refused.faults[0]), taken)
    cap = reading.alert
    if len(reading.alerts) > 1 or reading.refused:
        return _keep(session, clock, source, document, cap, pack("several"), taken)
    note = _why_not(cap, source.threshold)
    if note is None:
        note = _draft(session, clock, source, document.data, cap, taken)
    return _keep(session, clock, source, document, cap, note, taken)


def _why_not(cap: CapAlert, threshold: str) -> str | None:
    """Say why a message is no case for a draft; None when it is one."""
    if not cap.may_reach_public:
        return pack("not_public", status=cap.status, scope=cap.scope, msg_type=cap.msg_type)
    severity = gravest(cap)
    if cap.msg_type != "Cancel" and (severity not in GRADES or GRADES.index(severity) < GRADES.index(threshold)):
        return pack("below", severity=severity) if severity else pack("no_severity")
    return None


def gravest(cap: CapAlert) -> str:
    """Return the gravest severity of a message's infos; Unknown counts as nothing."""
    known = [GRADES.index(info.severity) for info in cap.infos if info.severity in GRADES]
    return GRADES[max(known)] if known else ""


def _draft(session: Session, clock: Clock, source: FeedSource, data: bytes, cap: CapAlert, taken: Taken) -> str | None:
    """Make the draft, and take back what the message replaces as long as nobody has touched it; a note for officers.

    Of a Cancel that only took back such a draft nothing else is made: nobody was warned.
    """
    origin = Origin(seals_now(session, clock, data, [cap])[0], _of_same_feed(session, source, cap))
    untouched = _untouched_drafts(session, cap, origin) if cap.msg_type in ("Update", "Cancel") else []
    note = None
    try:
        with session.begin_nested():
            _withdraw(clock, untouched, cap)
            session.flush()
            if cap.msg_type != "Cancel" or not untouched or _warned_elsewhere(session, cap, untouched):
                (alert,) = drafting.draft_from_cap(
                    session, clock, SYSTEM, data, source="feed", same_feed=origin.same_feed
                )
                if alert.fresh:
                    taken.drafted.append(alert.id)
    except HotlineError as refused:
        if cap.msg_type == "Cancel":
            _withdraw(clock, untouched, cap)
        else:
            untouched = []
        note = None if untouched else pack("refused", text=refused.message[:MAX_NOTE_CHARS])
    for old in untouched:
        taken.news.append(old.id)
        audit.record(
            session, clock, SYSTEM, "alert.cancelled", "alert", old.id,
            before={"state": DRAFT}, after={"state": old.state, "reason": old.ended_reason},
        )  # fmt: skip
    return note


def _of_same_feed(session: Session, source: FeedSource, cap: CapAlert) -> frozenset[int]:
    """Return the alerts that came from the same source and that a message may be about."""
    found = (
        select(Alert.id)
        .join(FeedSighting, FeedSighting.alert_id == Alert.id)
        .where(FeedSighting.source_id == source.id, Alert.cap_identifier.in_(_identifiers(cap)))
    )
    return frozenset(session.scalars(found))


def _identifiers(cap: CapAlert) -> list[str]:
    return [reference.identifier[:300] for reference in cap.references[:MAX_REFERENCES]]


def _untouched_drafts(session: Session, cap: CapAlert, origin: Origin) -> list[Alert]:
    """Return drafts that a message may take back by itself: its sender's own, and no other's with the same identifier."""
    found = session.scalars(
        select(Alert)
        .where(
            Alert.cap_identifier.in_(_identifiers(cap)),
            Alert.source == "feed",
            Alert.state == DRAFT,
            Alert.version == 1,
        )
        .order_by(Alert.id)
        .with_for_update(of=Alert)
    )
    return [alert for alert in found if is_akin(cap, alert, origin)]


def _warned_elsewhere(session: Session, cap: CapAlert, untouched: Sequence[Alert]) -> bool:
    """Whether a Cancel is also about an alert that people here have taken up."""
    found = select(Alert.id).where(
        Alert.cap_identifier.in_(_identifiers(cap)),
        Alert.id.not_in([each.id for each in untouched]),
    )
    return session.scalar(found.limit(1)) is not None


def _withdraw(clock: Clock, alerts: Sequence[Alert], cap: CapAlert) -> None:
    for alert in alerts:
        alert.state = ALERT.next_state(alert.state, "cancel", SYSTEM)
        alert.ended_reason = f"{cap.sender} has sent {cap.identifier} ({cap.msg_type}) in its place"[:500]
        alert.finished_at = alert.updated_at = clock.now()


def _keep(
    session: Session,
    clock: Clock,
    source: FeedSource,
    document: Document,
    cap: CapAlert | None,
    note: str | None,
    taken: Taken,
) -> Taken:
    entry, info = document.entry, cap.best_info() if cap else None
    title = (info.headline or info.event) if info else entry.title
    values = {
        "source_id": source.id, "external_id": entry.key, "stamp": entry.stamp,
        "title": (title or entry.key)[:300], "severity": gravest(cap) if cap else "", "url": entry.url[:500],
        "place": ", ".join(area.description for area in info.areas)[:200] if info else "",
        "alert_id": taken.drafted[0] if taken.drafted else None,
        "note": note,
        "reported_at": cap.sent if cap else clock.now(), "seen_at": clock.now(),
        "occurred_at": info.onset if info else None,
    }  # fmt: skip
    statement = insert(FeedSighting).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in ("source_id", "external_id")}
    session.execute(
        statement.on_conflict_do_update(index_elements=[FeedSighting.source_id, FeedSighting.external_id], set_=changed)
    )
    return taken
