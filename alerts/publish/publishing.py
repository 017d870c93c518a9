"""From a fact in the outbox to a published document, once: composed, validated by schema and meaning, signed, stored.

Handlers run at least once and in any order. The alert's row is locked while a document of it is made, so that "sent" and
"stopped" are seen one after the other, and unique constraints keep a fact that is told twice from making two documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.cap.model import CapAlert
from alerts.cap.publishable import faults_of_meaning
from alerts.cap.schema import schema_faults
from alerts.cap.sign import sign_cap
from alerts.cap.write import write_cap
from alerts.materialise import why_not
from alerts.models import Alert, Approval
from alerts.publish.compose import Agreed, Earlier, Publisher, compose, compose_stop
from alerts.publish.models import CapDocument
from alerts.states import CANCELLED
from alerts.variants import ALL_CLEAR, CORRECTION
from alerts.wording import without_link
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.keypair import KeyPairFault, load_key_pair
from hotline.core.phone import readable
from hotline.core.services import Services
from hotline.links.tokens import BLANK_TOKEN, PATH
from hotline.missions.models import Mission

log = structlog.get_logger(__name__)

MAX_CHAIN = 100
"""Messages that one document refers to; a warning that is updated more often names the latest ones."""


class NotPublishable(Exception):
    """A document of ours failed its own checks; the outbox keeps the fact, parks it in the end, and shows why."""


def on_dispatched(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AlertDispatched`: publish what has begun to be sent."""
    with services.db.transaction() as session:
        alert = _locked(session, int(payload["alert_id"]))
        if alert is not None and alert.approval is not None and is_public(alert) and alert.state != CANCELLED:
            _announce(session, services.clock, services.settings, alert, alert.approval)


