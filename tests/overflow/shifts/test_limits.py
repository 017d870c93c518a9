"""Rest and hours of one person, and an oracle that counts quarter hours."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from overflow.shifts.limits import Allowed, Span, fault

START = datetime(2027, 3, 20, tzinfo=UTC)
ALLOWED = Allowed(timedelta(hours=9), timedelta(hours=40))
QUARTER = timedelta(minutes=15)


def span(day: int, hour: float, hours: float) -> Span:
    """Return a shift so many days and hours after START."""
    begins = START + timedelta(days=day, hours=hour)
    return begins, begins + timedelta(hours=hours)


def test_two_shifts_at_once() -> None:
    assert fault([span(0, 9, 8)], span(0, 16, 4), ALLOWED) == "shift-overlap"
    assert fault([span(0, 9, 8)], span(0, 9, 8), ALLOWED) == "shift-overlap"


def test_rest_between_shifts_counts_to_both_sides() -> None:
    assert fault([span(0, 9, 8)], span(1, 3.9, 2), ALLOWED) == "shift-rest"
    assert fault([span(0, 9, 8)], span(0, 17, 1), ALLOWED) == "shift-rest"
    assert fault([span(1, 9, 8)], span(0, 20, 3), ALLOWED) == "shift-rest"
    assert fault([span(0, 9, 8)], span(1, 9, 8), ALLOWED) is None


def test_hours_of_a_day() -> None:
    assert fault([], span(0, 9, 9.5), ALLOWED) == "shift-day-full"
    # Eleven hours apart, both within one 24 hours: two by two make ten of nine.
    assert fault([span(0, 0, 5)], span(0, 16, 5), ALLOWED) == "shift-day-full"


def test_hours_of_any_seven_days() -> None:
    week = [span(day, 9, 8) for day in range(1, 6)]
    assert fault(week, span(6, 9, 1), ALLOWED) == "shift-week-full"
    assert fault(week, span(7, 9, 8), ALLOWED) == "shift-week-full"
    assert fault(week, span(8, 9, 8), ALLOWED) is None


def test_a_fault_of_others_far_away_is_not_held_against_a_shift() -> None:
    assert fault([span(0, 0, 12), span(0, 13, 5)], span(20, 9, 8), ALLOWED) is None


_spans = st.lists(st.tuples(st.integers(0, 13), st.integers(0, 95), st.integers(2, 48)), max_size=10)


@settings(deadline=None, max_examples=200)
@given(rows=_spans)
def test_what_is_let_in_never_breaks_a_rule(rows: list[tuple[int, int, int]]) -> None:
    kept: list[Span] = []
    for day, quarter, quarters in rows:
        new = span(day, quarter / 4, quarters / 4)
        if fault(kept, new, ALLOWED) is None:
            kept.append(new)
    kept.sort()
    for (_, end), (start, _) in itertools.pairwise(kept):
        assert start - end >= timedelta(hours=11)
    moments = [START + QUARTER * step for step in range(16 * 96)]
    worked = [any(a <= at < b for a, b in kept) for at in moments]
    for length, most in ((96, 9 * 4), (7 * 96, 40 * 4)):
        held = sum(worked[:length])
        for step in range(length, len(worked)):
            assert held <= most
            held += worked[step] - worked[step - length]
