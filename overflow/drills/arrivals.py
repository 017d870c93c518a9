"""An arriving call is looked at: is it a test of ours that came home, and did it come to the right mission in time?

A test is known only by the number of ours that it was placed from, shown by the carrier or, with the call's own token, announced
by the exchange. A person who calls the same line at the same moment shows another number or none: never taken for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.calls import arriving, meaning
from hotline.calls.fields import Ring
from hotline.calls.models import Call, CallLine
from hotline.core.actor import SYSTEM
from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionLine
from overflow.drills import settling
from overflow.drills.models import LineTest
from overflow.drills.placing import ARRIVE_WITHIN, CONFIRM_WITHIN
from overflow.drills.states import (
    ANSWERED_ELSEWHERE,
    DOUBT,
    FAILED,
    LATE,
    NOT_ARRIVED,
    PLACING,
    RINGING,
    TEST,
    WRONG_GREETING,
    WRONG_MISSION,
)

log = structlog.get_logger(__name__)

Recognise = Callable[[Session, Services, IncomingCall], Recognised | None]
LATE_REACH = timedelta(minutes=10)
"""A test that comes in so long after it was placed is still ours, and takes nobody's time."""
MAX_CANDIDATES = 40
_ANNOUNCED = """
SELECT f.caller FROM forwarded_calls c JOIN forwardings f ON f.id = c.forwarding_id WHERE c.call_id = :call AND c.how = 'token'
"""
_OTHER_LEG = """
SELECT EXISTS (SELECT FROM call_legs WHERE state IN ('placing', 'doubt', 'ringing', 'answered')
                  AND sender = :sender AND "to" = ANY(:numbers))
"""


class _Candidate(NamedTuple):
    test: LineTest
    line: MissionLine


def around(inner: Recognise | None) -> Recognise:
    """Return the recognition of calls with the look for tests after `inner`, which tells whose call it is as for anybody."""

    def recognise(session: Session, services: Services, call: IncomingCall) -> Recognised | None:
        known = inner(session, services, call) if inner is not None else None
        mission_id = known.mission_id if known is not None else _by_numbers(session, call)
        if claim(session, services, call, mission_id):
            return Recognised(mission_id, test=True)
        return known

    return recognise


def _by_numbers(session: Session, call: IncomingCall) -> int | None:
    """Return the mission that the call is answered as when nobody recognised it, in the way calls themselves find it."""
    line = session.scalar(select(CallLine).where(CallLine.number == call.called))
    found = meaning.mission_of(session, line, Ring("", call.phone, call.called, call.forwarded_from))
    return found.id if found is not None else None


def claim(session: Session, services: Services, call: IncomingCall, mission_id: int | None) -> bool:
    """Say whether a call is a test of ours, and settle it, once: it has arrived, at the wrong mission, or too late."""
    candidates = _candidates(session, services, call)
    if not candidates:
        return False
    found, how = _choose(candidates, call, mission_id)
    if found is None:
        log.warning("drills.ambiguous_arrival", call_id=call.call_id, tests=len(candidates))
        return True  # ours in any case; each of the tests is judged by what else is heard of it
    test, now = found.test, services.clock.now()
    test.arrived_at, test.arrived_call_id, test.recognised_how, test.greeted_mission_id = (
        now,
        call.call_id,
        how,
        mission_id,
    )
    if test.state == FAILED:
        test.reason = LATE
        return True
    test.state, test.due_at = TEST.next_state(test.state, "arrive", SYSTEM), now + CONFIRM_WITHIN
    assert test.placed_at is not None, "whatever is under way was placed"
    if mission_id != found.line.mission_id:
        settling.failed(session, services, test, WRONG_MISSION)
    elif now > test.placed_at + ARRIVE_WITHIN:
        settling.failed(session, services, test, LATE)
    elif not _names(session, call.call_id, mission_id):
        settling.failed(session, services, test, WRONG_GREETING)
    else:
        settling.heard_of_our_end(session, services, test)
    return True


def _candidates(session: Session, services: Services, call: IncomingCall) -> list[_Candidate]:
    """Return tests that this call may be, locked: under way, or given up a short while ago; none that a call of ours beside them
    could be mistaken for."""
    since = services.clock.now() - LATE_REACH
    if session.scalar(select(LineTest.id).where(LineTest.placed_at > since).limit(1)) is None:
        return []
    senders = {call.phone, session.scalar(text(_ANNOUNCED), {"call": call.call_id}) or ""} - {""}
    given_up = (LineTest.state == FAILED) & LineTest.reason.in_((NOT_ARRIVED, ANSWERED_ELSEWHERE))
    rows = session.execute(
        select(LineTest, MissionLine)
        .join(MissionLine, MissionLine.id == LineTest.line_id)
        .where(
            LineTest.sender.in_(senders), LineTest.placed_at > since, LineTest.arrived_call_id.is_(None),
            LineTest.state.in_((PLACING, DOUBT, RINGING)) | given_up,
        )
        .order_by((LineTest.state == FAILED), LineTest.placed_at, LineTest.id)
        .limit(MAX_CANDIDATES)
        .with_for_update(of=LineTest)
    ).all()  # fmt: skip
    found = [_Candidate(test, line) for test, line in rows]
    numbers = [each.line.number for each in found]
    beside = {"sender": found[0].test.sender, "numbers": numbers} if found else None
    # An officer who calls a mission shows the same number, unless one is kept for tests: that call is a conversation.
    return [] if beside is not None and session.scalar(text(_OTHER_LEG), beside) else found


def _choose(candidates: list[_Candidate], call: IncomingCall, mission_id: int | None) -> tuple[_Candidate | None, str]:
    """Return the test that a call is, and how that is known: by the line it came over, the pool's number, or the mission."""
    for how in ("forwarded_from", "diversion", "called", "mission"):
        found = next((each for each in candidates if _fits(how, each.line, call, mission_id)), None)
        if found is not None:
            return found, how
    under_way = [each for each in candidates if each.test.state != FAILED]
    return (under_way[0], "alone") if len(under_way) == 1 else (None, "")


def _fits(how: str, line: MissionLine, call: IncomingCall, mission_id: int | None) -> bool:
    if how == "forwarded_from":
        return call.forwarded_from == line.number
    if how == "diversion":
        return call.diversion == line.number
    if how == "called":
        return bool(call.called) and call.called == line.pool_number
    return mission_id == line.mission_id


def _names(session: Session, call_id: int, mission_id: int) -> bool:
    """Say whether the greeting that this call hears names the mission, in each language that is spoken."""
    call, mission = session.get_one(Call, call_id), session.get_one(Mission, mission_id)
    line = session.scalar(select(CallLine).where(CallLine.number == call.called))
    spoken: dict[str, str] = {}
    for said in arriving.greeting(call, line, mission):
        for language, words in said.texts.items():
            spoken[language] = f"{spoken.get(language, '')} {words}"
    names = {"ko": mission.name_ko, "en": mission.name_en}
    heard = [(_plain(words), _plain(names[language])) for language, words in spoken.items() if language in names]
    return bool(heard) and all(name in words for words, name in heard)


def _plain(words: str) -> str:
    return "".join(words.split()).casefold()
