"""Alerts, updates, cancels, corrections, people who move, receipts, in any order: every sequence of texts is as demanded.

A slow oracle in plain Python keeps one list of messages per alert and applies the rules one person at a time; after every
step the database must hold exactly the same messages with the same texts in the same states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from alerts import approval
from alerts.dispatch import ending
from alerts.dispatch.results import Settlement, record
from alerts.follow import correcting, in_flight, joins
from alerts.follow.models import PastMessage
from alerts.models import Alert, Message
from hotline.auth.officers import actor_of
from tests.alerts.follow.conftest import AREA, ELSEWHERE, HERE, NORTH, THERE, WIDE, Chain
from tests.factories import make_officer

PLACES = {"here": HERE, "there": THERE, "elsewhere": ELSEWHERE, "unknown": None}
AREAS = {"south": (AREA, {"here"}), "north": (NORTH, {"there"}), "both": (WIDE, {"here", "there"})}
GOT = ("sending", "sent")
RELEASED = ("left", "all_clear", "correction")
STOPPABLE = ("approved", "dispatching", "finished")
"""A finished alert still reaches whoever enters its area, so it can be stopped too until a later one replaces it."""
MAX_PEOPLE, MAX_ALERTS = 6, 6


@dataclass
class Text:
    """One message as the rules have it."""

    number: int
    variant: str
    state: str = "queued"
    waits: Text | None = None


@dataclass
class Warned:
    """One alert as the rules have it."""

    id: int
    kind: str
    inside: set[str]
    follows: Warned | None = None
    state: str = "approved"
    started: bool = False
    replaced: bool = False
    texts: dict[str, Text] = field(default_factory=dict)
    past: list[tuple[str, Text]] = field(default_factory=list)
    """Texts that made room for a newer one of this alert to the same number."""


class Oracle:
    """The rules, one person at a time."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self.alerts: list[Warned] = []
        self._numbers = 0

    def write(self, alert: Warned, phone: str, variant: str, waits: Text | None = None) -> None:
        self._numbers += 1
        alert.texts[phone] = Text(self._numbers, variant, waits=waits)

    def told(self, by: list[Warned], phone: str) -> tuple[Text | None, Text | None]:
        """The latest text that is or may be on the handset, and the same again while none is there for sure."""
        every = [each.texts[phone] for each in by if phone in each.texts]
        every += [each for alert in by for number, each in alert.past if number == phone]
        got = [each for each in every if each.state in GOT]
        latest = max(got, key=lambda each: each.number, default=None)
        return latest, None if any(each.state == "sent" for each in got) else latest

    def start(self, alert: Warned) -> None:
        others = [each for each in self.alerts if each is not alert]
        if any(each.started and each.id > alert.id for each in others):
            alert.state, alert.replaced = "superseded", True
            return
        if alert.kind != "Alert":
            for each in others:
                if each.id < alert.id:
                    self.replace(each)
        alert.started = True
        for phone, place in self.places.items():
            by = [alert.follows] if alert.kind == "Correction" and alert.follows else others
            self.tell(alert, phone, place, *self.told(by, phone))
        alert.state = "dispatching" if alert.texts else "finished"

    def replace(self, earlier: Warned) -> None:
        earlier.replaced = True
        if earlier.state in ("approved", "dispatching"):
            earlier.state = "superseded"
        for each in earlier.texts.values():
            if each.state == "queued":
                each.state = "withdrawn"

    def tell(self, alert: Warned, phone: str, place: str, latest: Text | None, waits: Text | None) -> None:
        if alert.kind == "Cancel":
            if latest and latest.variant not in ("all_clear", "correction"):
                self.write(alert, phone, "all_clear", waits)
        elif alert.kind == "Correction":
            if latest:
                self.write(alert, phone, "correction", waits)
        elif latest is None or latest.variant in RELEASED:
            if place in alert.inside:
                self.write(alert, phone, "alert")
        elif place in alert.inside or place == "unknown":
            self.write(alert, phone, "update", waits)
        else:
            self.write(alert, phone, "left", waits)

    def settle(self) -> None:
        for alert in self.alerts:
            for phone, each in alert.texts.items():
                if alert.state != "dispatching" or each.state != "queued" or each.waits is None:
                    continue
                if each.waits.state == "sent":
                    each.waits = None
                elif each.waits.state not in ("sending", "queued"):
                    if each.variant == "update" and self.places[phone] in alert.inside:
                        each.variant, each.waits = "alert", None
                    else:
                        each.state, each.waits = "withdrawn", None

    def join(self) -> None:
        for alert in self.alerts:
            live = alert.state in ("dispatching", "finished") and alert.started and not alert.replaced
            if not live or alert.kind not in ("Alert", "Update"):
                continue
            for phone, place in self.places.items():
                if place in alert.inside and phone not in alert.texts:
                    self.write(alert, phone, "alert")
                    alert.state = "dispatching"
                elif place in alert.inside:
                    self.come_back(alert, phone, alert.texts[phone])

    def come_back(self, alert: Warned, phone: str, had: Text) -> None:
        """Whoever was told that they are out, or whose text was not needed then, and is inside now."""
        if had.state == "queued" and had.variant == "left":
            had.variant = "update"
        elif had.state == "withdrawn" or (had.variant == "left" and had.state in ("sent", "failed")):
            alert.past.append((phone, had))
            del alert.texts[phone]
            latest, _ = self.told(self.alerts, phone)
            self.write(alert, phone, "alert" if latest is None or latest.variant in RELEASED else "update")
            alert.state = "dispatching"

    def stop(self, alert: Warned) -> None:
        alert.state = "cancelled"
        for each in alert.texts.values():
            if each.state == "queued":
                each.state = "withdrawn"

    def result(self, alert: Warned, phone: str, outcome: str) -> None:
        ended = alert.state in ("cancelled", "superseded")
        alert.texts[phone].state = "withdrawn" if outcome == "queued" and ended else outcome


