"""A relative's own link: it shows how one case stands and what was answered, opens it again, and does nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from alerts.replies.models import Answer
from alerts.replies.phrases import LANGUAGES, phrases
from hotline.auth.officers import actor_of
from hotline.cases import contacts, erasure, escalating, merging, persons, working
from hotline.cases.models import Case
from hotline.cases.person_links import (
    SENT_AGAIN_AFTER,
    end_person_links,
    link_for_person,
    open_person_link,
    send_link,
)
from hotline.cases.reading import history
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, Refused
from hotline.core.services import Services
from hotline.links.opening import EndedLink, read_link, read_token
from hotline.links.tokens import LIFETIME, BadToken, Claims, LinkMaker, PersonClaims
from hotline.notices.models import Notice
from hotline.people.models import Traveller
from tests.auth.conftest import Visitor
from tests.cases.test_cases import agent, make_case
from tests.cases.test_contacts import PHONE, make_contact
from tests.factories import NOW, make_officer, make_token, make_traveller

MAKER = LinkMaker("a secret", "https://hotline.example.org")


class Relative:
    """A mother who called about her son's case, the officer who answers, and the link she was sent."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        self.services, self.clock = services, clock
        with services.db.transaction() as session:
            self.officer = make_officer(session, roles=("senior_agent", "official"), name="hana")
            self.who: Actor = actor_of(self.officer, "console")
            traveller = make_traveller(session, name="Kim Minsu", phone="+821020000077")
            case = make_case(session, clock, traveller_id=traveller.id)
            mother = persons.add_person(session, clock, self.who, name="Lee Younghee", phone=PHONE, language="en")
            contact = make_contact(session, clock)
            contacts.attach(session, clock, contact.id, case.id, actor=self.who, relation="mother")
            working.take(session, clock, self.who, case.id)
            self.case_id, self.person_id, self.traveller_id = case.id, mother.id, traveller.id
            self.path = self.new_path(session)

    def new_path(self, session: Any) -> str:
        url = link_for_person(session, self.clock, self.services.settings, self.person_id, self.case_id)
        return "/p/" + url.rsplit("/", 1)[1]

    def claims(self) -> PersonClaims:
        found = read_link(self.services, self.path.removeprefix("/p/"), "192.0.2.1")
        assert isinstance(found, PersonClaims)
        return found


@pytest.fixture
def relative(services: Services, clock: FrozenClock) -> Relative:
    return Relative(services, clock)


def shown(client: FlaskClient, path: str, language: str = "en") -> str:
    return client.get(f"{path}?lang={language}").get_data(as_text=True)


@given(st.integers(1, 2**40 - 1), st.integers(1, 2**32 - 1), st.integers(0, 2**24 - 1))
def test_no_token_of_one_kind_is_ever_one_of_the_other(whose: int, about: int, minutes: int) -> None:
    issued_at = NOW.replace(month=1, day=1, hour=0) + timedelta(minutes=minutes)
    of_person, of_traveller = PersonClaims(whose, about, issued_at), Claims(whose, about, issued_at)
    theirs, other = MAKER.token(of_person), MAKER.token(of_traveller)
    assert len(theirs) == len(other) and theirs != other
    assert (MAKER.read_any(theirs), MAKER.read_any(other), MAKER.read(other)) == (of_person, of_traveller, of_traveller)
    with pytest.raises(BadToken):
        MAKER.read(theirs)


def test_a_token_that_was_sent_before_there_were_two_kinds_opens_as_it_did() -> None:
    assert MAKER.token(Claims(1, 2, NOW)) == "EDSF8ier4nIaKnRkuoKQTwviUvj"
    assert MAKER.read_any("EDSF8ier4nIaKnRkuoKQTwviUvj") == Claims(1, 2, NOW)


