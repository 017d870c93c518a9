"""The gate: nobody without a passed briefing becomes or stays ready, whatever way they would get there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.agents import presence
from hotline.agents.models import Agent, PresenceChange
from hotline.core import jobs
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import assigning, offering, tending
from hotline.queues.models import Reservation
from overflow.briefing import gate, passing
from tests.factories import make_officer
from tests.overflow.briefing.making import agent_of, make_incident, make_pass, make_version, make_volunteer
from tests.queues.making import call_in, make_agent, make_queue, open_reservations


def test_who_has_not_passed_is_refused_and_who_has_is_ready(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        version = make_version(session, make_incident(session))
        with pytest.raises(Refused) as refusal:
            presence.choose(session, clock, volunteer.agent_id, "ready")
        assert refusal.value.code == "briefing-due"
        make_pass(session, version, volunteer.agent_id)
        assert presence.choose(session, clock, volunteer.agent_id, "ready").state == "ready"


def test_staff_are_asked_to_read_and_not_held_up(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        agent = make_agent(session, state="not_ready")
        make_version(session, make_incident(session))
        assert presence.choose(session, clock, agent.id, "ready").state == "ready"
        assert [each.name_en for each in passing.unread_by_staff(session, agent.id)] == ["Earthquake in Manila"]


@pytest.mark.parametrize(
    ("incident", "version", "volunteer", "due"),
    [
        ({}, {}, {}, 1),
        ({"state": "closed", "closed_at": "now"}, {}, {}, 0),
        ({}, {"state": "draft", "published_at": None, "published_by_id": None}, {}, 0),
        ({"drill": True}, {}, {}, 0),
        ({"drill": True}, {}, {"drill": True}, 1),
        ({}, {}, {"drill": True}, 0),
    ],
)
def test_what_holds_is_the_published_briefing_of_an_open_incident_of_the_same_kind(
    services: Services, clock: FrozenClock, incident: dict[str, Any], version: dict[str, Any],
    volunteer: dict[str, Any], due: int,
) -> None:  # fmt: skip
    if "closed_at" in incident:
        incident = incident | {"closed_at": clock.now()}
    with services.db.transaction() as session:
        who = make_volunteer(session, **volunteer)
        make_version(session, make_incident(session, **incident), **version)
        assert len(passing.outstanding(session, who.id)) == due


def test_a_big_change_asks_again_and_a_small_one_does_not(services: Services) -> None:
    with services.db.transaction() as session:
        who, incident = make_volunteer(session), make_incident(session)
        make_pass(session, make_version(session, incident), who.agent_id)
        make_version(session, incident, number=2, counts_from=1)
        assert passing.passed(session, incident.id, [who.id]) == {who.id} and not passing.outstanding(session, who.id)
        make_version(session, incident, number=3, counts_from=3)
        assert passing.passed(session, incident.id, [who.id]) == set()
        (due,) = passing.outstanding(session, who.id)
        assert (due.number, due.again) == (3, True)


def test_passed_is_asked_for_many_at_once_and_bounded(services: Services) -> None:
    with services.db.transaction() as session:
        incident = make_incident(session)
        version = make_version(session, incident)
        people = [make_volunteer(session) for _ in range(4)]
        for each in people[:2]:
            make_pass(session, version, each.agent_id)
        ids = [each.id for each in people]
        assert passing.passed(session, incident.id, ids) == set(ids[:2])
        assert passing.passed(session, incident.id, []) == set()
        with pytest.raises(ValueError, match="at most"):
            passing.passed(session, incident.id, range(5_001))


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_who_is_no_longer_approved_takes_no_calls(services: Services, clock: FrozenClock, state: str) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, state=state)
        with pytest.raises(Refused) as refusal:
            presence.choose(session, clock, volunteer.agent_id, "ready")
        assert refusal.value.code == "volunteer-not-approved"


def _on_a_call(services: Services, clock: FrozenClock) -> tuple[int, str]:
    """Return a volunteer's agent who talks in a call, and its token; a briefing is published meanwhile."""
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, agent={"state": "ready"})
        make_queue(session)
        call_in(session, clock, language="ko")
    assert assigning.assign_due(services) == 1
    (found,) = open_reservations(services)
    with services.db.transaction() as session:
        offering.accepted(session, clock, found.token)
        make_version(session, make_incident(session))
    assert volunteer.agent_id is not None
    return volunteer.agent_id, found.token


def _agent(services: Services, agent_id: int) -> Agent:
    with services.db.transaction() as session:
        return session.get_one(Agent, agent_id)


