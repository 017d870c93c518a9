"""Answers by text: understood without doubt, or read by a person; never lost, never taken for safe by mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.inbound import IncomingText, receive
from alerts.replies import by_text
from alerts.replies.models import Answer, UnclearText
from alerts.replies.understanding import HELP_WORDS, NUMBERS, SAFE_PHRASES, understand
from alerts.texts import BLOCKED_WORDS
from hotline.cases.models import Case
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from tests.alerts.replies.people import Warned, make_warned
from tests.factories import NOW, make_officer

AGENT = Actor(kind="officer", id=None, name="Agent", permissions=frozenset({"cases.work"}))


@pytest.mark.parametrize(
    "body",
    ["1", "１", " 1. ", "1번", "safe", "Safe!", "I'm safe", "I’M SAFE", "안전", "안전합니다.", "무사합니다", "無事です。",
     "我平安", "Estoy bien", "Je suis en sécurité"],
)  # fmt: skip
def test_plain_words_of_safety_are_safe(body: str) -> None:
    assert understand(body) == "safe"


@pytest.mark.parametrize(
    "body",
    ["2", "２", "help", "HELP!!", "we are trapped on the roof", "도와주세요", "다쳤어요", "助けて", "被困在楼里",
     "ayuda por favor", "J'ai besoin d'aide", "SOS"],
)  # fmt: skip
def test_a_call_for_help_is_heard_in_a_sentence(body: str) -> None:
    assert understand(body) == "help"


@pytest.mark.parametrize(
    "body",
    ["", "   ", "ok", "OK", "12", "3", "not safe", "I am not safe", "안전하지 않아요", "no help needed", "I don't need help",
     "도움 필요 없습니다", "safe but my friend is injured", "where is the embassy?", "1 or 2", "thank you", "x" * 5000, "\u200b"],
)  # fmt: skip
def test_whatever_can_be_doubted_is_left_to_a_person(body: str) -> None:
    assert understand(body) is None


def test_no_word_of_an_answer_is_one_of_the_providers_stop_words() -> None:
    words = {word.upper() for word in [*SAFE_PHRASES, *NUMBERS]}
    assert not words & set(BLOCKED_WORDS)
    assert not any(HELP_WORDS.search(word.lower()) for word in BLOCKED_WORDS)


@pytest.fixture
def warned(services: Services) -> Warned:
    return make_warned(services)


def send(warned: Warned, body: str, sid: str = "SM1", sender: str | None = None) -> bool:
    return receive(warned.services, IncomingText(sid, sender or warned.phone, "+15005550006", body))


def waiting(warned: Warned) -> list[tuple[int, int]]:
    with warned.services.db.transaction() as session:
        return [(row.inbound_text_id, row.alert_id) for row in session.scalars(select(UnclearText))]


def test_a_text_is_an_answer_like_any_other(warned: Warned) -> None:
    send(warned, "2")
    assert warned.standing() == "help" and waiting(warned) == []
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Case.traveller_id)).all() == [warned.traveller_id]
        assert session.scalars(select(Answer.channel)).all() == ["sms"]


def test_a_text_delivered_twice_is_one_answer(warned: Warned) -> None:
    assert send(warned, "1") and not send(warned, "1")
    assert warned.answers() == ["safe"]


def test_a_stop_word_is_no_answer_and_waits_for_nobody(warned: Warned) -> None:
    send(warned, "STOP")
    assert warned.answers() == [] and waiting(warned) == []


def test_an_unclear_text_waits_and_counts_as_said_when_it_came(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "water everywhere, what now")
    ((text_id, alert_id),) = waiting(warned)
    assert alert_id == warned.alert_id and warned.standing() is None
    clock.advance(timedelta(minutes=10))
    with warned.services.db.transaction() as session:
        by_text.settle(session, clock, AGENT, text_id, "help")
    assert warned.standing() == "help" and waiting(warned) == []
    with warned.services.db.transaction() as session:
        assert session.scalars(select(Answer.said_at)).one() == NOW
        assert session.scalars(select(AuditEntry.after).where(AuditEntry.action == "text.read")).all() == [
            {"meaning": "help"}
        ]
        with pytest.raises(NotFound):
            by_text.settle(session, clock, AGENT, text_id, "safe")


def test_a_text_read_late_does_not_override_what_was_said_since(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "hmm")
    clock.advance(timedelta(minutes=10))
    warned.say("safe", "page")
    ((text_id, _),) = waiting(warned)
    with warned.services.db.transaction() as session:
        by_text.settle(session, clock, AGENT, text_id, "help")
    assert warned.standing() == "safe"


def test_a_text_that_means_nothing_is_put_away(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "thank you")
    ((text_id, _),) = waiting(warned)
    with warned.services.db.transaction() as session:
        assert by_text.settle(session, clock, AGENT, text_id, "nothing") is None
    assert waiting(warned) == [] and warned.answers() == []


def test_who_may_not_work_on_cases_reads_no_texts_and_meanings_are_three(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "hmm")
    ((text_id, _),) = waiting(warned)
    with warned.services.db.transaction() as session:
        with pytest.raises(Forbidden):
            by_text.settle(session, clock, Actor("officer", 1, "Author"), text_id, "help")
        with pytest.raises(InvalidInput):
            by_text.settle(session, clock, AGENT, text_id, "dunno")


def test_a_strangers_text_waits_but_is_nobodys_answer(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "help me", sender="+819011112222")
    ((text_id, alert_id),) = waiting(warned)
    assert alert_id == 0
    with pytest.raises(Refused), warned.services.db.transaction() as session:
        by_text.settle(session, clock, AGENT, text_id, "help")
    assert waiting(warned) == [(text_id, 0)]


def test_a_number_sent_months_later_answers_nothing(services: Services, clock: FrozenClock) -> None:
    warned = make_warned(services)
    with services.db.transaction() as session:
        from alerts.models import Message

        session.scalars(select(Message)).one().sent_at = NOW
    clock.advance(timedelta(days=31))
    send(warned, "1")
    assert warned.standing() is None and len(waiting(warned)) == 1


def test_an_answer_that_is_refused_still_waits_for_a_person(warned: Warned) -> None:
    for nth in range(60):
        warned.say("safe", f"k{nth}")
    assert send(warned, "2")
    assert warned.standing() == "safe" and len(waiting(warned)) == 1


def test_officers_with_a_name_settle_texts(warned: Warned, clock: FrozenClock) -> None:
    send(warned, "hmm")
    with warned.services.db.transaction() as session:
        officer = make_officer(session, roles=("agent",))
        actor = Actor("officer", officer.id, officer.display_name, frozenset({"cases.work"}))
        (row,) = by_text.unclear(session, warned.alert_id)
        recorded = by_text.settle(session, clock, actor, row.id, "safe")
        assert recorded is not None and recorded.counts
