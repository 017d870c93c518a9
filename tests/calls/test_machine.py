"""Calls, queue and agents under random events in random order, webhooks late, twice and out of order: what must hold, holds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.calls.conftest import Hook
from tests.calls.machine import World
from tests.calls.telephones import Telephones

pytestmark = pytest.mark.long
EVENTS = (
    "call", "call", "danger", "come_round", "hang_up", "assign", "assign", "deliver", "deliver", "work", "work", "take", "take",
    "refuse", "silent", "rings", "ends", "no_answer", "breaks", "busy", "again", "again", "obey", "obey", "finish", "hold",
    "requeue", "wrap", "rest", "ready", "tend", "reconcile",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 7), st.integers(0, 25)), min_size=8, max_size=40)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""The database is emptied at the start of each example by the machine itself."""


def _play(world: World, steps: list[tuple[str, int, int]]) -> None:
    for event, pick, seconds in steps:
        world.do(event, pick, seconds)
        world.check()
    world.drain()
    world.check()


@settings(max_examples=12, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(steps=STEPS)
def test_whatever_happens_nobody_has_two_and_nobody_is_stuck(
    hook: Hook, services: Services, clock: FrozenClock, telephones: Telephones, steps: list[tuple[str, int, int]]
) -> None:
    _play(World(hook, services, clock, telephones), steps)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(steps=STEPS)
def test_whatever_happens_nobody_has_two_and_nobody_is_stuck_for_long(
    hook: Hook, services: Services, clock: FrozenClock, telephones: Telephones, steps: list[tuple[str, int, int]]
) -> None:
    _play(World(hook, services, clock, telephones), steps)
