"""From approved to dispatching: everybody inside the area gets one message row, in one transaction, or nobody does.

Approval may be hours old, so everything that was checked then is checked again here, and PostgreSQL alone decides who is
inside. One statement copies the people of the area's cells into a temporary table; that statement's snapshot is what
"inside" means for this alert, however long the rest takes. People of cells at the edge are then tested exactly in bounded
portions, and one INSERT … SELECT writes the messages. A crash at any moment leaves either nothing or everything.

While this goes on the alert's row is not locked, because whoever stops an alert must not wait for a million rows to be
written. It is locked at the end, looked at again, and if anything has changed meanwhile all that was written is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts import gather, tallies
from alerts.approval import digest_of, follows_of
from alerts.dispatch import lanes
from alerts.follow import chain, correcting, joins, takeover, telling
from alerts.models import Alert, Approval, AudienceSnapshot
from alerts.reading import get_alert
from alerts.states import ALERT, APPROVE, APPROVED, DISPATCHING, QUEUED
from alerts.variants import CORRECTION, needs_area
from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.core import audit, jobs, live, outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.geo.area import Area

log = structlog.get_logger(__name__)

TIMEOUT_S = 300
"""Bound of each statement of this one transaction: a million people take seconds, twelve million a few minutes."""
LOCK_TIMEOUT_S = 10
"""Longest wait for the alert's row at the end; whoever holds it does so for milliseconds, and the sweeper tries again."""
WORK_MEM_MB = 64
_CLAIM_LOCK = 0x48_4F_54_03 << 32
"""Added to an alert's id: the key of the advisory lock under which its messages are written."""
JOB = "alerts.materialise"


