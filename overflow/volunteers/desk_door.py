"""A volunteer's way to the desk: a code sent to their own number opens a session, and only while there is work for them.

The link in a text opens their own page and shows nothing of callers: it lies in a telephone's messages for weeks. The desk shows
who calls and what is known of them, so it asks for a fresh proof, and closes soon after the work is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.auth import sessions
from hotline.auth.models import Officer
from hotline.auth.sessions import SignedIn
from hotline.core import jobs
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from overflow.volunteers.models import Volunteer
from overflow.volunteers.states import APPROVED

AFTERWARDS = timedelta(minutes=30)
"""Time for the last words after the work: writing up, a note to whoever goes on."""
LONGEST = timedelta(hours=12)
"""No session lasts longer, whatever was agreed; a code opens the next one."""


def duty_until(session: Session, clock: Clock, volunteer: Volunteer) -> datetime | None:
    """Return until when there is work for them at a desk, by what rooms above know of; None when there is none now."""
    asked = [each(session, clock, volunteer.id) for each in jobs.registry().volunteer_duties]
    return max((until for until in asked if until is not None), default=None)


def admit(session: Session, clock: Clock, volunteer: Volunteer, *, address: str, user_agent: str) -> SignedIn:
    """Open a session for a volunteer who has just proved their number; it lasts as long as their work and AFTERWARDS.

    Raises Refused: `not-on-roster` for who is not on the roster, `no-desk-now` while there is no work for them.
    """
    officer = session.get(Officer, volunteer.officer_id) if volunteer.officer_id is not None else None
    if volunteer.state != APPROVED or officer is None or officer.disabled_at is not None:
        raise Refused("Only who is on the roster has a desk.", code="not-on-roster")
    until = duty_until(session, clock, volunteer)
    if until is None:
        raise Refused("Nobody is waited for at the desk now: no call-out and no shift.", code="no-desk-now")
    lifetime = min(until + AFTERWARDS - clock.now(), LONGEST)
    return sessions.open_session(session, clock, officer, address=address, user_agent=user_agent, lifetime=lifetime)


def let_end(session: Session, clock: Clock, volunteer_id: int) -> None:
    """Have their sessions end after AFTERWARDS, unless other work goes on."""
    volunteer = session.get_one(Volunteer, volunteer_id)
    if volunteer.officer_id is not None and duty_until(session, clock, volunteer) is None:
        sessions.shorten(session, clock, volunteer.officer_id, AFTERWARDS)
