"""Texts that people send us: kept as they came, tied to the person and the latest alert they got, obeyed or understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.models import InboundText, Message
from alerts.replies import by_text
from alerts.replies.understanding import understand
from alerts.texts import BLOCKED_WORDS
from hotline.core import audit, jobs, live
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.people.models import Traveller

STOP_WORDS = frozenset(BLOCKED_WORDS)
"""Words after which the provider itself blocks the number (error 21610); we must know the same."""
START_WORDS = frozenset({"START", "UNSTOP"})
"""Words that lift the block again."""
MAX_PAGE = 200
HELP: Final = "help"
MAX_LATELY = 50
_SENDERS_LOCK = 0x48_4F_54_09
"""First key of the advisory locks of handsets; the second is a hash of the number."""
HANDSET = Actor(kind="webhook", id=None, name="handset", via="webhook")


REPEATED_WITHIN = timedelta(minutes=5)
"""A message centre that did not get our acknowledgement comes again within this time; texts over a link have no names."""


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text as the provider handed it over; `provider_sid` names it once and for all.

    `fingerprint` is set where the provider gives texts no names, and then tells a repetition.
    """

    provider_sid: str
    sender: str
    recipient: str
    body: str
    fingerprint: str | None = None


def receive(services: Services, incoming: IncomingText) -> bool:
    """Keep a text durably, tie it to its sender, obey it if it is a stop or start word, else take it for an answer.

    Returns False when it was known already: the provider repeats calls whose answer it did not get.
    """
    with services.db.transaction() as session:
        topics = take_in(session, services.clock, incoming)
    hint(services, topics or ())
    return topics is not None


def hint(services: Services, topics: Iterable[str]) -> None:
    """Tell open pages what changed; after the commit."""
    for topic in dict.fromkeys(topics):
        live.notify(services.redis, topic)


def take_in(session: Session, clock: Clock, incoming: IncomingText) -> tuple[str, ...] | None:
    """Do what `receive` does in the caller's transaction; the live topics to hint at, None when it was known already."""
    echo = _echo(session, clock, incoming) if incoming.fingerprint is not None else Echo.NONE
    kept = None if echo is Echo.REPEATED else _keep(session, clock, incoming)
    if kept is None:
        return None
    if echo is Echo.UNSURE and not _counts_in_doubt(incoming.body):
        topics = by_text.leave_to_a_person(session, kept)
    elif _obey(session, clock, incoming):
        topics = ()
    elif (taken := _taken_elsewhere(session, clock, incoming)) is not None:
        topics = taken
    else:
        topics = by_text.take(session, clock, HANDSET, kept)
    return topics if kept.alert_id is None else (f"alert:{kept.alert_id}", *topics)


def _taken_elsewhere(session: Session, clock: Clock, incoming: IncomingText) -> tuple[str, ...] | None:
    """Offer a text to rooms that asked its sender something; the topics that changed, None where nobody took it.

    They are told when an alert went to this number last: an answer belongs to what was asked last.
    """
    takers = jobs.registry().text_answers
    if not takers:
        return None
    last = session.scalar(select(func.max(Message.sent_at)).where(Message.phone == incoming.sender))
    for take in takers:
        topics = take(session, clock, incoming.sender, incoming.body, last)
        if topics is not None:
            return topics
    return None


class Echo(Enum):
    """What an equal text of the last minutes from the same handset makes of a text that has no name."""

    NONE = "none"
    REPEATED = "repeated"
    """Nothing came between: said again or delivered again, it means the same."""
    UNSURE = "unsure"
    """Something else was said between: delivered again it is old, said again it is what counts now."""


def _echo(session: Session, clock: Clock, incoming: IncomingText) -> Echo:
    # One handset's texts one after the other, whichever worker's link they come over.
    session.execute(select(func.pg_advisory_xact_lock(_SENDERS_LOCK, func.hashtext(incoming.sender))))
    lately = session.scalars(
        select(InboundText.fingerprint)
        .where(InboundText.sender == incoming.sender, InboundText.received_at > clock.now() - REPEATED_WITHIN)
        .order_by(InboundText.id.desc())
        .limit(MAX_LATELY)
    ).all()
    if incoming.fingerprint not in lately:
        return Echo.NONE
    return Echo.REPEATED if lately[0] == incoming.fingerprint else Echo.UNSURE


def _counts_in_doubt(body: str) -> bool:
    """Whether a text that may be an old one delivered again is taken as said now: a call for help is, and so is a stop."""
    return word_of(body) in STOP_WORDS or understand(body) == HELP


def _keep(session: Session, clock: Clock, incoming: IncomingText) -> InboundText | None:
    """Insert the text with its ties, all found by index; None when it was known already."""
    latest = session.execute(
        select(Message.traveller_id, Message.alert_id)
        .where(Message.phone == incoming.sender)
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
    traveller_id = latest.traveller_id if latest else _owner_of(session, incoming.sender)
    alert_id = latest.alert_id if latest else None
    return session.scalar(
        insert(InboundText)
        .values(
            provider_sid=incoming.provider_sid,
            sender=incoming.sender,
            recipient=incoming.recipient,
            body=incoming.body,
            received_at=clock.now(),
            traveller_id=traveller_id,
            alert_id=alert_id,
            fingerprint=incoming.fingerprint,
        )
        .on_conflict_do_nothing(index_elements=[InboundText.provider_sid])
        .returning(InboundText)
    )


def _owner_of(session: Session, phone: str) -> int | None:
    return session.scalar(select(func.min(Traveller.id)).where(Traveller.phone == phone, Traveller.erased_at.is_(None)))


def word_of(body: str) -> str:
    """The text as a provider compares it with its stop words: the whole text, without blanks around it, in capitals."""
    return body.strip().upper()


def _obey(session: Session, clock: Clock, incoming: IncomingText) -> bool:
    """Set or lift the opt-out of everybody who has the number: the provider blocks the number, not the person.

    Returns False, and does nothing, for any other text.
    """
    said = word_of(incoming.body)
    if said in STOP_WORDS:
        action, since = "traveller.opted_out", clock.now()
        condition = Traveller.opted_out_at.is_(None)
    elif said in START_WORDS:
        action, since = "traveller.opted_in", None
        condition = Traveller.opted_out_at.isnot(None)
    else:
        return False
    found = session.scalars(
        select(Traveller.id)
        .where(Traveller.phone == incoming.sender, condition, Traveller.erased_at.is_(None))
        .order_by(Traveller.id)
        .with_for_update()
    ).all()
    session.execute(update(Traveller).where(Traveller.id.in_(found)).values(opted_out_at=since, updated_at=clock.now()))
    for traveller_id in found:
        audit.record(
            session, clock, HANDSET, action, "traveller", traveller_id,
            after={"opted_out": since is not None, "provider_sid": incoming.provider_sid},
        )  # fmt: skip
    return True


def answers(session: Session, alert_id: int, *, limit: int = 50, before: int | None = None) -> Sequence[InboundText]:
    """Texts that came from people who got this alert last, newest first; `before` (an id) continues a page.

    Raises InvalidInput for a page larger than MAX_PAGE.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = select(InboundText).where(InboundText.alert_id == alert_id)
    if before is not None:
        statement = statement.where(InboundText.id < before)
    return session.scalars(statement.order_by(InboundText.id.desc()).limit(limit)).all()
