"""Rows for calls that shall meet something: fresh for every call, in one of the states that a call can find them in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts import approval
from alerts.text_templates import stages
from alerts.text_templates.stages import TemplateFields
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls.models import Call, Leg
from hotline.cases import contacts, escalating, merging, persons, protection, working
from hotline.cases.attaching import attach_file
from hotline.cases.contacts import NewContact, open_contact
from hotline.cases.models import CasePerson
from hotline.cases.opening import Word, open_or_join
from hotline.core.actor import SYSTEM, Actor
from hotline.core.services import Services
from hotline.people import itineraries, travellers
from hotline.people.itineraries import ItineraryFields
from hotline.people.legs import LegFields
from hotline.queues import attention
from hotline.queues.attention_models import AttentionItem
from tests.factories import make_alert, make_mission, make_officer, make_traveller
from tests.queues.making import make_agent, make_group, make_queue


class Rows:
    """Makes what the parameters of an address name."""

    def __init__(self, services: Services, almighty: Actor) -> None:
        self._services, self._almighty = services, almighty
        self._numbers = itertools.count(1)
        with services.db.transaction() as session:
            self._author_id = make_officer(session, roles=("author", "approver")).id
            make_queue(session)
            make_group(session)
            self._rule(session, almighty.id or 0)
            self._agent = actor_of(make_officer(session, roles=("agent",)), "console")
            officer = session.get_one(Officer, almighty.id)
            self._own_agent_id = make_agent(session, officer=officer, state="not_ready", reason="meal").id

    def fresh(self, parameters: Mapping[str, Any], state: int) -> dict[str, int]:
        """Return the ids of new rows for these parameters; `state` (0 to 3) chooses what has become of them."""
        made: dict[str, int] = {}
        if "itinerary_id" in parameters:
            state = min(state, 2)  # whoever is erased has no journeys
        with self._services.db.transaction() as session:
            self._free(session)
            for name in sorted(parameters, reverse=True):
                # Rows of the centre are named by small numbers, which some of the calls before may have made.
                make: Callable[..., int] | None = getattr(self, f"_{name}", None)
                made[name] = make(session, state, made) if make is not None else state + 1
        return made

    def _free(self, session: Session) -> None:
        """Let the caller's own agent be in no call."""
        for statement in (
            "UPDATE call_legs SET state = 'over' WHERE agent_id = :own",
            "UPDATE reservations SET state = 'done' WHERE agent_id = :own",
            "UPDATE agents SET state = 'not_ready', reason = 'meal', token = NULL, wrap_up_until = NULL WHERE id = :own",
        ):
            session.execute(text(statement), {"own": self._own_agent_id})

    def _call_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A call of the caller's own agent (0, 1), of somebody else's, or one that is over."""
        now, number = self._services.clock.now(), next(self._numbers)
        own = self._own_agent_id if state != 2 else make_agent(session, state="not_ready").id
        call = Call(
            provider_sid=f"CA{number:032x}", direction="in", state="ended" if state == 3 else "talking",
            phone=f"+8210{40_000_000 + number}", called="+82232100404", agent_id=own, started_at=now, heard_at=now,
            ended_at=now if state == 3 else None, contact_id=self._contact_id(session, 0, {}),
        )  # fmt: skip
        session.add(call)
        session.flush()
        for role, agent_id in (("caller", None), ("agent", own)):
            session.add(
                Leg(
                    call_id=call.id, role=role, state="over" if state == 3 else "joined", to=call.phone, agent_id=agent_id,
                    provider_sid=f"CB{call.id:016x}{role[0] * 16}", joined_at=now, created_at=now,
                )
            )  # fmt: skip
        session.flush()
        return call.id

    def _alert_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        author = session.get_one(Officer, self._author_id)
        texts = {"en": "Flood in Manila 21 Nov 12:00. Go to high ground."}
        alert = make_alert(session, author=author, texts=texts, mission_id=self._mission_id(session, 0, {}))
        clock, settings = self._services.clock, self._services.settings
        writer = actor_of(author, "console")
        if state >= 1:
            approval.submit(session, clock, settings, writer, alert.id)
        if state == 2:
            approval.cancel(session, clock, writer, alert.id)
        if state == 3:
            approval.approve(session, clock, settings, self._almighty, alert.id, audience_estimate=1)
        session.flush()
        return alert.id

    def _traveller_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        traveller = make_traveller(session, phone=f"+8210{30_000_000 + next(self._numbers)}")
        if state == 3:
            travellers.erase(session, self._services.clock, SYSTEM, traveller.id)
        return traveller.id

    def _case_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        clock = self._services.clock
        word = Word(
            traveller_id=self._traveller_id(session, 0, made),
            source="alert:1",
            says="help",
            channel="link",
            country="PH",
        )
        case = open_or_join(session, clock, SYSTEM, word)
        if "person_id" in made:
            session.add(CasePerson(case_id=case.id, person_id=made["person_id"], added_at=clock.now()))
        if state >= 1:
            working.take(session, clock, self._almighty, case.id)
        if state == 2:
            working.wait(session, clock, self._almighty, case.id, note="")
        if state == 3:
            working.close(session, clock, self._almighty, case.id, reason="done")
        return case.id

    def _contact_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        clock, number = self._services.clock, next(self._numbers)
        phone = f"+8210{50_000_000 + number}"
        given = NewContact(kind="call", ref=f"hostile:{number}", direction="in", phone=phone, danger=state == 2)
        contact = open_contact(session, clock, given)
        if state == 1:
            contacts.attach(session, clock, contact.id, self._case_id(session, 0, made), actor=self._almighty)
        if state == 3:
            contacts.close_contact(session, clock, contact.id, "other", "", "", (), self._almighty)
        return contact.id

    def _person_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        phone = "" if state == 3 else f"+8210{70_000_000 + next(self._numbers)}"
        return persons.add_person(session, self._services.clock, self._almighty, name="Kim", phone=phone).id

    def _incident_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        clock, contact_id = self._services.clock, self._contact_id(session, 0, made)
        # Nobody reviews their own call and nobody else answers for it: half of them are the caller's own.
        who = self._almighty if state % 2 else self._agent
        for _ in range(3 if state < 3 else 1):
            done = protection.press(session, clock, who, contact_id)
        return done.incident.id

    def _flag_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        phone = f"+8210{60_000_000 + next(self._numbers)}"
        clock, who = self._services.clock, self._almighty
        flag = protection.flag_number(session, clock, who, phone=phone, kind="spam", reason="x", days=3)
        if state == 3:
            protection.lift(session, clock, who, flag.id)
        return flag.id

    def _attachment_id(self, session: Session, _state: int, made: dict[str, int]) -> int:
        clock, case_id = self._services.clock, made["case_id"]
        return attach_file(session, clock, self._almighty, case_id, name="a.pdf", content=b"%PDF-1.7 x").id

    def _agent_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        return make_agent(session, state=("ready", "not_ready", "offline", "ready")[state]).id

    def _escalation_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        clock, who = self._services.clock, self._almighty
        official = who.id if state < 2 else make_officer(session, roles=("official",)).id
        self._rule(session, official or 0)
        case_id = self._case_id(session, 1, made)
        return escalating.escalate(session, clock, who, case_id, question="May we pay?").id

    def _rule(self, session: Session, official_id: int) -> None:
        escalating.set_rule(
            session, self._services.clock, self._almighty, country="", risk="", level=1, official_id=official_id,
            deadline_minutes=60, phone="",
        )  # fmt: skip

    def _merge_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        clock, kept, other = self._services.clock, self._person_id(session, 0, {}), self._person_id(session, 0, {})
        found = merging.merge(session, clock, self._almighty, kept, other)
        if state == 3:
            merging.undo(session, clock, self._almighty, found.id)
        return found.id

    def _item_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        now, agent = self._services.clock.now(), make_agent(session)
        item = AttentionItem(kind="number_dead", ref=f"number_dead:{agent.id}", agent_id=agent.id, at=now)
        session.add(item)
        session.flush()
        if state == 3:
            attention.acknowledge(session, self._services.clock, self._almighty, item.id)
        return item.id

    def _mission_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        return make_mission(session, code=f"hostile-{next(self._numbers)}").id

    def _template_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        fields = TemplateFields(name=f"Flood {next(self._numbers)}", texts={"alert": {"en": "Flood in {place} {time}"}})
        loaded = stages.create(session, self._services.clock, self._almighty, fields)
        if state == 3:
            stages.retire(session, self._services.clock, self._almighty, loaded.template.id)
        return loaded.template.id

    def _itinerary_id(self, session: Session, _state: int, made: dict[str, int]) -> int:
        whose = made["traveller_id"]
        leg = LegFields(from_date=date(2026, 11, 20), to_date=date(2026, 11, 25), place="Manila", country="PH")
        fields = ItineraryFields(legs=[leg], companions=[], reference=None)
        return itineraries.add(session, self._services.clock, SYSTEM, whose, fields, source="api").id