def on_cancelled(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AlertCancelled`: withdraw what was published; nothing when the alert never was."""
    with services.db.transaction() as session:
        alert = _locked(session, int(payload["alert_id"]))
        if alert is None or alert.state != CANCELLED:
            return
        own = documents_of(session, [alert.id])
        if own and not any(each.msg_type == "Cancel" for each in own):
            earlier = documents_of(session, [*_chain_before(session, alert), alert.id])
            cap = compose_stop(alert.id, publisher_of(services.settings), services.clock.now(), _earlier(earlier))
            _publish(session, services.clock, services.settings, cap, alert, earlier)


def is_public(alert: Alert) -> bool:
    """Whether everybody may read it: a real warning for the public whose source said nothing else."""
    return not alert.drill and alert.cap_status in (None, "Actual") and alert.scope == "Public"


def publisher_of(settings: Settings) -> Publisher:
    """Return who publishes here; without a configured name the public host stands in, which is unique as CAP asks."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    return Publisher(settings.cap_sender or f"alerts@{host}", settings.home_zone)


def documents_of(session: Session, alert_ids: list[int]) -> list[CapDocument]:
    """Return what was published about some alerts, oldest first."""
    found = session.scalars(
        select(CapDocument).where(CapDocument.alert_id.in_(alert_ids)).order_by(CapDocument.id.desc()).limit(MAX_CHAIN)
    ).all()
    return list(reversed(found))


def _locked(session: Session, alert_id: int) -> Alert | None:
    """Return an alert with its row, and that of its chain's first alert, locked: documents of a chain are made in turn."""
    root = session.scalar(select(func.coalesce(Alert.chain_id, Alert.id)).where(Alert.id == alert_id))
    for each in sorted({root or alert_id, alert_id}):
        session.execute(select(Alert.id).where(Alert.id == each).with_for_update(key_share=True))
    return session.get(Alert, alert_id)


def _announce(session: Session, clock: Clock, settings: Settings, alert: Alert, approval: Approval) -> None:
    if documents_of(session, [alert.id]) or _overtaken(session, alert):
        return
    if approval.expires <= clock.now():
        log.warning("cap.too_late", alert_id=alert.id)  # the fact waited longer than the warning lasted
        return
    earlier = documents_of(session, _chain_before(session, alert))
    if alert.msg_type == "Cancel" and not earlier:
        return  # what it ends was never public
    msg_type = alert.msg_type if earlier and alert.msg_type in ("Update", "Cancel") else "Alert"
    reason = why_not(alert)
    if reason is not None:
        raise NotPublishable(reason)
    mission = session.get(Mission, alert.mission_id) if alert.mission_id else None
    agreed = _agreed(settings, alert, approval, msg_type, mission)
    cap = compose(agreed, publisher_of(settings), clock.now(), _earlier(earlier))
    _publish(session, clock, settings, cap, alert, earlier)


def _overtaken(session: Session, alert: Alert) -> bool:
    """Whether a later alert of the chain is public already: what comes late must not stand above what replaced it."""
    root = alert.chain_id or alert.id
    later = (
        select(CapDocument.id)
        .join(Alert, Alert.id == CapDocument.alert_id)
        .where(Alert.chain_id == root, Alert.id > alert.id)
    )
    return session.scalar(later.limit(1)) is not None


def _chain_before(session: Session, alert: Alert) -> list[int]:
    """Return the ids of the alerts that this one follows, oldest first; a document replaces all that came before it."""
    if alert.chain_id is None:
        return []
    in_chain = (Alert.id == alert.chain_id) | (Alert.chain_id == alert.chain_id)
    found = select(Alert.id).where(in_chain, Alert.id < alert.id).order_by(Alert.id).limit(MAX_CHAIN)
    return list(session.scalars(found))


def _public_texts(alert: Alert, approval: Approval) -> dict[str, str]:
    """Return what everybody reads, by language: the warning or the all-clear, and of a correction the correction."""
    for variant in (alert.main_variant, CORRECTION):
        texts: dict[str, str] = approval.texts.get(variant, {})
        if texts:
            return {language: without_link(text, PATH + BLANK_TOKEN) for language, text in texts.items()}
    return {}


def _agreed(settings: Settings, alert: Alert, approval: Approval, msg_type: str, mission: Mission | None) -> Agreed:
    phones = [readable(settings.hotline_number), *([readable(mission.emergency_phone)] if mission else [])]
    own_names = {"place": alert.place, "event": alert.event}
    names = {language: dict(found) for language, found in (alert.names_by_language or {}).items()}
    names["en"] = own_names | {name: word for name, word in names.get("en", {}).items() if word}
    return Agreed(
        alert_id=alert.id,
        msg_type=msg_type,
        category=alert.category,
        urgency=alert.urgency,
        severity=alert.severity,
        certainty=alert.certainty,
        onset=alert.onset,
        expires=approval.expires,
        texts=_public_texts(alert, approval),
        names=names,
        areas=approval.areas,
        contact=", ".join(phones),
        all_clear=msg_type == "Cancel" and alert.main_variant == ALL_CLEAR,
    )


def _earlier(documents: list[CapDocument]) -> list[Earlier]:
    return [Earlier(each.sender, each.identifier, each.sent) for each in documents]


def _publish(
    session: Session, clock: Clock, settings: Settings, cap: CapAlert, alert: Alert, earlier: list[CapDocument]
) -> None:
    """Check, sign and store one document; raises NotPublishable with every reason."""
    body = write_cap(cap)
    known = {(each.sender, each.identifier, each.sent) for each in earlier}
    faults = [*schema_faults(body), *faults_of_meaning(cap, now=clock.now(), known=known)]
    if faults:
        raise NotPublishable("; ".join(faults)[:1500])
    body, signed_by = _signed(body, settings, clock)
    first = cap.infos[0] if cap.infos else None
    row = CapDocument(
        alert_id=alert.id,
        msg_type=cap.msg_type,
        identifier=cap.identifier,
        sender=cap.sender,
        sent=cap.sent,
        expires=first.expires if first else None,
        title=first.headline if first else earlier[-1].title,
        summary=first.description if first else cap.note,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        signed_by=signed_by,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, clock, SYSTEM, "alert.published", "alert", alert.id,
        after={"identifier": row.identifier, "msg_type": row.msg_type, "sha256": row.sha256, "signed_by": signed_by},
    )  # fmt: skip


def _signed(body: bytes, settings: Settings, clock: Clock) -> tuple[bytes, str | None]:
    """Sign where a key is configured; a key that cannot be used must not keep a warning from the public."""
    try:
        pair = load_key_pair(settings.cap_key_file, settings.cap_certificate_file, clock.now())
    except KeyPairFault as fault:
        log.error("cap.unsigned", reason=str(fault))  # noqa: TRY400 - the fault is the administrator's, no trace helps
        return body, None
    if pair is None:
        return body, None
    signed = sign_cap(body, pair)
    faults = schema_faults(signed)
    if faults:
        raise NotPublishable("; ".join(faults)[:1500])
    return signed, pair.fingerprint
