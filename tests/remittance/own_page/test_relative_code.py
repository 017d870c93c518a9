"""The square code on the relative's page: it is there while the whole is awaited, and says what stands beside it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.own_page.links import relative_link
from remittance.requests.models import Remittance
from remittance.requests.reference import shown
from tests import square_codes
from tests.remittance.requests.making import make_approved
from tests.remittance.telling.making import go, make_deposit, make_quote

FIGURE = re.compile(r'<figure class="code">(.*?)</figure>', re.DOTALL)
CAPTIONS = {"ko": "카메라", "en": "The same as a code for a camera"}


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


def page_of(services: Services, visitor: FlaskClient, one: Remittance, language: str) -> str:
    with services.db.transaction() as session:
        path = "/r/" + relative_link(session, services.settings, one).rpartition("/")[2]
    answer = visitor.get(f"{path}?lang={language}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def taken(page: str) -> list[str]:
    """Return what the page offers to copy."""
    return re.findall(r'<code class="take">([^<]*)</code>', page)


@pytest.mark.parametrize(
    ("language", "amount", "bank"), [("ko", "1,450,000원", "국민은행"), ("en", "KRW 1,450,000", "Kookmin Bank")]
)
def test_the_code_says_account_amount_and_reference_as_the_page_does(
    services: Services, visitor: FlaskClient, one: Remittance, language: str, amount: str, bank: str
) -> None:
    page = page_of(services, visitor, one, language)
    (figure,) = FIGURE.findall(page)
    assert CAPTIONS[language] in figure and f'lang="{language}"' in page
    words = square_codes.read(square_codes.of_svg(figure))
    reference = shown(one.reference)
    assert words.splitlines() == [
        "국민은행 (Kookmin Bank)", "123-456-789012", "외교부", "1450000 KRW", reference,
    ]  # fmt: skip
    assert taken(page) == [amount, bank, "123-456-789012", "외교부", reference]


def test_the_code_is_gone_once_it_would_ask_for_too_much_or_too_late(
    services: Services, clock: FrozenClock, visitor: FlaskClient, one: Remittance
) -> None:
    assert FIGURE.search(page_of(services, visitor, one, "en")) is not None
    with services.db.transaction() as session:
        make_deposit(session, services.clock, one, 1_000_000)
    go(services, one.id, "deposit_part")
    page = page_of(services, visitor, one, "en")
    assert taken(page)[0] == "KRW 450,000" and FIGURE.search(page) is None, "the code would say the whole amount"


def test_there_is_no_code_when_the_time_is_over(
    services: Services, clock: FrozenClock, visitor: FlaskClient, one: Remittance
) -> None:
    clock.advance(timedelta(hours=25))
    page = page_of(services, visitor, one, "en")
    assert FIGURE.search(page) is None and taken(page) == []
