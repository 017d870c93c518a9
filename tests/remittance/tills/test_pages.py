"""The pages of tills: counting on a telephone, the second person's yes, what finance explains, and whose eyes see what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer
from tests.remittance.tills.making import Counter


@pytest.fixture
def enter(app: Any, counter: Counter) -> Any:
    """Return a way to sign in as an actor of the counter."""

    def sign_in(who: Actor | Officer) -> Visitor:
        visitor = Visitor(app.test_client())
        with counter.services.db.transaction() as session:
            name = session.get_one(Officer, who.id).name
        assert visitor.sign_in(name).status_code == 302
        return visitor

    return sign_in


def text_of(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = visitor.get(path)
    assert answer.status_code == status, path
    text: str = answer.get_data(as_text=True)
    return text


def test_a_till_goes_from_its_first_cash_to_a_count_that_finance_explains(enter: Any, counter: Counter) -> None:
    cashier, officer = enter(counter.cashier), enter(counter.officer)
    book = f"/tills/{counter.mission}"
    assert "No cash was ever put into this till" in text_of(cashier, book)
    assert "No cash was ever put into this till" in text_of(cashier, f"{book}/count")
    assert "Cash put in" in text_of(cashier, f"{book}/move")
    form = {
        "key": "m-1", "kind": "replenish", "currency": "usd", "amount": "1,000", "source": "HSBC", "reason": "Float",
    }  # fmt: skip
    for change, words in (
        ({"amount": "1,0"}, "Write digits"), ({"source": ""}, "where the cash comes from"), ({"currency": "XQX"}, "ISO 4217"),
    ):  # fmt: skip
        answer = cashier.post(f"{book}/move", form | change)
        assert answer.status_code == 422 and words in answer.get_data(as_text=True)
        assert 'value="m-1"' in answer.get_data(as_text=True), "the same form keeps its key"
    for _ in range(2):  # the second time is a button pressed twice
        assert cashier.post(f"{book}/move", form).status_code == 302
    page = text_of(officer, book)
    assert page.count("HSBC · Float") == 1 and "/confirm" in page and "/confirm" not in text_of(cashier, book)
    act = page.partition('action="/tills/moves/')[2].partition('"')[0]
    assert cashier.post(f"/tills/moves/{act}").status_code == 302
    assert "Another one does" in text_of(cashier, book)
    officer.post(f"/tills/moves/{act}")
    assert "USD 1,000.00" in text_of(officer, book)
    assert 'id="piece-10000"' in text_of(cashier, f"{book}/count?currency=USD")
    wrong = cashier.post(
        f"{book}/count", {"key": "c", "currency": "USD", "kind": "closing", "piece-10000": "nine", "piece-100": "7"}
    )
    assert wrong.status_code == 422 and "whole numbers of pieces" in wrong.get_data(as_text=True)
    assert 'value="nine"' in wrong.get_data(as_text=True)
    counted = {"key": "c", "currency": "USD", "kind": "closing", "piece-10000": "9", "piece-5000": ""}
    assert cashier.post(f"{book}/count", counted).status_code == 302
    page = text_of(officer, book)
    assert "USD 100.00 × 9" in page and "USD -100.00" in page
    count = page.partition('action="/tills/counts/')[2].partition("/")[0]
    officer.post(f"/tills/counts/{count}/refuse", {"note": ""})
    assert "Say in 1 to 300 characters why" in text_of(officer, book)
    officer.post(f"/tills/counts/{count}/witness")
    assert "not explained" in text_of(officer, book)
    number = counter.open_differences()[0].id
    assert officer.post(f"/tills/differences/{number}/ask", {"note": "I know"}).status_code == 403
    one, two = enter(counter.one), enter(counter.two)
    one.post(f"/tills/differences/{number}/ask", {"note": "A note fell behind the safe"})
    assert "fell behind the safe" in text_of(two, book)
    two.post(f"/tills/differences/{number}/explain")
    page = text_of(two, book)
    assert "Missing cash, explained" in page and "USD 900.00" in page


def test_a_book_is_read_by_days_in_pages_and_as_a_file(enter: Any, counter: Counter, clock: FrozenClock) -> None:
    counter.fill(10_000)
    clock.advance(timedelta(days=1))
    counter.fill(2_500)
    paid = counter.remittance(4_000, state="paid", paid_at=clock.now())
    visitor = enter(counter.cashier)
    book = f"/tills/{counter.mission}"
    day = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    page = text_of(visitor, f"{book}?currency=USD&from={day}&to={day}")
    assert f"/remittances/{paid.id}" in page and page.count("<tr>") == 1 + 2 + 1 + 2, "two movements, two moves, heads"
    rows = text_of(visitor, f"{book}/book.csv?currency=USD&from={day}").splitlines()
    assert [row.split(",")[4] for row in rows[1:]] == ["100.00", "125.00", "85.00", "85.00"]
    for query in ("from=yesterday", "to=0001-01-01", "from=2026-11-21&to=2026-11-20"):
        text_of(visitor, f"{book}?{query}", 422)
    assert "Nothing moved" in text_of(visitor, f"{book}?from=2020-01-01&to=2020-01-02")


def test_headquarters_sees_all_and_a_mission_its_own(enter: Any, counter: Counter, services: Services) -> None:
    other = Counter(services, code="macau")
    counter.fill(10_000)
    other.fill(77_700)
    other.remittance(1_200, state="paid", paid_at=NOW - timedelta(days=61))
    chief = enter(counter.one)
    for language in ("en", "ko"):
        chief.post("/language", {"language": language, "next": "/"})
        page = text_of(chief, "/tills")
        assert "100.00" in page and "765.00" in page and ("공관 시재" in page) == (language == "ko")
        for path in (f"/tills/{counter.mission}", "/tills/late", f"/tills/of-mission/{other.mission}"):
            text_of(chief, path)
    chief.post("/language", {"language": "en", "next": "/"})
    assert "61 days" in text_of(chief, "/tills/late") and "Unsettled balances" in text_of(chief, "/")
    assert "100.00" not in text_of(chief, "/tills?only=late&currency=USD")
    assert "No till fits" in text_of(chief, "/tills?q=nowhere")
    assert text_of(chief, "/tills.csv").splitlines()[2].split(",")[1:6] == ["USD", "765.00", "0.00", "765.00", "777.00"]
    staff = enter(counter.officer)
    assert f"/tills/{counter.mission}?currency=USD" in text_of(staff, f"/mission/{counter.mission}")
    assert "765.00" not in text_of(staff, "/tills") + text_of(staff, "/tills.csv")
    assert "Only those who work" in text_of(staff, f"/tills/of-mission/{other.mission}")
    for path in (f"/tills/{other.mission}", f"/tills/{other.mission}/book.csv", "/tills/0"):
        text_of(staff, path, 404)
    for path in ("/tills/late", f"/tills/{counter.mission}/count"):
        text_of(staff, path, 403)
    assert staff.post(f"/tills/{counter.mission}/move", {}).status_code in (403, 422)


def test_who_has_no_business_with_tills_sees_none(enter: Any, counter: Counter) -> None:
    counter.fill(100)
    with counter.services.db.transaction() as session:
        agent, auditor = make_officer(session, roles=("agent",)), make_officer(session, roles=("auditor",))
    stranger, reader = enter(agent), enter(auditor)
    for path in ("/tills", "/tills.csv", f"/tills/{counter.mission}", f"/tills/{counter.mission}/move"):
        text_of(stranger, path, 403)
    assert "1.00" in text_of(reader, f"/tills/{counter.mission}")
    text_of(reader, f"/tills/{counter.mission}/move", 403)
    assert reader.post(f"/tills/{counter.mission}/count", {}).status_code == 403


def test_the_page_of_months_leads_to_tills_that_stand_in_the_way_and_to_what_differs_still(
    enter: Any, counter: Counter, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 10, 20, 3, tzinfo=UTC))
    counter.fill(10_000)
    clock.set(NOW)
    finance = enter(counter.one)
    link = f'<a href="/tills/{counter.mission}?currency=USD">'
    page = text_of(finance, "/ledger/months")
    assert f"{link}" in page and "has not counted its till" in page and "differs by" not in page
    clock.set(datetime(2026, 10, 21, 3, tzinfo=UTC))
    counter.witnessed({5_000: 1})
    clock.set(NOW)
    page = text_of(finance, "/ledger/months")
    assert "has not counted" not in page and "It does not stop the closing" in page
    assert link in page and "the till differs by USD -50.00" in page.replace("\u2212", "-")
    assert finance.post("/ledger/months/2026-10/ask", {"note": ""}).status_code == 302
    counter.explain(counter.open_differences()[0].id)
    assert "differs by" not in text_of(finance, "/ledger/months")
