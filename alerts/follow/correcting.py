"""Stop and correct: the correction that was prepared and agreed to with an alert, let go by one officer in seconds.

In January 2018 it took 38 minutes to call back a false missile warning. Here the text of the correction was read and agreed
to by two people together with the alert itself, so whoever may stop an alert may let it go alone, and nothing about it can
be changed then. It goes to exactly those who got the alert, by the same way as every alert, as one of its chain.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import approval
from alerts.follow import chain
from alerts.models import Alert, Approval
from alerts.reading import get_alert
from alerts.states import CANCELLED, EXPIRED, LIVE_STATES, PREPARED, STOP
from alerts.states import CORRECTION as LIFECYCLE
from alerts.variants import CORRECTION
from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.core import audit, outbox
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Refused

VALIDITY = timedelta(hours=6)
"""How long a correction may still be handed over; whoever cannot be reached for so long sees it beside the alert."""


def stop_and_correct(session: Session, clock: Clock, actor: Actor, alert_id: int, *, reason: str = "") -> Alert:
    """Stop an alert if anybody may still get it, and let its prepared correction go; the correction.

    Asked twice, the first correction is returned. Raises Refused when nothing was sent, when the alert carries no prepared
    correction, is one itself, or another stands in its place; Forbidden when the actor may not stop alerts.
    """
    alert = get_alert(session, alert_id, lock=True)
    state = LIFECYCLE.next_state(PREPARED, "release", actor)
    released = _released(session, alert)
    if released is not None:
        return released
    agreed = _check_correctable(alert)
    if alert.state in LIVE_STATES and approval.can_be_stopped(alert, clock):
        approval.cancel(session, clock, actor, alert_id, reason=reason)
    correction = _correction_of(alert, clock, actor, state)
    chain.attach(session, correction, alert)
    session.add(correction)
    session.flush()
    texts = {CORRECTION: agreed.texts[CORRECTION]}
    digest = approval.digest_of(agreed.areas, texts, agreed.drill, approval.follows_of(correction))
    correction.approval = Approval(
        alert_id=correction.id, officer_id=agreed.officer_id, at=clock.now(), areas=agreed.areas, texts=texts, digest=digest,
        audience_estimate=0, drill=agreed.drill, expires=correction.expires,
    )  # fmt: skip
    session.flush()
    outbox.publish(session, clock, "AlertApproved", {"alert_id": correction.id})
    given = {"corrects": alert.id, "reason": reason.strip() or None, "texts": texts, "digest": digest}
    audit.record(
        session, clock, actor, "alert.correction_released", "alert", correction.id,
        before={"state": PREPARED}, after={"state": state, **given},
    )  # fmt: skip
    audit.record(
        session, clock, actor, "alert.corrected", "alert", alert.id,
        before={"state": alert.state}, after={"state": alert.state, "correction": correction.id},
    )  # fmt: skip
    return correction


def can_be_corrected(alert: Alert) -> bool:
    """Say whether an alert's prepared correction could go out now."""
    try:
        _check_correctable(alert)
    except Refused:
        return False
    return True


def why_not(session: Session, correction: Alert) -> str | None:
    """Say why a correction must not be sent after all; None when it is what two people agreed to and may be let go.

    Its text is compared with the one in the approval of the alert that it corrects, and that approval with its own digest.
    """
    corrected = session.get(Alert, correction.follows_id) if correction.follows_id else None
    agreed, own = (corrected.approval if corrected else None), correction.approval
    if corrected is None or agreed is None or own is None:
        return "it corrects no approved alert: nothing was sent"
    follows = approval.follows_of(corrected)
    digest = approval.digest_of(agreed.areas, agreed.texts, agreed.drill, follows, precisions=agreed.precisions)
    if digest != agreed.digest or own.texts != {CORRECTION: agreed.texts.get(CORRECTION)}:
        return "the correction is not what was approved with its alert: nothing was sent"
    officer = session.get(Officer, correction.released_by_id) if correction.released_by_id else None
    if officer is None or officer.disabled_at is not None or STOP not in permissions_of(officer.roles):
        return "the officer who let the correction go may not do so: nothing was sent"
    return None


def _released(session: Session, alert: Alert) -> Alert | None:
    """Return the correction that is on its way or has gone out; one that ended before anything left stands in nobody's way."""
    ended_unsent = Alert.started_at.is_(None) & Alert.state.in_((CANCELLED, EXPIRED))
    return session.scalar(
        select(Alert).where(Alert.follows_id == alert.id, Alert.source == CORRECTION, ~ended_unsent).limit(1)
    )


def _check_correctable(alert: Alert) -> Approval:
    if alert.approval is None or alert.started_at is None:
        raise Refused("Nothing of this alert was sent: stop it, there is nothing to correct.", code="not-sent")
    if alert.superseded_by_id is not None:
        raise Refused(
            "A later alert stands in its place; correct that one.",
            code="superseded",
            params={"alert": alert.superseded_by_id},
        )
    if alert.source == CORRECTION or not alert.approval.texts.get(CORRECTION):
        raise Refused("This alert carries no prepared correction.", code="no-correction")
    return alert.approval


def _correction_of(alert: Alert, clock: Clock, actor: Actor, state: str) -> Alert:
    now = clock.now()
    return Alert(
        state=state, source=CORRECTION, msg_type="Cancel", headline=alert.headline, event=alert.event, place=alert.place,
        names_by_language=alert.names_by_language, status=alert.status, scope=alert.scope, category=alert.category,
        urgency=alert.urgency, severity=alert.severity, certainty=alert.certainty, areas=alert.areas,
        mission_id=alert.mission_id, expires=now + VALIDITY, author_id=alert.author_id, created_at=now, updated_at=now,
        submitted_by_id=alert.submitted_by_id, submitted_at=alert.submitted_at, approved_at=now, released_by_id=actor.id,
    )  # fmt: skip
