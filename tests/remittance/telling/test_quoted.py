"""The whole text with which a relative is asked for a deposit, in both languages, and what it costs to send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.segments import count_segments
from hotline.core.services import Services
from remittance.banks.models import BankAccount
from remittance.own_page.links import relative_link
from remittance.requests.models import Remittance
from remittance.requests.reference import shown
from tests.remittance.requests.making import make_approved
from tests.remittance.telling.making import go, make_quote, tell_all, texts

RELATIVE = "+821020000011"
WHOLE = {
    "ko": "[영사콜센터] K. M. 긴급 송금 입금 안내\n금액 1,450,000원\n국민은행 123-456-789012 외교부\n입금자명 {reference}\n"
    "11월 22일 12:00(한국 시간)까지\n{link}",
    "en": "[Consular Call Center] Emergency money for K. M.: deposit KRW 1,450,000 to Kookmin Bank 123-456-789012, "
    "depositor name {reference}, by 22 Nov 12:00 (Seoul time). {link}",
}

PUBLIC = "https://0404.go.kr"
PARTS = {"ko": ("UCS-2", 3), "en": ("GSM-7", 2)}
"""How each is encoded, and in how many parts it is sent and paid for."""


def quoted(services: Services, language: str, **more: object) -> tuple[Remittance, str, str]:
    """Have a relative asked for a deposit; the remittance, the text, and the link in it."""
    services.settings = services.settings.model_copy(update={"public_url": PUBLIC})
    with services.db.transaction() as session:
        one = make_approved(session, services.clock, payer_language=language)
        make_quote(session, services.clock, one, **more)
    go(services, one.id, "quote")
    tell_all(services)
    with services.db.transaction() as session:
        link = relative_link(session, services.settings, one)
    (body,) = [body for number, body in texts(services) if number == RELATIVE]
    return one, body, link


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_whole_text_asks_for_the_exact_amount_at_the_account_by_the_reference_in_time(
    services: Services, language: str
) -> None:
    one, body, link = quoted(services, language)
    assert body == WHOLE[language].format(reference=shown(one.reference), link=link)
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", shown(one.reference))
    counted = count_segments(body)
    assert (counted.encoding, counted.parts) == PARTS[language]


def test_an_english_text_names_a_holder_whose_letters_cost_no_more(services: Services) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, services.clock, payer_language="en")
        quote = make_quote(session, services.clock, one)
        session.get_one(BankAccount, quote.bank_account_id).holder = "MOFA Korea"
    go(services, one.id, "quote")
    tell_all(services)
    (body,) = [body for number, body in texts(services) if number == RELATIVE]
    assert (
        "to Kookmin Bank 123-456-789012 (MOFA Korea), depositor name" in body
        and count_segments(body).encoding == "GSM-7"
    )


@pytest.mark.parametrize(
    ("language", "due_minor", "amount"),
    [("ko", 1_391_010, "1,391,010원"), ("en", 1_391_010, "KRW 1,391,010"), ("ko", 50, "50원"), ("en", 50, "KRW 50")],
)
def test_the_amount_is_exact_to_the_last_unit(services: Services, language: str, due_minor: int, amount: str) -> None:
    _, body, _ = quoted(services, language, due_minor=due_minor, value_minor=due_minor)
    assert re.findall(r"금액 (.*)\n" if language == "ko" else r"deposit (.*?) to ", body) == [amount]


@pytest.mark.parametrize(
    ("language", "until"), [("ko", "11월 23일 00:30(한국 시간)까지"), ("en", "by 23 Nov 00:30 (Seoul time).")]
)
def test_the_time_to_deposit_is_that_of_the_relatives_clock_with_its_zone(
    services: Services, language: str, until: str
) -> None:
    _, body, _ = quoted(services, language, expires_at=datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
    assert until in body


def test_the_link_of_the_text_opens_the_relatives_page(services: Services, app: Any) -> None:
    one, body, link = quoted(services, "en")
    assert body.endswith(f" {link}") and link.startswith(f"{PUBLIC}/r/")
    answer = app.test_client().get(link.removeprefix(PUBLIC))
    assert answer.status_code == 200 and shown(one.reference) in answer.get_data(as_text=True)
