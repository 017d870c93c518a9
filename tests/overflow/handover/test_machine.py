"""Random nights: calls, cases, promises, officers, hours that change, and rounds that crash or run twice, in any order.

What must always hold: every thing is in exactly one hand, whatever is on its way has a time and a named officer above it, and
each closing that was seen has exactly one hand-over. What must hold after a whole round: nothing is in no hand.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from hotline.calls.models import Call
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionException, MissionHours, MissionOverride
from hotline.missions.opening import calendar_of
from hotline.queues.models import Callback
from overflow.handover import deciding, looking
from overflow.handover.gathering import SETTLES
from overflow.handover.models import Handover, HandoverItem, HandoverSummary, HandoverWatch
from overflow.handover.states import COMPOSING, LIVE_ITEMS, OPEN, SENT, WAITING, hand_of
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    make_call,
    make_case_of,
    make_promise,
    make_shanghai,
    make_staff,
    make_watcher,
)

EVENTS = (
    "call", "call", "hang_up", "case", "case", "settle_case", "promise", "keep_promise", "unhelped", "round", "round", "crash",
    "crash", "twice", "acknowledge", "acknowledge_calm", "give_back", "recall", "hours", "holiday", "closed_now", "open_now",
    "undo",
)  # fmt: skip
STEP = st.tuples(st.sampled_from(EVENTS), st.integers(0, 11), st.integers(0, 400))
STEPS = st.lists(STEP, min_size=8, max_size=40)
MANY_STEPS = st.lists(STEP, min_size=8, max_size=80)
HOURS = ("Mo-Su 09:00-18:00", "Mo-Su 08:00-12:00,13:00-17:00", "Mo-Su 10:00-11:00", "Mo-Su 22:00-26:00", "off")


class Crash(Exception):
    """The process dies here."""


class Mortal(Database):
    """The same database for a process that dies at its nth transaction: before its commit, or right after it."""

    def __init__(self, real: Database, dies_at: int, *, after: bool) -> None:
        self.engine, self.url, self._sessions = real.engine, real.url, real._sessions
        self._left, self._after = dies_at, after

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self._left -= 1
        with super().transaction() as session:
            yield session
            if self._left == 0 and not self._after:
                raise Crash
        if self._left == 0:
            raise Crash


class Nights:
    """Two missions, their staff, a duty officer; every event may come at a moment at which it makes no sense."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        self.services, self.clock = services, clock
        clock.set(EVENING + MINUTE)
        with services.db.transaction() as session:
            session.execute(
                text("SET LOCAL session_replication_role = replica")
            )  # vouchers, which hang on cases, refuse to be emptied
            session.execute(
                text("TRUNCATE handovers, handover_watch, calls, contacts, cases, callbacks, notices CASCADE")
            )
            session.execute(text("SET LOCAL session_replication_role = origin"))
            session.execute(update(Mission).values(closed_at=EVENING))
            self.missions = [make_shanghai(session).id for _ in range(2)]
            self.staff = [make_staff(session, session.get_one(Mission, each)) for each in self.missions]
            self.watcher = make_watcher(session)
        self.open: dict[int, bool] = {}
        self.closings = dict.fromkeys(self.missions, 0)
        self.seen_at = clock.now()
        self._see(lambda: looking.run(services))

    def do(self, event: str, pick: int, minutes: int) -> None:
        self.clock.advance(minutes * MINUTE)
        mission = pick % 2
        if event == "round":
            self._see(lambda: looking.run(self.services))
            self.check_nothing_is_in_no_hand()
        elif event == "crash":
            self._see(lambda: self._dying(pick))
        elif event == "twice":
            self._see(self._twice)
        else:
            # Refused, and nothing changed, where it came at a wrong moment.
            with contextlib.suppress(HotlineError), self.services.db.transaction() as session:
                self._act(session, event, mission, pick)

    def _dying(self, pick: int) -> None:
        real = self.services.db
        self.services.db = Mortal(real, 1 + pick % 6, after=pick >= 6)
        try:
            looking.run(self.services)
        except Crash:
            pass
        finally:
            self.services.db = real

    def _twice(self) -> None:
        rounds = [threading.Thread(target=looking.run, args=(self.services,)) for _ in range(2)]
        for each in rounds:
            each.start()
        for each in rounds:
            each.join()

    def _see(self, act: Callable[[], object]) -> None:
        """Run a round, and count the closings that its look must have found."""
        act()
        with self.services.db.transaction() as session:
            for mission_id in self.missions:
                record = session.get(HandoverWatch, mission_id)
                if record is None:
                    continue
                calendar = calendar_of(session, mission_id)
                before = self.open.get(mission_id)
                if before is None:
                    self.open[mission_id] = calendar.is_open(record.until)
                    continue
                if record.until != self.clock.now():
                    continue  # it died before its look was kept; the next one looks again
                for moment in self._moments(session, mission_id, self.last(mission_id), record.until):
                    now_open = calendar.is_open(moment)
                    self.closings[mission_id] += now_open and not self.open[mission_id]
                    self.open[mission_id] = now_open
                self._looked[mission_id] = record.until

    def _moments(self, session: Session, mission_id: int, start: datetime, end: datetime) -> list[datetime]:
        """Return every moment after `start` at which anything can change, and the one right after it, up to `end`.

        All HOURS begin and end on the hour, and so does every day; taps begin and end when they please.
        """
        taps = session.scalars(select(MissionOverride).where(MissionOverride.mission_id == mission_id))
        edges = {edge for tap in taps for edge in (tap.starts_at, tap.ends_at, tap.ended_at) if edge is not None}
        at = start.replace(minute=0, second=0, microsecond=0)
        while at <= end:
            edges.add(at)
            at += HOUR
        least = timedelta(microseconds=1)
        found = {start + least, end} | {moment for edge in edges for moment in (edge, edge + least)}
        return sorted(moment for moment in found if start < moment <= end)

    _looked: dict[int, datetime]

    def last(self, mission_id: int) -> datetime:
        if "_looked" not in self.__dict__:
            self._looked = {}
        return self._looked.setdefault(mission_id, self.seen_at)

    def _act(self, session: Session, event: str, which: int, pick: int) -> None:
        mission, staff = session.get_one(Mission, self.missions[which]), self.staff[which]
        now = self.clock.now()
        if event in ("hours", "holiday", "closed_now", "open_now", "undo"):
            self._change_hours(session, event, mission, pick)
        elif event == "call":
            make_call(session, mission, at=now, ended=False, danger=pick == 7)
        elif event == "unhelped":
            make_call(session, mission, at=now - MINUTE, lasts=MINUTE, connected=False, phone="" if pick > 8 else None)
        elif event in ("hang_up", "case", "promise"):
            self._work(session, event, mission, pick)
        elif event == "settle_case":
            for case in session.scalars(select(Case).where(Case.state != "closed").offset(pick % 3).limit(1)):
                case.state, case.closed_at = "closed", now
        elif event == "keep_promise":
            for word in session.scalars(select(Callback).where(Callback.state == "planned").limit(1)):
                word.state = "done"
        else:
            self._decide(session, event, staff if event != "recall" else self.watcher, pick)

    def _work(self, session: Session, event: str, mission: Mission, pick: int) -> None:
        calls = session.scalars(
            select(Call).where(Call.mission_id == mission.id).order_by(Call.id.desc()).limit(4)
        ).all()
        if not calls:
            return
        call, now = calls[pick % len(calls)], self.clock.now()
        contact = session.get_one(Contact, call.contact_id)
        if event == "hang_up" and call.state != "ended":
            call.state, call.ended_at, call.end_reason = "ended", now, "hangup"
        elif event == "case" and contact.case_id is None:
            known = session.scalar(select(Case).where(Case.state != "closed").order_by(Case.id.desc()).limit(1))
            if known is not None and pick > 8:
                contact.case_id = known.id  # the same person calls again, perhaps through the other mission
            else:
                make_case_of(session, call, priority=1 + pick % 4, at=now)
        elif event == "promise":
            phone = f"+82101{call.id:07d}"
            open_ones = select(Callback.id).where(
                Callback.phone == phone, Callback.state.in_(("planned", "queued", "calling"))
            )
            if session.scalar(open_ones) is not None:
                return  # one for a number and queue: the queues' own rule
            make_promise(session, call, due_at=now + pick * HOUR, created_at=now, phone=phone,
                         origin_ref=call.queue_ref if pick % 2 else "", case=session.get(Case, contact.case_id or 0))  # fmt: skip

    def _decide(self, session: Session, event: str, who: object, pick: int) -> None:
        items = session.scalars(select(HandoverItem).order_by(HandoverItem.id.desc()).limit(8)).all()
        if not items:
            return
        item, services = items[pick % len(items)], self.services
        if event == "acknowledge":
            deciding.acknowledge(session, services, who, item.handover_id, item.id)  # type: ignore[arg-type]
        elif event == "acknowledge_calm":
            deciding.acknowledge_calm(session, services, who, item.handover_id)  # type: ignore[arg-type]
        else:
            deciding.give_back(session, services, who, item.handover_id, item.id, "not ours")  # type: ignore[arg-type]

    def _change_hours(self, session: Session, event: str, mission: Mission, pick: int) -> None:
        now = self.clock.now()
        if event == "hours":
            session.execute(
                update(MissionHours).where(MissionHours.mission_id == mission.id).values(hours=HOURS[pick % len(HOURS)])
            )
            return
        if event == "holiday":
            day = (now + timedelta(days=pick % 3 - 1)).date()
            session.execute(delete(MissionException).where(MissionException.mission_id == mission.id))
            session.add(
                MissionException(mission_id=mission.id, day=day, hours="off" if pick > 5 else "07:00-23:00", note="x")
            )
            return
        live = session.scalar(
            select(MissionOverride).where(MissionOverride.mission_id == mission.id, MissionOverride.last)
        )
        if live is not None:
            live.last, live.ended_at = False, min(live.ends_at, now)
            session.flush()
        if event != "undo":
            session.add(
                MissionOverride(
                    mission_id=mission.id, kind=event, starts_at=now, ends_at=now + (1 + pick) * HOUR, reason="x", last=True
                )
            )  # fmt: skip

    def check_always(self) -> None:
        """Everything is in exactly one hand, and each closing has one hand-over."""
        with self.services.db.transaction() as session:
            handovers = {each.id: each for each in session.scalars(select(Handover))}
            items = session.scalars(select(HandoverItem)).all()
            summaries = session.execute(select(HandoverSummary.handover_id, HandoverSummary.revision)).tuples().all()
        rows: dict[tuple[str, int], list[str]] = {}
        waiting = set()
        for item in items:
            rows.setdefault((item.kind, item.subject_id), []).append(item.state)
            handover = handovers[item.handover_id]
            if item.state == WAITING:
                waiting.add(handover.id)
                assert handover.state in OPEN, "on its way, and no hand-over waits for it"
                assert handover.due_at is not None and handover.duty_officer_id is not None, "nobody above it is named"
            else:
                assert item.officer_id is not None and item.decided_at is not None, "decided by nobody"
        for states in rows.values():
            hand_of(tuple(states))
        for handover in handovers.values():
            assert (handover.state in OPEN) == (handover.id in waiting)
            revisions = sorted(revision for handover_id, revision in summaries if handover_id == handover.id)
            assert revisions == list(range(1, handover.revision + 1)), "each revision has one summary"
        for mission_id in self.missions:
            theirs = sorted(
                (each.period_end, each.period_start) for each in handovers.values() if each.mission_id == mission_id
            )
            assert len(theirs) == self.closings[mission_id], "one hand-over for each closing"
            for (end, _), (_, start) in pairwise(theirs):
                assert end < start, "closings follow one another"

    def check_nothing_is_in_no_hand(self) -> None:
        """After a whole round whatever came before the latest opening and still matters was handed over, once."""
        now = self.clock.now()
        with self.services.db.transaction() as session:
            assert session.scalar(select(Handover.id).where(Handover.state == COMPOSING)) is None
            assert session.scalar(select(Handover.id).where(Handover.state == SENT, Handover.due_at <= now)) is None
            in_hand = {(each.kind, each.subject_id) for each in session.scalars(select(HandoverItem))}
            for mission_id in self.missions:
                latest = session.scalar(
                    select(Handover).where(Handover.mission_id == mission_id).order_by(Handover.id.desc()).limit(1)
                )
                if latest is None:
                    continue
                composed = session.scalars(
                    select(HandoverSummary.composed_at)
                    .where(HandoverSummary.handover_id == latest.id)
                    .order_by(HandoverSummary.revision.desc())
                ).first()
                assert composed is not None
                calls = session.scalars(select(Call).where(Call.mission_id == mission_id, Call.state == "ended"))
                for call in calls:
                    if (
                        call.started_at >= latest.period_end
                        or call.ended_at is None
                        or call.ended_at > latest.period_end - SETTLES
                    ):
                        continue
                    contact = session.get_one(Contact, call.contact_id)
                    if contact.case_id is None:
                        continue
                    case = session.get_one(Case, contact.case_id)
                    if (
                        case.state != "closed"
                        and case.opened_at <= latest.period_end
                        and case.updated_at <= latest.period_end
                    ):
                        assert ("case", case.id) in in_hand, "a case of the night was in no hand"


def live_through(services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]) -> None:
    """Let everything happen, hold what always holds after each, and what must hold after a quiet day in the end."""
    nights = Nights(services, clock)
    nights.check_always()
    for event, pick, minutes in steps:
        nights.do(event, pick, minutes)
        nights.check_always()
    # A quiet day later, with everybody back at their usual hours, nothing of it is lost.
    for _ in range(2):
        nights.do("undo", 0, 0)
        nights.do("undo", 1, 0)
        nights.do("hours", 0, 0)
        nights.do("hours", 5, 0)
        nights.do("round", 0, 24 * 60)
    nights.check_always()
    with services.db.transaction() as session:
        live = session.scalars(select(HandoverItem).where(HandoverItem.state.in_(LIVE_ITEMS))).all()
        assert len({(each.kind, each.subject_id) for each in live}) == len(live)


SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=SUPPRESSED)
def test_everything_is_in_exactly_one_hand_whatever_comes_in_whatever_order(
    services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]
) -> None:
    live_through(services, clock, steps)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@given(MANY_STEPS)
@settings(max_examples=200, deadline=None, print_blob=True, suppress_health_check=SUPPRESSED)
def test_the_same_through_the_night(services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]) -> None:
    live_through(services, clock, steps)
