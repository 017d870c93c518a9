"""Placing tests: each attempt is recorded first, the provider is called outside any transaction, and a doubt is looked up.

Nothing is dialled blind twice: a call whose answer was lost is looked for by number and time, and only where the provider's whole
record shows none is the mission's number rung again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session, aliased

from hotline.calls import callers
from hotline.calls.models import Leg
from hotline.core import live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionLine
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_calls import call_control
from hotline.providers.twilio_voice import voice_provider
from hotline.providers.voice import STATUS_RANK, CallQuery, CallRequest, CallResult, CallsFound
from overflow.drills import settling
from overflow.drills.models import LineTest
from overflow.drills.states import (
    ANSWERED_ELSEWHERE,
    ARRIVED,
    DOUBT,
    IN_FLIGHT,
    LINE_CLOSED,
    NOT_ARRIVED,
    NOT_PLACED,
    PICKED_UP,
    PLACING,
    PLANNED,
    RINGING,
    TEST,
    UNCONFIRMED,
)

log = structlog.get_logger(__name__)

JOB = "drills.tests"
PATH = "/webhooks/twilio/voice/line-test"
ARRIVE_WITHIN = timedelta(seconds=90)
CONFIRM_WITHIN = timedelta(seconds=60)
"""How long after its arrival a test waits for the word about our own end."""
RING_S = 75
LEASE, DOUBT_WAIT, SKEW = timedelta(seconds=60), timedelta(seconds=4), timedelta(seconds=60)
MAX_DIALS, MAX_WAIT = 3, timedelta(hours=24)
BATCH = 20
_LOCK = 0x48_4F_54_44
"""Key of the advisory lock under which tests are claimed, so that two jobs together keep to the number at once."""


def carry_out(services: Services) -> int:
    """Do what is due now; the job. Returns how many tests were moved on."""
    late = _give_up_waiting(services)
    try:
        voice_provider(services)
    except NotConfigured as fault:
        log.warning("drills.not_configured", fault=str(fault))
        return late
    return late + _look_up(services) + _judge(services) + _place(services)


def _place(services: Services) -> int:
    with services.db.transaction() as session:
        requests = _claim(session, services)
    if not requests:
        return 0
    for result in voice_provider(services).place(requests):
        with services.db.transaction() as session:
            _placed(session, services, result)
    return len(requests)


def _claim(session: Session, services: Services) -> list[CallRequest]:
    """Take due tests of lines with none under way, no more at once than the settings allow, and look at each line again."""
    now = services.clock.now()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    _lost(session, services)
    busy = session.scalar(select(func.count()).select_from(LineTest).where(LineTest.state.in_(IN_FLIGHT))) or 0
    free = services.settings.line_tests_at_once - busy
    if free <= 0:
        return []
    under_way = aliased(LineTest)
    rows = session.execute(
        select(LineTest, MissionLine, Mission.closed_at)
        .join(MissionLine, MissionLine.id == LineTest.line_id)
        .join(Mission, Mission.id == MissionLine.mission_id)
        .where(
            LineTest.state == PLANNED, LineTest.due_at <= now,
            ~exists().where(under_way.line_id == LineTest.line_id, under_way.state.in_(IN_FLIGHT)),
        )
        .order_by(LineTest.due_at, LineTest.id)
        .limit(BATCH)
        .with_for_update(of=LineTest, skip_locked=True)
    ).all()  # fmt: skip
    made: dict[int, CallRequest] = {}
    for test, line, mission_closed in rows:
        if line.closed_at is not None or mission_closed is not None:
            settling.failed(session, services, test, LINE_CLOSED)
        elif line.id not in made and len(made) < free:
            made[line.id] = _request(session, services, test, line.number)
    return list(made.values())


def sender_for(session: Session, services: Services, number: str) -> str:
    """Return the number of ours that a test is placed from: one kept for tests, else what is shown to that number."""
    return services.settings.line_test_from or callers.shown_to(session, services.settings, number)


def _request(session: Session, services: Services, test: LineTest, number: str) -> CallRequest:
    now, base = services.clock.now(), f"{services.settings.public_url}{PATH}"
    test.state, test.attempts = TEST.next_state(test.state, "place", SYSTEM), test.attempts + 1
    test.placed_at, test.due_at = now, now + LEASE
    test.sender = sender_for(session, services, number)
    query = f"test={test.id}&attempt={test.attempts}"
    return CallRequest(
        test.id, test.attempts, number, test.sender, f"{base}?{query}", f"{base}/status?{query}", RING_S
    )  # fmt: skip


def _placed(session: Session, services: Services, result: CallResult) -> None:
    """Write down what came of one dial; a webhook, or the very arrival of the call, may have been faster and is then right."""
    test, now = get(session, result.message_id, lock=True), services.clock.now()
    if test.attempts != result.attempt:
        return
    if result.outcome is Outcome.ACCEPTED:
        test.provider_sid = test.provider_sid or result.provider_sid
        if test.state in (PLACING, DOUBT):
            test.state, test.due_at = TEST.next_state(test.state, "ring", SYSTEM), _deadline(test)
            settling.heard_of_our_end(session, services, test)
    elif test.state != PLACING:
        return
    elif result.outcome is Outcome.UNANSWERED:
        test.state, test.due_at = TEST.next_state(test.state, "lose", SYSTEM), now + DOUBT_WAIT
    else:
        test.error_code = (result.error_code or "")[:10]
        if result.outcome is Outcome.REFUSED or test.attempts >= MAX_DIALS:
            settling.failed(session, services, test, NOT_PLACED)
        else:
            wait_s = max(2.0, min(result.retry_after_s or 0.0, 60.0))
            test.state, test.due_at = TEST.next_state(test.state, "postpone", SYSTEM), now + timedelta(seconds=wait_s)
    live.notify(services.redis, settling.TOPIC)


def _deadline(test: LineTest) -> datetime:
    assert test.placed_at is not None, "whatever rings was placed"
    return test.placed_at + ARRIVE_WITHIN


def _lost(session: Session, services: Services) -> None:
    """What was being placed when its process died is in doubt: the provider may have it."""
    now = services.clock.now()
    dead = select(LineTest).where(LineTest.state == PLACING, LineTest.due_at <= now).limit(BATCH)
    for test in session.scalars(dead.with_for_update(skip_locked=True)):
        test.state, test.due_at = TEST.next_state(test.state, "lose", SYSTEM), now
    session.flush()


def _look_up(services: Services) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        _lost(session, services)
        doubts = session.execute(
            select(LineTest, MissionLine.number)
            .join(MissionLine, MissionLine.id == LineTest.line_id)
            .where(LineTest.state == DOUBT, LineTest.due_at <= now)
            .order_by(LineTest.due_at)
            .limit(BATCH)
            .with_for_update(of=LineTest, skip_locked=True)
        ).all()
        queries, attempts = [], {}
        for test, number in doubts:
            test.due_at = now + LEASE
            assert test.placed_at is not None
            queries.append(CallQuery(test.id, number, test.placed_at - SKEW, test.sender))
            attempts[test.id] = test.attempts
    if not queries:
        return 0
    cleared = 0
    for answer in voice_provider(services).lookup(queries):
        with services.db.transaction() as session:
            cleared += _cleared(session, services, answer, attempts[answer.query.message_id])
    return cleared


def _cleared(session: Session, services: Services, answer: CallsFound, attempt: int) -> bool:
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})  # two doubts, one found call
    test, now = get(session, answer.query.message_id, lock=True), services.clock.now()
    if test.state != DOUBT or test.attempts != attempt:
        return False
    sids = [each.provider_sid for each in answer.found]
    taken = {
        *session.scalars(select(LineTest.provider_sid).where(LineTest.provider_sid.in_(sids), LineTest.id != test.id)),
        *session.scalars(select(Leg.provider_sid).where(Leg.provider_sid.in_(sids))),
    }
    ours = next((each for each in answer.found if each.provider_sid not in taken), None)
    if ours is not None:
        test.provider_sid, test.leg_word = ours.provider_sid, ours.status
        test.state, test.due_at = TEST.next_state(test.state, "ring", SYSTEM), _deadline(test)
        settling.heard_of_our_end(session, services, test)
        return True
    if not answer.complete:
        return False
    if test.attempts >= MAX_DIALS:
        settling.failed(session, services, test, NOT_PLACED)
    else:
        test.state, test.due_at = TEST.next_state(test.state, "prove_absent", SYSTEM), now
    return True


def _judge(services: Services) -> int:
    """End what has waited long enough; the provider is asked first, because its last word may have been lost."""
    now = services.clock.now()
    with services.db.transaction() as session:
        due = session.execute(
            select(LineTest.id, LineTest.provider_sid)
            .where(LineTest.state.in_((RINGING, ARRIVED)), LineTest.due_at <= now)
            .order_by(LineTest.due_at)
            .limit(BATCH)
        ).all()
    if not due:
        return 0
    words = call_control(services).fetch([row.provider_sid for row in due if row.provider_sid])
    for row in due:
        with services.db.transaction() as session:
            _judged(session, services, row.id, words.get(row.provider_sid or "", ""))
    return len(due)


def _judged(session: Session, services: Services, test_id: int, word: str) -> None:
    test = get(session, test_id, lock=True)
    if test.state not in (RINGING, ARRIVED) or test.due_at is None or test.due_at > services.clock.now():
        return
    heard(test, word)
    settling.heard_of_our_end(session, services, test)
    if test.state == RINGING:
        reason = ANSWERED_ELSEWHERE if test.leg_word in PICKED_UP else NOT_ARRIVED
        settling.failed(session, services, test, reason)
    elif test.state == ARRIVED:
        settling.failed(session, services, test, UNCONFIRMED)


def heard(test: LineTest, word: str) -> bool:
    """Keep the provider's word about our end if it is further than what was heard; returns whether it was."""
    if not word or STATUS_RANK[word] <= STATUS_RANK.get(test.leg_word, 0):
        return False
    test.leg_word = word
    return True


