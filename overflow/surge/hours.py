"""Minutes that somebody was on duty for a call-out, out of their changes of presence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import PresenceChange
from hotline.agents.states import ON_DUTY
from overflow.surge.models import AskedPerson

MAX_CHANGES = 20_000


def on_duty(session: Session, person: AskedPerson, until: datetime) -> int:
    """Return whole minutes ready or with a call, from their first being ready up to the aware moment `until`."""
    if person.ready_at is None:
        return 0
    before = session.scalar(
        select(PresenceChange.after)
        .where(PresenceChange.agent_id == person.agent_id, PresenceChange.at <= person.ready_at)
        .order_by(PresenceChange.at.desc(), PresenceChange.id.desc())
        .limit(1)
    )
    changes = session.execute(
        select(PresenceChange.at, PresenceChange.after)
        .where(
            PresenceChange.agent_id == person.agent_id, PresenceChange.at > person.ready_at, PresenceChange.at <= until
        )
        .order_by(PresenceChange.at, PresenceChange.id)
        .limit(MAX_CHANGES)
    ).tuples()  # fmt: skip
    return _minutes(person.ready_at, before or "", list(changes), until)


def _minutes(since: datetime, state: str, changes: list[tuple[datetime, str]], until: datetime) -> int:
    """Add up the spans in which somebody was on duty; pure."""
    seconds, at = 0.0, since
    for moment, after in [*changes, (until, "")]:
        if state in ON_DUTY:
            seconds += (moment - at).total_seconds()
        at, state = moment, after
    return int(seconds // 60)
