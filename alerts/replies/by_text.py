"""Answers by text, where a route carries them: understood where no doubt is possible, shown to a person where it is."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import InboundText, Message
from alerts.replies.models import UnclearText
from alerts.replies.recording import OUTSIDE_ANY_ALERT, STATUSES, Recorded, Said, record_answer
from alerts.replies.understanding import understand
from hotline.cases.states import WORK
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, Refused
from hotline.links.tokens import LIFETIME

log = structlog.get_logger(__name__)

NOTHING = "nothing"
MAX_UNCLEAR = 50


def take(session: Session, clock: Clock, actor: Actor, kept: InboundText) -> tuple[str, ...]:
    """Take a text that has just been kept for an answer; the live topics to hint at.

    What no rule understands, and what cannot be tied to a person or to an alert of the last weeks, waits for a person. So
    does an answer that the person's page would refuse: the text itself is kept in any case.
    """
    meaning = understand(kept.body)
    if meaning is not None and kept.traveller_id is not None and _is_recent(session, clock, kept):
        said = Said(
            traveller_id=kept.traveller_id, alert_id=kept.alert_id, status=meaning, channel="sms", key=f"text:{kept.id}"
        )
        try:
            with session.begin_nested():
                return record_answer(session, clock, actor, said).topics
        except HotlineError as refusal:
            log.info("replies.text_not_taken", text=kept.id, why=refusal.code)
    return leave_to_a_person(session, kept)


def leave_to_a_person(session: Session, kept: InboundText) -> tuple[str, ...]:
    """Let a text that has just been kept wait for somebody who reads it; the live topics to hint at."""
    session.add(UnclearText(inbound_text_id=kept.id, alert_id=kept.alert_id or OUTSIDE_ANY_ALERT))
    return ("cases",)


def unclear(session: Session, alert_id: int, *, limit: int = MAX_UNCLEAR) -> Sequence[InboundText]:
    """Return the texts that wait for a person, the oldest first; `alert_id` 0 for those that belong to no alert."""
    return session.scalars(
        select(InboundText)
        .join(UnclearText, UnclearText.inbound_text_id == InboundText.id)
        .where(UnclearText.alert_id == alert_id)
        .order_by(InboundText.id)
        .limit(limit)
    ).all()


def settle(session: Session, clock: Clock, actor: Actor, inbound_text_id: int, meaning: str) -> Recorded | None:
    """Say what a text meant: `safe`, `help`, or `nothing` of both. The answer counts as said when the text came.

    Raises Forbidden, InvalidInput, NotFound when somebody else has read it meanwhile, and Refused where a text that nobody
    is known to have written cannot be anybody's answer.
    """
    if not actor.may(WORK):
        raise Forbidden(f"Reading texts needs the permission {WORK}.")
    if meaning not in (*STATUSES, NOTHING):
        raise InvalidInput("meaning", meaning, "use safe, help or nothing")
    waiting = session.get(UnclearText, inbound_text_id, with_for_update=True)
    if waiting is None:
        raise NotFound("unread text", inbound_text_id)
    text = session.get_one(InboundText, inbound_text_id)
    session.delete(waiting)
    recorded = None
    if meaning != NOTHING:
        if text.traveller_id is None:
            raise Refused("Nobody is known to have this number; call it.", code="nobody-known")
        said = Said(
            traveller_id=text.traveller_id, alert_id=text.alert_id, status=meaning, channel="sms",
            key=f"text:{text.id}", said_at=text.received_at,
        )  # fmt: skip
        recorded = record_answer(session, clock, actor, said)
    audit.record(session, clock, actor, "text.read", "inbound_text", text.id, after={"meaning": meaning})
    return recorded


def _is_recent(session: Session, clock: Clock, kept: InboundText) -> bool:
    """Whether the alert that the text is tied to was sent within the life of its links; "1" to an old one means nothing."""
    if kept.alert_id is None:
        return False
    sent_at = session.scalar(
        select(Message.sent_at).where(Message.alert_id == kept.alert_id, Message.phone == kept.sender)
    )
    return sent_at is None or clock.now() - sent_at <= LIFETIME
