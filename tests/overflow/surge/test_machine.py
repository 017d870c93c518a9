"""Call-outs in which anything comes in any order: answers, silence, dead numbers, crashes of calls, changes of N, cancels.

What must always hold: nobody is asked twice in a wave, nobody over their hours is asked, nobody without a passed briefing takes a
call, no telephone is rung twice at a time or for somebody on duty, only people of the right kind are asked. What must hold in the
end: as many as needed are ready, or everybody was asked; and after a stand-down everybody is released and off duty.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from hotline.agents.models import Agent, PresenceChange
from hotline.agents.states import OFFLINE, ON_DUTY, READY
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from overflow.briefing.models import BriefingPass
from overflow.surge.models import AskedPerson, CalloutCall, CalloutEvent
from overflow.surge.states import ENGAGED, OPEN_CALLS, OVER, PENDING
from overflow.volunteers.models import Volunteer
from tests.calls.telephones import Telephones
from tests.overflow.surge.world import World

EVENTS = (
    "now", "now", "now", "later", "no", "pass", "pass", "ready", "ready", "comes", "comes", "leave", "rest", "takes_call",
    "ends_call", "look", "look", "wait", "wait", "long_wait", "word", "word", "lose_call", "refuse_call", "never_call", "need",
    "more", "pause", "resume", "release", "suspend", "not_now", "tired",
)  # fmt: skip
PHASES = (Phase.explicit, Phase.generate)
ENDS = ("cancel", "stand_down", "")
STEPS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 40)), min_size=6, max_size=45)
WORDS = ("ringing", "in-progress", "completed", "busy", "no-answer", "failed")


class Callouts:
    """One call-out of ten volunteers of the right kind among others."""

    def __init__(self, services: Services, clock: FrozenClock, needed: int) -> None:
        with services.db.transaction() as session:
            session.execute(
                text(
                    "TRUNCATE callout_samples, callout_events, callout_calls, callout_people, callouts, notices, "
                    "briefing_passes, presence_changes CASCADE"
                )
            )
            session.execute(text("UPDATE volunteers SET state = 'suspended'"))
            session.execute(text("UPDATE agents SET state = 'offline', token = NULL, duty_since = NULL"))
            session.execute(text("UPDATE incidents SET state = 'closed', closed_at = now()"))
        telephones = Telephones(clock)
        services.rooms["voice_provider"] = services.rooms["call_control"] = telephones
        self.world = World(services, clock, telephones)
        self.clock = clock
        self.world.people(10)
        self.drill = set(self.world.people(2, drill=True))
        self.tired = set[int]()
        self.world.start(needed)

    def do(self, event: str, pick: int) -> None:
        """Let something happen; it is refused, and changes nothing, where it comes at a wrong moment."""
        world = self.world
        asked = world.asked()
        person = asked[pick % len(asked)] if asked else None
        with contextlib.suppress(HotlineError):
            if event in ("look", "wait", "long_wait"):
                world.later({"look": 3, "wait": 45, "long_wait": 1_300}[event])
            elif event == "need":
                world.need(1 + pick % 9)
            elif event in ("pause", "resume"):
                world.act(event)
            elif event == "release":
                world.release(1 + pick % 3)
            elif event == "more":
                self._more(1 + pick % 4)
            elif event in ("lose_call", "refuse_call", "never_call"):
                world.telephones.outcomes.append({"lose_call": "lost", "refuse_call": "refused"}.get(event, "never"))
            elif event == "word":
                self._word(pick)
            elif person is not None:
                self._of_person(event, person)

    def _more(self, count: int) -> None:
        from overflow.surge import opening

        world = self.world
        with world.services.db.transaction() as session:
            opening.ask_more(session, world.services, world.chief(session), world.callout_id, count)

    def _word(self, pick: int) -> None:
        on = [each for each in self.world.calls() if each.state in OPEN_CALLS and each.provider_sid]
        if on:
            call = on[pick % len(on)]
            word = WORDS[pick % len(WORDS)]
            self.world.telephones.statuses[call.provider_sid or ""] = word
            if pick % 3:
                self.world.word(call, word)

    def _of_person(self, event: str, person: AskedPerson) -> None:
        world = self.world
        if person.state == "released":
            return  # what somebody does afterwards, such as a shift of their own, is no part of the call-out
        now = self.clock.now()
        acts: dict[str, Callable[[], object]] = {
            "pass": lambda: world.passes(person.id),
            "ready": lambda: world.chooses(person.id, READY),
            "comes": lambda: world.comes(person.id),
            "leave": lambda: world.leaves(person.id),
            "rest": lambda: world.rests(person.id),
            "takes_call": lambda: world.agent_state(person.id) == READY and world.takes_call(person.id),
            "ends_call": lambda: world.busy(person.id) and world.ends_call(person.id),
            "suspend": lambda: world.change(person.volunteer_id, {"state": "suspended"}),
            "not_now": lambda: world.change(person.volunteer_id, {"not_before": now + timedelta(hours=2)}),
            "tired": self._tire,
        }
        acts.get(event, lambda: world.says(person.id, event))()

    def _tire(self) -> None:
        """Somebody who was not asked yet has worked all their hours of the day."""
        world = self.world
        asked = {each.volunteer_id for each in world.asked()}
        free = [each for each in world.volunteers if each not in asked | self.tired | self.drill]
        if not free:
            return
        with world.services.db.transaction() as session:
            volunteer = session.get_one(Volunteer, free[0])
            since, now = self.clock.now() - timedelta(hours=7), self.clock.now()
            for at, before, after in ((since, "offline", "ready"), (now, "ready", "offline")):
                session.add(PresenceChange(agent_id=volunteer.agent_id, at=at, before=before, after=after, reason=""))
        self.tired.add(free[0])

    def check(self) -> None:
        """What always holds."""
        with self.world.services.db.transaction() as session:
            people = session.scalars(select(AskedPerson)).all()
            waves = Counter(session.scalars(
                select(CalloutEvent.person_id).where(CalloutEvent.event.in_(("ask", "ask_again")))
            ))  # fmt: skip
            for each in people:
                assert waves[each.id] == each.asks <= each.wave, "somebody was asked twice in a wave"
                assert each.volunteer_id not in self.drill | self.tired
            agents = {each.id: each for each in session.scalars(select(Agent))}
            passed = set(session.scalars(select(BriefingPass.agent_id)))
            for each in people:
                if agents[each.agent_id].state in ON_DUTY:
                    assert each.agent_id in passed, "somebody takes calls without the briefing"
            on = session.scalars(select(CalloutCall).where(CalloutCall.state.in_(OPEN_CALLS))).all()
            assert len({each.phone for each in on}) == len(on)
            made = Counter(request.message_id for request, _, _ in self.world.telephones.made)
            assert max(made.values(), default=1) == 1, "a call was placed twice"

    def end_well(self) -> None:
        """Everybody who is coming comes, nobody else answers; time passes."""
        world = self.world
        if world.state == "paused":
            world.act("resume")
        world.telephones.outcomes.clear()
        for _ in range(60):
            if world.state in ("satisfied", "exhausted", *OVER):
                break
            for each in world.in_state("confirmed", "briefed"):
                with contextlib.suppress(HotlineError):
                    world.comes(each.id)
            for call in world.calls():
                if call.state in OPEN_CALLS and call.provider_sid:
                    world.word(call, "no-answer")
            world.later(125)
            self.check()
        standing = world.standing()
        if world.state == "satisfied":
            assert standing.ready + standing.away >= standing.needed
            assert not world.in_state(*PENDING, "confirmed", "later", "briefed")
        elif world.state == "exhausted":
            self._everybody_was_asked()
        else:
            assert world.state in OVER

    def _everybody_was_asked(self) -> None:
        world = self.world
        asked = {each.volunteer_id for each in world.asked()}
        with world.services.db.transaction() as session:
            for each in session.scalars(select(Volunteer).where(Volunteer.state == "approved", ~Volunteer.drill)):
                later = each.not_before is not None and each.not_before > self.clock.now()
                assert each.id in asked | self.tired or later, "somebody could still have been asked"

    def stand_down(self, how: str) -> None:
        """After a cancel or a stand-down everybody finishes and is off duty."""
        world = self.world
        if world.state not in OVER:
            world.act(how)
        for each in world.asked():
            if world.busy(each.id):
                world.ends_call(each.id)
        for _ in range(3):
            world.later(5)
        assert world.state == ("cancelled" if how == "cancel" else "finished") or world.state in OVER
        assert not world.in_state(*ENGAGED)
        for each in world.in_state("released"):
            assert world.agent_state(each.id) == OFFLINE


SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def run(services: Services, clock: FrozenClock, steps: list[tuple[str, int]], needed: int, end: str) -> None:
    """Let everything happen, hold what always holds after each, and what must hold in the end."""
    services.settings = services.settings.model_copy(update={"voice_calls_per_s": 50.0})
    callouts = Callouts(services, clock, needed)
    callouts.check()
    for event, pick in steps:
        callouts.do(event, pick)
        callouts.check()
    if end:
        callouts.stand_down(end)
    else:
        callouts.end_well()
    callouts.check()


@pytest.mark.long
@given(STEPS, st.integers(1, 5), st.sampled_from(ENDS))
@settings(max_examples=12, deadline=None, phases=PHASES, print_blob=True, suppress_health_check=SUPPRESSED)
def test_enough_are_ready_or_everybody_was_asked_whatever_comes_in_whatever_order(
    services: Services, clock: FrozenClock, steps: list[tuple[str, int]], needed: int, end: str
) -> None:
    run(services, clock, steps, needed, end)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@given(STEPS, st.integers(1, 5), st.sampled_from(ENDS))
@settings(max_examples=250, deadline=None, phases=PHASES, print_blob=True, suppress_health_check=SUPPRESSED)
def test_the_same_through_the_night(
    services: Services, clock: FrozenClock, steps: list[tuple[str, int]], needed: int, end: str
) -> None:
    run(services, clock, steps, needed, end)
