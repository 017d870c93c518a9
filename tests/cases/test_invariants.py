"""Whatever is done to cases and persons, in whatever order, the rules of the house hold after every single step."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.cases import contacts, erasure, escalating, merging, persons, working
from hotline.cases.contact_models import Contact
from hotline.cases.escalation_models import Escalation, EscalationRule
from hotline.cases.models import Case
from hotline.cases.person_models import Person, PersonMerge
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from tests.cases.test_cases import agent
from tests.cases.test_contacts import finish, make_contact
from tests.conftest import NOW

NIGHTLY = os.environ.get("HOTLINE_NIGHTLY") == "1"
OPERATIONS = (
    "contact", "case", "attach", "finish", "note", "take", "release", "hand_over", "escalate", "answer", "close", "reopen",
    "merge", "undo", "erase", "wait",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=40)


class World:
    """A few officers, and the acts they can do by number."""

    def __init__(self, services: Services, session: Session, clock: FrozenClock) -> None:
        self.services, self.session, self.clock, self.calls = services, session, clock, 0
        self.agents = [agent(session), agent(session, "senior_agent")]
        self.official = agent(session, "official")
        assert self.official.id is not None
        session.add(EscalationRule(level=1, official_id=self.official.id, deadline_minutes=60, made_at=clock.now()))
        session.flush()

    def act(self, operation: str, first: int, second: int) -> None:
        """Do one act; what a rule forbids is refused and changes nothing."""
        before = self.home_of_contacts()
        try:
            with self.session.begin_nested():
                self._do(operation, first, second)
        except HotlineError:
            self.session.expire_all()
        self.check(before)

    def _do(self, operation: str, first: int, second: int) -> None:
        session, clock, who = self.session, self.clock, self.agents[second % 2]
        case, contact, person = self.nth(Case, first), self.nth(Contact, first), self.nth(Person, first)
        if operation == "contact":
            self.calls += 1
            make_contact(session, clock, ref=f"call:{self.calls}", phone=f"+82109999000{first % 4}")
        elif operation == "case":
            contacts.open_case(session, clock, who, contact, summary="x")
        elif operation == "attach":
            contacts.attach(session, clock, contact, self.nth(Case, second), actor=who)
        elif operation == "finish":
            finish(session, clock, contacts.get_contact(session, contact), who, risk={"minor"} if second % 2 else ())
        elif operation == "answer":
            escalating.answer(session, clock, self.official, self.nth(Escalation, first), words="yes")
        elif operation == "merge":
            self.merge_and_back(person, self.nth(Person, second))
        elif operation == "undo":
            merging.undo(session, clock, who, self.nth(PersonMerge, first))
        elif operation == "erase":
            erasure.erase_person(session, clock, who, person)
        else:
            self._work(operation, case, who, second)

    def _work(self, operation: str, case: int, who: Any, second: int) -> None:
        session, clock = self.session, self.clock
        acts = {
            "note": lambda: working.note(session, clock, who, case, body="n"),
            "take": lambda: working.take(session, clock, who, case),
            "release": lambda: working.release(session, clock, who, case),
            "wait": lambda: working.wait(session, clock, who, case),
            "hand_over": lambda: working.hand_over(session, clock, who, case, self.agents[(second + 1) % 2].id or 0),
            "escalate": lambda: escalating.escalate(session, clock, who, case, question="?"),
            "close": lambda: working.close(session, clock, who, case, reason="done"),
            "reopen": lambda: escalating.reopen(session, clock, who, case, reason="not done"),
        }
        acts[operation]()
        clock.advance(timedelta(minutes=1))

    def merge_and_back(self, kept: int, other: int) -> None:
        """Merge, take it back, find everything as it was, and merge again."""
        before = self.pointers()
        row = merging.merge(self.session, self.clock, self.agents[1], kept, other)
        assert self.pointers() != before
        merging.undo(self.session, self.clock, self.agents[1], row.id)
        assert self.pointers() == before
        merging.merge(self.session, self.clock, self.agents[1], kept, other)

    def pointers(self) -> list[Any]:
        return list(self.session.execute(text("SELECT id, merged_into_id FROM persons ORDER BY id")))

    def nth(self, model: Any, number: int) -> int:
        found = self.session.scalars(select(model.id).order_by(model.id)).all()
        return found[number % len(found)] if found else 10**9

    def home_of_contacts(self) -> dict[int, int]:
        rows = self.session.execute(select(Contact.id, Contact.case_id).where(Contact.case_id.is_not(None)))
        return {contact: case for contact, case in rows.tuples() if case is not None}

    def check(self, before: dict[int, int]) -> None:
        """Hold every rule."""
        session = self.session
        count = select(func.count()).select_from(Case)
        assert session.scalar(count.where(Case.state.in_(("in_hand", "waiting")), Case.owner_id.is_(None))) == 0
        assert session.scalar(count.where(Case.state == "open", Case.owner_id.is_not(None))) == 0
        owed = select(Escalation.case_id).where(Escalation.state == "asked")
        assert session.scalar(count.where(Case.state == "closed", Case.id.in_(owed))) == 0
        after = self.home_of_contacts()
        assert all(after.get(contact) == case for contact, case in before.items()), "a contact never changes its case"
        chains = text(
            "SELECT count(*) FROM persons a JOIN persons b ON b.id = a.merged_into_id WHERE b.merged_into_id IS NOT NULL"
        )
        assert session.scalar(chains) == 0
        named = text(
            "SELECT count(*) FROM persons p JOIN person_phones f ON f.person_id = p.id WHERE p.erased_at IS NOT NULL"
        )
        assert session.scalar(named) == 0
        assert persons.members(session, 10**9) == []


@settings(
    max_examples=200 if NIGHTLY else 12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(STEPS)
@pytest.mark.usefixtures("services")
def test_the_rules_hold_whatever_is_done(services: Services, steps: list[tuple[str, int, int]]) -> None:
    clock = FrozenClock(NOW)
    with services.db.transaction() as session:
        world = World(services, session, clock)
        for step in [("contact", 0, 0), ("case", 0, 0), ("contact", 1, 1), ("case", 1, 1), *steps]:
            world.act(*step)
        session.rollback()