def test_after_wrap_up_the_gate_is_asked_again_and_the_desk_says_why(services: Services, clock: FrozenClock) -> None:
    agent_id, token = _on_a_call(services, clock)
    assert gate.sweep(services) == 0 and _agent(services, agent_id).state == "talking", "a call is never cut off"
    with services.db.transaction() as session:
        offering.finished(session, clock, token)
        offering.wrap_up(session, clock, agent_id, "general")
    agent = _agent(services, agent_id)
    assert (agent.state, agent.reason, agent.token) == ("not_ready", "briefing_due", None)
    with services.db.transaction() as session:
        last = session.query(PresenceChange).filter_by(agent_id=agent_id).order_by(PresenceChange.id.desc()).first()
        assert last is not None and (last.after, last.reason) == ("not_ready", "briefing_due")


def test_a_break_that_was_chosen_in_the_call_stays_a_break(services: Services, clock: FrozenClock) -> None:
    agent_id, token = _on_a_call(services, clock)
    with services.db.transaction() as session:
        presence.choose(session, clock, agent_id, "not_ready", "meal")
        with pytest.raises(Refused):
            presence.choose(session, clock, agent_id, "ready")
        offering.finished(session, clock, token)
        offering.wrap_up(session, clock, agent_id, "general")
    agent = _agent(services, agent_id)
    assert (agent.state, agent.reason, agent.next_state) == ("not_ready", "meal", None)


@pytest.mark.parametrize("why", ["missed", "freed", "reaped"])
def test_an_offer_that_came_to_nothing_asks_the_gate_and_raises_nothing(
    services: Services, clock: FrozenClock, why: str
) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, agent={"state": "ready"})
        make_queue(session)
        call_in(session, clock, language="ko", ref="call:1:1")
    assert assigning.assign_due(services) == 1
    (found,) = open_reservations(services)
    with services.db.transaction() as session:
        make_version(session, make_incident(session))
    with services.db.transaction() as session:
        from hotline.queues.entering import leave

        if why == "missed":
            offering.missed(session, clock, found.token, "no_answer")
        elif why == "freed":
            leave(session, clock, "call:1:1", "hangup")
    if why == "reaped":
        clock.advance(timedelta(minutes=5))
        assert tending.reap(services) == 1
    with services.db.transaction() as session:
        agent = agent_of(session, volunteer)
        assert (agent.state, agent.reason) == ("not_ready", "briefing_due")
    assert assigning.assign_due(services) == 0


def test_the_sweep_takes_the_ready_off_the_queue_when_a_briefing_comes(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        people = [make_volunteer(session, agent={"state": "ready"}) for _ in range(3)]
        staff = make_agent(session)
        version = make_version(session, make_incident(session))
        make_pass(session, version, people[0].agent_id)
    assert gate.sweep(services) == 2 and gate.sweep(services) == 0
    with services.db.transaction() as session:
        assert [agent_of(session, each).state for each in people] == ["ready", "not_ready", "not_ready"]
        assert session.get_one(Agent, staff.id).state == "ready"
        make_queue(session)
        for number in range(5):
            call_in(session, clock, language="ko", ref=f"call:{number + 1}:1")
    assigning.assign_due(services)
    with services.db.transaction() as session:
        taken = {each.agent_id for each in session.query(Reservation)}
    assert taken == {people[0].agent_id, staff.id}, "nobody without a passed briefing takes a call"


def test_a_guard_of_a_nameless_reason_still_leads_to_words(services: Services, clock: FrozenClock) -> None:
    def never(session: object, clock: object, agent: object) -> None:
        raise Refused("no", code="something-new")

    registry = jobs.registry()
    registry.ready_guards.append(never)
    try:
        with services.db.transaction() as session:
            agent = make_agent(session)
            assert presence.bench_unfit(session, clock, agent) and agent.reason == "guarded"
            assert not presence.bench_unfit(session, clock, agent), "who is not ready is left alone"
    finally:
        registry.ready_guards.remove(never)


def test_the_persons_own_choice_is_told_in_words_and_changes_nothing(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session, agent={"state": "offline", "reason": "", "duty_since": None})
        make_version(session, make_incident(session))
        make_officer(session)
    with pytest.raises(Refused), services.db.transaction() as session:
        presence.choose(session, clock, volunteer.agent_id, "ready")
    with services.db.transaction() as session:
        agent = agent_of(session, volunteer)
        assert (agent.state, agent.duty_since) == ("offline", None)
