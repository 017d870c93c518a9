"""The sequence of channels for each person is the one that the policy demands, against an oracle, whatever happens when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.silent import mailing, reports, text_reports, texting
from alerts.silent.plan import USUAL, Step
from alerts.silent.reports import Report
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import MORE, ROOM
from hotline.providers.sms import Outcome, SmsFeed, SmsResult, StreamReport
from hotline.providers.smtp_mail import ROOM as MAIL_ROOM
from tests.alerts.silent.conftest import PracticeVoice, Stage
from tests.alerts.silent.test_channels import PracticeMail
from tests.factories import NOW

PEOPLE = ("a", "b")
STEPS = tuple(step for step in USUAL["Extreme"] if step.whom in ("not_delivered", "not_answered"))
EVENT = st.tuples(
    st.integers(0, 7),
    st.one_of(
        st.tuples(
            st.sampled_from(["deliver", "fail", "answer", "opt out", "second delivered", "second failed"]),
            st.sampled_from(PEOPLE),
        ),
        st.tuples(st.sampled_from(["work", "work", "work", "supersede", "forget cursors"]), st.just("")),
    ),
)


@dataclass
class PracticeTexts:
    """A provider in memory that takes every text."""

    name: str
    sender: str = "+15005550007"
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    keeps_record: bool = True
    taken: int = 0

    def stream(self, feed: SmsFeed, *, in_flight: int) -> StreamReport:
        while not feed.finished():
            for request in feed.take(in_flight):
                self.taken += 1
                sid = f"SM{request.message_id:032d}"
                feed.give(SmsResult(request.message_id, request.attempt, Outcome.ACCEPTED, sid, "queued"))
        return StreamReport()


@dataclass
class Person:
    """What the oracle knows of one person."""

    sent: int
    text: str = "sent"
    second: str = ""
    answered: bool = False
    opted_out: bool = False
    mailed: bool = False
    looked: set[int] = field(default_factory=set)
    sequence: list[str] = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    def is_due(self, step: Step) -> bool:
        if self.answered or self.opted_out:
            return False
        if step.whom == "not_delivered":
            return self.text != "delivered" and self.second != "delivered"
        return self.text != "failed" or self.second in ("sent", "delivered")


class Oracle:
    """Says, for every working moment, what must leave for whom, in which order."""

    def __init__(self, sent: dict[str, int]) -> None:
        self.people = {name: Person(minute) for name, minute in sent.items()}
        self.over = False

    def work(self, minutes: float) -> None:
        if self.over:
            return
        for person in self.people.values():
            due: list[tuple[int, Step]] = []
            for number, step in enumerate(STEPS):
                if number not in person.looked and minutes >= person.sent + step.after_minutes:
                    person.looked.add(number)
                    if number not in person.done and person.is_due(step):
                        person.done.add(number)
                        due.append((number, step))
                        if step.channel == "sms":
                            person.second = "sent"
            for channel in ("sms", "voice", "mail"):
                for _, step in due:
                    if step.channel == channel and not (channel == "mail" and person.mailed):
                        person.sequence.append(channel)
                        person.mailed |= channel == "mail"


def work(stage: Stage) -> None:
    """Sweep, and let every channel work off what it finds; calls end without a key."""
    stage.sweep()
    texting.send(stage.services)
    for _ in range(3):
        stage.call()
        for row in stage.rows():
            if row.state == "ringing":
                with stage.services.db.transaction() as session:
                    said = Report(row.id, row.attempts, row.provider_sid or "", "completed", row.phone)
                    reports.apply(session, stage.clock.now(), said)
    mailing.send(stage.services)


def second_report(stage: Stage, phone: str, status: str, code: str | None) -> None:
    for row in stage.rows():
        if row.channel == "sms" and row.phone == phone and row.attempts:
            with stage.services.db.transaction() as session:
                said = Report(row.id, row.attempts, row.provider_sid or "", status, phone, code)
                text_reports.apply(session, stage.clock, said)


def happen(stage: Stage, oracle: Oracle, what: str, name: str) -> None:
    """Do one event to the database and to the oracle."""
    if what == "work":
        work(stage)
        oracle.work((stage.clock.now() - NOW) / timedelta(minutes=1))
        return
    if what == "supersede":
        oracle.over = True
        stage.execute("UPDATE alerts SET superseded_by_id = id")
        return
    if what == "forget cursors":
        stage.execute(
            "UPDATE silent_plans SET looked = (SELECT jsonb_agg('null'::jsonb) FROM jsonb_array_elements(steps))"
        )
        for person in oracle.people.values():
            person.looked.clear()
        return
    person, phone = oracle.people[name], stage.people[name][1]
    if what in ("deliver", "fail") and person.text == "sent":
        person.text = {"deliver": "delivered", "fail": "failed"}[what]
        stage.execute("UPDATE messages SET state = %(state)s, settled_at = %(at)s WHERE phone = %(phone)s",
                      state=person.text, at=stage.clock.now(), phone=phone)  # fmt: skip
    elif what == "second delivered" and person.second in ("sent", "failed"):
        person.second = "delivered"
        second_report(stage, phone, "delivered", None)
    elif what == "second failed" and person.second == "sent":
        person.second = "failed"
        second_report(stage, phone, "undelivered", "30008")
    elif what == "answer" and not person.answered:
        person.answered = True
        stage.answer(name)
    elif what == "opt out":
        person.opted_out = True
        stage.execute("UPDATE travellers SET opted_out_at = now() WHERE phone = %(phone)s", phone=phone)


@pytest.fixture
def channels(services: Services, clock: FrozenClock, voice: PracticeVoice) -> Iterator[PracticeTexts]:
    """Providers in memory for every channel; the first text went by `twilio`, and there is `other` beside it."""
    services.settings = services.settings.model_copy(update={"mails_per_s": 1000.0})
    services.rooms[MAIL_ROOM] = PracticeMail()
    services.rooms[ROOM], other = PracticeTexts("twilio"), PracticeTexts("other")
    services.rooms[MORE] = {"other": other}
    with services.db.connection() as connection:
        connection.execute(
            "WITH s AS (INSERT INTO senders (provider, address, created_at, updated_at) VALUES ('other', '+15005550007',"
            " now(), now()) RETURNING id) INSERT INTO routes (prefix, sender_id, priority, weight, open, created_at,"
            " updated_at) SELECT '', id, 50, 100, true, now(), now() FROM s"
        )
    yield other


@settings(
    max_examples=15, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    sent=st.fixed_dictionaries({name: st.integers(0, 5) for name in PEOPLE}), events=st.lists(EVENT, max_size=14)
)  # fmt: skip
def test_everybody_gets_the_channels_that_the_policy_demands_in_their_order(
    services: Services, clock: FrozenClock, voice: PracticeVoice, channels: PracticeTexts, sent: dict[str, int],
    events: list[Any],
) -> None:  # fmt: skip
    with services.db.connection() as connection:
        connection.execute("TRUNCATE outreach, call_attempts, silent_plans, messages, standings, answers CASCADE")
        connection.execute("UPDATE alerts SET state = 'cancelled'")
    clock.set(NOW)
    stage, oracle = Stage(services, clock, voice), Oracle(sent)
    stage.alert()
    stage.execute(
        "INSERT INTO silent_plans (alert_id, severity, version, steps, looked, made_at) VALUES (%(id)s, 'Extreme', 0,"
        " %(steps)s::jsonb, %(looked)s::jsonb, now())",
        id=stage.alert_id, steps=json.dumps([step.to_json() for step in STEPS]), looked=json.dumps([None] * len(STEPS)),
    )  # fmt: skip
    for name, minute in sent.items():
        stage.person(name, sent=minute, lat=50.0, lon=50.0, email=f"{name}@practice.example")
    for minutes, (what, name) in events:
        stage.later(minutes)
        happen(stage, oracle, what, name)
    stage.later(30)
    happen(stage, oracle, "work", "")
    with services.db.connection() as connection:
        left = connection.execute(
            "SELECT o.phone, o.channel FROM call_attempts a JOIN outreach o ON o.id = a.outreach_id ORDER BY a.id"
        ).fetchall()
    for name, person in oracle.people.items():
        phone = stage.people[name][1]
        assert [channel for number, channel in left if number == phone] == person.sequence
        assert person.sequence.count("sms") <= 1 and person.sequence.count("mail") <= 1
