"""Random months of book-keeping: postings, repetitions, races, crashes, reversals, closings, in any order and at once.

After every step: each currency of each journal sums to zero, the journals behind are what they were, balances equal a plain sum,
each key stands once, and nothing is in a month that was closed before it was posted. At the end the whole check finds nothing.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from remittance.ledger import entries, sealing
from remittance.ledger.balances import balances
from remittance.ledger.closing import ask, close, give_back
from remittance.ledger.models import LedgerEntry
from remittance.ledger.months import period_of
from remittance.ledger.posting import About, Line, Posted, post, reverse
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.ledger.making import Books, at_once

EVENTS = (
    "post", "post", "post", "exchange", "again", "other", "old", "late", "burst", "same_key", "crash", "reverse", "reverse",
    "reverse_race", "seal", "days", "ask", "give_back", "close", "close_race", "entry", "agree",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 50), st.integers(1, 10**9)), min_size=6, max_size=24)
MANY_STEPS = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 50), st.integers(1, 10**9)), min_size=60, max_size=100
)
EMPTY = (
    "DELETE FROM ledger_carried", "DELETE FROM ledger_months", "DELETE FROM ledger_entries", "DELETE FROM ledger_seals",
    "DELETE FROM ledger_postings", "DELETE FROM ledger_journals",
)  # fmt: skip


class Crash(Exception):
    """The process dies before its commit."""


class Bookkeeping:
    """One run from empty books; whatever comes at a wrong moment is refused and changes nothing."""

    def __init__(self, books: Books, clock: FrozenClock) -> None:
        self.books, self.clock, self.numbers = books, clock, 0
        clock.set(NOW)
        books.behind_the_back(*EMPTY)
        self.said: list[tuple[str, int, Any]] = []
        self.behind: dict[int, Any] = {}

    def do(self, event: str, pick: int, minor: int) -> None:
        with contextlib.suppress(HotlineError, Crash):
            getattr(self, f"_{event}")(pick, minor)
        self.check()

    def _key(self) -> str:
        self.numbers += 1
        return f"k{self.numbers}"

    def _deposit(self, key: str, minor: int, at: Any, late: bool = False) -> Posted:
        posted = self.books.deposit(key, minor, at=at, late=late)
        self.said.append((key, minor, at))
        return posted

    def _post(self, _pick: int, minor: int) -> None:
        self._deposit(self._key(), minor, self.clock.now())

    def _exchange(self, pick: int, minor: int) -> None:
        books = self.books
        books.post(
            self._key(), (books.held, minor, "KRW"), (books.fx_krw, -minor, "KRW"), (books.fx_hkd, pick + 1, "HKD"),
            (books.due, -pick - 1, "HKD"), at=self.clock.now(),
        )  # fmt: skip

    def _again(self, pick: int, _minor: int) -> None:
        if self.said:
            key, minor, at = self.said[pick % len(self.said)]
            assert not self.books.deposit(key, minor, at=at).new

    def _other(self, pick: int, _minor: int) -> None:
        if self.said:
            key, minor, at = self.said[pick % len(self.said)]
            with pytest.raises(HotlineError):
                self.books.deposit(key, minor + 1, at=at)

    def _old(self, pick: int, minor: int) -> None:
        self._deposit(self._key(), minor, self.clock.now() - timedelta(days=pick * 2))

    def _late(self, pick: int, minor: int) -> None:
        # Not remembered: its repetition would be late as well.
        self.books.deposit(self._key(), minor, at=self.clock.now() - timedelta(days=pick * 2), late=True)

    def _burst(self, _pick: int, minor: int) -> None:
        results = at_once([partial(self.books.deposit, self._key(), minor, at=self.clock.now()) for _ in range(4)])
        assert all(isinstance(result, Posted) and result.new for result in results), results

    def _same_key(self, _pick: int, minor: int) -> None:
        results = at_once([partial(self.books.deposit, key, minor, at=self.clock.now()) for key in [self._key()] * 4])
        assert sum(result.new for result in results) == 1 and len({result.journal_id for result in results}) == 1

    def _crash(self, _pick: int, minor: int) -> None:
        books = self.books
        with books.services.db.transaction() as session:
            lines = [Line(books.bank, Money(minor, "KRW")), Line(books.held, Money(-minor, "KRW"))]
            post(
                session, self.clock, books.one, key=self._key(), occurred_at=self.clock.now(), memo="x", about=About(),
                lines=lines,
            )  # fmt: skip
            raise Crash

    def _reversal(self, journal_id: int, key: str) -> Posted:
        with self.books.services.db.transaction() as session:
            return reverse(session, self.clock, self.books.two, key=key, journal_id=journal_id, memo="wrong")

    def _reverse(self, pick: int, _minor: int) -> None:
        if self.behind:
            self._reversal(sorted(self.behind)[pick % len(self.behind)], self._key())

    def _reverse_race(self, pick: int, _minor: int) -> None:
        if self.behind:
            journal_id = sorted(self.behind)[pick % len(self.behind)]
            results = at_once([partial(self._reversal, journal_id, self._key()) for _ in range(3)])
            assert sum(isinstance(result, Posted) for result in results) <= 1
            assert all(isinstance(result, (Posted, HotlineError)) for result in results), results

    def _seal(self, pick: int, _minor: int) -> None:
        with self.books.services.db.transaction() as session:
            sealing.seal(session, self.clock, limit=pick + 1)

    def _days(self, pick: int, _minor: int) -> None:
        self.clock.advance(timedelta(days=pick))

    def _month(self, pick: int) -> str:
        return period_of(self.clock.now() - timedelta(days=25 * (1 + pick % 3)))

    def _ask(self, pick: int, _minor: int) -> None:
        with self.books.services.db.transaction() as session:
            ask(session, self.clock, self.books.one, self._month(pick))

    def _give_back(self, pick: int, _minor: int) -> None:
        with self.books.services.db.transaction() as session:
            give_back(session, self.clock, self.books.two, self._month(pick), "not yet")

    def _closing(self, period: str) -> None:
        with self.books.services.db.transaction() as session:
            close(session, self.clock, self.books.two, period)

    def _close(self, pick: int, _minor: int) -> None:
        self._ask(pick, 0)
        self._closing(self._month(pick))

    def _close_race(self, pick: int, minor: int) -> None:
        self._ask(pick, 0)
        at = self.clock.now() - timedelta(days=25 * (1 + pick % 3))
        acts = [partial(self.books.deposit, self._key(), minor, at=at) for _ in range(3)]
        results = at_once([*acts[:1], partial(self._closing, self._month(pick)), *acts[1:]])
        assert all(result is None or isinstance(result, (Posted, HotlineError)) for result in results), results

    def _entry(self, _pick: int, minor: int) -> None:
        books = self.books
        lines = [Line(books.fees, Money(minor, "KRW")), Line(books.bank, Money(-minor, "KRW"))]
        with books.services.db.transaction() as session:
            wish = entries.Wish(
                key=self._key(), occurred_at=self.clock.now(), memo="charges", reason="statement", lines=lines
            )
            entries.ask(session, self.clock, books.one, wish)

    def _agree(self, _pick: int, _minor: int) -> None:
        with self.books.services.db.transaction() as session:
            entry = session.query(LedgerEntry).filter_by(state="waiting").order_by(LedgerEntry.id).first()
            if entry is not None:
                entries.agree(session, self.clock, self.books.two, entry.id)

    def check(self) -> None:
        with self.books.services.db.transaction() as session:
            rows = session.execute(
                text(
                    "SELECT j.id, j.key, j.digest, j.period, j.posted_at, j.memo, j.reverses_id,"
                    " json_agg(json_build_array(p.account_id, p.currency, p.minor) ORDER BY p.id) AS lines"
                    " FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id GROUP BY j.id ORDER BY j.id"
                )
            ).all()
            months = session.execute(text("SELECT period, closed_at FROM ledger_months WHERE state = 'closed'")).all()
            now = {row.id: (*row[1:7], str(row.lines)) for row in rows}
            assert {each: now.get(each) for each in self.behind} == self.behind, "a journal behind has changed"
            self.behind = now
            plain: dict[int, int] = {}
            for row in rows:
                sums: dict[str, int] = {}
                for account, currency, minor in row.lines:
                    sums[currency] = sums.get(currency, 0) + minor
                    plain[account] = plain.get(account, 0) + minor
                assert not any(sums.values()), f"journal {row.id} does not balance"
                for month in months:
                    assert row.period > month.period or row.posted_at <= month.closed_at, "posted into a closed month"
            held = balances(session, list(plain))
            assert held == plain, "balances are not the sum of the postings"
            assert len({row.key for row in rows}) == len(rows)


def keep(books: Books, clock: FrozenClock, steps: list[tuple[str, int, int]]) -> None:
    run = Bookkeeping(books, clock)
    for event, pick, minor in steps:
        run.do(event, pick, minor)
    sealing.run()
    checked = books.check()
    assert checked.findings == []
    assert checked.sealed == checked.journals


@pytest.mark.long
@given(steps=STEPS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
def test_the_books_hold_whatever_comes(clock: FrozenClock, books: Books, steps: list[tuple[str, int, int]]) -> None:
    keep(books, clock, steps)


@pytest.mark.nightly
@given(steps=MANY_STEPS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
def test_the_books_hold_over_long_runs(clock: FrozenClock, books: Books, steps: list[tuple[str, int, int]]) -> None:
    keep(books, clock, steps)
