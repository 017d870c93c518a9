"""Lists of protection: abusive calls as seniors and their own agents see them, and the flags that hold now."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.protection_models import AbuseIncident, NumberFlag
from hotline.cases.states import ASSIGN
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput

SHOWN = 100
INCIDENT_STATES = ("warned", "warned_again", "ended", "upheld", "overturned")
ENDED_STATES = ("ended", "upheld", "overturned")


def incidents(session: Session, reader: Actor, *, state: str = "", ended: bool = False) -> Sequence[AbuseIncident]:
    """Return abusive calls, the latest first, at most SHOWN; `ended` leaves out mere warnings. Raises InvalidInput.

    Whoever may not review sees the calls that were their own.
    """
    if state and state not in INCIDENT_STATES:
        raise InvalidInput("state", state, f"use one of {', '.join(INCIDENT_STATES)}")
    wanted = select(AbuseIncident).order_by(AbuseIncident.id.desc()).limit(SHOWN)
    if state:
        wanted = wanted.where(AbuseIncident.state == state)
    if ended:
        wanted = wanted.where(AbuseIncident.state.in_(ENDED_STATES))
    if not reader.may(ASSIGN):
        wanted = wanted.where(AbuseIncident.officer_id == reader.id)
    return session.scalars(wanted).all()


def flags_now(session: Session, clock: Clock) -> Sequence[NumberFlag]:
    """Return the flags that hold now, the latest first, at most SHOWN."""
    holds = select(NumberFlag).where(
        NumberFlag.lifted_at.is_(None), NumberFlag.until > clock.now(), NumberFlag.phone != ""
    )
    return session.scalars(holds.order_by(NumberFlag.id.desc()).limit(SHOWN)).all()
