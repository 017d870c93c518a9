"""From draft to approved: two different people, what was agreed frozen with a digest, and stopping by one person alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.draft_fields import summary_of_areas
from alerts.follow import chain
from alerts.models import Alert, Approval
from alerts.preview import final_texts
from alerts.reading import get_alert
from alerts.states import ALERT, FINISHED, LIVE_STATES
from alerts.variants import Texts, needs_area
from hotline.core import audit, outbox
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.errors import Conflict, InvalidInput, Refused, SeveralFaults
from hotline.geo.area import Area
from hotline.people.models import PRECISIONS

TYPE_THE_NUMBER_FROM = 100_000
"""From so many people on the approver types the number, so that nobody warns ten million by mistake."""
TYPED_TOLERANCE = 0.1
"""People move while the officer types: the number may differ by a tenth from the present one."""
MAX_REASON_CHARS = 1000


Follows = tuple[str, int]
"""CAP's msgType and the id of the alert that is followed: they decide who gets which text."""


def follows_of(alert: Alert) -> Follows | None:
    """Return what an alert follows, as its approval covers it."""
    return None if alert.follows_id is None else (alert.msg_type, alert.follows_id)


def digest_of(
    areas: list[Any],
    texts: Mapping[str, Any],
    drill: bool,
    follows: Follows | None = None,
    *,
    precisions: Collection[str] = PRECISIONS,
) -> str:
    """Return the SHA-256 over area, final texts (all variants), drill flag, what is followed and whom it reaches.

    In canonical JSON; compared again before every batch.
    """
    covered: dict[str, Any] = {"areas": areas, "texts": dict(texts), "drill": drill}
    if follows is not None:
        covered["follows"] = list(follows)
    if set(precisions) != set(PRECISIONS):
        covered["precisions"] = sorted(precisions)
    canonical = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def submit(
    session: Session,
    clock: Clock,
    settings: Settings,
    actor: Actor,
    alert_id: int,
    *,
    audience_estimate: int | None = None,
) -> Alert:
    """Hand a draft over for approval; raises SeveralFaults naming everything that is still missing.

    `audience_estimate` is the number of people inside that the author saw, kept on the trail for the approver to compare.
    """
    alert = get_alert(session, alert_id, lock=True)
    target = ALERT.next_state(alert.state, "submit", actor)
    alert.submitted_digest = digest_now(alert, check_ready(session, clock, settings, alert))
    alert.submitted_by_id, alert.submitted_at = actor.id, clock.now()
    after = {"version": alert.version, "audience_estimate": audience_estimate}
    return _change(session, clock, actor, alert, target, "alert.submitted", after)


def check_ready(session: Session, clock: Clock, settings: Settings, alert: Alert) -> Texts:
    """Return the final texts (every variant) when the alert could be sent now; raises SeveralFaults otherwise.

    The same check runs at submission and at approval. What was approved is checked again before it is sent, against the
    approval's own digest and expiry (`materialise.why_not`, `dispatch.recheck`), because approval may be hours old.
    """
    faults: list[dict[str, object]] = []
    faults += chain.faults(session, alert)
    if needs_area(alert.msg_type) and (not alert.areas or Area.from_json(alert.areas, "areas").is_empty):
        faults.append(
            {"field": "areas", "value": "", "problem": "no_area", "mend": "draw the area; nothing is sent without one"}
        )
    if alert.scope != "Public" and not alert.drill:
        mend = "the CAP message is not meant for the public; ask its sender, or write an alert of your own by hand"
        faults.append({"field": "scope", "value": alert.scope, "problem": "not_public_scope", "mend": mend})
    if alert.expires <= clock.now():
        faults.append(
            {
                "field": "expires",
                "value": alert.expires.isoformat(),
                "problem": "expired",
                "mend": "set a time in the future",
            }
        )
    texts: Texts = {}
    try:
        texts = final_texts(session, settings, alert)
    except SeveralFaults as error:
        faults += error.faults
    if faults:
        raise SeveralFaults(faults, "The alert is not ready to be sent.")
    return texts