class Sequences(RuleBasedStateMachine):
    """Does the same to the database and to the oracle, and compares."""

    chain: Chain
    actor: Any

    @initialize()
    def begin(self) -> None:
        self.oracle = Oracle()
        self.chain.ids = []
        with self.chain.services.db.transaction() as session:
            session.execute(text("DELETE FROM alert_watches"))
            session.execute(text("UPDATE positions SET lat = NULL, lon = NULL, cell = NULL"))
            session.execute(text("UPDATE alerts SET state = 'cancelled' WHERE state IN ('approved', 'dispatching')"))
        for place in ("here", "here", "there"):
            self.person(place)
        self.draft("Alert", "south")
        self.oracle.start(self.oracle.alerts[0])
        self.chain.start(self.oracle.alerts[0].id)

    def person(self, place: str) -> None:
        phone = self.chain.person(PLACES[place])
        self.oracle.places[phone] = place

    def draft(self, kind: str, area: str) -> None:
        shape, inside = AREAS[area]
        alert_id = self.chain.add(kind, [] if kind == "Cancel" else shape)
        before = self.oracle.alerts[-1] if self.oracle.alerts else None
        self.oracle.alerts.append(Warned(alert_id, kind, inside, before))

    @precondition(lambda self: len(self.oracle.places) < MAX_PEOPLE)
    @rule(place=st.sampled_from(sorted(PLACES)))
    def somebody_comes(self, place: str) -> None:
        self.person(place)

    @rule(data=st.data(), place=st.sampled_from(sorted(PLACES)))
    def somebody_moves(self, data: st.DataObject, place: str) -> None:
        phone = data.draw(st.sampled_from(sorted(self.oracle.places)))
        self.chain.move(phone, PLACES[place])
        self.oracle.places[phone] = place

    @precondition(lambda self: len(self.oracle.alerts) < MAX_ALERTS)
    @rule(
        kind=st.sampled_from(["Update", "Update", "Cancel"]), area=st.sampled_from(sorted(AREAS)), at_once=st.booleans()
    )
    def an_alert_follows(self, kind: str, area: str, at_once: bool) -> None:
        self.draft(kind, area)
        if at_once:
            self.start(self.oracle.alerts[-1])

    @precondition(lambda self: any(each.state == "approved" for each in self.oracle.alerts))
    @rule(data=st.data())
    def an_approved_one_starts(self, data: st.DataObject) -> None:
        self.start(data.draw(st.sampled_from([each for each in self.oracle.alerts if each.state == "approved"])))

    def start(self, alert: Warned) -> None:
        self.oracle.start(alert)
        assert self.chain.start(alert.id) == alert.state

    def waiting(self, state: str) -> list[tuple[Warned, str]]:
        return [
            (alert, phone)
            for alert in self.oracle.alerts
            for phone, each in sorted(alert.texts.items())
            if each.state == state and (state != "queued" or (each.waits is None and alert.state == "dispatching"))
        ]

    @precondition(lambda self: self.waiting("queued"))
    @rule(data=st.data(), state=st.sampled_from(["sending", "sending", "sent", "failed"]), everyone=st.booleans())
    def texts_are_handed_over(self, data: st.DataObject, state: str, everyone: bool) -> None:
        alert, phone = data.draw(st.sampled_from(self.waiting("queued")))
        phones = [each for which, each in self.waiting("queued") if which is alert] if everyone else [phone]
        self.chain.send(alert.id, phones, state)
        for each in phones:
            alert.texts[each].state = state

    @precondition(lambda self: self.waiting("sending"))
    @rule(data=st.data(), outcome=st.sampled_from(["sent", "failed", "queued"]))
    def an_answer_comes(self, data: st.DataObject, outcome: str) -> None:
        alert, phone = data.draw(st.sampled_from(self.waiting("sending")))
        with self.chain.services.db.transaction() as session:
            message = session.scalars(select(Message).where(Message.alert_id == alert.id, Message.phone == phone)).one()
            settlement = Settlement(message.id, message.attempts, alert.id, "accepted", outcome)
            session.expunge(message)
            record(session, self.chain.clock, [settlement])
        self.oracle.result(alert, phone, outcome)

    @rule()
    def the_sweeps_run(self) -> None:
        in_flight.settle(self.chain.services)
        self.oracle.settle()
        joins.sweep(self.chain.services)
        self.oracle.join()
        for alert in self.oracle.alerts:
            open_texts = any(each.state in ("queued", "sending") for each in alert.texts.values())
            if alert.state == "dispatching" and not open_texts:
                assert ending.finish(self.chain.services, alert.id)
                alert.state = "finished"

    def stoppable(self) -> list[Warned]:
        return [each for each in self.oracle.alerts if each.state in STOPPABLE and not each.replaced]

    @precondition(lambda self: self.stoppable())
    @rule(data=st.data())
    def an_officer_stops_one(self, data: st.DataObject) -> None:
        alert = data.draw(st.sampled_from(self.stoppable()))
        with self.chain.services.db.transaction() as session:
            approval.cancel(session, self.chain.clock, self.actor, alert.id)
        ending.withdraw(self.chain.services, alert.id)
        self.oracle.stop(alert)

    def correctable(self) -> list[Warned]:
        corrected = [each.follows for each in self.oracle.alerts if each.kind == "Correction"]
        return [
            each
            for each in self.oracle.alerts
            if each.started and not each.replaced and each.kind != "Correction" and each not in corrected
        ]

    @precondition(lambda self: self.correctable() and len(self.oracle.alerts) < MAX_ALERTS)
    @rule(data=st.data())
    def an_officer_stops_and_corrects_one(self, data: st.DataObject) -> None:
        alert = data.draw(st.sampled_from(self.correctable()))
        with self.chain.services.db.transaction() as session:
            made = correcting.stop_and_correct(session, self.chain.clock, self.actor, alert.id).id
        ending.withdraw(self.chain.services, alert.id)
        if alert.state in STOPPABLE:
            self.oracle.stop(alert)
        self.chain.ids.append(made)
        self.oracle.alerts.append(Warned(made, "Correction", set(), alert))

    @invariant()
    def the_database_holds_what_the_rules_demand(self) -> None:
        with self.chain.services.db.transaction() as session:
            rows = session.execute(
                select(Message.alert_id, Message.phone, Message.variant, Message.state).where(
                    Message.alert_id.in_(self.chain.ids)
                )
            ).tuples()
            kept = {(alert_id, phone): (variant, state) for alert_id, phone, variant, state in rows}
            gone = session.execute(
                select(PastMessage.alert_id, PastMessage.phone, PastMessage.variant, PastMessage.state).where(
                    PastMessage.alert_id.in_(self.chain.ids)
                )
            ).tuples()
            past = sorted(tuple(row) for row in gone)
            states = dict(
                session.execute(select(Alert.id, Alert.state).where(Alert.id.in_(self.chain.ids))).tuples().all()
            )
        demanded = {
            (alert.id, phone): (each.variant, each.state)
            for alert in self.oracle.alerts
            for phone, each in alert.texts.items()
        }
        assert kept == demanded
        assert past == sorted(
            (alert.id, phone, each.variant, each.state) for alert in self.oracle.alerts for phone, each in alert.past
        )
        assert states == {alert.id: alert.state for alert in self.oracle.alerts}
        self.chain.check_tallies()


def run(chain: Chain, *, examples: int, steps: int) -> None:
    with chain.services.db.transaction() as session:
        Sequences.actor = actor_of(make_officer(session, roles=("senior_agent",)), "console")
    Sequences.chain = chain
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Sequences,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_every_sequence_of_texts_is_the_one_the_rules_demand(chain: Chain) -> None:
    run(chain, examples=12, steps=16)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_every_sequence_of_texts_at_length(chain: Chain) -> None:
    run(chain, examples=400, steps=40)
