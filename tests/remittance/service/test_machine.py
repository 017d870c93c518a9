"""Random lives of remittances: many missions, currencies, clocks and failures; after every step the books and the rows agree.

A failing example is printed as the list of its steps, small as hypothesis can make it, and is tried again first next time.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from remittance.ledger import sealing
from remittance.ledger.checking import check as check_books
from tests.remittance.service.acts import ACTS, USUAL, fill
from tests.remittance.service.invariants import Memory, check
from tests.remittance.service.world import Crash, World

pytestmark = [pytest.mark.long]
STEP = st.tuples(st.sampled_from([*USUAL, *ACTS]), st.integers(0, 50), st.integers(0, 10_000))
STEPS = st.lists(STEP, min_size=20, max_size=60)
MANY_STEPS = st.lists(STEP, min_size=100, max_size=100)
Steps = list[tuple[str, int, int]]


def live(world: World, steps: Steps) -> None:
    """Do every step and judge what came of it."""
    world.begin()
    fill(world)
    memory = Memory()
    for name, pick, number in steps:
        with contextlib.suppress(HotlineError, Crash):
            ACTS[name](world, pick, number)
        check(world, memory)
    sealing.run()
    with world.services.db.connection() as connection:
        checked = check_books(connection, world.clock.now())
    assert checked.sound, checked


@pytest.fixture
def world(services: Services, clock: FrozenClock) -> World:
    """Return a world with nothing in it but missions, staff and people."""
    return World(services, clock)


@pytest.mark.timeout(1_800)  # many statements: a machine that is shared needs more than the usual five minutes
def test_any_order_of_events_leaves_books_that_close(world: World) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def run(steps: Steps) -> None:
        live(world, steps)

    run()


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(10))
def test_a_thousand_lives_of_a_hundred_steps(world: World, part: int) -> None:
    """In ten parts of a hundred lives; each part's examples follow from its number, so that a failing one is met again."""

    @seed(part)
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(MANY_STEPS)
    def run(steps: Steps) -> None:
        live(world, steps)

    run()
