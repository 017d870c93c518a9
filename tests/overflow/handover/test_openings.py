"""Which closings have ended: the record goes on whatever becomes of the hours, and every closing ends once."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import Refused
from overflow.handover.openings import MAX_CLOSINGS, MAX_LOOK_BACK, Closing, Seen, first_look, look
from overflow.handover.states import CENTRE, HANDOVER, ITEM, MISSION, ON_ITS_WAY, RETURNED, TAKEN, WAITING, hand_of

DAY = datetime(2026, 11, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Changes:
    """A calendar that opens and closes in turn at these minutes of the day on; closed before the first."""

    minutes: tuple[int, ...]

    def is_open(self, when: datetime) -> bool:
        return bisect_right([DAY + each * MINUTE for each in self.minutes], when) % 2 == 1

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        edges = [DAY + each * MINUTE for each in self.minutes] + [DAY + timedelta(days=9999)]
        pairs = [(edges[at], edges[at + 1]) for at in range(0, len(edges) - 1, 2)]
        return [(max(a, start), min(b, end)) for a, b in pairs if max(a, start) < min(b, end)]

    def last_closing(self, when: datetime) -> datetime | None:
        closed = [DAY + each * MINUTE for each in self.minutes[1::2]]
        return max((each for each in closed if each <= when), default=None)


def at(minute: float) -> datetime:
    return DAY + minute * MINUTE


def test_a_closing_ends_at_its_opening_and_is_told_once() -> None:
    hours = Changes((540, 1080, 1980))
    seen = first_look(hours, at(1100))
    assert seen == Seen(open=False, since=at(1080), until=at(1100))
    seen, ended = look(hours, seen, at(1979.9))
    assert ended == []
    seen, ended = look(hours, seen, at(1980))
    assert ended == [Closing(at(1080), at(1980))]
    assert look(hours, seen, at(1980.5))[1] == []


def test_openings_that_nobody_saw_are_made_up_in_order() -> None:
    hours = Changes((100, 200, 300, 400, 500))
    seen, ended = look(hours, Seen(open=False, since=at(0), until=at(50)), at(600))
    assert ended == [Closing(at(0), at(100)), Closing(at(200), at(300)), Closing(at(400), at(500))]
    assert seen == Seen(open=True, since=at(500), until=at(600))


def test_what_was_seen_counts_when_hours_are_changed_for_the_past() -> None:
    seen = Seen(open=True, since=at(540), until=at(560))
    # Closed until ten after all: the closing that ended at nine was handed over; another one begins now and ends at ten.
    seen, ended = look(Changes((600,)), seen, at(561))
    assert (seen.open, ended) == (False, [])
    _, ended = look(Changes((600,)), seen, at(601))
    assert len(ended) == 1
    assert at(560) < ended[0].start < at(561)
    assert ended[0].end == at(600)


def test_open_now_ends_a_closing_and_closed_now_begins_one() -> None:
    seen = Seen(open=False, since=at(0), until=at(100))
    seen, ended = look(Changes((100,)), seen, at(101))
    assert [each.end for each in ended] == [at(100) + timedelta(microseconds=1)]
    seen, ended = look(Changes(()), seen, at(102))
    assert (seen.open, ended) == (False, [])


def test_a_clock_that_is_set_back_tells_nothing() -> None:
    seen = Seen(open=False, since=at(0), until=at(100))
    assert look(Changes((50,)), seen, at(99)) == (seen, [])


def test_a_mission_without_hours_begins_now_and_a_long_time_away_is_one_closing() -> None:
    assert first_look(Changes(()), at(5)) == Seen(open=False, since=at(5), until=at(5))
    seen, ended = look(Changes((540,)), Seen(open=False, since=at(0), until=at(10)), at(0) + 3 * MAX_LOOK_BACK)
    assert len(ended) == 1
    assert seen.open


def test_more_closings_than_one_round_takes_follow_in_the_next() -> None:
    hours = Changes(tuple(range(10, 10 + 10 * 2 * 100, 10)))
    seen, first = look(hours, Seen(open=False, since=at(0), until=at(0)), at(5000))
    seen, second = look(hours, seen, at(5000))
    assert (len(first), len(first) + len(second)) == (MAX_CLOSINGS, 100)
    assert all(a.end < b.start for a, b in itertools.pairwise(first + second))


CALENDARS = st.lists(st.lists(st.integers(1, 3000), unique=True, max_size=12).map(sorted), min_size=1, max_size=8)
LOOKS = st.lists(st.integers(1, 400), min_size=1, max_size=30)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calendars=CALENDARS, looks=LOOKS)
def test_closings_follow_one_another_and_alternate_with_what_was_seen(
    calendars: list[list[int]], looks: list[int]
) -> None:
    look_through(calendars, looks)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(calendars=CALENDARS, looks=LOOKS)
def test_closings_follow_one_another_through_the_night(calendars: list[list[int]], looks: list[int]) -> None:
    look_through(calendars, looks)


def look_through(calendars: list[list[int]], looks: list[int]) -> None:
    """Look again and again while the hours change, and hold what was told to what was seen."""
    now = at(0)
    seen = first_look(Changes(tuple(calendars[0])), now)
    told: list[Closing] = []
    for number, step in enumerate(looks):
        now += step * MINUTE
        hours = Changes(tuple(calendars[number % len(calendars)]))
        before = seen
        seen, ended = look(hours, seen, now)
        assert seen.open == hours.is_open(now), "the record ends with what is true now"
        assert seen.until == now
        changed = (seen.open, seen.since) != (before.open, before.since)
        assert changed or not ended
        told += ended
    for each in told:
        assert each.start < each.end <= now
    for one, following in itertools.pairwise(told):
        assert one.end < following.start, "a closing begins only after the one before has ended"
    assert len({each.end for each in told}) == len(told)


def test_a_thing_has_one_hand() -> None:
    assert hand_of(()) == hand_of((RETURNED,)) == CENTRE
    assert hand_of((RETURNED, WAITING)) == ON_ITS_WAY
    assert hand_of((TAKEN,)) == MISSION
    with pytest.raises(AssertionError):
        hand_of((TAKEN, WAITING))


def test_only_the_table_moves_hand_overs_and_things() -> None:
    staff = Actor("officer", 1, "kim", frozenset({"missions.own"}))
    assert ITEM.next_state(WAITING, "acknowledge", staff) == TAKEN
    with pytest.raises(Refused):
        ITEM.next_state(RETURNED, "acknowledge", staff)
    with pytest.raises(Refused):
        HANDOVER.next_state("acknowledged", "escalate", SYSTEM)
