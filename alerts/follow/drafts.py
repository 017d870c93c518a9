"""Drafts that follow an alert: from a CAP Update or Cancel, or by an officer's hand from a sent alert's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from alerts.cap.model import CapAlert
from alerts.draft_fields import summary_of_areas
from alerts.follow import chain
from alerts.models import Alert, AlertText
from alerts.reading import get_alert
from alerts.states import ALERT, DRAFT
from alerts.suggestions import LANGUAGES, suggest
from alerts.texts import suggest_texts
from alerts.variants import ALERT as WARNING
from alerts.variants import ALL_CLEAR, LEFT, UPDATE, Texts
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused

KINDS = ("Update", "Cancel")
VALIDITY = timedelta(hours=6)
_UNSAID = {
    "event": "",
    "place": "",
    "category": "Other",
    "urgency": "Unknown",
    "severity": "Unknown",
    "certainty": "Unknown",
}
_COPIED = (
    "headline", "event", "description", "instruction", "place", "names_by_language", "status", "scope", "category",
    "urgency", "severity", "certainty", "onset", "mission_id",
)  # fmt: skip


def follow_cap(session: Session, alert: Alert, cap: CapAlert, origin: chain.Origin) -> None:
    """Tie a draft made of a CAP message to the alert it follows, and fill what the message leaves unsaid from that one.

    The message's remarks say where it follows nothing that is known here; such an Update stays a new alert.
    """
    followed, remarks = chain.find_followed(session, cap, origin)
    alert.cap_warnings = [*remarks, *alert.cap_warnings]
    if followed is None:
        return
    chain.attach(session, alert, followed)
    for name, unsaid in _UNSAID.items():
        if getattr(alert, name) == unsaid:
            setattr(alert, name, getattr(followed, name))
    alert.mission_id = alert.mission_id or followed.mission_id
    if not cap.infos:
        alert.headline = cap.note[:300] or followed.headline


def cap_texts(alert: Alert, cap: CapAlert) -> Texts:
    """Suggest the texts of a draft made of a CAP message, by variant."""
    if alert.follows_id is None:
        return {WARNING: suggest_texts(cap, LANGUAGES, drill=alert.drill)} if cap.infos else {}
    if alert.msg_type == "Cancel":
        if cap.infos:
            return {ALL_CLEAR: suggest_texts(cap, LANGUAGES, drill=alert.drill)}
        return _suggested(alert, ALL_CLEAR)
    if not cap.infos:
        return {}
    # People who had nothing yet get a warning, and only the others an update of it.
    return {
        WARNING: suggest_texts(replace(cap, msg_type="Alert"), LANGUAGES, drill=alert.drill),
        UPDATE: suggest_texts(cap, LANGUAGES, drill=alert.drill),
        **_suggested(alert, LEFT),
    }


def draft_following(
    session: Session, clock: Clock, actor: Actor, followed_id: int, msg_type: str, *, source: str = "hand"
) -> Alert:
    """Draft the update or the all-clear of an alert that has begun to be sent, with everything that stays the same filled in.

    Raises Refused when nothing of the alert was sent, or a later one stands in its place; InvalidInput for another kind.
    """
    ALERT.next_state(DRAFT, "edit", actor)
    if msg_type not in KINDS:
        raise InvalidInput("msg_type", msg_type, f"use {' or '.join(KINDS)}")
    if actor.id is None:
        raise Refused("Only a named officer can draft an alert.", code="nameless")
    followed = get_alert(session, followed_id, lock=True)
    _check_can_be_followed(followed)
    now = clock.now()
    alert = Alert(
        state=DRAFT, source=source, msg_type=msg_type, author_id=actor.id, created_at=now, updated_at=now,
        expires=max(now + VALIDITY, followed.expires if msg_type == "Update" else now),
        areas=followed.areas if msg_type == "Update" else [],
        **{name: getattr(followed, name) for name in _COPIED},
    )  # fmt: skip
    if msg_type == "Cancel" or (alert.onset is not None and alert.onset < now):
        alert.onset = None  # its text says when it was written, not when the danger began
    chain.attach(session, alert, followed)
    texts = _suggested(alert, ALL_CLEAR) if msg_type == "Cancel" else {WARNING: followed.bodies(WARNING)}
    if msg_type == "Update":
        texts |= _suggested(alert, UPDATE) | _suggested(alert, LEFT)
    write_texts(alert, texts)
    alert.fresh = True
    session.add(alert)
    session.flush()
    audit.record(
        session, clock, actor, "alert.drafted", "alert", alert.id,
        after={"source": source, "follows": followed.id, "msg_type": msg_type, "areas": summary_of_areas(alert.areas)},
    )  # fmt: skip
    return alert


def write_texts(alert: Alert, texts: Texts) -> None:
    """Set the texts of a draft."""
    alert.texts = [
        AlertText(variant=variant, language=language, body=body)
        for variant, bodies in texts.items()
        for language, body in bodies.items()
    ]


def can_be_followed(alert: Alert) -> bool:
    """Say whether an update or an all-clear of this alert can be drafted."""
    return alert.started_at is not None and alert.superseded_by_id is None and alert.msg_type != "Cancel"


def _check_can_be_followed(followed: Alert) -> None:
    if followed.superseded_by_id is not None:
        raise Refused(
            "A later alert stands in its place; follow that one.",
            code="superseded",
            params={"alert": followed.superseded_by_id},
        )
    if not can_be_followed(followed):
        raise Refused("Nothing of this alert was sent; there is nothing to follow up.", code="not-sent")


def _suggested(alert: Alert, variant: str) -> Texts:
    return {variant: {language: suggest(alert, variant, language) for language in LANGUAGES}}
