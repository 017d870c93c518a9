"""Answers by text, where the route carries them: one of three digits or a plain word, never one that providers block.

A text is taken for an answer only while its sender is asked in a call-out, and only within hours of the question; everything else
goes on to where texts are understood otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import Refused
from hotline.core.services import current
from overflow.surge import answering
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.moving import topic_of
from overflow.surge.states import ASKED, CALLING, DROPPED, IN_TWO_HOURS, NO, NOW, OVER, SILENT, UNREACHABLE
from overflow.volunteers.models import Volunteer

WITHIN = timedelta(hours=6)
MAX_CHARS = 40
_WORDS = {
    NOW: (
        "1",
        "1번",
        "yes",
        "y",
        "now",
        "ok",
        "okay",
        "네",
        "예",
        "응",
        "가능",
        "가능합니다",
        "지금",
        "지금 가능",
        "지금 가능합니다",
    ),
    IN_TWO_HOURS: (
        "2",
        "2번",
        "later",
        "in 2 hours",
        "in two hours",
        "2시간",
        "두시간",
        "2시간 뒤",
        "두 시간 뒤",
        "나중에",
    ),
    NO: ("3", "3번", "no", "n", "sorry", "아니요", "아니오", "불가", "불가능", "어렵습니다", "못갑니다", "못 갑니다"),
}
_MEANINGS = {word: meaning for meaning, words in _WORDS.items() for word in words}
_WAITING = (ASKED, CALLING, SILENT, UNREACHABLE, DROPPED)


def understand(body: str) -> str | None:
    """Return which answer a text is, None for none; pure."""
    if len(body) > MAX_CHARS:
        return None
    return _MEANINGS.get(" ".join(body.strip().strip(".!,~").casefold().split()))


def take(session: Session, clock: Clock, sender: str, body: str, alerted_at: datetime | None) -> tuple[str, ...] | None:
    """Take a text for an answer; the live topics that changed, None where it is none.

    `alerted_at` is when an alert was sent to that number last: after our own question the text may be an answer to it.
    """
    meaning = understand(body)
    if meaning is None:
        return None
    found = session.execute(
        select(AskedPerson.id, AskedPerson.callout_id)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .join(Volunteer, Volunteer.id == AskedPerson.volunteer_id)
        .where(
            # The number that they hold now, which our texts go to; not the one that they were asked by.
            Volunteer.phone == sender, Volunteer.phone != "", AskedPerson.state.in_(_WAITING), Callout.state.not_in(OVER),
            AskedPerson.asked_at > max(clock.now() - WITHIN, alerted_at or clock.now() - WITHIN),
        )
        .order_by(AskedPerson.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    if found is None:
        return None
    try:
        answering.answer(session, current(), found.id, meaning, "text")
    except Refused:
        return None  # no volunteer any more: the text belongs to whoever reads what people send
    return (topic_of(found.callout_id),)
