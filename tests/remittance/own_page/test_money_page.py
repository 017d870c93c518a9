"""The traveller's page of the money: asking for it, following it, and nobody else seeing it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.models import Case, CasePerson
from hotline.cases.person_links import end_person_links, link_for_person
from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.links.tokens import Claims, LinkMaker
from hotline.missions.models import Mission
from hotline.people.models import Traveller
from remittance.own_page import forgetting
from remittance.own_page.asking_own import digest
from remittance.own_page.models import OwnRequest
from remittance.requests.models import Remittance
from tests.factories import make_traveller
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong, make_remittance
from tests.remittance.telling.making import go, make_deposit, make_quote


@pytest.fixture
def visitor(app: Any) -> FlaskClient:
    """Return somebody with a telephone and no account."""
    client: FlaskClient = app.test_client()
    return client


def path(services: Services, traveller: Traveller) -> str:
    """Return the path of a traveller's page of the money."""
    token = LinkMaker.of(services.settings).token(Claims(traveller.id, None, services.clock.now()))
    return f"/p/{token}/money"


def person_path(services: Services, session: Session, person_id: int, case_id: int) -> str:
    url = link_for_person(session, services.clock, services.settings, person_id, case_id)
    return f"/p/{url.rpartition('/')[2]}/money"


def form(visitor: FlaskClient, where: str, mission: Mission, **more: str) -> dict[str, str]:
    """Return the form as a traveller fills it in, with the key of the page that was shown."""
    page = visitor.get(where + "?lang=en").get_data(as_text=True)
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found is not None, page
    return {
        "key": found[1], "amount": "800", "currency": "USD", "mission_id": str(mission.id), "reason": "robbed",
        "payee_name": "KIM MINSU", "payer_name": "김영자", "payer_phone": "010-2000-0011", "consent": "1", "lang": "en",
    } | more  # fmt: skip


@pytest.fixture
def traveller(services: Services) -> Traveller:
    """Return a traveller without a case."""
    with services.db.transaction() as session:
        return make_traveller(session, name="김민수", phone="+821020000077", language="ko")


@pytest.fixture
def mission(services: Services) -> Mission:
    """Return the mission that pays."""
    with services.db.transaction() as session:
        return make_hong_kong(session)


def test_a_traveller_asks_and_follows_it(
    services: Services, visitor: FlaskClient, traveller: Traveller, mission: Mission
) -> None:
    where = path(services, traveller)
    page = visitor.get(where + "?lang=en").get_data(as_text=True)
    assert "At most USD 3,000.00" in page and "Robbed" in page and "Not for gambling" in page
    filled = form(visitor, where, mission)
    for _ in range(2):  # the second time is a button pressed twice
        answer = visitor.post(where, data=filled)
        assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    with services.db.transaction() as session:
        one = session.scalars(select(Remittance)).one()
        case = session.get_one(Case, one.case_id)
        assert (one.requested_via, one.requested_by_id, one.payee_phone) == ("page", None, "+821020000077")
        assert (case.source, case.country, case.traveller_id) == ("money", "HK", traveller.id)
        kept = session.get_one(OwnRequest, one.id)
        assert kept.address_digest == digest(services.settings, "address", "127.0.0.1")
        assert "127" not in kept.address_digest[:3] or len(kept.address_digest) == 64
    page = visitor.get(where + "?lang=en").get_data(as_text=True)
    assert one.number in page and "being looked into" in page and "<form" not in page, "one at a time"
    assert "김영자" not in page and "010-2000" not in page
    refused = visitor.post(where, data=filled | {"key": "another"})
    assert refused.status_code == 409 and one.number in refused.get_data(as_text=True)


def test_faults_are_named_and_what_was_written_stays(
    services: Services, visitor: FlaskClient, traveller: Traveller, mission: Mission
) -> None:
    where = path(services, traveller)
    filled = form(visitor, where, mission)
    for more in (
        {"amount": "1.000,00"}, {"amount": "4,000"}, {"consent": ""}, {"reason": "gambling"}, {"mission_id": "999999"},
        {"mission_id": ""}, {"payer_phone": "12"}, {"payee_born_on": "soon"}, {"payee_name": ""}, {"currency": "XXX"},
        {"words": "x" * 2_000},
    ):  # fmt: skip
        answer = visitor.post(where, data=filled | more)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422 and 'class="wrong"' in page, more
        assert "김영자" in page
    assert visitor.post(where, data=filled | {"words": "x" * 20_000}).status_code == 413
    with services.db.transaction() as session:
        assert session.scalars(select(Remittance)).all() == []
        assert session.scalars(select(Case)).all() == [], "what is refused opens no case"
    lost = visitor.post(where, data=filled | {"passport": "lost", "amount": "700"})
    assert lost.status_code == 303
    with services.db.transaction() as session:
        assert session.scalars(select(Remittance)).one().identity == "second_factor"


