"""A case is one story: who said what and when, texts sent, alerts received, money, the mission, files; made by the real code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import Message
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.cases import attaching, contacts, escalating, person_links, timeline, words, working
from hotline.cases.leaving import leave_message
from hotline.cases.models import Case, CaseEntry
from hotline.core import outbox
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.jobs import registry
from hotline.core.services import Services
from hotline.notices import store
from hotline.people.models import Traveller
from hotline.queues import callbacks, calling, offering, tending
from hotline.queues.assigning import assign_due
from overflow.handover import deciding
from overflow.handover.models import Handover, HandoverItem
from remittance.requests import effects
from remittance.telling import timeline as money
from tests.alerts.replies.people import Warned, make_warned
from tests.auth.conftest import Visitor
from tests.cases.test_contacts import make_contact
from tests.cases.test_escalating import make_rule
from tests.factories import make_officer
from tests.overflow.handover.making import make_shanghai, make_staff
from tests.queues.making import make_agent, make_queue, open_reservations
from tests.remittance.requests.making import make_remittance
from tests.remittance.telling.making import facts

LANGUAGES = ("ko", "en")
SAID = {
    "note": "경찰 신고서를 받음", "spoken": "호텔에 머무름", "asked": "숙박비를 내도 됩니까?", "answered": "이틀까지 됩니다.",
    "attached": "letter.pdf", "closed": "귀국함", "reopened": "다시 연락함", "alert": "Flood in Manila",
}  # fmt: skip
"""Words that must stand in the line of a kind."""


@dataclass
class Story:
    """One case in which everything happens, each thing a minute after the last."""

    services: Services
    clock: FrozenClock
    warned: Warned
    who: Actor
    senior: Actor
    official: Actor
    case_id: int = 0

    @contextmanager
    def later(self, minutes: float = 1) -> Iterator[Session]:
        """Give a transaction some minutes later."""
        self.clock.advance(timedelta(minutes=minutes))
        with self.services.db.transaction() as session:
            yield session

    def deliver(self) -> None:
        """Let the scheduler look and the outbox tell."""
        tending.tend(self.services)
        while outbox.deliver_due(self.services, registry().handlers, limit=200):
            pass

    # Each of these makes the kinds that it is named for below.

    def alert_and_answer(self) -> None:
        with self.later() as session:
            message = session.scalars(select(Message)).one()
            message.state, message.sent_at = "delivered", self.clock.now()
        self.clock.advance(timedelta(minutes=1))
        case = self.warned.say("help", people=2).case
        assert case is not None
        self.case_id = case.id

    def work(self) -> None:
        with self.later() as session:
            working.take(session, self.clock, self.who, self.case_id)
        with self.later() as session:
            working.note(session, self.clock, self.who, self.case_id, body=SAID["note"])
        with self.later() as session:
            working.wait(session, self.clock, self.who, self.case_id, note="답을 기다림")
        with self.later() as session:
            working.resume(session, self.clock, self.who, self.case_id)
        with self.later() as session:
            working.hand_over(session, self.clock, self.who, self.case_id, self.senior.id or 0, note="밤 근무")
        with self.later() as session:
            working.release(session, self.clock, self.senior, self.case_id)

    def talk(self) -> None:
        with self.later() as session:
            contact = make_contact(session, self.clock, kind="chat", ref="chat:1", phone=self.warned.phone)
            contacts.attach(session, self.clock, contact.id, self.case_id, actor=self.who)
        with self.later() as session:
            contacts.close_contact(
                session, self.clock, contact.id, "safety", SAID["spoken"], "worried", {"minor"}, self.who
            )
        with self.later() as session:
            call = make_contact(session, self.clock, ref="call:77", phone=self.warned.phone)
            contacts.attach(session, self.clock, call.id, self.case_id, actor=self.who)
            leave_message(session, self.clock, call.id, seconds=12, recording_id=5)

    def send(self) -> None:
        with self.later() as session:
            case = session.get_one(Case, self.case_id)
            person_links.send_link(session, self.clock, self.services.settings, self.who, case.id, case.person_id)
        with self.later() as session:
            attaching.attach_file(session, self.clock, self.who, self.case_id, name="letter.pdf", content=b"%PDF-1.7 x")
        with self.later() as session:
            store.publish(
                session, self.clock, phone=self.warned.phone, body="사건 안내", purpose="information", dedupe_key="x",
                expires_at=self.clock.now() + timedelta(hours=1),
            )  # fmt: skip

    def ask(self) -> None:
        with self.later() as session:
            asked = escalating.escalate(session, self.clock, self.who, self.case_id, question=SAID["asked"]).id
        for minutes in (61, 31):
            with self.later(minutes):
                pass
            assert escalating.climb(self.services) == 1
        with self.later() as session:
            escalating.answer(session, self.clock, self.official, asked, words=SAID["answered"])

    def call_back(self) -> None:
        with self.later() as session:
            at = self.clock.now() + timedelta(minutes=5)
            made = callbacks.promise(session, self.clock, self.case_id, at, self.who.id or 0, self.warned.phone)
        with self.later(25):
            pass
        self.deliver()
        assert assign_due(self.services) == 1
        (held,) = open_reservations(self.services)
        with self.later() as session:
            offering.accepted(session, self.clock, held.token)
            calling.outcome(session, self.clock, made.id, held.token, "dead_number")
            offering.finished(session, self.clock, held.token)
        self.deliver()
        with self.later() as session:
            at = self.clock.now() + timedelta(hours=5)
            callbacks.reserve(
                session, self.clock, queue="general", phone=self.warned.phone, at=at, case_id=self.case_id,
                actor=self.who,
            )  # fmt: skip

    def pay(self) -> None:
        with self.later() as session:
            make_remittance(session, self.clock, case=session.get_one(Case, self.case_id))
        for fact in facts(self.services):
            money.trace(self.services, fact)

    def hand_to_mission(self) -> None:
        for nth, take_first in enumerate((True, False)):
            with self.later() as session:
                mission = make_shanghai(session, code=f"shanghai-{nth}")
                staff = make_staff(session, mission)
                now = self.clock.now()
                handover = Handover(
                    mission_id=mission.id, period_start=now - timedelta(hours=8), period_end=now, created_at=now,
                    due_at=now + timedelta(hours=2), sent_at=now, state="sent", revision=1,
                )  # fmt: skip
                session.add(handover)
                session.flush()
                item = HandoverItem(
                    handover_id=handover.id, kind="case", subject_id=self.case_id, revision=1, urgency=1, state="waiting",
                    added_at=now,
                )  # fmt: skip
                session.add(item)
                session.flush()
            if take_first:
                with self.later() as session:
                    deciding.acknowledge(session, self.services, staff, handover.id, item.id)
            with self.later() as session:
                by = staff if take_first else self.senior
                deciding.give_back(session, self.services, by, handover.id, item.id, "다른 관할")

    def close(self) -> None:
        with self.later() as session:
            working.close(session, self.clock, self.senior, self.case_id, reason=SAID["closed"])
        with self.later() as session:
            escalating.reopen(session, self.clock, self.senior, self.case_id, reason=SAID["reopened"])


STEPS: list[tuple[Callable[[Story], None], tuple[str, ...]]] = [
    (Story.alert_and_answer, ("alert", "answer")),
    (Story.work, ("taken", "note", "waiting", "resumed", "handed_over", "released")),
    (Story.talk, ("contact", "spoken", "contact", "message")),
    (Story.send, ("link_sent", "attached", "text")),
    (Story.ask, ("asked", "climbed", "reminded", "answered")),
    (Story.call_back, ("callback_promised", "callback_overdue", "callback_given_up", "callback_reserved")),
    (Story.pay, ("money",)),
    (Story.hand_to_mission, ("mission_took", "mission_gave_back", "mission_lost")),
    (Story.close, ("closed", "reopened")),
]


def told(*, language: str) -> list[str]:
    """Return what each line is called, in the order of time."""
    from flask_babel import force_locale, gettext

    names = words.ENTRIES | words.AROUND
    with force_locale(language):
        return [gettext(names[kind]) for _step, kinds in STEPS for kind in kinds]


def test_every_kind_of_line_is_made_below() -> None:
    made = {kind for _step, kinds in STEPS for kind in kinds}
    assert made == {*words.ENTRIES, *words.AROUND}, "a new kind gets its step here, and its words in both languages"
    assert {timeline.ALERT, timeline.TEXT} == words.AROUND.keys()


def test_a_kind_without_words_is_refused() -> None:
    with pytest.raises(AssertionError):
        CaseEntry(case_id=1, kind="surprise")


@pytest.fixture
def story(services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr(effects, "apply", lambda *_: None)
    warned = make_warned(services, name="김민수", phone="+821020000077")
    with services.db.transaction() as session:
        made: dict[str, Any] = {
            role: actor_of(make_officer(session, roles=(role,), display_name=f"{role} 담당"), "console")
            for role in ("agent", "senior_agent", "official")
        }
        second = actor_of(make_officer(session, roles=("official",)), "console")
        make_rule(session, clock, made["official"])
        make_rule(session, clock, second, level=3, deadline_minutes=30)
        make_queue(session)
        make_agent(session, officer=session.get_one(Officer, made["agent"].id))
    return Story(services, clock, warned, made["agent"], made["senior_agent"], made["official"])


def lines_of(visitor: Visitor, case_id: int, language: str) -> list[str]:
    """Return the lines of the case's page as they are read, the earliest first."""
    visitor.post("/language", data={"language": language, "next": "/"})
    page = visitor.get(f"/cases/{case_id}").get_data(as_text=True)
    (history,) = re.findall(r'<ol class="history">(.*?)</ol>', page, re.S)
    found = [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", each))) for each in history.split("<li ")[1:]]
    return [each.partition(">")[2] for each in reversed(found)]


def test_everything_that_happened_stands_in_one_timeline_in_order_in_both_languages(
    app: Any, services: Services, clock: FrozenClock, story: Story
) -> None:
    for step, _kinds in STEPS:
        step(story)
    with services.db.transaction() as session:
        session.get_one(Officer, story.senior.id)
        name = session.get_one(Officer, story.senior.id).name
        kept = session.get_one(Traveller, story.warned.traveller_id)
        assert kept.name == "김민수"
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    kinds = [kind for _step, kinds in STEPS for kind in kinds]
    for language in LANGUAGES:
        lines = lines_of(visitor, story.case_id, language)
        with app.test_request_context():
            expected = told(language=language)
        assert len(lines) == len(expected), (lines, expected)
        for kind, line, name_of_line in zip(kinds, lines, expected, strict=True):
            assert f" {name_of_line} " in line, (kind, line)
            assert SAID.get(kind, "") in line, (kind, line)
    moments = [re.findall(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", each)[0] for each in lines]
    assert moments == sorted(moments) and len(set(moments)) > 20
    by_officer = {kind: line for kind, line in zip(kinds, lines, strict=True)}
    assert "agent 담당" in by_officer["spoken"] and "official 담당" in by_officer["answered"], "who said what"


def test_what_reached_them_before_or_after_the_case_is_not_its_story(
    app: Any, services: Services, clock: FrozenClock, story: Story
) -> None:
    story.alert_and_answer()
    with services.db.transaction() as session:
        (message,) = session.scalars(select(Message))
        message.sent_at = clock.now() - timedelta(days=31)
        for days, key in ((-31, "old"), (0, "now")):
            clock.advance(timedelta(days=days))
            store.publish(
                session, clock, phone=story.warned.phone, body="x", purpose="information", dedupe_key=key,
                expires_at=clock.now() + timedelta(hours=1),
            )  # fmt: skip
            clock.advance(timedelta(days=-days))
        store.publish(
            session, clock, phone="+821099998888", body="x", purpose="information", dedupe_key="other",
            expires_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
        store.publish(
            session, clock, phone=story.warned.phone, body="123456", purpose="code", dedupe_key="code",
            expires_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
        name = session.get_one(Officer, story.senior.id).name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    lines = lines_of(visitor, story.case_id, "en")
    assert sum("Text sent" in each for each in lines) == 1 and not any("Alert received" in each for each in lines)
    assert "123456" not in " ".join(lines)
