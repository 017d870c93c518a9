"""Two sites of our own and an outsourced group on one queue: whose turn it is, from which step on, and whose caller it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, AgentGroup, Site
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.queues import offering
from hotline.queues.assigning import assign_due
from hotline.queues.models import EntryStep, QueueEntry, Reservation
from tests.queues.making import call_in, make_agent, make_group, make_queue, open_reservations

SEOUL, BUSAN, FIRM = "Seoul house", "Busan house", "Firm"
STEPS = [
    {"after_s": 0, "level": 3, "language": True, "drop": [], "groups": 1},
    {"after_s": 20, "level": 1, "language": True, "drop": [], "groups": 2},
    {"after_s": 60, "level": 1, "language": True, "drop": [], "groups": 3},
]
"""At first the masters of Seoul; then all of Seoul and Busan; after a minute the firm as well."""


@dataclass
class Country:
    """Two sites and a firm; agents are named by their group."""

    services: Services
    clock: FrozenClock
    groups: dict[str, int]

    def agents(self, **how_many: int) -> dict[str, list[int]]:
        """Add agents by group, who have been idle the longer the later their group stands in the queue's order."""
        found: dict[str, list[int]] = {}
        with self.services.db.transaction() as session:
            for place, (group, name) in enumerate({"seoul": SEOUL, "busan": BUSAN, "firm": FIRM}.items()):
                idle = self.clock.now() - timedelta(hours=1 + place)
                found[group] = [
                    make_agent(session, group=name, skills={"visa": 1}, idle_since=idle).id
                    for _ in range(how_many.get(group, 0))
                ]
        return found

    def calls(self, number: int, **more: Any) -> list[int]:
        """Let callers join who want somebody for visas; their entries."""
        with self.services.db.transaction() as session:
            return [call_in(session, self.clock, language="ko", skills=["visa"], **more).id for _ in range(number)]

    def after(self, seconds: float) -> int:
        """Let time pass and one pass of assigning; how many were reserved."""
        self.clock.advance(timedelta(seconds=seconds))
        return assign_due(self.services)

    def taken(self) -> Counter[str]:
        """Return how many hold a call now, by group."""
        with self.services.db.transaction() as session:
            rows = session.execute(
                select(AgentGroup.name)
                .join(Agent, Agent.group_id == AgentGroup.id)
                .join(Reservation, Reservation.agent_id == Agent.id)
                .where(Reservation.state.in_(("reserved", "ringing", "talking", "wrap_up")))
            )
            return Counter(rows.scalars())

    def steps(self, entry_id: int) -> list[tuple[str, int, str]]:
        """Return the recorded steps of a caller."""
        with self.services.db.transaction() as session:
            found = session.scalars(select(EntryStep).where(EntryStep.entry_id == entry_id).order_by(EntryStep.id))
            return [(each.kind, each.step, each.need) for each in found]


@pytest.fixture
def country(services: Services, clock: FrozenClock) -> Country:
    with services.db.transaction() as session:
        groups = {name: make_group(session, name=name, outsourced=name == FIRM).id for name in (SEOUL, BUSAN, FIRM)}
        make_queue(session, group_ids=list(groups.values()), steps=STEPS, sticky_s=30)
    return Country(services, clock, groups)


def test_the_two_houses_are_two_sites_and_the_firm_is_marked(services: Services, country: Country) -> None:
    with services.db.transaction() as session:
        sites = session.execute(
            select(AgentGroup.name, Site.name, AgentGroup.outsourced).join(Site, Site.id == AgentGroup.site_id)
        ).all()
    assert len({site for _group, site, _outsourced in sites}) == 3
    assert {group for group, _site, outsourced in sites if outsourced} == {FIRM}


def test_calls_widen_over_groups_in_recorded_steps(country: Country) -> None:
    agents = country.agents(busan=1, firm=1)
    first, second = country.calls(2)
    assert country.after(0) == 0, "the masters of Seoul alone are asked, and none is there"
    assert country.after(21) == 1
    (held,) = open_reservations(country.services)
    assert (held.agent_id, held.entry_id, held.matched_step) == (agents["busan"][0], first, 1)
    assert country.after(30) == 0, "the firm has been idle the longest and still waits for its step"
    assert country.after(10) == 1
    held = open_reservations(country.services)[1]
    assert (held.agent_id, held.entry_id, held.matched_step) == (agents["firm"][0], second, 2)
    assert country.steps(first) == [("widened", 1, "lang:ko visa:1")]
    assert country.steps(second) == [("widened", 1, "lang:ko visa:1"), ("widened", 2, "lang:ko visa:1")]


