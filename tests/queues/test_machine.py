"""Random events in random order over queue and agents, the pass running several times at once: what must always hold, holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import entering, offering, tending
from hotline.queues.assigning import assign_due
from hotline.queues.models import QueueEntry, Reservation
from hotline.queues.standing import standing
from tests.queues.making import call_in, make_agent, make_queue

EVENTS = (
    "join",
    "join_danger",
    "hang_up",
    "assign",
    "ring",
    "answer",
    "miss",
    "finish",
    "wrap",
    "rest",
    "ready",
    "tend",
    "stale",
)
STEPS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 7), st.integers(0, 40)), min_size=5, max_size=25)


class Centre:
    """Three agents and one queue, driven by events; every event may come at a moment at which it makes no sense."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        self.services, self.clock, self.calls = services, clock, 0
        with services.db.transaction() as session:
            session.execute(text("TRUNCATE queues, queue_entries, agents, outbox_events RESTART IDENTITY CASCADE"))
            make_queue(session, abandon_callback=False)
            self.agents = [make_agent(session).id for _ in range(3)]

    def do(self, event: str, pick: int, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        if event == "assign":
            before = self._line()
            passes = [threading.Thread(target=assign_due, args=(self.services,)) for _ in range(2)]
            for each in passes:
                each.start()
            for each in passes:
                each.join()
            self._order(before)
        elif event == "tend":
            tending.tend(self.services)
        else:
            try:
                with self.services.db.transaction() as session:
                    self._act(session, event, pick)
            except Refused:
                pass  # the event came at a wrong moment: refused, and nothing changed

    def _act(self, session, event: str, pick: int) -> None:  # type: ignore[no-untyped-def]
        clock, agent = self.clock, self.agents[pick % 3]
        if event.startswith("join"):
            self.calls += 1
            call_in(session, clock, ref=f"m:{self.calls}", danger=event == "join_danger")
        elif event == "hang_up":
            entering.leave(session, clock, f"m:{1 + pick % max(1, self.calls)}", "hangup")
        elif event in ("rest", "ready"):
            presence.choose(
                session, clock, agent, "ready" if event == "ready" else "not_ready", "" if event == "ready" else "meal"
            )
        elif event == "wrap":
            offering.wrap_up(session, clock, agent, "other")
        else:
            tokens = session.scalars(select(Reservation.token).order_by(Reservation.id.desc()).limit(8)).all()
            token = "unknown" if event == "stale" or not tokens else tokens[pick % len(tokens)]
            acts: dict[str, Callable[[], object]] = {
                "ring": lambda: offering.ringing(session, clock, token),
                "answer": lambda: offering.accepted(session, clock, token),
                "miss": lambda: offering.missed(session, clock, token, "no_answer"),
                "finish": lambda: offering.finished(session, clock, token),
                "stale": lambda: offering.accepted(session, clock, token),
            }
            acts[event]()

    def _line(self) -> list[str]:
        """Those who wait in the order that is due to them: danger to life first, then whoever called first."""
        with self.services.db.transaction() as session:
            waiting = session.scalars(select(QueueEntry).where(QueueEntry.state == "waiting")).all()
        return [
            each.call_ref for each in sorted(waiting, key=lambda each: (not each.danger, each.enqueued_at, each.id))
        ]

    def _order(self, before: list[str]) -> None:
        """Nobody waits while an agent is ready, and those reserved just now were the first in order."""
        after = self._line()
        taken = len(before) - len(after)
        assert after == before[taken:], f"of {before} others than the first {taken} were taken: {after} are left"
        with self.services.db.transaction() as session:
            free = session.scalars(select(Agent).where(Agent.state == "ready", Agent.not_before.is_(None))).all()
        assert not (after and free), "a caller waits although somebody is free"

    def check(self) -> None:
        with self.services.db.transaction() as session:
            held = session.scalars(
                select(Reservation).where(Reservation.state.in_(("reserved", "ringing", "talking", "wrap_up")))
            ).all()
            calls = [each.entry_id for each in held if each.state != "wrap_up"]
            assert len({each.agent_id for each in held}) == len(held), "an agent has two calls"
            assert len(set(calls)) == len(calls), "a call has two agents"
            by_agent = {each.agent_id: each for each in held}
            for agent in session.scalars(select(Agent)):
                own = by_agent.get(agent.id)
                assert agent.token == (own.token if own else None)
                assert own is None or agent.state == own.state
            by_entry = {each.entry_id: each.state for each in held if each.state != "wrap_up"}
            for entry in session.scalars(select(QueueEntry)):
                expected = {"reserved": ("reserved", "ringing"), "taken": ("talking",)}.get(entry.state, (None,))
                assert by_entry.get(entry.id) in expected
                if entry.state == "waiting":
                    waited_s = (self.clock.now() - entry.enqueued_at).total_seconds()
                    assert standing(session, self.clock, entry.call_ref).waited_s == waited_s

    def drain(self) -> None:
        """Let everybody do what they have to: then nobody may be left, neither caller nor agent."""
        for _ in range(self.calls + 20):
            self.clock.advance(timedelta(seconds=200))
            if not self._left():
                break
            tending.tend(self.services)
            for agent in self.agents:
                self.do("ready", self.agents.index(agent), 0)
            assign_due(self.services)
            with self.services.db.transaction() as session:
                tokens = session.scalars(
                    select(Reservation.token).where(Reservation.state.in_(("reserved", "talking")))
                ).all()
            for token in tokens:
                with self.services.db.transaction() as session:
                    found = offering.accepted(session, self.clock, token)
                    offering.finished(session, self.clock, token)
                    offering.wrap_up(session, self.clock, found.agent_id, "other")
        assert not self._left(), "somebody is stuck"

    def _left(self) -> int:
        with self.services.db.transaction() as session:
            return len(session.scalars(select(QueueEntry.id).where(QueueEntry.state.not_in(("done", "left")))).all())


def _play(services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]) -> None:
    centre = Centre(services, clock)
    for event, pick, seconds in steps:
        centre.do(event, pick, seconds)
        centre.check()
    centre.drain()
    centre.check()


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""The database is emptied at the start of each example by the machine itself."""


@settings(max_examples=20, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(steps=STEPS)
def test_whatever_happens_in_whatever_order(
    services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]
) -> None:
    _play(services, clock, steps)


@pytest.mark.nightly
@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(steps=STEPS)
def test_whatever_happens_in_whatever_order_for_long(
    services: Services, clock: FrozenClock, steps: list[tuple[str, int, int]]
) -> None:
    _play(services, clock, steps)
