"""Texts from handsets that come over a message centre's link: whole or in parts, durable before they are acknowledged.

They end in the same intake as those of the HTTP provider (`alerts.inbound`). Each part is on the disk before the centre is told
that we have it, and the last one takes the text in within the same transaction. A part that never comes does not keep the rest
from us: after `JOINED_WITHIN` what is there is taken in, with a mark where something is missing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from alerts.inbound import IncomingText, hint, receive, take_in
from alerts.models import TextPart
from hotline.core.clock import Clock
from hotline.core.services import Services
from hotline.providers.smpp.incoming import Joint, LinkText, Piece, body_of, fingerprint

log = structlog.get_logger(__name__)

JOB = "alerts.join_late_texts"
JOINED_WITHIN = timedelta(minutes=10)
KEPT_FOR = timedelta(hours=1)
"""How long parts are kept after their text was taken in, so that one that is delivered again is known."""
MAX_TEXTS_AT_ONCE = 200
MAX_FORGOTTEN_AT_ONCE = 5_000
_TEXTS_LOCK = 0x48_4F_54_0A
"""First key of the advisory locks of long texts; the second is a hash of what tells them apart."""

_Key = tuple[str, str, str, int, int]
"""Provider, sender, recipient, reference and total: what the parts of one text have in common."""


def take(services: Services, provider: str, text: LinkText) -> None:
    """Take a text or a part of one in; returns after the commit. Raises what keeps it from being kept: the centre comes again."""
    if text.joint is None:
        receive(services, _incoming(provider, text, [text.piece]))
        return
    with services.db.transaction() as session:
        topics = _take_part(session, services.clock, provider, text, text.joint)
    hint(services, topics)


def take_what_is_there(services: Services) -> int:
    """Take in long texts of which parts have not come in time, and forget old parts; the job. How many texts."""
    now, taken = services.clock.now(), 0
    with services.db.transaction() as session:
        late = session.execute(
            select(TextPart.provider, TextPart.sender, TextPart.recipient, TextPart.reference, TextPart.total)
            .where(TextPart.joined_at.is_(None), TextPart.received_at <= now - JOINED_WITHIN)
            .distinct()
            .limit(MAX_TEXTS_AT_ONCE)
        ).all()
    for key in late:
        with services.db.transaction() as session:
            _lock(session, key._tuple())
            parts = _parts(session, key._tuple())
            topics: tuple[str, ...] = ()
            if parts and all(part.joined_at is None for part in parts):
                topics = _join(session, services.clock, parts)
                taken += 1
        hint(services, topics)
    with services.db.transaction() as session:
        old = select(TextPart.id).where(TextPart.joined_at.isnot(None), TextPart.received_at < now - KEPT_FOR)
        session.execute(delete(TextPart).where(TextPart.id.in_(old.limit(MAX_FORGOTTEN_AT_ONCE))))
    if taken:
        log.info("texts.joined_without_all_parts", texts=taken)
    return taken


def _take_part(session: Session, clock: Clock, provider: str, text: LinkText, joint: Joint) -> tuple[str, ...]:
    """Keep a part, and take the text in when it is the last one; the live topics to hint at."""
    key = (provider, text.sender, text.recipient, joint.reference, joint.total)
    _lock(session, key)
    parts = _parts(session, key)
    topics: tuple[str, ...] = ()
    same = next((part for part in parts if part.number == joint.number), None)
    if same is not None and (same.coding, same.octets) == tuple(text.piece):
        return topics  # delivered again: the centre did not hear that we have it
    if parts and (same is not None or parts[0].joined_at is not None):
        # The handset has come round to a reference that an earlier text had.
        topics = _join(session, clock, parts) if parts[0].joined_at is None else ()
        session.execute(delete(TextPart).where(TextPart.id.in_([part.id for part in parts])))
        parts = []
    part = TextPart(
        provider=provider, sender=text.sender, recipient=text.recipient, reference=joint.reference, total=joint.total,
        number=joint.number, coding=text.piece.coding, octets=text.piece.octets, received_at=clock.now(),
    )  # fmt: skip
    session.add(part)
    session.flush()
    parts = sorted([*parts, part], key=lambda each: each.number)
    return (*topics, *_join(session, clock, parts)) if len(parts) == joint.total else topics


def _join(session: Session, clock: Clock, parts: Sequence[TextPart]) -> tuple[str, ...]:
    """Take in the text that these parts make, in the order of their numbers."""
    first = parts[0]
    there = {part.number: Piece(part.coding, part.octets) for part in parts}
    text = LinkText(first.sender, first.recipient, there[first.number])
    pieces = [there.get(number) for number in range(1, first.total + 1)]
    topics = take_in(session, clock, _incoming(first.provider, text, pieces))
    ids = [part.id for part in parts]
    session.execute(update(TextPart).where(TextPart.id.in_(ids)).values(joined_at=clock.now()))
    return topics or ()


def _incoming(provider: str, text: LinkText, pieces: Sequence[Piece | None]) -> IncomingText:
    return IncomingText(
        provider_sid=f"{provider}:{secrets.token_hex(16)}",
        sender=text.sender,
        recipient=text.recipient,
        body=body_of(pieces),
        fingerprint=fingerprint(provider, text, [piece for piece in pieces if piece is not None]),
    )


def _parts(session: Session, key: _Key) -> list[TextPart]:
    provider, sender, recipient, reference, total = key
    statement = select(TextPart).where(
        TextPart.provider == provider,
        TextPart.sender == sender,
        TextPart.recipient == recipient,
        TextPart.reference == reference,
        TextPart.total == total,
    )
    return list(session.scalars(statement.order_by(TextPart.number)))


def _lock(session: Session, key: _Key) -> None:
    """Let one text's parts be looked at one after the other, whichever worker's link they come over."""
    session.execute(select(func.pg_advisory_xact_lock(_TEXTS_LOCK, func.hashtext("\n".join(map(str, key))))))
