"""Months of the books: parted at midnight in Seoul, without a gap, and none is closed before that midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from remittance.ledger.closing import ask
from remittance.ledger.months import begins, ends, following, period_of
from tests.remittance.ledger.making import Books

MOMENT = timedelta(microseconds=1)


@given(st.integers(2000, 2098), st.integers(1, 12))
def test_months_follow_each_other_without_a_gap(year: int, month: int) -> None:
    period = f"{year}-{month:02d}"
    assert (period_of(begins(period)), period_of(begins(period) - MOMENT) < period) == (period, True)
    assert (period_of(ends(period) - MOMENT), period_of(ends(period))) == (period, following(period))
    assert (begins(period).hour, begins(period).minute, begins(period).tzinfo) == (15, 0, UTC), "midnight in Seoul"


def test_a_month_is_over_at_midnight_in_seoul_and_not_sooner(books: Books, clock: FrozenClock) -> None:
    midnight = datetime(2026, 11, 30, 15, tzinfo=UTC)
    for at in (midnight - timedelta(seconds=1), midnight):
        clock.set(at)
        with books.services.db.transaction() as session:
            if at < midnight:
                with pytest.raises(Refused) as refused:
                    ask(session, clock, books.one, "2026-11", "")
                assert refused.value.code == "month-not-over"
            else:
                assert ask(session, clock, books.one, "2026-11", "").state == "asked"