@dataclass(frozen=True)
class Seen:
    """What an approver had before them: the alert's version, and the digest of area and texts as they were shown.

    Without a digest it is what was submitted: an approver who names nothing agrees to that and to nothing else.
    """

    version: int
    digest: str | None = None


def approve(
    session: Session,
    clock: Clock,
    settings: Settings,
    actor: Actor,
    alert_id: int,
    *,
    audience_estimate: int,
    typed_count: int | None = None,
    seen: Seen | None = None,
) -> Alert:
    """Agree to an alert: freeze text and area, and write the outbox row that starts the sending, in one transaction.

    `audience_estimate` is the number of people inside now. `seen` says what the approver had before them: raises Conflict
    when the alert is not that any more. Raises Refused when the actor wrote, edited or submitted the alert, or when the
    audience is very large and `typed_count` is missing; InvalidInput when that number is wrong; SeveralFaults when the
    alert cannot be sent as it is.
    """
    alert = get_alert(session, alert_id, lock=True)
    target = ALERT.next_state(alert.state, "approve", actor)
    if seen is not None and seen.version != alert.version:
        raise _read_again()
    _check_second_person(session, actor, alert)
    _check_typed_count(audience_estimate, typed_count)
    texts = check_ready(session, clock, settings, alert)
    areas = Area.from_json(alert.areas, "areas").to_json()
    digest = digest_of(areas, texts, alert.drill, follows_of(alert), precisions=alert.precisions)
    if seen is not None:
        _check_seen(alert, seen, digest)
    assert actor.id is not None
    approval = Approval(
        alert_id=alert.id,
        officer_id=actor.id,
        at=clock.now(),
        areas=areas,
        texts=texts,
        digest=digest,
        precisions=list(alert.precisions),
        audience_estimate=audience_estimate,
        drill=alert.drill,
        expires=alert.expires,
    )
    session.add(approval)
    alert.approval = approval
    alert.approved_at = clock.now()
    outbox.publish(session, clock, "AlertApproved", {"alert_id": alert.id})
    after = {"digest": approval.digest, "audience_estimate": audience_estimate, "drill": alert.drill,
             "precisions": alert.precisions, "areas": summary_of_areas(areas), "texts": texts,
             "expires": alert.expires}  # fmt: skip
    return _change(session, clock, actor, alert, target, "alert.approved", after)


def digest_now(alert: Alert, texts: Mapping[str, Mapping[str, str]]) -> str:
    """Return the digest that an approval of these final texts would get now.

    A page carries it, because a text may change without the alert: a mission's telephone number is filled in, and whoever
    may edit missions could otherwise put a number into a warning that neither of its two officers has read.
    """
    areas = Area.from_json(alert.areas, "areas").to_json()
    return digest_of(areas, texts, alert.drill, follows_of(alert), precisions=alert.precisions)


def _check_seen(alert: Alert, seen: Seen, digest: str) -> None:
    if seen.digest is not None:
        if seen.digest != digest:
            raise _read_again()
    elif alert.submitted_digest != digest:
        raise Conflict(
            "What would be sent is not what was submitted: something that is filled into its texts has changed since. "
            "Read the alert again and approve with its version and the digest of what you read, or return it.",
            code="changed-since-submission",
        )


def _read_again() -> Conflict:
    return Conflict(
        "The alert is not what you read any more; read it again before you decide.", code="version-conflict"
    )


def people_who_wrote(session: Session, alert: Alert) -> set[int]:
    """Return the officers who drafted, edited or submitted the alert; none of them may approve it."""
    editors = session.scalars(
        select(AuditEntry.actor_id).where(
            AuditEntry.subject_kind == "alert", AuditEntry.subject_id == alert.id, AuditEntry.action == "alert.edited"
        )
    )
    wrote = {alert.author_id, alert.submitted_by_id, *editors}
    return {officer_id for officer_id in wrote if officer_id is not None}


