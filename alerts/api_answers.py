"""What the alerts API answers: one alert, what its approver would agree to, and the figures of its sending."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from alerts import approval
from alerts.models import Alert
from alerts.preview import final_texts
from alerts.progress import progress
from alerts.states import SUBMITTED
from hotline.core.config import Settings
from hotline.core.errors import SeveralFaults
from hotline.core.ids import reference


def alert_json(session: Session, alert: Alert, settings: Settings | None = None) -> dict[str, Any]:
    """Return an alert as the API shows it; times are ISO 8601 in UTC. With settings also what an approver would agree to."""
    frozen = alert.approval
    return {
        "id": alert.id,
        "reference": reference("AL", alert.id),
        "state": alert.state,
        "version": alert.version,
        "source": alert.source,
        "headline": alert.headline,
        "event": alert.event,
        "description": alert.description,
        "instruction": alert.instruction,
        "place": alert.place,
        "status": alert.status,
        "drill": alert.drill,
        "msg_type": alert.msg_type,
        "follows": alert.follows_id,
        "superseded_by": alert.superseded_by_id,
        "scope": alert.scope,
        "category": alert.category,
        "urgency": alert.urgency,
        "severity": alert.severity,
        "certainty": alert.certainty,
        "onset": alert.onset.isoformat() if alert.onset else None,
        "expires": alert.expires.isoformat(),
        "areas": alert.areas,
        "precisions": alert.precisions,
        "texts": alert.bodies(),
        "variants": {
            variant: bodies for variant, bodies in alert.texts_by_variant().items() if variant != alert.main_variant
        },
        "mission_id": alert.mission_id,
        "cap": {
            "identifier": alert.cap_identifier,
            "sender": alert.cap_sender,
            "sent": alert.cap_sent.isoformat() if alert.cap_sent else None,
            "references": alert.cap_references,
            "signature": alert.cap_signature,
            "warnings": alert.cap_warnings,
        }
        if alert.cap_identifier
        else None,
        "author_id": alert.author_id,
        "submitted_by_id": alert.submitted_by_id,
        "approved_by_id": frozen.officer_id if frozen else None,
        "created_at": alert.created_at.isoformat(),
        "submitted_at": alert.submitted_at.isoformat() if alert.submitted_at else None,
        "approved_at": alert.approved_at.isoformat() if alert.approved_at else None,
        "started_at": alert.started_at.isoformat() if alert.started_at else None,
        "finished_at": alert.finished_at.isoformat() if alert.finished_at else None,
        "reason": alert.ended_reason,
        "to_approve": _to_approve(session, alert, settings) if settings is not None else None,
        "approved": {
            "texts": frozen.texts.get(alert.main_variant, {}),
            "variants": frozen.texts,
            "digest": frozen.digest,
            "audience_estimate": frozen.audience_estimate,
        }
        if frozen
        else None,
    }


def _to_approve(session: Session, alert: Alert, settings: Settings) -> dict[str, Any] | None:
    if alert.state != SUBMITTED:
        return None
    try:
        texts = final_texts(session, settings, alert)
    except SeveralFaults:
        return None  # it cannot be approved as it is; the approval names every fault
    return {"version": alert.version, "digest": approval.digest_now(alert, texts), "variants": texts}


def progress_json(session: Session, alert_id: int) -> dict[str, Any]:
    """Return the figures of an alert as the API and the progress page show them."""
    figures = progress(session, alert_id)
    return {
        "alert_id": figures.alert_id,
        "state": figures.state,
        "audience": figures.audience,
        **figures.by_state,
        "failed_by_reason": figures.failed_by_reason,
        "by_country": figures.by_country,
        "excluded": figures.excluded,
        "settled": figures.settled,
        "started_at": figures.started_at.isoformat() if figures.started_at else None,
        "finished_at": figures.finished_at.isoformat() if figures.finished_at else None,
    }
