"""A till opens with a count of its notes: what differs from yesterday's closing is on record, open until it is explained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.tills.models import TillCount, TillDifference
from tests.auth.conftest import Visitor
from tests.remittance.tills.making import Counter

NIGHT = timedelta(hours=16)


@pytest.fixture
def closed(counter: Counter, clock: FrozenClock) -> Iterator[TillCount]:
    """Return last night's closing count of 310 dollars, with its witness; it is the next morning now."""
    counter.fill(31_000)
    made = counter.witnessed({10_000: 3, 1_000: 1}, kind="closing")
    assert made.difference_minor == 0
    clock.advance(NIGHT)
    yield made


def counts(services: Services) -> list[TillCount]:
    with services.db.transaction() as session:
        return list(session.scalars(select(TillCount).order_by(TillCount.id)))


def test_a_till_opens_with_its_notes_and_agrees_with_the_closing_of_the_day_before(
    counter: Counter, services: Services, closed: TillCount
) -> None:
    opened = counter.witnessed({10_000: 3, 1_000: 1}, kind="opening")
    assert [each.kind for each in counts(services)] == ["closing", "opening"]
    assert opened.pieces == [(10_000, 3), (1_000, 1)] == closed.pieces
    assert (opened.counted_minor, opened.difference_minor) == (closed.counted_minor, 0)
    assert opened.counted_at - closed.counted_at == NIGHT and opened.decided_by_id != opened.counted_by_id
    assert not counter.open_differences()


def test_what_went_missing_overnight_is_on_record_until_two_finance_officers_have_explained_it(
    counter: Counter, services: Services, closed: TillCount
) -> None:
    opened = counter.witnessed({10_000: 2, 1_000: 1}, kind="opening")
    (missing,) = counter.open_differences()
    assert missing.minor == opened.counted_minor - closed.counted_minor == -10_000
    assert (missing.count_id, missing.state) == (opened.id, "open"), "it was found at the opening, not last night"
    with services.db.transaction() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "till.witnessed").order_by(AuditEntry.seq.desc())
        ).first()
    assert entry is not None and entry.after == {
        "state": "witnessed",
        "difference_minor": -10_000,
        "fresh_minor": -10_000,
    }
    assert counter.witnessed({10_000: 2, 1_000: 1}, kind="closing").fresh_minor == 0, "found again it is the same one"
    counter.explain(missing.id)
    assert not counter.open_differences() and counter.held() == 21_000
    with services.db.transaction() as session:
        explained = session.get_one(TillDifference, missing.id)
        assert explained.state == "explained" and explained.count_id == opened.id
    assert counter.witnessed({10_000: 2, 1_000: 1}, kind="opening").difference_minor == 0


def test_more_than_was_left_overnight_is_a_difference_too(counter: Counter, closed: TillCount) -> None:
    counter.witnessed({10_000: 3, 1_000: 2}, kind="opening")
    assert [each.minor for each in counter.open_differences()] == [closed.counted_minor // 31]


def test_a_difference_that_was_open_at_the_closing_is_not_found_anew_at_the_opening(
    counter: Counter, clock: FrozenClock
) -> None:
    counter.fill(31_000)
    closing = counter.witnessed({10_000: 3}, kind="closing")
    clock.advance(NIGHT)
    opening = counter.witnessed({10_000: 3}, kind="opening")
    assert (opening.difference_minor, opening.open_minor, opening.fresh_minor) == (-1_000, -1_000, 0)
    (missing,) = counter.open_differences()
    assert missing.count_id == closing.id


SAID = {
    "en": ("Before opening", "After closing", "not explained", "Missing cash, explained"),
    "ko": ("업무 개시 전", "업무 마감 후", "사유 미확인", "시재 부족분 사유 확인"),
}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_of_the_till_shows_both_counts_and_what_differs(
    counter: Counter, services: Services, closed: TillCount, app: Any, language: str
) -> None:
    def enter(who: Any) -> Visitor:
        with services.db.transaction() as session:
            officer = session.get_one(Officer, who.id)
            officer.language, name = language, officer.name
        visitor = Visitor(app.test_client())
        visitor.sign_in(name)
        return visitor

    book, (opening, closing, unexplained, explained) = f"/tills/{counter.mission}", SAID[language]
    cashier, officer = enter(counter.cashier), enter(counter.officer)
    form = cashier.get(f"{book}/count?currency=USD").get_data(as_text=True)
    assert 'id="piece-10000"' in form and opening in form and "310" not in form, "blind: nothing says what is expected"
    answer = cashier.post(
        f"{book}/count",
        {"key": "morning", "currency": "USD", "kind": "opening", "piece-10000": "2", "piece-1000": "1"},
    )
    assert answer.status_code == 302
    page = officer.get(book).get_data(as_text=True)
    assert opening in page and closing in page and "USD 100.00 × 2" in page and "USD 10.00 × 1" in page
    count = page.partition('action="/tills/counts/')[2].partition("/")[0]
    officer.post(f"/tills/counts/{count}/witness")
    page = officer.get(book).get_data(as_text=True)
    assert unexplained in page and "USD -100.00" in page
    counter.explain(counter.open_differences()[0].id)
    page = officer.get(book).get_data(as_text=True)
    assert unexplained not in page and explained in page
