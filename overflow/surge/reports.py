"""What the provider says about a call to a volunteer, and what follows for the person; ranks decide, doubled words do no harm."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.notices.models import Notice
from hotline.providers.voice import DONE_WORD, NOT_PICKED_UP_WORDS, RINGING_WORDS, STATUS_RANK, TALKING_WORD
from overflow.surge.models import AskedPerson, Callout, CalloutCall
from overflow.surge.moving import get_person, move
from overflow.surge.states import ASKING, CALLING, OPEN_CALLS, PENDING, TALKING, TELEPHONE
from overflow.surge.texting import ask_key

MAX_RINGS = 2
"""A telephone that is busy, or that nobody picks up, is rung once more."""
RING_AGAIN = timedelta(minutes=2)
TALK_MAX = timedelta(minutes=5)
MAX_PLACED = 6
"""Calls to one person in one call-out, also those that the provider did not take."""


def lock_call(session: Session, call_id: int) -> tuple[Callout, AskedPerson, CalloutCall] | None:
    """Return a call with its person and call-out, all locked in that order from the call-out down; None for no call of ours."""
    person_id = session.scalar(select(CalloutCall.person_id).where(CalloutCall.id == call_id))
    if person_id is None:
        return None
    callout, person = get_person(session, person_id)
    row = session.get_one(CalloutCall, call_id, with_for_update=True, populate_existing=True)
    return callout, person, row


def heard(session: Session, services: Services, call_id: int, sid: str, word: str) -> int | None:
    """Take in a word about a call; the call-out's id when something changed. Late, doubled and foreign words change nothing."""
    found = lock_call(session, call_id)
    if found is None:
        return None
    callout, person, row = found
    if row.provider_sid not in (None, sid) or STATUS_RANK[word] <= STATUS_RANK.get(row.word, 0):
        return None
    row.provider_sid, row.word = sid, word
    if row.state not in OPEN_CALLS:
        return None
    now = services.clock.now()
    if word in RINGING_WORDS:
        if row.state in ("placing", "doubt"):
            row.state = TELEPHONE.next_state(row.state, "ring", SYSTEM)
        row.look_at = now + TALK_MAX
    elif word == TALKING_WORD:
        if row.state != TALKING:
            row.state = TELEPHONE.next_state(row.state, "talk", SYSTEM)
        row.look_at = now + TALK_MAX
    else:
        over(session, services, callout, person, row, word)
    return callout.id


def over(
    session: Session, services: Services, callout: Callout, person: AskedPerson, row: CalloutCall, word: str
) -> None:
    """End a call by the provider's last word, and say what follows for whoever has not answered meanwhile."""
    now = services.clock.now()
    row.state, row.word = TELEPHONE.next_state(row.state, "end", SYSTEM), word
    row.ended_at, row.look_at = now, None
    session.flush()
    if person.state != CALLING:
        return
    rings = session.scalar(
        select(func.count())
        .select_from(CalloutCall)
        .where(CalloutCall.person_id == person.id, CalloutCall.word.in_((*NOT_PICKED_UP_WORDS, DONE_WORD)),
               CalloutCall.started_at >= person.asked_at)
    ) or 0  # fmt: skip
    if word in (*NOT_PICKED_UP_WORDS, DONE_WORD):
        if rings < MAX_RINGS and callout.state == ASKING:
            person.call_at = now + RING_AGAIN
        else:
            move(session, services.clock, person, "fall_silent")
    else:
        reached = session.scalar(
            select(Notice.id).where(Notice.dedupe_key == ask_key(person), Notice.state == "delivered")
        )
        if reached is not None:
            move(session, services.clock, person, "fall_silent", reason="dead_number")
        else:
            move(session, services.clock, person, "lose", reason="dead_number")


def not_placed(  # a call with its people
    session: Session, services: Services, callout: Callout, person: AskedPerson, row: CalloutCall, wait_s: float
) -> None:
    """The provider did not take a call, or has none in its record: it is placed anew later, as another call, so often."""
    now = services.clock.now()
    row.state = TELEPHONE.next_state(row.state, "end", SYSTEM)
    row.ended_at, row.look_at = now, None
    session.flush()
    if person.state not in PENDING:
        return
    if person.calls >= MAX_PLACED:
        move(session, services.clock, person, "lose", reason="not_placed")
    else:
        person.call_at = now + timedelta(seconds=wait_s)
