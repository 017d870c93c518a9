"""An answer to an alert that a case comes of is a contact of that case: in the list, and once in its story."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerts.replies.models import Answer
from hotline.auth.officers import actor_of
from hotline.cases.contact_models import CLOSED_TOPIC, Contact
from hotline.cases.contacts import NewContact, open_contact
from hotline.cases.known import who_is
from hotline.cases.models import CaseEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.people import travellers
from tests.alerts.replies.people import Warned, make_warned
from tests.auth.conftest import Visitor
from tests.cases.test_contacts import finish, make_contact
from tests.factories import make_officer, make_token


@pytest.fixture
def warned(services: Services) -> Warned:
    return make_warned(services, name="김민수", phone="+821020000077")


@pytest.fixture
def visitor(app: Any, services: Services) -> Visitor:
    """An agent."""
    with services.db.transaction() as session:
        name = make_officer(session, roles=("agent",)).name
    made = Visitor(app.test_client())
    made.sign_in(name)
    return made


def contacts_of(services: Services) -> list[Contact]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Contact).order_by(Contact.id)))


@pytest.mark.parametrize("channel", ["link", "sms", "voice"])
def test_help_by_any_channel_is_a_contact_of_its_case_that_is_over_at_once(
    services: Services, warned: Warned, clock: FrozenClock, channel: str
) -> None:
    done = warned.say("help", channel=channel)
    (contact,) = contacts_of(services)
    assert done.case is not None
    assert (contact.kind, contact.direction, contact.state, contact.case_id, contact.person_id, contact.ref) == (
        "answer", "in", "closed", done.case.id, done.case.person_id, f"answer:{done.answer.id}",
    )  # fmt: skip
    assert (contact.officer_id, contact.disposition, contact.phone) == (None, "", ""), "nobody of ours was spoken with"
    with services.db.transaction() as session:
        (entry,) = session.scalars(select(CaseEntry).where(CaseEntry.contact_id == contact.id))
        assert (entry.kind, entry.channel) == ("answer", channel)
        told = session.scalars(select(OutboxEvent.payload).where(OutboxEvent.topic == CLOSED_TOPIC)).all()
        assert told == [{"contact_id": contact.id, "case_id": done.case.id}]


def test_each_answer_is_one_contact_and_a_repetition_none(services: Services, warned: Warned) -> None:
    warned.say("help", "k1")
    warned.say("help", "k1")
    warned.say("help", "k2", people=3)
    warned.say("safe", "k3")
    assert [each.kind for each in contacts_of(services)] == ["answer"] * 3
    with services.db.transaction() as session:
        answers = session.scalars(select(Answer.id).order_by(Answer.id)).all()
    assert [each.ref for each in contacts_of(services)] == [f"answer:{number}" for number in answers]
    assert len({each.case_id for each in contacts_of(services)}) == 1


def test_safe_without_a_case_and_a_word_told_to_an_officer_make_none(services: Services, warned: Warned) -> None:
    warned.say("safe", "k1")
    warned.say("help", "k2", channel="officer")
    assert contacts_of(services) == [], (
        "what an officer was told was said in a call or a chat, which is a contact itself"
    )


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [("ko", "경보에 대한 응답", "개인 페이지"), ("en", "answer to an alert", "by the personal page")],
)
def test_it_stands_in_the_list_on_its_own_page_and_once_in_the_story(
    warned: Warned, visitor: Visitor, language: str, kind: str, said: str
) -> None:
    case = warned.say("help").case
    assert case is not None
    visitor.post("/language", data={"language": language, "next": "/"})
    (contact,) = contacts_of(warned.services)
    listed = visitor.get("/contacts?state=closed").get_data(as_text=True)
    assert kind in listed and f"/contacts/{contact.id}" in listed and "김민수" in listed
    page = visitor.get(f"/contacts/{contact.id}").get_data(as_text=True)
    assert kind in page and f"/cases/{case.id}" in page
    shown = visitor.get(f"/cases/{case.id}").get_data(as_text=True)
    (history,) = re.findall(r'<ol class="history">(.*?)</ol>', shown, re.S)
    assert history.count("<li ") == 1 and history.count(f'href="/contacts/{contact.id}"') == 1
    assert history.count(said) == 1
    assert kind in visitor.get(f"/persons/{contact.person_id}").get_data(as_text=True)


def test_programs_read_it_and_cannot_open_one(services: Services, warned: Warned, client: FlaskClient) -> None:
    case = warned.say("help").case
    with services.db.transaction() as session:
        token = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('agent',)))}"}
    found = client.get("/api/v1/contacts?state=closed", headers=token).get_json()["contacts"]
    assert case is not None and [(each["kind"], each["case_id"]) for each in found] == [("answer", case.id)]
    with services.db.transaction() as session, pytest.raises(InvalidInput):
        open_contact(session, services.clock, NewContact(kind="answer", ref="x", direction="in"))


def test_answers_never_hide_when_they_were_last_spoken_with(
    services: Services, warned: Warned, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        for number in (1, 2):
            finish(
                session,
                clock,
                make_contact(session, clock, phone=warned.phone, ref=f"call:{number}"),
                who,
                mood="worried",
            )
    for number in range(25):
        clock.advance(timedelta(minutes=3))
        warned.say("help", f"k{number}")
    with services.db.transaction() as session:
        known = who_is(session, warned.phone, now=clock.now())
    assert (known.mood, known.times_called, known.senior.rule) == ("worried", 2, "third-call")
    assert known.last_contact is not None and known.last_contact.kind == "call"


def test_an_erased_person_leaves_a_contact_that_names_nobody(services: Services, warned: Warned) -> None:
    from hotline.core import outbox
    from hotline.core.jobs import registry

    warned.say("help", place="호텔 산호 302호")
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("administrator",)), "console")
        travellers.erase(session, services.clock, who, warned.traveller_id)
    while outbox.deliver_due(services, registry().handlers, limit=200):
        pass
    (contact,) = contacts_of(services)
    assert (contact.phone, contact.note) == ("", "")
    with services.db.transaction() as session:
        assert session.scalars(select(CaseEntry.body)).all() == [""]
