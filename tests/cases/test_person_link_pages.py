"""A relative's own link, sent from the case's page: once at a time, never to nobody, and ended from the person's page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hotline.cases import contacts, persons
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.notices.models import Notice
from tests.auth.conftest import Visitor
from tests.cases.test_cases import actions, make_case
from tests.cases.test_contacts import PHONE, make_contact
from tests.factories import make_officer, make_traveller


@pytest.fixture
def visitor(app: Any, db: Database) -> Visitor:
    """Return an agent at their desk."""
    with db.transaction() as session:
        make_officer(session, roles=("agent",), name="hana")
    made = Visitor(app.test_client())
    made.sign_in("hana")
    return made


def test_a_link_goes_out_by_text_once_and_what_hinders_it_is_told(
    visitor: Visitor, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        case = make_case(
            session, clock, traveller_id=make_traveller(session, name="Kim Minsu", phone="+821020000077").id
        )
        mother = persons.add_person(session, clock, SYSTEM, name="Lee Younghee", phone=PHONE, language="en")
        contacts.attach(session, clock, make_contact(session, clock).id, case.id, actor=SYSTEM, relation="mother")
        stranger = persons.add_person(session, clock, SYSTEM, name="Park", phone="+821020000078", language="ko")
    page = f"/cases/{case.id}"
    sent = visitor.post(f"{page}/people/{mother.id}/send-link")
    assert (sent.status_code, sent.location) == (302, page)
    assert "The link goes out by text." in visitor.get(page).get_data(as_text=True)
    assert visitor.post(f"{page}/people/{mother.id}/send-link").location == page
    assert "The link goes out by text." not in visitor.get(page).get_data(as_text=True), "it has just been sent"
    with db.transaction() as session:
        (to,) = session.scalars(select(Notice.phone)).all()
        assert actions(session).count("case.link_sent") == 1
    assert to == PHONE
    assert visitor.post(f"{page}/people/{stranger.id}/send-link").location == page
    assert visitor.post(f"/cases/{case.id + 1}/people/{mother.id}/send-link").status_code == 404
    with db.transaction() as session:
        assert len(session.scalars(select(Notice.id)).all()) == 1, "nothing went to whoever has no part in the case"
