"""What stops a quote on the page and by the API: no rate, one too old, or one that only its own typist vouches for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.money.amounts import Money
from remittance.quotes.models import ExchangeRate, Quote
from remittance.requests import moving
from remittance.requests.models import Remittance
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.quotes.making import HOUR, fill_till, make_bank, make_rates
from tests.remittance.requests.making import make_approved, make_hong_kong

TYPED = {"base": "USD", "quoted": "KRW", "value": "1450.25", "source": "hana-bank"}
SAID = {
    "en": "No rate of the last 24 hours says what USD costs in KRW. Have rates brought in, or typed and agreed to.",
    "ko": "최근 24시간 안에 USD를 KRW로 환산할 환율이 없습니다. 환율을 가져오거나, 입력한 뒤 승인을 받으십시오.",
}
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)
"""As old as a rate may be by Korea's policy."""
Call = Callable[..., Any]


@pytest.fixture
def one(services: Services, clock: FrozenClock) -> Remittance:
    """Return an approved remittance for which everything is there but a rate."""
    with services.db.transaction() as session:
        make_bank(session, clock)
        mission = make_hong_kong(session)
        fill_till(session, clock, mission, Money(100_000, "USD"))
        return make_approved(session, clock, mission=mission)


@pytest.fixture
def call(app: Any, services: Services) -> Call:
    """Return a way to call the API in a role, each time as the same officer of it; `nth` names another."""
    tokens: dict[tuple[str, int], str] = {}

    def made(role: str, method: str, path: str, *, nth: int = 1, **more: Any) -> Any:
        if (role, nth) not in tokens:
            with services.db.transaction() as session:
                tokens[role, nth] = make_token(session, make_officer(session, roles=(role,)))
        headers = {"Authorization": f"Bearer {tokens[role, nth]}"}
        return app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)

    return made


def visit(app: Any, services: Services, role: str, language: str = "en") -> Visitor:
    with services.db.transaction() as session:
        name = make_officer(session, roles=(role,), language=language).name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    return visitor


def nothing_quoted(services: Services, one: Remittance) -> bool:
    with services.db.transaction() as session:
        return session.scalar(select(Quote.id)) is None and moving.get(session, one.id).state == "approved"


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("age", [None, DAY + SECOND], ids=["missing", "stale"])
def test_the_page_says_that_a_rate_is_missing_or_stale_and_quotes_nothing(
    app: Any, services: Services, clock: FrozenClock, one: Remittance, language: str, age: timedelta | None
) -> None:
    if age is not None:
        with services.db.transaction() as session:
            make_rates(session, clock, at=clock.now() - age)
    chief, path = visit(app, services, "duty_chief", language), f"/remittances/{one.id}"
    page = chief.get(path).get_data(as_text=True)
    assert SAID[language] in page and f"{path}/quote" not in page, "nothing to press"
    assert chief.post(f"{path}/quote", {"version": str(one.version)}).status_code == 302
    assert SAID[language] in chief.get(path).get_data(as_text=True) and nothing_quoted(services, one)
    with services.db.transaction() as session:
        make_rates(session, clock, at=clock.now() - DAY, source="csv")
    page = chief.get(path).get_data(as_text=True)
    assert SAID[language] not in page and f'action="{path}/quote"' in page
    chief.post(f"{path}/quote", {"version": str(one.version)})
    assert not nothing_quoted(services, one)


@pytest.mark.parametrize("age", [None, DAY + SECOND], ids=["missing", "stale"])
def test_the_api_refuses_a_quote_without_a_fresh_rate_by_its_code(
    services: Services, clock: FrozenClock, one: Remittance, call: Call, age: timedelta | None
) -> None:
    if age is not None:
        with services.db.transaction() as session:
            make_rates(session, clock, at=clock.now() - age)
    refused = call("duty_chief", "POST", f"/remittances/{one.id}/quote", json={})
    assert refused.status_code == 409 and refused.json["code"] == "no-rate" and nothing_quoted(services, one)
    with services.db.transaction() as session:
        make_rates(session, clock, at=clock.now() - DAY, source="csv")
    made = call("duty_chief", "POST", f"/remittances/{one.id}/quote", json={})
    assert made.status_code == 200 and made.json["due_minor"] == 1_450_000


def test_a_quote_given_before_is_not_renewed_by_a_rate_that_became_stale(
    services: Services, clock: FrozenClock, one: Remittance, call: Call
) -> None:
    with services.db.transaction() as session:
        make_rates(session, clock)
    assert call("duty_chief", "POST", f"/remittances/{one.id}/quote", json={}).json["nth"] == 1
    clock.advance(DAY - HOUR + SECOND)
    refused = call("duty_chief", "POST", f"/remittances/{one.id}/quote", json={})
    assert refused.json["code"] == "no-rate"
    kept = call("duty_chief", "GET", f"/remittances/{one.id}/quotes").json["quotes"]
    assert [each["nth"] for each in kept] == [1], "the refused one leaves nothing"


def test_a_typed_rate_quotes_nothing_until_another_officer_agreed_by_the_api(
    services: Services, clock: FrozenClock, one: Remittance, call: Call
) -> None:
    quote = f"/remittances/{one.id}/quote"
    made = call("finance_officer", "POST", "/rates", json=TYPED | {"at": "2026-11-21T11:30:00+09:00"})
    assert made.status_code == 201 and made.json["state"] == "waiting"
    assert call("duty_chief", "POST", quote, json={}).json["code"] == "no-rate", "one officer's word is none"
    own = call("finance_officer", "POST", f"/rates/{made.json['id']}/agree")
    assert own.status_code == 403 and own.json["code"] == "four-eyes"
    assert call("duty_chief", "POST", quote, json={}).json["code"] == "no-rate" and nothing_quoted(services, one)
    assert call("finance_officer", "POST", f"/rates/{made.json['id']}/agree", nth=2).status_code == 200
    quoted = call("duty_chief", "POST", quote, json={}).json
    assert (quoted["due_minor"], quoted["rate_source"]) == (1_450_250, "hana-bank")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_typed_rate_quotes_nothing_until_another_officer_agreed_on_the_pages(
    app: Any, services: Services, one: Remittance, language: str
) -> None:
    first, second = (visit(app, services, "finance_officer", language) for _ in range(2))
    chief, path = visit(app, services, "duty_chief", language), f"/remittances/{one.id}"
    assert first.post("/rates", TYPED | {"at": "2026-11-21T11:30"}).status_code == 302
    with services.db.transaction() as session:
        rate = session.scalars(select(ExchangeRate)).one()
        typist = session.get_one(Officer, rate.entered_by_id)
    assert rate.agreed_at is None and typist.language == language
    assert SAID[language] in chief.get(path).get_data(as_text=True)
    agree = f"/rates/{rate.id}/agree"
    assert agree not in first.get("/rates").get_data(as_text=True), "their own is not theirs to agree to"
    first.post(agree)
    assert SAID[language] in chief.get(path).get_data(as_text=True) and nothing_quoted(services, one)
    assert agree in second.get("/rates").get_data(as_text=True)
    second.post(agree)
    page = chief.get(path).get_data(as_text=True)
    assert SAID[language] not in page and ("1,450,250원" if language == "ko" else "KRW 1,450,250") in page
    with services.db.transaction() as session:
        rate = session.scalars(select(ExchangeRate)).one()
    assert rate.agreed_by_id not in (None, rate.entered_by_id)
