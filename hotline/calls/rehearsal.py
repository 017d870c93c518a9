"""A practice call at the start of each web process, so that the first real caller meets warm code and open connections.

The first pass through any code costs many times the next ones; a caller would pay for it with seconds of silence. The call is
taken in, led through the menu into the queue and asked about once, in a transaction that is always taken back.
"""

from __future__ import annotations

import os

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hotline.calls import arriving, choosing, waiting
from hotline.calls.choosing import Pressed
from hotline.calls.fields import Ring
from hotline.calls.hands import THREADS, hands
from hotline.calls.menu_store import published
from hotline.core.errors import HotlineError
from hotline.core.services import Services

log = structlog.get_logger(__name__)
AT_ONCE = min(4, THREADS)
"""Several at a time, so that as many connections are open as a process needs at first."""


def rehearse(services: Services) -> None:
    """Begin practice calls in the background; without a database there is nothing to be had, and nothing is said."""
    pool = hands(services)
    for number in range(AT_ONCE):
        pool.later(lambda number=number: practise(services, number))  # type: ignore[misc]  # a default of a lambda


def practise(services: Services, number: int = 0) -> None:
    """Lead one practice call through menu and queue, and leave nothing of it."""
    try:
        with services.db.transaction() as session:
            ring = Ring(f"CA{os.getpid():016x}{number:016x}", "+821000000000", "+820000000000", "")
            reply = arriving.arrive(session, services, ring)
            entry = published(session)[1].entry
            for _ in range(2):  # no key twice leads to a person
                choosing.choose(session, services, Pressed(reply.call_id or 0, entry, "", 1))
            waiting.turn(session, services, reply.call_id or 0, "", 1)
            session.rollback()
    except (SQLAlchemyError, HotlineError) as error:
        log.warning("calls.not_rehearsed", error=type(error).__name__, x=str(error)[:600])