def report(session: Session, services: Services, test_id: int, attempt: int, sid: str, word: str) -> None:
    """Take in a word about our own end; what is late, doubled or about an earlier dial changes nothing."""
    test = session.get(LineTest, test_id, with_for_update=True)
    if test is None or test.attempts != attempt or not heard(test, word):
        return
    test.provider_sid = test.provider_sid or sid
    if test.state in (PLACING, DOUBT):
        test.state, test.due_at = TEST.next_state(test.state, "ring", SYSTEM), _deadline(test)
    settling.heard_of_our_end(session, services, test)


def _give_up_waiting(services: Services) -> int:
    """A test that nothing could place for a day is told as such, instead of being placed at a moment nobody chose."""
    now = services.clock.now()
    with services.db.transaction() as session:
        waiting = select(LineTest).where(LineTest.state == PLANNED, LineTest.due_at <= now - MAX_WAIT)
        found: Sequence[LineTest] = session.scalars(waiting.limit(BATCH).with_for_update(skip_locked=True)).all()
        for test in found:
            settling.failed(session, services, test, NOT_PLACED)
    return len(found)


def get(session: Session, test_id: int, *, lock: bool = False) -> LineTest:
    """Return a test that is known to exist."""
    return session.get_one(LineTest, test_id, with_for_update=lock, populate_existing=lock)
