"""A case's page says where the money is: state, amount with its currency, who acts next and until when, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from hotline.core.services import Services
from remittance.own_page.of_case import NEXT
from remittance.requests import effects
from remittance.requests.models import Remittance
from remittance.requests.states import FINAL, REMITTANCE
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.remittance.requests.making import make_approved, make_hong_kong, make_remittance
from tests.remittance.telling.making import go, make_deposit, make_quote


@pytest.fixture(autouse=True)
def no_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the rooms that act on each step out: the panel reads states, quotes and books alone."""
    monkeypatch.setattr(effects, "apply", lambda *_: None)


def desk(app: Any, services: Services, language: str) -> Visitor:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("agent",), language=language).name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    return visitor


def panel_of(visitor: Visitor, case_id: int) -> str:
    """Return the words of the case's page about the money, without marks."""
    page = visitor.get(f"/cases/{case_id}").get_data(as_text=True)
    found = re.search(r"<section[^>]*>(?:(?!</section>).)*R-2026-\d{6}(?:(?!</section>).)*</section>", page, re.DOTALL)
    assert found is not None, "the case's page holds the panel"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


ASKED = {
    "en": (
        "Emergency money",
        "Asked for",
        "USD 1,000.00 · Consulate General in Hong Kong",
        "Next: a reviewer looks into it.",
    ),
    "ko": ("긴급 송금", "신청", "USD 1,000.00 · 주홍콩 총영사관", "다음: 검토 담당이 살펴봅니다."),
}
STEPS: dict[str, list[tuple[tuple[str, ...], str, tuple[str, ...]]]] = {
    "en": [
        (("quote",), "Deposit awaited", ("to deposit KRW 1,450,000, arrived KRW 0", "Next: the relative deposits.")),
        (
            ("deposit_part",), "Deposited in part",
            ("to deposit KRW 1,450,000, arrived KRW 1,000,000", "Next: the relative deposits the rest, or finance decides."),
        ),
        (("deposit",), "Deposited", ("arrived KRW 1,450,000", "Next: the money is released to the mission.")),
        (("release",), "Ready for payout", ("Next: the traveller fetches it at the mission.",)),
        (("hold",), "On hold", ("Next: an officer who had no part in it decides about the hold.",)),
        (("lift_ready", "pay"), "Paid out", ("Next: headquarters settles with the mission.",)),
    ],
    "ko": [
        (("quote",), "입금 대기", ("입금할 금액 1,450,000원, 입금된 금액 0원", "다음: 가족이 입금합니다.")),
        (
            ("deposit_part",), "일부 입금",
            ("입금할 금액 1,450,000원, 입금된 금액 1,000,000원", "다음: 가족이 나머지를 입금하거나 재무 담당이 결정합니다."),
        ),
        (("deposit",), "입금 확인", ("입금된 금액 1,450,000원", "다음: 재외공관에 지급을 알립니다.")),
        (("release",), "지급 준비 완료", ("다음: 여행자가 재외공관에서 받습니다.",)),
        (("hold",), "보류", ("다음: 관여하지 않은 담당자가 보류를 결정합니다.",)),
        (("lift_ready", "pay"), "지급 완료", ("다음: 본부가 재외공관과 정산합니다.",)),
    ],
}  # fmt: skip
CAME = {"deposit_part": 1_000_000, "deposit": 450_000}
BY = {"en": r"next step by (\d{4}-\d\d-\d\d \d\d:\d\d) KST", "ko": r"다음 단계 기한 (\d{4}-\d\d-\d\d \d\d:\d\d) KST"}


def deadline(services: Services, remittance_id: int) -> str | None:
    """Return until when the next step is due, on Seoul's clock."""
    with services.db.transaction() as session:
        due = session.get_one(Remittance, remittance_id).due_at
    return f"{due + timedelta(hours=9):%Y-%m-%d %H:%M}" if due is not None else None


@pytest.mark.parametrize("language", ["ko", "en"])
def test_from_asking_to_cash_the_case_says_state_amount_who_acts_next_and_until_when(
    services: Services, app: Any, language: str
) -> None:
    visitor = desk(app, services, language)
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        asked = make_remittance(session, services.clock, mission=mission)
        one = make_approved(session, services.clock, mission=mission)
    shown = panel_of(visitor, asked.case_id)
    for words in ASKED[language]:
        assert words in shown
    assert re.findall(BY[language], shown) == [deadline(services, asked.id)]
    with services.db.transaction() as session:
        make_quote(session, services.clock, session.get_one(Remittance, one.id))
    for events, state, said in STEPS[language]:
        if minor := CAME.get(events[-1]):
            with services.db.transaction() as session:
                make_deposit(session, services.clock, session.get_one(Remittance, one.id), minor)
        go(services, one.id, *events)
        shown = panel_of(visitor, one.case_id)
        assert re.search(rf"R-2026-\d{{6}} {state} ", shown), (state, shown)
        assert "USD 1,000.00 · " in shown
        for words in said:
            assert words in shown, (state, shown)
        due = deadline(services, one.id)
        assert re.findall(BY[language], shown) == ([due] if due else []), state


def test_the_amount_is_what_the_newest_quote_hands_out(services: Services, app: Any) -> None:
    visitor = desk(app, services, "en")
    with services.db.transaction() as session:
        one = make_approved(session, services.clock)
        make_quote(session, services.clock, one)
        make_quote(session, services.clock, one, nth=2, paid_minor=68_000)
    go(services, one.id, "quote")
    shown = panel_of(visitor, one.case_id)
    assert "USD 680.00 · " in shown and "USD 1,000.00" not in shown


def test_what_is_over_names_nobody_to_act_and_no_deadline(services: Services, app: Any) -> None:
    visitor = desk(app, services, "en")
    with services.db.transaction() as session:
        one = make_approved(session, services.clock)
    go(services, one.id, "cancel")
    shown = panel_of(visitor, one.case_id)
    assert "Called off" in shown and "Next:" not in shown and "next step by" not in shown


def test_every_state_that_is_not_over_says_who_acts_next() -> None:
    assert set(NEXT) == set(REMITTANCE.states) - set(FINAL)


def test_a_case_without_money_says_so_and_offers_to_ask(services: Services, app: Any) -> None:
    page = desk(app, services, "en").get("/remittances/of-case/999999").get_data(as_text=True)
    assert "No emergency money was asked for in this case." in page and "/remittances/new?case=999999" in page
