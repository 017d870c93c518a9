"""A volunteer's own page `/v/{token}`: who has the link is the volunteer, because it was sent to their number only.

Tokens are those of `hotline.links`, under keys of this kind of people; no row is written for one. The second of issue goes along,
so that a link sent right after all earlier ones were ended opens.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import g, has_request_context, request
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound
from hotline.core.services import Services
from hotline.links.opening import count_guess
from hotline.links.tokens import BadToken, OwnLinks, to_minute
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.states import LEFT, REFUSED

LIFETIME = timedelta(days=30)
PATH = "/v/"
KIND = "volunteer"
MAX_TOKEN_CHARS = 100


class NoSuchLink(NotFound):
    """No volunteer's page opens by this link: it was never one, has ended, or its person left. It never names the token."""

    def __init__(self, code: str) -> None:
        super().__init__("volunteer's page", "at this address")
        self.code = code


def token_for(services: Services, volunteer_id: int) -> str:
    """Return a token that is valid from now on for LIFETIME; asks neither database nor Redis."""
    now = services.clock.now()
    return OwnLinks(services.settings, KIND).token(volunteer_id, now.second, to_minute(now))


def link_for(services: Services, volunteer_id: int) -> str:
    """Return the whole address of a volunteer's own page, to be sent to their number and shown to nobody else."""
    return services.settings.public_url + PATH + token_for(services, volunteer_id)


def volunteer_of(session: Session, services: Services, token: str) -> Volunteer:
    """Return whose page a token opens, and have this request speak their language and tell times of their zone.

    Raises NotFound (`unknown-volunteer-link`, `ended-volunteer-link`), and TooMany after many wrong ones from one network.
    Inside a request the token is kept as `g.volunteer_token`, for forms that other rooms show on the page.
    """
    try:
        volunteer_id, second, minute = OwnLinks(services.settings, KIND).read(token[:MAX_TOKEN_CHARS])
    except BadToken:
        count_guess(services, (request.remote_addr or "") if has_request_context() else "")
        raise NoSuchLink("unknown-volunteer-link") from None
    volunteer = session.get(Volunteer, volunteer_id)
    if volunteer is None or not _opens(volunteer, minute + timedelta(seconds=second), services.clock.now()):
        raise NoSuchLink("ended-volunteer-link")
    if has_request_context():
        g.volunteer_token, g.volunteer_id = token, volunteer.id
        g.reader_language, g.reader_zone = volunteer.speaks, volunteer.zone
    return volunteer


def _opens(volunteer: Volunteer, issued_at: datetime, now: datetime) -> bool:
    if volunteer.state in (LEFT, REFUSED) or volunteer.erased_at is not None or now >= issued_at + LIFETIME:
        return False
    return volunteer.links_ended_at is None or issued_at > volunteer.links_ended_at


def end_links(session: Session, clock: Clock, actor: Actor, volunteer_id: int) -> None:
    """End every link that they have been sent so far, for a phone that was lost; raises NotFound."""
    volunteer = get(session, volunteer_id, lock=True)
    volunteer.links_ended_at = clock.now().replace(microsecond=0)
    audit.record(session, clock, actor, "volunteer.links_ended", "volunteer", volunteer_id)
