"""Rows for calls that shall meet something: fresh for every call, in one of the states that a call can find them in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
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
from hotline.core import jobs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.services import Services
from hotline.incidents import opening, plans, switching
from hotline.incidents.plans import PlanFields
from hotline.missions.models import MissionStaff
from hotline.people import itineraries, travellers
from hotline.people.itineraries import ItineraryFields
from hotline.people.legs import LegFields
from hotline.queues import attention
from hotline.queues.attention_models import AttentionItem
from overflow.handover.models import Handover, HandoverItem
from overflow.shifts import planning, swapping
from overflow.shifts.planning import Wanted
from overflow.shifts.wall import Wall
from overflow.staffing import asking
from overflow.staffing.models import WhatIf
from overflow.surge.models import AskedPerson, Callout
from overflow.volunteers.models import Volunteer
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.money.amounts import Money
from remittance.screening import clearing
from tests.factories import NOW, make_alert, make_mission, make_officer, make_traveller
from tests.hostile.mission_rows import MissionRows
from tests.hostile.money_rows import MoneyRows
from tests.hostile.paid_rows import PaidRows
from tests.hostile.till_rows import TillRows
from tests.incidents.making import make_incident
from tests.overflow.volunteers.making import make_certificate, make_volunteer
from tests.queues.making import make_agent, make_group, make_queue
from tests.remittance.requests.making import make_remittance
from tests.remittance.screening.making import make_finding


class Rows(TillRows, MoneyRows, PaidRows, MissionRows):
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
            self._chief = actor_of(make_officer(session, roles=("duty_chief",)), "console")
            note = ("wallboard", {"text_ko": "지진", "text_en": "Earthquake"})
            fields = PlanFields(name_ko="지진", name_en="Earthquake", steps=[note, note])
            known = jobs.registry().mode_steps
            self._plan_id = plans.save(session, services.clock, self._chief, known, fields).id
            officer = session.get_one(Officer, almighty.id)
            self._own_agent_id = make_agent(session, officer=officer, state="not_ready", reason="meal").id

    def fresh(self, parameters: Mapping[str, Any], state: int, label: str = "") -> dict[str, Any]:
        """Return the ids of new rows for these parameters; `state` (0 to 3) chooses what has become of them.

        An operation (`label`) that needs many acts before it gets rows of its own.
        """
        made: dict[str, Any] = self.with_money(label, state)
        if "itinerary_id" in parameters:
            state = min(state, 2)  # whoever is erased has no journeys
        with self._services.db.transaction() as session:
            self._free(session)
            for name in sorted(set(parameters) - set(made), reverse=True):
                # Rows of the centre are named by small numbers, which some of the calls before may have made.
                make: Callable[..., int] | None = getattr(self, f"_{name}", None)
                made[name] = make(session, state, made) if make is not None else state + 1
            self.for_missions(session, label, made)
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

    def _what_if_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        question = asking.read({"hours": 0.5, "factor": 1})
        asked = WhatIf(
            asked_by_id=self._author_id, asked_at=self._services.clock.now(), question=asdict(question), curves={},
            state=("waiting", "running", "done", "failed")[state], failure="lost" if state == 3 else "",
        )  # fmt: skip
        session.add(asked)
        session.flush()
        return asked.id

    def _traveller_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        traveller = make_traveller(session, phone=f"+8210{30_000_000 + next(self._numbers)}")
        if state == 3:
            travellers.erase(session, self._services.clock, SYSTEM, traveller.id)
        return traveller.id

    def _finding_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        one = make_remittance(session, self._services.clock)
        finding = make_finding(session, self._services.clock, one)
        if state in (1, 2):
            decide = clearing.clear if state == 1 else clearing.confirm
            decide(session, self._services.clock, self._chief, finding.id, reason="It is so")
        return finding.id

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

    def _crisis_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """An incident of the world outside: open (0), its disaster mode on (1), a drill, or closed."""
        made = make_incident(session, self._services, self._chief, drill=state == 2)
        if state == 1:
            clock = self._services.clock
            run = switching.ask(session, clock, self._chief, made.id, self._plan_id)
            switching.agree(session, clock, self._almighty, made.id, run.digest)
            for step in switching.steps_of(session, run.id):
                step.state, step.kept = "done", {"note": 0}
        if state == 3:
            opening.close(session, self._services.clock, self._chief, made.id)
        return made.id

    def _volunteer_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """Somebody who waits (0), is on the roster (1), suspended (2), or gone (3)."""
        phone = f"+8210{80_000_000 + next(self._numbers)}"
        return make_volunteer(session, state=("applied", "approved", "suspended", "left")[state], phone=phone).id

    def _certificate_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        whose = session.get_one(Volunteer, made["volunteer_id"])
        return make_certificate(session, whose, skill="visa", withdrawn_at=NOW if state == 3 else None).id

    def _shift_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A draft, one that was published, one that was offered, and one that was cancelled."""
        clock = self._services.clock
        wall = Wall("Asia/Seoul", (clock.now() + timedelta(days=2)).date(), 540, 1080)
        agent_id = make_agent(session, state="offline").id
        shift = planning.make(session, clock, self._almighty, Wanted(agent_id, wall))
        if state in (1, 2):
            planning.publish(session, clock, self._almighty, shift.starts_at, shift.starts_at + timedelta(seconds=1))
        if state == 2:
            swapping.offer(session, clock, self._almighty, agent_id, shift.id)
        if state == 3:
            planning.cancel(session, clock, self._almighty, shift.id, "")
        return shift.id

    def _callout_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """A call-out that asks (0), is paused (1), has somebody there (2), or is over (3)."""
        now, incident_id = self._services.clock.now(), self._crisis_id(session, 0, {})
        callout = Callout(
            incident_id=incident_id, drill=False, state=("asking", "paused", "asking", "finished")[state], needed=2, skills={},
            languages=["ko"], by_at=now, until_at=now + timedelta(hours=6), task="", source="", wave=1, more=0, created_at=now,
            ended_at=now if state == 3 else None,
        )  # fmt: skip
        session.add(callout)
        session.flush()
        volunteer = make_volunteer(session)
        session.add(
            AskedPerson(
                callout_id=callout.id, volunteer_id=volunteer.id, agent_id=volunteer.agent_id, phone=volunteer.phone,
                speaks="ko", state="ready" if state == 2 else "declined", wave=1, asks=1, calls=0, minutes=0, chance=0.3,
                asked_at=now, ready_at=now if state == 2 else None, reason="",
            )
        )  # fmt: skip
        session.flush()
        return callout.id

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

    def _thing_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        """A case in a hand-over to a mission of the caller's own (not in 2); it was given back in 3."""
        now, handover_id = self._services.clock.now(), self._handover_id(session, state, {})
        made["handover_id"] = handover_id
        case_id = self._case_id(session, 0, {})
        item = HandoverItem(
            handover_id=handover_id, kind="case", subject_id=case_id, revision=1, urgency=2, added_at=now,
            state="returned" if state == 3 else "waiting", decided_at=now if state == 3 else None,
            officer_id=self._almighty.id if state == 3 else None,
        )  # fmt: skip
        session.add(item)
        session.flush()
        return item.id

    def _handover_id(self, session: Session, state: int, made: dict[str, int]) -> int:
        if "handover_id" in made:
            return made["handover_id"]
        now, mission_id = self._services.clock.now(), self._mission_id(session, 0, {})
        if state != 2:
            session.add(MissionStaff(officer_id=self._almighty.id, mission_id=mission_id, since=now))
        handover = Handover(
            mission_id=mission_id, period_start=now - timedelta(hours=15), period_end=now, state="sent", revision=1,
            due_at=now + timedelta(hours=1), created_at=now, sent_at=now,
        )  # fmt: skip
        session.add(handover)
        session.flush()
        return handover.id

    def _account_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        return account_for(session, self._services.clock, "bank", "KRW", reference=f"hostile-{next(self._numbers)}")

    def _journal_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        clock, one, other = self._services.clock, self._account_id(session, 0, {}), self._account_id(session, 0, {})
        lines = [Line(one, Money(5, "KRW")), Line(other, Money(-5, "KRW"))]
        key = f"hostile:{next(self._numbers)}"
        return post(
            session, clock, SYSTEM, key=key, occurred_at=clock.now(), memo="x", about=About(), lines=lines
        ).journal_id

    def _mission_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        made = make_mission(session, code=f"hostile-{next(self._numbers)}").id
        account_for(session, self._services.clock, "mission_cash", "USD", mission_id=made)
        return made

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