def on_approved(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AlertApproved`: have the messages written."""
    jobs.enqueue(services, JOB, int(payload["alert_id"]))


def sweep(services: Services) -> int:
    """Enqueue every approved alert whose messages are not written yet, so that nothing depends on Redis; how many."""
    with services.db.transaction() as session:
        waiting = session.scalars(select(Alert.id).where(Alert.state == APPROVED).order_by(Alert.id)).all()
    for alert_id in waiting:
        jobs.enqueue(services, JOB, alert_id)
    return len(waiting)


class _ChangedMeanwhile(Exception):
    """The alert was stopped, or is not what was agreed any more, while its messages were being written."""


def materialise(services: Services, alert_id: int) -> str:
    """Write the messages of an approved alert and set it going; the state it is in afterwards.

    Running twice, or twice at once, changes nothing: one process at a time works on an alert (`held` says that another one
    does), and only on an approved one. Raises NotFound.
    """
    try:
        with services.db.transaction() as session:
            if not claim(session, alert_id):
                return "held"
            alert = get_alert(session, alert_id)
            if alert.state == APPROVED:
                _start_or_end(session, services.clock, alert)
            state = alert.state
    except _ChangedMeanwhile:
        with services.db.transaction() as session:
            state = get_alert(session, alert_id).state
        log.info("materialise.taken_back", alert_id=alert_id, state=state)
    if state == DISPATCHING:
        jobs.enqueue(services, lanes.JOB, alert_id)
    live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")
    return state


def claim(session: Session, alert_id: int) -> bool:
    """Let one process at a time write the messages of an alert, until its transaction ends; whether this one may."""
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK + alert_id}))


def _start_or_end(session: Session, clock: Clock, alert: Alert) -> None:
    if _has_expired(alert, clock):
        _lock(session, alert)
        _end(session, clock, alert, "expire", "expired before it was sent: nothing was sent")
        return
    newer = chain.overtaken_by(session, alert)
    if newer is not None:
        _lock(session, alert)
        takeover.replace(session, clock, alert, newer)
        return
    reason = why_not(alert) or _giver_out_of_office(session, alert)
    if reason is not None:
        _lock(session, alert)
        log.error("materialise.refused", alert_id=alert.id, reason=reason)
        outbox.publish(session, clock, "AlertCancelled", {"alert_id": alert.id})
        _end(session, clock, alert, "cancel", reason)
        return
    assert alert.approval is not None
    _start(session, clock, alert, alert.approval)


def _has_expired(alert: Alert, clock: Clock) -> bool:
    return alert.expires <= clock.now() or (alert.approval is not None and alert.approval.expires <= clock.now())


def _lock(session: Session, alert: Alert) -> None:
    """Lock the alert's row until commit and read it again; raises _ChangedMeanwhile when it is not approved any more."""
    session.flush()
    session.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_S * 1000}"))
    session.refresh(alert, with_for_update={"of": Alert, "key_share": True})
    if alert.approval is not None:
        session.refresh(alert.approval)
    if alert.state != APPROVED:
        raise _ChangedMeanwhile


def why_not(alert: Alert) -> str | None:
    """Say why an approved alert must not be sent after all; None when it is exactly what was agreed.

    A warning has once reached ten million people because its area was lost on the way: area, texts and drill flag are
    compared with the approval's digest, both as the approval keeps them and as the alert itself says.
    """
    approval = alert.approval
    if approval is None:
        return "there is no approval on record: nothing was sent"
    try:
        own_areas = Area.from_json(alert.areas, "areas").to_json()
        empty = Area.from_json(approval.areas, "areas").is_empty
    except InvalidInput as error:
        return f"the area cannot be read ({error.message}): nothing was sent"
    if empty and (needs_area(alert.msg_type) or alert.follows_id is None):
        return "the approved area is empty: nothing was sent"
    follows = follows_of(alert)
    agreed = {
        digest_of(approval.areas, approval.texts, approval.drill, follows, precisions=approval.precisions),
        digest_of(own_areas, approval.texts, alert.drill, follows, precisions=alert.precisions),
    }
    if agreed != {approval.digest}:
        return "area, text, drill flag or who is reached are not what was approved: nothing was sent"
    if not any(approval.texts.values()):
        return "there is no text: nothing was sent"
    return None


def _giver_out_of_office(session: Session, alert: Alert) -> str | None:
    """Say that the person who approved may not approve any more; an approval is worth what its giver still is.

    A prepared correction goes out on the word of whoever let it go: its approver may long be off duty.
    """
    if alert.source == CORRECTION:
        return correcting.why_not(session, alert)
    approval = alert.approval
    officer = session.get(Officer, approval.officer_id) if approval is not None else None
    if officer is None or officer.disabled_at is not None or APPROVE not in permissions_of(officer.roles):
        return "the officer who approved it may not approve any more: nothing was sent"
    return None


def _end(session: Session, clock: Clock, alert: Alert, event: str, reason: str) -> None:
    before = alert.state
    alert.state = ALERT.next_state(alert.state, event, SYSTEM)
    alert.ended_reason, alert.finished_at, alert.updated_at = reason, clock.now(), clock.now()
    action = "alert.expired" if event == "expire" else "alert.cancelled"
    audit.record(
        session, clock, SYSTEM, action, "alert", alert.id,
        before={"state": before}, after={"state": alert.state, "reason": reason},
    )  # fmt: skip


def _start(session: Session, clock: Clock, alert: Alert, approval: Approval) -> None:
    """Write messages, snapshot and tallies, and move the alert on; an alert without any message is finished at once."""
    session.flush()
    session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_S * 1000}"))
    session.execute(text(f"SET LOCAL work_mem = '{WORK_MEM_MB}MB'"))
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    try:
        people, written, deltas = _write(session, connection, clock, alert, approval)
    except takeover.Overtaken as overtaken:
        raise _ChangedMeanwhile from overtaken
    excluded = people.excluded | ({"shared_number": written.shared} if written.shared else {})
    session.add(
        AudienceSnapshot(
            alert_id=alert.id, taken_at=clock.now(), total=people.total, by_country=people.by_country,
            by_language=people.by_language, by_precision=people.by_precision, excluded=excluded,
            by_variant=written.by_variant,
        )
    )  # fmt: skip
    _lock(session, alert)
    if why_not(alert) is not None or _has_expired(alert, clock):
        raise _ChangedMeanwhile
    before, alert.state = alert.state, ALERT.next_state(alert.state, "start", SYSTEM)
    alert.started_at = alert.updated_at = clock.now()
    outbox.publish(session, clock, "AlertDispatched", {"alert_id": alert.id, "messages": written.messages})
    deltas.update({(alert.id, country, QUEUED, "", ""): n for country, n in written.by_country.items()})
    tallies.add(connection, deltas)
    audit.record(
        session, clock, SYSTEM, "alert.started", "alert", alert.id, before={"state": before},
        after={"state": alert.state, "people": people.total, "messages": written.messages,
               "by_variant": written.by_variant, "excluded": excluded},
    )  # fmt: skip
    if written.messages == 0:
        _finish(session, clock, alert)


def _write(
    session: Session, connection: psycopg.Connection[Any], clock: Clock, alert: Alert, approval: Approval
) -> tuple[gather.People, gather.Written, Counter[tallies.TallyKey]]:
    """Write the messages: to everybody inside, or by what each got of the chain; and what that changes in the tallies.

    Raises takeover.Overtaken. The people inside are gathered before the chain is locked, because that may take seconds.
    """
    at = clock.now()
    if not needs_area(alert.msg_type):
        others, deltas = takeover.take_over(session, connection, clock, alert)
        return *telling.write_to_told(connection, alert, approval, others, at), deltas
    joins.watch(connection, alert)
    area, reached = Area.from_json(approval.areas, "areas"), approval.precisions
    gather.people_inside(connection, area, at, drill=approval.drill, precisions=reached)
    people = gather.count(connection)
    if alert.follows_id is None:
        choices = gather.choose_texts(approval.texts, people.by_language)
        return people, gather.write_messages(connection, alert.id, choices), Counter()
    others, deltas = takeover.take_over(session, connection, clock, alert)
    return people, telling.write_update(connection, alert, approval, others, people, at), deltas


def _finish(session: Session, clock: Clock, alert: Alert) -> None:
    """Finish an alert that reaches nobody: no lane will ever come by to do so."""
    before, alert.state = alert.state, ALERT.next_state(alert.state, "finish", SYSTEM)
    alert.finished_at = clock.now()
    outbox.publish(session, clock, "AlertFinished", {"alert_id": alert.id})
    audit.record(
        session, clock, SYSTEM, "alert.finished", "alert", alert.id,
        before={"state": before}, after={"state": alert.state, "messages": 0},
    )  # fmt: skip
