"""Exchanges' keys: given, rotated and ended; the secret is shown once and derived ever after."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, NotFound, Refused
from hotline.missions.models import Mission
from overflow.forwarding.models import ExchangeKey

OVERLAP = timedelta(days=14)
"""How long the keys before a new one stay good, unless they are ended sooner."""
KNOWN_AFTER_END = timedelta(days=90)
"""So long an ended key is told that it has ended; later it is a stranger's."""
MAX_GOOD_KEYS = 8


@dataclass(frozen=True)
class NewKey:
    """A key as it is handed to the exchange's technician, once."""

    key_id: str
    secret: str


def add(session: Session, clock: Clock, actor: Actor, service_key: str, mission_id: int) -> NewKey:
    """Give a mission's exchange a new key; the ones before stay good for `OVERLAP`.

    Raises NotFound, Conflict for a closed mission, Refused beyond MAX_GOOD_KEYS good ones.
    """
    mission = session.get(Mission, mission_id, with_for_update=True)
    if mission is None:
        raise NotFound("mission", mission_id)
    if mission.closed_at is not None:
        raise Conflict(f"The mission {mission.code} is closed.", code="mission-closed")
    now = clock.now()
    good = good_keys(session, mission_id, now)
    if len(good) >= MAX_GOOD_KEYS:
        raise Refused(f"The mission has {len(good)} good keys; end some first.", code="too-many-keys")
    for old in good:
        old.valid_until = min(old.valid_until or now + OVERLAP, now + OVERLAP)
    key = ExchangeKey(
        mission_id=mission_id,
        key_id=f"{mission.code}-{secrets.token_hex(4)}",
        salt=secrets.token_hex(16),
        created_at=now,
    )
    session.add(key)
    session.flush()
    audit.record(session, clock, actor, "exchange.key_added", "mission", mission_id, after={"key": key.key_id})
    return NewKey(key.key_id, secret_of(service_key, key.key_id, key.salt))


def end(session: Session, clock: Clock, actor: Actor, mission_id: int, key_id: str) -> None:
    """End a key at once; raises NotFound, also for another mission's. One that has ended already is left as it is."""
    key = session.scalar(
        select(ExchangeKey).where(ExchangeKey.key_id == key_id, ExchangeKey.mission_id == mission_id).with_for_update()
    )
    if key is None:
        raise NotFound("key", key_id)
    if key.valid_until is not None and key.valid_until <= clock.now():
        return
    key.valid_until = clock.now()
    audit.record(session, clock, actor, "exchange.key_ended", "mission", mission_id, after={"key": key_id})


def good_keys(session: Session, mission_id: int, now: datetime) -> list[ExchangeKey]:
    """Return the keys that are good now, the newest first."""
    return list(
        session.scalars(
            select(ExchangeKey)
            .where(
                ExchangeKey.mission_id == mission_id,
                or_(ExchangeKey.valid_until.is_(None), ExchangeKey.valid_until > now),
            )
            .order_by(ExchangeKey.id.desc())
        )
    )


def all_keys(session: Session, mission_id: int) -> list[ExchangeKey]:
    """Return every key of a mission, the newest first."""
    found = select(ExchangeKey).where(ExchangeKey.mission_id == mission_id).order_by(ExchangeKey.id.desc())
    return list(session.scalars(found))


def secret_of(service_key: str, key_id: str, salt: str) -> str:
    """Return the secret of a key: derived, so that a stolen database opens no door."""
    return hmac.new(service_key.encode(), f"exchange-key:{key_id}:{salt}".encode(), hashlib.sha256).hexdigest()


def token_of(service_key: str, mission_id: int, name: str, content_hash: str) -> str:
    """Return the one-time token of a call: the same for a repetition, guessed by nobody."""
    told = f"overflow-context:{mission_id}:{content_hash}:{name}".encode()
    return hmac.new(service_key.encode(), told, hashlib.sha256).hexdigest()[:40]


def token_hash(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