def test_the_order_of_groups_goes_before_who_has_been_idle_longest(country: Country) -> None:
    country.agents(seoul=2, busan=2, firm=2)
    country.calls(5)
    assert country.after(61) == 5
    assert country.taken() == {SEOUL: 2, BUSAN: 2, FIRM: 1}, "the firm gets only what the houses cannot take"


def test_a_step_limits_who_may_be_taken_from_each_group(country: Country) -> None:
    country.agents(seoul=2, busan=2, firm=2)
    country.calls(6)
    assert country.after(0) == 0 and country.taken() == {}, "nobody in Seoul is a master of visas"
    assert country.after(21) == 4
    assert country.taken() == {SEOUL: 2, BUSAN: 2}, "two wait although two of the firm are free"
    assert country.after(20) == 0
    assert country.after(20) == 2
    assert country.taken() == {SEOUL: 2, BUSAN: 2, FIRM: 2}


def test_a_group_that_the_queue_does_not_name_gets_none_of_its_calls(country: Country) -> None:
    with country.services.db.transaction() as session:
        make_agent(
            session, group="Another firm", skills={"visa": 5}, idle_since=country.clock.now() - timedelta(days=1)
        )
    country.calls(1)
    for seconds in (0, 21, 60, 600):
        assert country.after(seconds) == 0


@pytest.mark.parametrize("where", ["busan", "firm"])
def test_a_repeat_caller_belongs_to_their_agent_across_sites_and_groups_for_a_time(
    country: Country, where: str
) -> None:
    agents = country.agents(seoul=1, busan=1, firm=1)
    owner = agents[where][0]
    country.calls(1, sticky_agent_id=owner)
    assert country.after(0) == 1
    (held,) = open_reservations(country.services)
    assert (held.agent_id, held.matched_step) == (owner, -1), "before every step, also that of the outsourced group"


def test_whose_owner_is_busy_at_another_site_goes_on_in_the_order_of_groups(country: Country) -> None:
    agents = country.agents(seoul=1, busan=1, firm=1)
    owner = agents["busan"][0]
    country.calls(1, sticky_agent_id=owner)
    assert country.after(0) == 1
    (talk,) = open_reservations(country.services)
    with country.services.db.transaction() as session:
        offering.accepted(session, country.clock, talk.token)
    (second,) = country.calls(1, sticky_agent_id=owner)
    assert country.after(29) == 0, "the owner talks; Seoul is free, but the caller is theirs for half a minute"
    assert country.after(2) == 1
    held = next(each for each in open_reservations(country.services) if each.entry_id == second)
    assert (held.agent_id, held.matched_step) == (agents["seoul"][0], 1)
    assert [(kind, step) for kind, step, _need in country.steps(second)] == [("widened", 1)]


def test_two_queues_share_the_firm_and_each_keeps_its_own_order(country: Country) -> None:
    with country.services.db.transaction() as session:
        order = [country.groups[FIRM], country.groups[BUSAN]]
        steps = [{"after_s": 0, "level": 1, "language": True, "drop": [], "groups": 0}]
        make_queue(session, code="passport", group_ids=order, steps=steps)
        firm = make_agent(session, group=FIRM, skills={"visa": 1}).id
        busan = make_agent(
            session, group=BUSAN, skills={"visa": 1}, idle_since=country.clock.now() - timedelta(hours=9)
        ).id
    (passport,) = country.calls(1, queue="passport")
    country.calls(1)
    assert country.after(0) == 1
    (held,) = open_reservations(country.services)
    assert (held.entry_id, held.agent_id) == (passport, firm), "here the firm stands first"
    assert country.after(21) == 1
    assert {each.agent_id for each in open_reservations(country.services)} == {firm, busan}


def test_a_missed_call_goes_to_the_next_group_and_keeps_its_place(country: Country) -> None:
    agents = country.agents(seoul=1, busan=1)
    (entry,) = country.calls(1)
    assert country.after(21) == 1
    (held,) = open_reservations(country.services)
    assert held.agent_id == agents["seoul"][0]
    with country.services.db.transaction() as session:
        offering.missed(session, country.clock, held.token, "busy")
        before = _entry(session, entry).rank_at
    assert country.after(0) == 1
    (held,) = open_reservations(country.services)
    assert held.agent_id == agents["busan"][0]
    with country.services.db.transaction() as session:
        assert _entry(session, entry).rank_at == before


def _entry(session: Session, entry_id: int) -> QueueEntry:
    return session.get_one(QueueEntry, entry_id)