def _check_second_person(session: Session, actor: Actor, alert: Alert) -> None:
    if actor.id is None or actor.id in people_who_wrote(session, alert):
        raise Refused(
            "A second person must approve: you wrote, edited or submitted this alert yourself.", code="second-person"
        )


def _check_typed_count(estimate: int, typed: int | None) -> None:
    if estimate < TYPE_THE_NUMBER_FROM:
        return
    if typed is None:
        raise Refused(
            f"This alert goes to about {estimate:,} people: type the number to approve it.",
            code="type-the-number",
            params={"estimate": estimate},
        )
    if abs(typed - estimate) > estimate * TYPED_TOLERANCE:
        raise InvalidInput("typed_count", typed, f"there are about {estimate:,} people inside now; type that number")


def send_back(session: Session, clock: Clock, actor: Actor, alert_id: int, *, reason: str) -> Alert:
    """Return a submitted alert to its author with what must change."""
    alert = get_alert(session, alert_id, lock=True)
    target = ALERT.next_state(alert.state, "return", actor)
    alert.ended_reason = _reason(reason, required=True)
    alert.submitted_at = alert.submitted_by_id = alert.submitted_digest = None
    alert.version += 1
    return _change(session, clock, actor, alert, target, "alert.returned", {"reason": alert.ended_reason})


def reject(session: Session, clock: Clock, actor: Actor, alert_id: int, *, reason: str) -> Alert:
    """Refuse a submitted alert for good."""
    alert = get_alert(session, alert_id, lock=True)
    target = ALERT.next_state(alert.state, "reject", actor)
    alert.ended_reason = _reason(reason, required=True)
    return _change(session, clock, actor, alert, target, "alert.rejected", {"reason": alert.ended_reason})


def can_be_stopped(alert: Alert, clock: Clock) -> bool:
    """Say whether there is anything left to stop; whoever may do so is the lifecycle's matter."""
    return alert.state != FINISHED or (alert.superseded_by_id is None and alert.expires > clock.now())


def cancel(session: Session, clock: Clock, actor: Actor, alert_id: int, *, reason: str = "") -> Alert:
    """Stop an alert at once, before, during or after sending; one person is enough and a reason may follow later.

    An alert that everybody has got still reaches whoever enters its area, until it expires or a later one replaces it.
    """
    alert = get_alert(session, alert_id, lock=True)
    if not can_be_stopped(alert, clock):
        raise Refused(
            f"alert is {alert.state} and reaches nobody any more: there is nothing to stop.",
            code="wrong-state",
            params={"state": alert.state, "event": "cancel"},
        )
    was_live = alert.state in LIVE_STATES
    target = ALERT.next_state(alert.state, "cancel", actor)
    alert.ended_reason = _reason(reason, required=False)
    alert.finished_at = clock.now()
    if was_live:
        outbox.publish(session, clock, "AlertCancelled", {"alert_id": alert.id})
    return _change(session, clock, actor, alert, target, "alert.cancelled", {"reason": alert.ended_reason})


def _change(
    session: Session, clock: Clock, actor: Actor, alert: Alert, target: str, action: str, after: Mapping[str, Any]
) -> Alert:
    """Move the alert to its new state and write the audit entry; the last step of every act."""
    before = {"state": alert.state}
    alert.state = target
    alert.updated_at = clock.now()
    session.flush()
    audit.record(session, clock, actor, action, "alert", alert.id, before=before, after={"state": target, **after})
    return alert


def _reason(reason: str, *, required: bool) -> str | None:
    text = reason.strip()
    if required and not text:
        raise InvalidInput("reason", reason, "say in a sentence what is wrong, so that the author can mend it")
    if len(text) > MAX_REASON_CHARS:
        raise InvalidInput("reason", reason, f"use at most {MAX_REASON_CHARS} characters")
    return text or None
