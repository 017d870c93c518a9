"""Opening a link, ending a person's links, and slowing down whoever tries addresses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import HotlineError, TooMany
from hotline.core.services import Services
from hotline.links.models import LinkRevocation
from hotline.links.tokens import BadToken, Claims, LinkMaker, PersonClaims
from hotline.people import travellers
from hotline.people.models import Traveller

GUESSES_ALLOWED = 20
GUESS_WINDOW_S = 600
"""Wrong addresses per network address. Right ones always open: many travellers share one address behind a carrier."""


class UnknownLink(HotlineError):
    """No link has this address."""

    status, slug = 404, "unknown-link"


class EndedLink(HotlineError):
    """The link was ours and has ended, was revoked, or its person was erased."""

    status, slug = 410, "ended-link"


@dataclass(frozen=True)
class Opened:
    """Whose link it is, which alert it came with (None for none), and until when it opens (aware UTC)."""

    traveller: Traveller
    alert_id: int | None
    issued_at: datetime
    ends_at: datetime


def read_token(services: Services, token: str, address: str) -> Claims:
    """Return what a token says without asking the database; raises UnknownLink, or TooMany after many wrong ones."""
    try:
        return LinkMaker.of(services.settings).read(token)
    except BadToken:
        count_guess(services, address)
        raise UnknownLink("There is no such link.") from None


def read_link(services: Services, token: str, address: str) -> Claims | PersonClaims:
    """Do as `read_token` does for a token of either kind."""
    try:
        return LinkMaker.of(services.settings).read_any(token)
    except BadToken:
        count_guess(services, address)
        raise UnknownLink("There is no such link.") from None


def open_link(session: Session, clock: Clock, claims: Claims) -> Opened:
    """Return the person behind a valid token; raises EndedLink."""
    traveller = session.get(Traveller, claims.traveller_id)
    revoked = session.get(LinkRevocation, claims.traveller_id)
    over = clock.now() >= claims.ends_at or (revoked is not None and claims.issued_at <= revoked.revoked_at)
    if traveller is None or traveller.erased_at is not None or over:
        raise EndedLink("This link has ended.")
    return Opened(traveller, claims.alert_id, claims.issued_at, claims.ends_at)


def revoke_links(session: Session, clock: Clock, actor: Actor, traveller_id: int) -> None:
    """End every link that the person has been sent so far; raises NotFound."""
    travellers.get(session, traveller_id, lock=True)
    row = session.get(LinkRevocation, traveller_id)
    if row is None:
        session.add(LinkRevocation(traveller_id=traveller_id, revoked_at=clock.now()))
    else:
        row.revoked_at = max(row.revoked_at, clock.now())
    audit.record(session, clock, actor, "traveller.links_ended", "traveller", traveller_id)


def count_guess(services: Services, address: str) -> None:
    """Count a wrong token from a network address; raises TooMany after many.

    Without Redis nobody is slowed down, and the signature alone keeps the door.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:24]
    key = f"link-guesses:{name}:{int(services.clock.now().timestamp()) // GUESS_WINDOW_S}"
    try:
        count = services.redis.incr(key)
        services.redis.expire(key, GUESS_WINDOW_S)
    except RedisError:
        return
    if isinstance(count, int) and count > GUESSES_ALLOWED:
        raise TooMany("Too many wrong links were tried from this network. Wait ten minutes.", GUESS_WINDOW_S)