def test_it_is_asked_in_the_open_case(
    services: Services, visitor: FlaskClient, traveller: Traveller, mission: Mission
) -> None:
    with services.db.transaction() as session:
        person = Person(
            traveller_id=traveller.id, name="김민수", language="ko", created_at=services.clock.now(),
            updated_at=services.clock.now(),
        )  # fmt: skip
        session.add(person)
        session.flush()
        case = make_case(session, services.clock, person_id=person.id, traveller_id=traveller.id, source="alert:1")
    where = path(services, traveller)
    assert f'value="{mission.id}" selected' in visitor.get(where).get_data(as_text=True), (
        "the mission of the case's country"
    )
    assert visitor.post(where, data=form(visitor, where, mission)).status_code == 303
    with services.db.transaction() as session:
        assert session.scalars(select(Remittance)).one().case_id == case.id


def test_the_page_says_where_and_when_to_fetch_it(services: Services, visitor: FlaskClient) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, services.clock)
        make_quote(session, services.clock, one)
        where = person_path(services, session, one.person_id, one.case_id)
    go(services, one.id, "review", "approve", "quote")
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_450_000)
    go(services, one.id, "deposit", "release")
    page = visitor.get(where + "?lang=en").get_data(as_text=True)
    for part in ("Consulate General in Hong Kong", "Hong Kong", "USD 1,000.00", "Bring your passport", "Fetch it by"):
        assert part in page
    assert "주홍콩 총영사관" in visitor.get(where + "?lang=ko").get_data(as_text=True)
    go(services, one.id, "hold")
    held = visitor.get(where + "?lang=en").get_data(as_text=True)
    assert "being worked on" in held and "Where to fetch it" not in held and "hold" not in held.lower()


def test_whoever_may_be_watched_reads_a_number_and_nothing_else(services: Services, visitor: FlaskClient) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, services.clock)
        make_quote(session, services.clock, one)
        session.get_one(Remittance, one.id).duress = "unsure"
        where = person_path(services, session, one.person_id, one.case_id)
    go(services, one.id, "review", "approve", "quote", "deposit", "release")
    page = visitor.get(where + "?lang=en").get_data(as_text=True)
    assert "Please call us" in page and one.number in page
    assert not any(part in page for part in ("USD 1,000", "Where to fetch it", "can be fetched", "unsure"))


def test_nobody_else_of_the_case_sees_the_money(services: Services, visitor: FlaskClient) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, services.clock)
        mother = Person(name="김영자", language="ko", created_at=services.clock.now(), updated_at=services.clock.now())
        session.add(mother)
        session.flush()
        session.add(
            CasePerson(case_id=one.case_id, person_id=mother.id, relation="mother", added_at=services.clock.now())
        )
        session.flush()
        hers = person_path(services, session, mother.id, one.case_id)
        own = person_path(services, session, one.person_id, one.case_id)
    assert visitor.get(hers.removesuffix("/money")).status_code == 200
    assert (visitor.get(hers).status_code, visitor.post(hers, data={}).status_code) == (410, 410)
    assert "/money" not in visitor.get(hers.removesuffix("/money")).get_data(as_text=True)
    assert "/money" in visitor.get(own.removesuffix("/money")).get_data(as_text=True)
    with services.db.transaction() as session:
        end_person_links(session, services.clock, make_actor(session, services.clock, "duty_chief"), one.person_id)
    assert visitor.get(own).status_code == 410
    assert visitor.get("/p/x/money").status_code == 404


def test_the_own_page_leads_to_it(services: Services, visitor: FlaskClient, traveller: Traveller) -> None:
    where = path(services, traveller)
    page = visitor.get(where.removesuffix("/money") + "?lang=fr").get_data(as_text=True)
    assert f'href="{where}?lang=fr"' in page and "Argent" in page


def test_who_asks_again_and_again_is_asked_to_call(
    services: Services, clock: FrozenClock, visitor: FlaskClient, traveller: Traveller, mission: Mission
) -> None:
    where = path(services, traveller)
    for _ in range(3):
        assert visitor.post(where, data=form(visitor, where, mission)).status_code == 303
        with services.db.transaction() as session:
            last = session.scalars(select(Remittance).order_by(Remittance.id.desc())).first()
        assert last is not None
        go(services, last.id, "cancel")
    refused = visitor.post(where, data=form(visitor, where, mission))
    assert refused.status_code == 409 and "Call us instead" in refused.get_data(as_text=True)
    clock.advance(timedelta(days=366))
    forgetting.forget(services)
    with services.db.transaction() as session:
        assert session.scalars(select(OwnRequest)).all() == []
        assert len(session.scalars(select(Remittance)).all()) == 3
