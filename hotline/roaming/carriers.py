"""Carriers kept: added, given keys, keys ended; and the check of a call's signature against the keys that are good now."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, NotFound
from hotline.core.services import Services
from hotline.roaming.mapping import STYLES
from hotline.roaming.models import Carrier, CarrierKey

OVERLAP = timedelta(days=14)
"""How long the keys before a new one stay good, unless they are ended sooner."""
REMEMBER = timedelta(seconds=5)
ROOM = "roaming_callers"
_CODE = re.compile(r"[a-z0-9]{2,11}")


@dataclass(frozen=True)
class NewKey:
    """A key as it is handed to the carrier, once."""

    key_id: str
    secret: str


def add(session: Session, clock: Clock, actor: Actor, *, code: str, name: str, style: str) -> Carrier:
    """Add a carrier; raises InvalidInput, Conflict when the code is taken."""
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", code, "use 2 to 11 small letters and digits")
    if not 1 <= len(name.strip()) <= 80:
        raise InvalidInput("name", name, "use 1 to 80 characters")
    if style not in STYLES:
        raise InvalidInput("style", style, f"use one of {', '.join(STYLES)}")
    if session.scalar(select(Carrier.id).where(Carrier.code == code)) is not None:
        raise Conflict(f"There is a carrier {code} already.", code="carrier-code-taken")
    carrier = Carrier(code=code, name=name.strip(), style=style, created_at=clock.now())
    session.add(carrier)
    session.flush()
    audit.record(session, clock, actor, "carrier.added", "carrier", carrier.id, after={"code": code, "style": style})
    return carrier


def add_key(session: Session, clock: Clock, actor: Actor, service_key: str, carrier: Carrier) -> NewKey:
    """Give a carrier a new key; the ones before stay good for `OVERLAP`. `service_key` is the installation's secret."""
    if carrier.closed_at is not None:
        raise Conflict(f"The carrier {carrier.code} is switched off.", code="carrier-closed")
    now = clock.now()
    for old in session.scalars(_good_keys(carrier.id, now)):
        old.valid_until = min(old.valid_until or now + OVERLAP, now + OVERLAP)
    key = CarrierKey(
        carrier_id=carrier.id,
        key_id=f"{carrier.code}-{secrets.token_hex(4)}",
        salt=secrets.token_hex(16),
        created_at=now,
    )
    session.add(key)
    session.flush()
    audit.record(
        session, clock, actor, "carrier.key_added", "carrier", carrier.id, after={"key": key.key_id}
    )  # fmt: skip
    return NewKey(key.key_id, secret_of(service_key, key))


def end_key(session: Session, clock: Clock, actor: Actor, key_id: str, *, carrier_id: int | None = None) -> None:
    """End a key at once, for example because it became known to others; raises NotFound, also for another carrier's key.

    A key that has ended already is left as it is.
    """
    key = session.scalar(select(CarrierKey).where(CarrierKey.key_id == key_id).with_for_update())
    if key is None or carrier_id not in (None, key.carrier_id):
        raise NotFound("key", key_id)
    if key.valid_until is not None and key.valid_until <= clock.now():
        return
    key.valid_until = clock.now()
    audit.record(session, clock, actor, "carrier.key_ended", "carrier", key.carrier_id, after={"key": key_id})


def get(session: Session, carrier_id: int, *, lock: bool = False) -> Carrier:
    """Return a carrier, open or closed; raises NotFound."""
    found = select(Carrier).where(Carrier.id == carrier_id)
    carrier = session.scalar(found.with_for_update() if lock else found)
    if carrier is None:
        raise NotFound("carrier", carrier_id)
    return carrier


def set_closed(session: Session, clock: Clock, actor: Actor, carrier_id: int, closed: bool) -> None:
    """Switch a carrier off, so that its calls are refused within `REMEMBER`, or on again; raises NotFound."""
    carrier = get(session, carrier_id, lock=True)
    if closed == (carrier.closed_at is not None):
        return
    carrier.closed_at = clock.now() if closed else None
    action = "carrier.closed" if closed else "carrier.reopened"
    audit.record(session, clock, actor, action, "carrier", carrier.id, after={"code": carrier.code})


def by_code(session: Session, code: str) -> Carrier:
    """Return an open carrier; raises NotFound."""
    carrier = session.scalar(select(Carrier).where(Carrier.code == code, Carrier.closed_at.is_(None)))
    if carrier is None:
        raise NotFound("carrier", code)
    return carrier


def secret_of(service_key: str, key: CarrierKey) -> str:
    """Return the secret of a key: derived, so that a stolen database opens no door."""
    return hmac.new(service_key.encode(), f"carrier-key:{key.key_id}:{key.salt}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """A carrier's good key as a web process remembers it for `REMEMBER`; never in a log."""

    carrier_id: int
    style: str
    secret: str
    valid_until: datetime | None
    read_at: datetime


def caller(services: Services, *, code: str, key_id: str) -> Caller | None:
    """Return the open carrier with this code and key, None when there is none or the key is no longer good.

    Remembered for a few seconds, because a burst is hundreds of calls a second with one key; so a key that is ended is
    refused everywhere within `REMEMBER`.
    """
    now = services.clock.now()
    known: dict[tuple[str, str], Caller] = services.rooms.setdefault(ROOM, {})
    found = known.get((code, key_id))
    if found is None or not timedelta() <= now - found.read_at < REMEMBER:
        found = _read_caller(services, now, code, key_id)
        if found is None:
            known.pop((code, key_id), None)
            return None
        known[code, key_id] = found
    return found if found.valid_until is None or found.valid_until > now else None


def _read_caller(services: Services, now: datetime, code: str, key_id: str) -> Caller | None:
    with services.db.transaction() as session:
        row = session.execute(
            select(Carrier, CarrierKey)
            .join(CarrierKey, CarrierKey.carrier_id == Carrier.id)
            .where(
                Carrier.code == code,
                Carrier.closed_at.is_(None),
                CarrierKey.key_id == key_id,
                or_(CarrierKey.valid_until.is_(None), CarrierKey.valid_until > now),
            )
        ).first()
    if row is None:
        return None
    carrier, key = row._tuple()
    secret = secret_of(services.settings.secret_key.get_secret_value(), key)
    return Caller(carrier.id, carrier.style, secret, key.valid_until, now)


def _good_keys(carrier_id: int, now: datetime) -> Select[tuple[CarrierKey]]:
    return select(CarrierKey).where(
        CarrierKey.carrier_id == carrier_id, or_(CarrierKey.valid_until.is_(None), CarrierKey.valid_until > now)
    )
