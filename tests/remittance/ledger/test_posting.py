"""Posting: once for each key, balanced in each currency, into open months alone; and the reversal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from hotline.core.errors import InvalidInput, NotFound, Refused
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balance, balances, hold
from remittance.ledger.models import LedgerJournal, LedgerPosting
from remittance.ledger.posting import About, Line, Posted, post, reverse
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.ledger.making import LAST_MONTH, MINUTE, Books, at_once


def test_a_journal_stands_with_its_actor_its_month_and_its_lines_in_order(books: Books) -> None:
    posted = books.post("d1", (books.bank, 353_000, "KRW"), (books.held, -350_000, "KRW"), (books.fees, -3_000, "KRW"))
    with books.services.db.transaction() as session:
        journal = session.get_one(LedgerJournal, posted.journal_id)
        assert (journal.period, journal.occurred_at, journal.posted_at) == ("2026-11", NOW, NOW)
        assert (journal.actor_id, journal.actor_name, journal.about_kind, journal.about_id) == (
            books.one.id, books.one.name, "remittance", 1,
        )  # fmt: skip
        rows = session.scalars(select(LedgerPosting).order_by(LedgerPosting.id)).all()
        assert [row.minor for row in rows] == [353_000, -350_000, -3_000]
        assert balance(session, books.bank) == Money(353_000, "KRW")
        assert balances(session, [books.held, books.fees, 9_999]) == {books.held: -350_000, books.fees: -3_000}


def test_a_month_begins_at_midnight_in_seoul(books: Books) -> None:
    assert books.deposit("late", at=datetime(2026, 10, 31, 14, 59, tzinfo=UTC)).period == "2026-10"
    assert books.deposit("early", at=datetime(2026, 10, 31, 15, 0, tzinfo=UTC)).period == "2026-11"


def test_the_same_key_with_the_same_content_is_the_same_journal(books: Books) -> None:
    first = books.deposit("d1")
    again = books.deposit("d1")
    # Neither the order of the lines nor who repeats it makes it another fact.
    turned = books.post("d1", (books.held, -350_000, "KRW"), (books.bank, 350_000, "KRW"), actor=books.two)
    assert first.new and again == turned == Posted(first.journal_id, first.period, new=False)
    with books.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LedgerPosting)) == 2


@pytest.mark.parametrize(
    "other", [{"minor": 350_001}, {"memo": "another"}, {"at": NOW - MINUTE}], ids=["amount", "memo", "moment"]
)
def test_the_same_key_with_other_content_is_refused(books: Books, other: dict[str, object]) -> None:
    books.deposit("d1")
    with pytest.raises(Refused) as told:
        books.deposit("d1", **other)  # type: ignore[arg-type]  # one of the three at a time
    assert told.value.code == "key-taken"


def test_ten_at_once_with_one_key_post_one_journal(books: Books) -> None:
    results = at_once([lambda: books.deposit("d1") for _ in range(4)] * 2)
    assert {result.journal_id for result in results} == {results[0].journal_id}
    assert sum(result.new for result in results) == 1


def test_each_currency_balances_by_itself(books: Books) -> None:
    exchange = (
        (books.held, 350_000, "KRW"), (books.fx_krw, -350_000, "KRW"), (books.fx_hkd, 196_000, "HKD"),
        (books.due, -196_000, "HKD"),
    )  # fmt: skip
    assert books.post("x1", *exchange).new
    won_for_dollars = ((books.bank, 350_000, "KRW"), (books.till, -350_000, "HKD"))
    for key, lines in (("x2", (*exchange[:3], (books.due, -195_000, "HKD"))), ("x3", won_for_dollars)):
        with pytest.raises(InvalidInput) as told:
            books.post(key, *lines)
        assert (told.value.field, told.value.code) == ("lines", "unbalanced")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": ""}, "key"), ({"key": "k" * 121}, "key"), ({"memo": " "}, "memo"), ({"memo": "m" * 501}, "memo"),
        ({"memo": "a\x00b"}, "memo"), ({"at": NOW + timedelta(days=2)}, "occurred_at"),
        ({"at": datetime(1999, 12, 31, tzinfo=UTC)}, "occurred_at"), ({"at": datetime(1, 1, 1, tzinfo=UTC)}, "occurred_at"),
        ({"at": datetime(2026, 11, 21)}, "occurred_at"),  # noqa: DTZ001  # that is the point
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(books: Books, change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as told:
        books.deposit(**({"key": "k"} | change))  # type: ignore[arg-type]  # one fault at a time
    assert told.value.field == field
    assert told.value.mend


def test_lines_are_few_real_and_in_the_currency_of_their_account(books: Books) -> None:
    for amounts in (
        ((books.bank, 1, "KRW"),),
        ((books.bank, 0, "KRW"), (books.held, 0, "KRW")),
        ((books.bank, 1, "USD"), (books.held, -1, "USD")),
        ((books.bank, 1, "KRW"), (999_999, -1, "KRW")),
        ((books.bank, 1, "KRW"), (books.held, -1, "KRW")) * 101,
    ):
        with pytest.raises(InvalidInput, match="lines"):
            books.post("k", *amounts)
    with books.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LedgerJournal)) == 0


def test_a_reversal_is_the_exact_opposite_and_happens_once(books: Books) -> None:
    origin = books.deposit("d1", at=LAST_MONTH)
    with books.services.db.transaction() as session:
        back = reverse(session, books.clock, books.two, key="r1", journal_id=origin.journal_id, memo="wrong depositor")
        again = reverse(session, books.clock, books.two, key="r1", journal_id=origin.journal_id, memo="wrong depositor")
        assert (back.new, again.new, back.journal_id == again.journal_id) == (True, False, True)
        assert balances(session, [books.bank, books.held]) == {books.bank: 0, books.held: 0}
        journal = session.get_one(LedgerJournal, back.journal_id)
        assert (journal.reverses_id, journal.period, journal.about_id) == (origin.journal_id, "2026-11", 1)
    for wrong, code in ((origin.journal_id, "already-reversed"), (back.journal_id, "is-reversal")):
        with pytest.raises(Refused) as told, books.services.db.transaction() as session:
            reverse(session, books.clock, books.one, key="r2", journal_id=wrong, memo="again")
        assert told.value.code == code
    with pytest.raises(NotFound), books.services.db.transaction() as session:
        reverse(session, books.clock, books.one, key="r3", journal_id=999_999, memo="x")


def test_a_repeated_reversal_is_the_same_at_another_hour(books: Books) -> None:
    origin = books.deposit("d1")
    for _ in range(2):
        with books.services.db.transaction() as session:
            back = reverse(session, books.clock, books.two, key="r1", journal_id=origin.journal_id, memo="twice")
        books.clock.advance(MINUTE)  # type: ignore[attr-defined]  # the frozen clock
    assert not back.new


def test_of_reversals_at_once_under_different_keys_one_stands(books: Books) -> None:
    origin = books.deposit("d1")

    def act(nth: int) -> Posted:
        with books.services.db.transaction() as session:
            return reverse(session, books.clock, books.two, key=f"r{nth}", journal_id=origin.journal_id, memo="once")

    results = at_once([partial(act, nth) for nth in range(4)])
    assert sum(isinstance(result, Posted) for result in results) == 1
    assert all(isinstance(result, (Posted, Refused)) for result in results), results


def test_accounts_are_found_again_and_made_once(books: Books) -> None:
    def ask() -> int:
        with books.services.db.transaction() as session:
            return account_for(session, books.clock, "suspense", "USD")

    assert len(set(at_once([ask] * 4))) == 1
    with books.services.db.transaction() as session:
        for wrong in (
            {"kind": "purse"}, {"currency": "WON"}, {"mission_id": books.mission}, {"reference": "Main Account"},
            {"kind": "mission_cash"},
        ):  # fmt: skip
            with pytest.raises(InvalidInput):
                account_for(session, books.clock, **({"kind": "bank", "currency": "KRW"} | wrong))


def test_who_spends_against_a_balance_holds_the_account_and_nobody_else_waits(books: Books) -> None:
    books.post("fill", (books.till, 500_000, "HKD"), (books.due, -500_000, "HKD"))

    def spend(nth: int) -> bool:
        with books.services.db.transaction() as session:
            hold(session, [books.till])
            if balance(session, books.till) < Money(200_000, "HKD"):
                return False
            lines = [Line(books.till, Money(-200_000, "HKD")), Line(books.due, Money(200_000, "HKD"))]
            post(
                session, books.clock, books.one, key=f"s{nth}", occurred_at=NOW, memo="cash", about=About(), lines=lines
            )
            return True

    assert sorted(at_once([partial(spend, nth) for nth in range(4)])) == [False, False, True, True]
    with books.services.db.transaction() as session:
        hold(session, [books.till])
        assert books.post("other", (books.till, 1, "HKD"), (books.due, -1, "HKD")).new, "posting does not wait for it"
        with pytest.raises(NotFound):
            hold(session, [999_999])
