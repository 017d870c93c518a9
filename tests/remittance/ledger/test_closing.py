"""Closing a month: by two people over the same figures, in order, for good; and the balances that are carried forward."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, Refused
from remittance.ledger.balances import TrialRow, balances, digest_of, totals, trial_balance
from remittance.ledger.closing import Hindrance, ask, close, give_back, hindrances
from remittance.ledger.models import LedgerCarried, LedgerMonth
from remittance.ledger.posting import reverse
from remittance.ledger.reading import months_by_period, state_of
from tests.factories import NOW
from tests.remittance.ledger.making import LAST_MONTH, Books

OCTOBER, SEPTEMBER = "2026-10", "2026-09"


def ask_for(books: Books, period: str = OCTOBER, actor: Actor | None = None) -> None:
    with books.services.db.transaction() as session:
        ask(session, books.clock, actor or books.one, period, "went through it")


def carry_out(books: Books, period: str = OCTOBER, actor: Actor | None = None) -> LedgerMonth:
    with books.services.db.transaction() as session:
        return close(session, books.clock, actor or books.two, period)


def refusal(books: Books, period: str = OCTOBER, actor: Actor | None = None) -> str:
    with pytest.raises(HotlineError) as told:
        carry_out(books, period, actor)
    return told.value.code


def test_two_officers_close_a_month_and_its_balances_are_carried_forward(books: Books) -> None:
    books.deposit("d1", 100, at=LAST_MONTH)
    books.deposit("d2", 200, at=LAST_MONTH)
    ask_for(books)
    month = carry_out(books)
    assert (month.state, month.asked_by_id, month.closed_by_id, month.closed_at) == (
        "closed", books.one.id, books.two.id, NOW,
    )  # fmt: skip
    with books.services.db.transaction() as session:
        carried = {row.account_id: (row.debit, row.credit, row.minor) for row in session.scalars(select(LedgerCarried))}
        assert carried == {books.bank: (300, 0, 300), books.held: (0, 300, -300)}
        entry = session.scalars(select(audit.AuditEntry).where(audit.AuditEntry.action == "ledger.month.close")).one()
        assert entry.after is not None and entry.after["head"] == month.head and len(month.head) == 64
    books.deposit("d3", 7)
    with books.services.db.transaction() as session:
        assert balances(session, [books.bank, books.held]) == {books.bank: 307, books.held: -307}
        rows = trial_balance(session, "2026-11")
        assert TrialRow(books.bank, "KRW", 300, 7, 0) in rows and rows[0].closing == 307
        assert [total.agrees for total in totals(rows)] == [True]
    assert books.check().sound


def test_a_closed_month_takes_nothing_but_a_late_fact_finds_the_next(books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    ask_for(books)
    carry_out(books)
    with pytest.raises(Refused) as told:
        books.deposit("d2", at=LAST_MONTH)
    assert (told.value.code, told.value.params) == ("period-closed", {"period": OCTOBER})
    assert not books.deposit("d1", at=LAST_MONTH).new, "what is there already is found again"
    assert books.deposit("d2", at=LAST_MONTH, late=True).period == "2026-11"
    assert not books.deposit("d2", at=LAST_MONTH, late=True).new
    assert books.deposit("d3", late=True).period == "2026-11"


def test_a_journal_of_a_closed_month_is_reversed_in_an_open_one(books: Books) -> None:
    origin = books.deposit("d1", at=LAST_MONTH)
    ask_for(books)
    carry_out(books)
    with books.services.db.transaction() as session:
        back = reverse(session, books.clock, books.one, key="r1", journal_id=origin.journal_id, memo="wrong")
        assert back.period == "2026-11"
        assert balances(session, [books.bank]) == {books.bank: 0}
    assert books.check().sound


def test_who_asked_does_not_close(books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    assert refusal(books) == "wrong-state"
    ask_for(books)
    assert refusal(books, actor=books.one) == "four-eyes"
    assert refusal(books, actor=books.auditor) == "forbidden"
    with pytest.raises(Forbidden):
        ask_for(books, actor=books.auditor)
    carry_out(books)
    assert refusal(books, actor=books.one) == "wrong-state"


def test_figures_that_changed_since_are_not_agreed_to(books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    ask_for(books)
    books.deposit("d2", at=LAST_MONTH)
    assert refusal(books) == "figures-changed"
    ask_for(books)
    carry_out(books)


def test_an_asked_month_is_given_back_with_a_reason(books: Books) -> None:
    ask_for(books)
    with books.services.db.transaction() as session, pytest.raises(InvalidInput, match="note"):
        give_back(session, books.clock, books.two, OCTOBER, " ")
    with books.services.db.transaction() as session:
        assert (
            give_back(session, books.clock, books.two, OCTOBER, "the till of Hong Kong is not counted").state == "open"
        )
    assert refusal(books) == "wrong-state"


def test_a_month_that_is_not_over_or_comes_too_early_is_not_closed(books: Books) -> None:
    for period, code in (("2026-11", "month-not-over"), ("2027-01", "month-not-over")):
        with pytest.raises(Refused) as told:
            ask_for(books, period)
        assert told.value.code == code
    books.deposit("d0", at=datetime(2026, 9, 10, tzinfo=UTC))
    with pytest.raises(Refused) as told:
        ask_for(books)
    assert (told.value.code, told.value.params) == ("earlier-month-open", {"period": SEPTEMBER})
    for period in (SEPTEMBER, OCTOBER):
        ask_for(books, period)
        carry_out(books, period)
    for wrong in ("2026-13", "october", "", "1999-01"):
        with pytest.raises(InvalidInput, match="period"):
            ask_for(books, wrong)


def test_other_rooms_have_a_say(books: Books) -> None:
    def till_is_open(_session: object, period: str) -> list[Hindrance]:
        return [Hindrance("till-not-counted", {"period": period})]

    with books.services.db.transaction() as session:
        assert hindrances(session, books.clock, OCTOBER, [till_is_open])[0].params == {"period": OCTOBER}
        with pytest.raises(Refused) as told:
            ask(session, books.clock, books.one, OCTOBER, "", [till_is_open])
    assert told.value.code == "till-not-counted"


def test_months_without_anything_close_too(books: Books) -> None:
    ask_for(books)
    assert carry_out(books).head == "0" * 64
    assert books.check().sound


def test_a_month_before_a_closed_one_is_closed_with_it(books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    ask_for(books)
    carry_out(books)
    with pytest.raises(Refused) as told:
        ask_for(books, SEPTEMBER)
    assert told.value.code == "period-closed"
    with books.services.db.transaction() as session:
        known = months_by_period(session)
    assert [state_of(each, known) for each in (SEPTEMBER, OCTOBER, "2026-11")] == ["closed", "closed", "open"]


def test_a_closing_waits_for_a_posting_under_way_and_then_says_that_the_figures_changed(books: Books) -> None:
    from remittance.ledger.posting import About, Line, post
    from remittance.money.amounts import Money

    books.deposit("d1", at=LAST_MONTH)
    ask_for(books)
    answers = list[str]()
    with books.services.db.transaction() as session:
        lines = [Line(books.bank, Money(5, "KRW")), Line(books.held, Money(-5, "KRW"))]
        post(session, books.clock, books.one, key="d2", occurred_at=LAST_MONTH, memo="x", about=About(), lines=lines)
        closer = threading.Thread(target=lambda: answers.append(refusal(books)))
        closer.start()
        closer.join(0.3)
        assert closer.is_alive() and not answers
    closer.join(120)
    assert answers == ["figures-changed"]


def test_the_digest_is_over_every_figure() -> None:
    rows = [TrialRow(1, "KRW", 5, 6, 7), TrialRow(2, "HKD", 0, 1, 1)]
    assert digest_of(rows) == digest_of(rows[::-1])
    changed = [
        TrialRow(1, "KRW", 5, 6, 8),
        TrialRow(1, "KRW", 4, 6, 7),
        TrialRow(1, "USD", 5, 6, 7),
        TrialRow(3, "KRW", 5, 6, 7),
    ]
    assert len({digest_of([row, rows[1]]) for row in [rows[0], *changed]}) == 5
    assert NOW - timedelta(days=30) == LAST_MONTH
