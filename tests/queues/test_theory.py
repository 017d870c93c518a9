"""The router against theory: Erlang C and Erlang A within 3 %; and the cheap simulation against the service itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import entering, erlang, offering
from hotline.queues.assigning import assign_due
from hotline.queues.models import Reservation
from tests.queues.making import call_in, make_agent, make_queue
from tests.queues.simulating import START, Memory, Stream, simulate

ROWS = [(200, 180, 14, 20), (20, 180, 2, 20), (250, 330, 28, 30)]
"""Calls an hour, seconds a call, agents, seconds of the service level; the second is one erlang and two agents."""
HEAVY = [(200, 180, 11, 20), (200, 180, 12, 20), (200, 180, 13, 20)]


class Rows:
    """The service's own statements on its injected clock; agents are numbered from one."""

    def __init__(self, services: Services, clock: FrozenClock, agents: int) -> None:
        self._services, self._clock = services, clock
        with services.db.transaction() as session:
            make_queue(session)
            self._agents = [make_agent(session, idle_since=START, max_duty_minutes=10**6).id for _ in range(agents)]
        self._tokens: dict[int, str] = {}

    def _at(self, at_s: float) -> None:
        self._clock.set(START + timedelta(seconds=at_s))

    def join(self, caller: int, at_s: float) -> None:
        self._at(at_s)
        with self._services.db.transaction() as session:
            call_in(session, self._clock, ref=str(caller))

    def leave(self, caller: int, at_s: float) -> None:
        self._at(at_s)
        with self._services.db.transaction() as session:
            entering.leave(session, self._clock, str(caller), "hangup")

    def free(self, agent: int, at_s: float) -> None:
        self._at(at_s)
        with self._services.db.transaction() as session:
            offering.finished(session, self._clock, self._tokens.pop(agent))
            offering.wrap_up(session, self._clock, self._agents[agent - 1], "other")

    def assign(self, at_s: float) -> list[tuple[int, int]]:
        self._at(at_s)
        if not assign_due(self._services):
            return []
        with self._services.db.transaction() as session:
            made = session.scalars(select(Reservation).where(Reservation.state == "reserved")).all()
            for each in made:
                offering.accepted(session, self._clock, each.token)
                self._tokens[self._agents.index(each.agent_id) + 1] = each.token
            return [(int(each.call_ref), self._agents.index(each.agent_id) + 1) for each in made]


@pytest.mark.parametrize("patience_s", [None, 60.0])
def test_the_service_gives_every_caller_the_wait_of_the_cheap_simulation(
    services: Services, clock: FrozenClock, patience_s: float | None
) -> None:
    stream = Stream(per_hour=60, talk_s=180, calls=120, seed=7, patience_s=patience_s)
    real, cheap = simulate(stream, Rows(services, clock, 3)), simulate(stream, Memory(3))
    assert real.waits == cheap.waits
    assert (real.lost, real.delayed) == (cheap.lost, cheap.delayed)
    assert real.delayed > 20


IMPATIENT = [(240, 180, 90, 12), (200, 180, 60, 11), (300, 240, 120, 18)]
"""Calls an hour, seconds a call, mean patience in seconds, agents.

In the first and the third the queue would grow for ever without hang-ups."""
SEED = 1


def _compare(row: tuple[int, int, int, int], calls: int, asa_rel: float | None) -> None:
    per_hour, talk_s, agents, within_s = row
    theory = erlang.waiting(per_hour, talk_s, agents, within_s)
    met = simulate(Stream(per_hour, talk_s, calls, seed=SEED), Memory(agents))
    assert met.share_waiting() == pytest.approx(theory.wait_probability, rel=0.03)
    assert met.within(within_s) == pytest.approx(theory.service_level, rel=0.03)
    assert met.occupancy(agents) == pytest.approx(theory.occupancy, rel=0.03)
    if asa_rel is not None:
        assert met.asa_s() == pytest.approx(theory.asa_s, rel=asa_rel)


# The mean wait of so many calls strays from seed to seed, by 16 % with 28 agents and by 1 % with two; by day it is held to 3 %
# where it says something, and the nightly run holds it to 3 % in every row. All else is held to 3 % in every row by day as well.
@pytest.mark.parametrize(
    ("row", "asa_rel"), [(ROWS[0], 0.1), (ROWS[1], 0.03), (ROWS[2], None), *((row, 0.1) for row in HEAVY)]
)
def test_waits_are_those_of_erlang_c(row: tuple[int, int, int, int], asa_rel: float | None) -> None:
    _compare(row, 150_000, asa_rel)


@pytest.mark.nightly
@pytest.mark.parametrize("row", [*ROWS, *HEAVY])
def test_waits_are_those_of_erlang_c_in_every_row(row: tuple[int, int, int, int]) -> None:
    _compare(row, 2_000_000, asa_rel=0.03)


@pytest.mark.parametrize("row", IMPATIENT)
def test_waits_of_the_impatient_are_those_of_erlang_a(row: tuple[int, int, int, int]) -> None:
    per_hour, talk_s, patience_s, agents = row
    theory = erlang.impatient(per_hour, talk_s, patience_s, agents)
    met = simulate(Stream(per_hour, talk_s, 100_000, seed=SEED, patience_s=patience_s), Memory(agents))
    assert met.share_waiting() == pytest.approx(theory.wait_probability, rel=0.03)
    assert met.asa_s() == pytest.approx(theory.asa_s, rel=0.03)
    assert met.share_lost() == pytest.approx(theory.abandoned, rel=0.03)
    assert met.occupancy(agents) == pytest.approx(theory.occupancy, rel=0.03)


def test_one_agent_too_few_misses_the_service_level() -> None:
    met = simulate(Stream(200, 180, 60_000, seed=SEED), Memory(13))
    assert met.within(20) < 0.8
    assert met.within(20) == pytest.approx(0.7956, rel=0.03)