def test_the_page_shows_state_and_answers_and_nothing_of_the_person(
    client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    first = shown(client, relative.path)
    say = phrases("en")
    assert say["case_title"].format(reference=f"CS-{relative.case_id:06}") in first and say["case_in_hand"] in first
    for hidden in ("Kim", "Minsu", "Lee", "mother", "0000077", "99990001", "hana", 'name="say"', "optout"):
        assert hidden not in first, hidden
    with services.db.transaction() as session:
        escalating.set_rule(
            session, clock, relative.who, country="", risk="", level=1, official_id=relative.officer.id,
            deadline_minutes=60, phone="",
        )  # fmt: skip
        asked = escalating.escalate(session, clock, relative.who, relative.case_id, question="inner matter")
    assert say["asked"] in shown(client, relative.path) and "inner matter" not in shown(client, relative.path)
    with services.db.transaction() as session:
        escalating.answer(session, clock, relative.who, asked.id, words="He is on the bus to Manila.")
    assert "He is on the bus to Manila." in shown(client, relative.path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_every_language(client: FlaskClient, relative: Relative, language: str) -> None:
    page = shown(client, relative.path, language)
    assert phrases(language)["case_now"] in page and f'lang="{language}"' in page and "tel:+82232100404" in page
    answer = client.get(relative.path)
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in answer.headers


def test_a_relative_opens_a_closed_case_again_and_does_nothing_else(
    client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    for form in (
        {"act": "optout"},
        {"say": "help", "place": "x"},
        {"act": "reopen", "reason": "too early"},
        {"act": "x"},
    ):
        assert client.post(relative.path, data=form).status_code == 200
    with services.db.transaction() as session:
        assert session.get_one(Traveller, relative.traveller_id).opted_out_at is None
        assert session.scalars(select(Answer)).all() == []
        assert "reopened" not in [entry.kind for entry in history(session, relative.case_id)]
        working.close(session, clock, relative.who, relative.case_id, reason="Went home")
    page = shown(client, relative.path)
    assert phrases("en")["reopen_this"] in page and phrases("en")["case_over"] in page and "Went home" not in page
    assert phrases("en")["reopen_this"] in client.post(
        f"{relative.path}?lang=en", data={"act": "reopen", "reason": " ", "lang": "en"}
    ).get_data(as_text=True)
    done = client.post(relative.path, data={"act": "reopen", "reason": "He never came", "lang": "en"})
    assert phrases("en")["case_in_hand"] in done.get_data(as_text=True)
    with services.db.transaction() as session:
        entry = history(session, relative.case_id)[0]
        assert (entry.kind, entry.body, entry.details["person_id"]) == ("reopened", "He never came", relative.person_id)
        assert session.scalars(select(AuditEntry.actor_kind).where(AuditEntry.action == "case.reopened")).all() == [
            "person"
        ]
        working.close(session, clock, relative.who, relative.case_id, reason="Went home")
    clock.advance(escalating.REOPEN_WITHIN + timedelta(minutes=1))
    assert phrases("en")["reopen_this"] not in shown(client, relative.path)
    client.post(relative.path, data={"act": "reopen", "reason": "Late"})
    with services.db.transaction() as session:
        assert session.get_one(Case, relative.case_id).state == "closed"


def test_a_link_ends_with_its_time_its_revocation_erasure_and_leaving_the_case(
    client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    clock.advance(LIFETIME)
    assert client.get(relative.path).status_code == 410
    clock.set(NOW)
    with services.db.transaction() as session:
        end_person_links(session, clock, relative.who, relative.person_id)
        new = relative.new_path(session)
    assert client.get(relative.path).status_code == 410 and client.get(new).status_code == 200
    assert client.post(relative.path, data={"act": "reopen", "reason": "x"}).status_code == 410
    with services.db.transaction() as session:
        session.execute(text("DELETE FROM case_people"))
    assert client.get(new).status_code == 410
    with services.db.transaction() as session:
        with pytest.raises(Refused):
            relative.new_path(session)
        own = session.get_one(Case, relative.case_id).person_id
        path = link_for_person(session, clock, services.settings, own, relative.case_id).rsplit("/", 1)[1]
    assert client.get(f"/p/{path}").status_code == 200, "the person of the case may follow it as well"


def test_nobody_follows_a_case_of_whom_one_was_erased(
    client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        send_link(session, clock, services.settings, relative.who, relative.case_id, relative.person_id)
        session.execute(text("UPDATE notices SET state = 'sent'"))
        erasure.erase_person(session, clock, relative.who, relative.person_id)
        assert session.scalars(select(Notice.phone)).all() == [""]
    assert client.get(relative.path).status_code == 410
    assert client.get("/p/" + LinkMaker.of(services.settings).token(PersonClaims(999, 1, NOW))).status_code == 410
    with pytest.raises(EndedLink), services.db.transaction() as session:
        open_person_link(session, clock, PersonClaims(relative.person_id, 999, NOW))


def test_a_link_goes_on_when_two_persons_turn_out_to_be_one_and_ends_for_both(
    client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        kept = persons.add_person(session, clock, relative.who, name="Lee Younghee")
        kept_id = kept.id
        merging.merge(session, clock, relative.who, kept_id, relative.person_id)
    assert client.get(relative.path).status_code == 200
    with services.db.transaction() as session:
        end_person_links(session, clock, relative.who, kept_id)
    assert client.get(relative.path).status_code == 410


def test_a_persons_link_is_no_travellers_link(relative: Relative, services: Services) -> None:
    token = relative.path.removeprefix("/p/")
    assert relative.claims().case_id == relative.case_id
    with pytest.raises(Exception, match="no such link"):
        read_token(services, token, "192.0.2.1")


def test_the_link_is_sent_by_text_once_and_its_words_are_hidden(
    app: Any, client: FlaskClient, relative: Relative, services: Services, clock: FrozenClock
) -> None:
    visitor = Visitor(app.test_client())
    visitor.sign_in("hana")
    address = f"/cases/{relative.case_id}/people/{relative.person_id}/send-link"
    assert f'action="{address}"' in visitor.get(f"/cases/{relative.case_id}").get_data(as_text=True)
    assert visitor.post(address).status_code == 302
    again = visitor.post(address, follow_redirects=True).get_data(as_text=True)
    assert "A link went out a moment ago." in again and "Link to this case sent" in again and "Lee Younghee" in again
    with services.db.transaction() as session:
        [notice] = session.scalars(select(Notice)).all()
        assert (notice.purpose, notice.phone, notice.secret) == ("case_link", PHONE, True)
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "case.link_sent"
    found = re.search(r"/p/[0-9A-Za-z]+", notice.body)
    assert found is not None and client.get(found[0]).status_code == 200
    ended = visitor.post(f"/persons/{relative.person_id}/end-links", follow_redirects=True)
    assert "open nothing any more" in ended.get_data(as_text=True) and client.get(found[0]).status_code == 410
    clock.advance(SENT_AGAIN_AFTER)
    assert visitor.post(address).status_code == 302
    with services.db.transaction() as session:
        assert len(session.scalars(select(Notice)).all()) == 2


def test_who_gets_no_link(relative: Relative, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        stranger = persons.add_person(session, clock, relative.who, name="Stranger", phone="+821099990009")
        silent = persons.add_person(session, clock, relative.who, name="No phone")
        contact = make_contact(session, clock, ref="visit:1", kind="visit", phone="")
        contacts.identify(session, clock, relative.who, contact.id, silent.id)
        contacts.attach(session, clock, contact.id, relative.case_id, actor=relative.who)
        for who, code in ((stranger.id, "not-in-case"), (silent.id, "no-number")):
            with pytest.raises(Refused) as refused:
                send_link(session, clock, services.settings, relative.who, relative.case_id, who)
            assert refused.value.code == code
        with pytest.raises(Forbidden):
            send_link(
                session, clock, services.settings, agent(session, "auditor"), relative.case_id, relative.person_id
            )


def test_the_api_sends_and_ends_links(client: FlaskClient, relative: Relative, services: Services) -> None:
    with services.db.transaction() as session:
        key = {"Authorization": f"Bearer {make_token(session, relative.officer)}"}
        reader = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('auditor',)))}"}
        session.get_one(Case, relative.case_id).drill = True
    address = f"/api/v1/cases/{relative.case_id}/people/{relative.person_id}/link"
    assert client.post(address, headers=reader).status_code == 403
    sent = client.post(address, headers=key)
    assert sent.status_code == 200 and sent.get_json()["notice_id"]
    assert client.post(address, headers=key).get_json()["code"] == "link-just-sent"
    with services.db.transaction() as session:
        assert session.scalars(select(Notice.body)).one().startswith("[훈련 DRILL] [Consular Call Center] How CS-")
    assert client.post(f"/api/v1/cases/999/people/{relative.person_id}/link", headers=key).status_code == 404
    assert client.post("/api/v1/persons/999/end-links", headers=key).status_code == 404
    assert client.post(f"/api/v1/persons/{relative.person_id}/end-links", headers=key).status_code == 204
    assert client.get(relative.path).status_code == 410
