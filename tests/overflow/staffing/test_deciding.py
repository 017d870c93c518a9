"""From need to advice: before the level breaks, large enough, steady, and home again only after a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overflow.staffing import deciding
from overflow.staffing.deciding import SLOT, Need, Standing, decide, needs
from overflow.staffing.foreseeing import Foreseen, Rate
from overflow.staffing.formulas import Calls, Target
from tests.factories import NOW

CALLS, TARGET = Calls(300, 120, 0.5), Target(level=0.8, within_s=20)


def make_needs(*needed: int, on_duty: int = 10, margin: int = 2) -> list[Need]:
    """Return quarter hours with these needs, the last repeated to four hours."""
    whole = [*needed, *[needed[-1]] * (17 - len(needed))]
    return [
        Need(
            NOW + number * SLOT,
            each * 10.0,
            each * 9.0,
            each * 11.0,
            each,
            max(0, each - margin),
            each + margin,
            on_duty,
        )
        for number, each in enumerate(whole)
    ]


def test_enough_people_means_nothing_to_do() -> None:
    found = decide(make_needs(9), NOW, Standing(10))
    assert (found.call_out, found.release, found.by) == (0, 0, None)
    assert [reason.code for reason in found.why] == ["enough"]


def test_help_is_called_before_it_is_needed() -> None:
    found = decide(make_needs(9, 9, 9, 16), NOW, Standing(10))
    assert found.call_out == 8
    assert found.by == NOW + timedelta(minutes=45)
    assert [reason.code for reason in found.why] == ["short", "size", "lead"]
    assert found.why[0].numbers["needed"] == 16


def test_what_is_far_away_can_wait() -> None:
    assert decide(make_needs(9, 9, 9, 9, 9, 9, 9, 16), NOW, Standing(10, lead_minutes=20)).call_out == 0
    assert decide(make_needs(9, 9, 9, 9, 9, 9, 9, 16), NOW, Standing(10, lead_minutes=60)).call_out == 8


def test_who_is_on_the_way_is_not_called_again() -> None:
    assert decide(make_needs(20), NOW, Standing(10)).call_out == 12
    assert decide(make_needs(20), NOW, Standing(10, coming=7)).call_out == 5
    found = decide(make_needs(20), NOW, Standing(10, coming=12))
    assert (found.call_out, found.why[0].code) == (0, "enough")


def test_one_missing_among_many_is_no_alarm_unless_one_calls_already() -> None:
    nearly = make_needs(101, on_duty=100)
    found = decide(nearly, NOW, Standing(100))
    assert (found.call_out, found.why[0].code) == (0, "nearly")
    assert decide(nearly, NOW, Standing(100, calling=True)).call_out == 3


def test_people_go_home_after_three_quarters_of_an_hour_of_plenty() -> None:
    plenty = make_needs(4, on_duty=14)
    first = decide(plenty, NOW, Standing(14, volunteers=6))
    assert (first.release, first.spare_since) == (0, NOW)
    later = decide(plenty, NOW + timedelta(minutes=44), Standing(14, volunteers=6, spare_since=NOW))
    assert later.release == 0
    due = decide(plenty, NOW + timedelta(minutes=45), Standing(14, volunteers=6, spare_since=NOW))
    assert due.release == 6  # all volunteers, because eight would be spare
    assert [reason.code for reason in due.why] == ["release"]


def test_nobody_is_released_below_the_upper_end_and_some() -> None:
    due = decide(make_needs(8, on_duty=14), NOW, Standing(14, volunteers=9, spare_since=NOW - timedelta(hours=1)))
    assert due.release == 2


def test_plenty_that_ends_is_forgotten() -> None:
    found = decide(make_needs(12, on_duty=14), NOW, Standing(14, volunteers=9, spare_since=NOW - timedelta(hours=1)))
    assert (found.release, found.spare_since) == (0, None)


def test_agents_of_the_centre_are_not_released_by_this() -> None:
    assert decide(make_needs(2, on_duty=14), NOW, Standing(14, spare_since=NOW - timedelta(hours=1))).release == 0


@given(
    needed=st.lists(st.integers(0, 80), min_size=1, max_size=17), on_duty=st.integers(0, 80), volunteers=st.integers(0, 80),
    coming=st.integers(0, 40), calling=st.booleans(), spare=st.integers(0, 90),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nobody_is_called_and_released_at_once(
    needed: list[int], on_duty: int, volunteers: int, coming: int, calling: bool, spare: int
) -> None:
    standing = Standing(
        on_duty, min(volunteers, on_duty), coming, 20.0, calling, NOW - timedelta(minutes=spare) if spare else None
    )
    found = decide(make_needs(*needed, on_duty=on_duty), NOW, standing)
    assert found.call_out >= 0
    assert 0 <= found.release <= standing.volunteers
    assert not (found.call_out and found.release)
    assert (found.by is not None) == (found.call_out > 0)
    assert found.why
    if found.release:
        most = max(need.needed_high for need in make_needs(*needed, on_duty=on_duty)[:9])
        assert on_duty - found.release >= most


def test_needs_are_those_of_the_formulas_and_their_order_holds() -> None:
    foreseen = Foreseen((Rate(200, 170, 230), Rate(0, 0, 0)), 200, (0.0, 0.0))
    first, second = needs(foreseen, NOW, CALLS, TARGET, [10, 9])
    assert first.needed_low < first.needed < first.needed_high
    assert (second.needed, second.on_duty, second.at) == (0, 9, NOW + SLOT)
    assert first.low < 170  # chance on top of the rate's band
    assert first.plain()["at"] == NOW.isoformat()


def test_a_quiet_night_still_needs_somebody() -> None:
    (only,) = needs(Foreseen((Rate(0.2, 0.1, 0.4),), 0.2, (0.0,)), NOW, CALLS, TARGET, [1])
    assert only.needed == 1


@pytest.mark.parametrize("name", ["LOOKS_BEYOND", "RELEASE_AFTER", "RELEASE_LOOKS"])
def test_windows_are_whole_quarter_hours(name: str) -> None:
    assert getattr(deciding, name) % SLOT == timedelta(0)
