"""The relative's page: what to deposit and how it goes on, for whoever has the link and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.errors import NotFound
from hotline.core.services import Services
from hotline.links.opening import GUESSES_ALLOWED
from remittance.own_page.links import end_relative_links, relative_link
from remittance.requests.models import Remittance
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong
from tests.remittance.telling.making import go, make_deposit, make_quote


@pytest.fixture
def one(services: Services) -> Remittance:
    """Return a remittance that waits for its deposit."""
    with services.db.transaction() as session:
        approved = make_approved(session, services.clock)
        make_quote(session, services.clock, approved)
    go(services, approved.id, "quote")
    return approved


@pytest.fixture
def visitor(app: Any) -> FlaskClient:
    """Return somebody with a telephone and no account."""
    client: FlaskClient = app.test_client()
    return client


def path(services: Services, one: Remittance) -> str:
    with services.db.transaction() as session:
        return "/r/" + relative_link(session, services.settings, one).rpartition("/")[2]


def test_the_page_says_what_to_deposit_and_nothing_of_the_traveller(
    services: Services, one: Remittance, visitor: FlaskClient
) -> None:
    answer = visitor.get(path(services, one))
    page = answer.get_data(as_text=True)
    for part in (
        "1,450,000원",
        "국민은행",
        "123-456-789012",
        "외교부",
        "KST",
        "K. M.",
        f"{one.reference[:4]}-{one.reference[4:]}",
    ):
        assert part in page
    for secret in ("KIM MINSU", "김민수", "6123", "+852", "robbed", "강도", "10-2000"):
        assert secret not in page
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    english = visitor.get(path(services, one) + "?lang=en").get_data(as_text=True)
    assert "KRW 1,450,000" in english and "Kookmin Bank" in english and 'lang="en"' in english


def test_each_state_says_what_it_means(services: Services, one: Remittance, visitor: FlaskClient) -> None:
    def page() -> str:
        return visitor.get(path(services, one) + "?lang=en").get_data(as_text=True)

    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_000_000)
    go(services, one.id, "deposit_part")
    assert "KRW 450,000" in page() and "KRW 1,000,000" in page()
    go(services, one.id, "accept")
    assert "Arrived: KRW 1,000,000" in page()
    assert "is being worked on" in page() and "123-456" not in page()
    worked_on = page()
    go(services, one.id, "hold")
    assert page() == worked_on, "a hold looks like the work before it"
    go(services, one.id, "lift_deposited", "release")
    assert "Consulate General in Hong Kong" in page()
    go(services, one.id, "expire")
    assert "being sent back" in page() and "Being sent back: KRW 1,000,000" in page()


def test_what_is_held_before_the_deposit_names_no_account(
    services: Services, one: Remittance, visitor: FlaskClient
) -> None:
    go(services, one.id, "hold")
    page = visitor.get(path(services, one) + "?lang=en").get_data(as_text=True)
    assert "deposit nothing until we write again" in page and "123-456" not in page


def test_too_late_names_no_account(
    services: Services, clock: FrozenClock, one: Remittance, visitor: FlaskClient
) -> None:
    clock.advance(timedelta(hours=25))
    page = visitor.get(path(services, one) + "?lang=en").get_data(as_text=True)
    assert "time to deposit is over" in page and "123-456" not in page


def test_the_link_ends_a_month_after_the_remittance(
    services: Services, clock: FrozenClock, one: Remittance, visitor: FlaskClient
) -> None:
    go(services, one.id, "cancel")
    clock.advance(timedelta(days=29))
    assert visitor.get(path(services, one)).status_code == 200
    clock.advance(timedelta(days=2))
    assert visitor.get(path(services, one)).status_code == 410


def test_an_officer_ends_the_links_and_the_next_text_carries_another(
    services: Services, one: Remittance, visitor: FlaskClient
) -> None:
    old = path(services, one)
    with services.db.transaction() as session:
        elsewhere = make_actor(
            session, services.clock, "mission_officer", mission=make_hong_kong(session, code="other")
        )
        with pytest.raises(NotFound):
            end_relative_links(session, services.clock, elsewhere, one.id)
        for _ in range(2):
            end_relative_links(session, services.clock, make_actor(session, services.clock, "duty_chief"), one.id)
    new = path(services, one)
    assert (visitor.get(old).status_code, visitor.get(new).status_code) == (410, 200) and old != new


def test_withdrawn_allowance_and_forgotten_people_close_the_page(
    services: Services, one: Remittance, visitor: FlaskClient
) -> None:
    with services.db.transaction() as session:
        row = session.get_one(Remittance, one.id)
        consent, row.payer_consent_at = row.payer_consent_at, None
    assert visitor.get(path(services, one)).status_code == 410
    with services.db.transaction() as session:
        row = session.get_one(Remittance, one.id)
        row.payer_consent_at, row.payee_name = consent, ""
    assert visitor.get(path(services, one)).status_code == 410
    with services.db.transaction() as session:
        session.get_one(Remittance, one.id).payee_name = "KIM MINSU"
        session.get_one(Person, one.person_id).erased_at = services.clock.now()
    assert visitor.get(path(services, one)).status_code == 410


def test_guessing_is_slowed_down_and_opens_nothing(services: Services, one: Remittance, visitor: FlaskClient) -> None:
    right = path(services, one)
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    for guess in (wrong, "/r/x", "/r/" + "a" * 5_000):
        assert visitor.get(guess).status_code == 404
    for _ in range(GUESSES_ALLOWED):
        visitor.get(wrong)
    assert visitor.get(wrong).status_code == 429
    assert visitor.get(right).status_code == 200, "the right link always opens"
