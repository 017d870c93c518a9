"""A relative's link `/r/{token}` to one remittance, and a traveller's to the money on their own page.

The token is of `hotline.links`, under keys of its own, and says which remittance and which generation; no row is written for one.
The same remittance always gives the same link, so a text told again carries the same words. It opens until LASTS_AFTER_END
after the remittance ended, unless an officer ended it before.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.cases.person_links import link_for_person
from hotline.cases.persons import get_person
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.links.opening import EndedLink, UnknownLink, count_guess
from hotline.links.tokens import BadToken, OwnLinks, to_minute
from remittance.own_page.models import RelativePage
from remittance.requests import access
from remittance.requests.models import Remittance

LASTS_AFTER_END = timedelta(days=30)
PATH = "/r/"
KIND = "relative of a remittance"
MAX_TOKEN_CHARS = 100
MONEY = "/money"


def relative_link(session: Session, settings: Settings, one: Remittance) -> str:
    """Return the whole address of the relative's page, to be sent to their number and shown to nobody else."""
    token = OwnLinks(settings, KIND).token(one.id, _generation(session, one.id), to_minute(one.requested_at))
    return settings.public_url + PATH + token


def traveller_link(session: Session, clock: Clock, settings: Settings, one: Remittance) -> str:
    """Return the whole address of the traveller's own page of the money, valid as every link of a person to their case."""
    return link_for_person(session, clock, settings, one.person_id, one.case_id) + MONEY


def open_relative_link(session: Session, services: Services, token: str, address: str) -> Remittance:
    """Return the remittance whose relative has this link.

    Raises UnknownLink for one that was never made here, TooMany after many of those from one network address, EndedLink for one
    that an officer ended, whose remittance is over, or where the traveller's allowance to speak with the relative is gone.
    """
    try:
        remittance_id, generation, _minute = OwnLinks(services.settings, KIND).read(token[:MAX_TOKEN_CHARS])
    except BadToken:
        count_guess(services, address)
        raise UnknownLink("There is no such link.") from None
    one = session.get(Remittance, remittance_id)
    if one is None or generation != _generation(session, remittance_id) or one.payer_consent_at is None:
        raise EndedLink("This link has ended.")
    # Of somebody who was erased, or whose name was forgotten, nobody is shown anything any more.
    erased = get_person(session, one.person_id).erased_at is not None or not one.payee_name
    if erased or (one.ended_at is not None and services.clock.now() >= one.ended_at + LASTS_AFTER_END):
        raise EndedLink("This link has ended.")
    return one


def end_relative_links(session: Session, clock: Clock, actor: Actor, remittance_id: int) -> None:
    """End every link that the relative was sent so far; the next text carries a new one. Raises NotFound."""
    one = access.demand(session, actor, remittance_id, lock=True)
    row = session.get(RelativePage, one.id)
    if row is None:
        session.add(RelativePage(remittance_id=one.id, generation=1, ended_at=clock.now()))
    else:
        row.generation, row.ended_at = row.generation + 1, clock.now()
    session.flush()
    audit.record(session, clock, actor, "remittance.link_ended", "remittance", one.id)


def _generation(session: Session, remittance_id: int) -> int:
    row = session.get(RelativePage, remittance_id)
    return row.generation if row is not None else 0
