"""Rates come on record by file, whole or not at all, or by two officers; and count while they are young enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from remittance.quotes import cli, rates
from remittance.quotes.models import ExchangeRate
from remittance.quotes.rates import Typed
from remittance.quotes.states import COUNTS, REFUSED, WAITING
from tests.factories import NOW
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor

DAY = timedelta(days=1)
ECB = b"Date, USD, KRW, RUB,\n20 November 2026, 1.0812, 1567.34, N/A,\n"
TABLE = b"base,quoted,rate,day\nUSD,KRW,1450.5,2026-11-20\nUSD,JPY,150.1,2026-11-20\n"


def finance(services: Services) -> Actor:
    with services.db.transaction() as session:
        return make_actor(session, services.clock, "finance_officer")


def bring(services: Services, actor: Actor, data: bytes) -> rates.Imported:
    with services.db.transaction() as session:
        return rates.bring_in(session, services.clock, actor, data)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ExchangeRate)) or 0


def typed(**more: Any) -> Typed:
    values: dict[str, Any] = {
        "base": "USD",
        "quoted": "KRW",
        "value": "1,450.25",
        "source": "hana-bank",
        "at": NOW - DAY,
    }
    return Typed(**(values | more))


def test_the_central_banks_file_counts_from_the_afternoon_in_frankfurt_and_twice_is_once(services: Services) -> None:
    actor = cli.CLI
    assert bring(services, actor, ECB) == rates.Imported("ecb", 2, 0, counts=True)
    assert bring(services, actor, ECB) == rates.Imported("ecb", 0, 2, counts=True)
    with services.db.transaction() as session:
        found = rates.counting(session, NOW, DAY)
        assert {(each.quoted, each.value) for each in found} == {
            ("USD", Fraction("1.0812")),
            ("KRW", Fraction("1567.34")),
        }
        assert {each.at for each in found} == {datetime(2026, 11, 20, 15, 0, tzinfo=UTC)}, "16:00 in winter"
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "rates.bring_in")).all()) == 1


def test_summers_afternoon_in_frankfurt_is_an_hour_earlier(services: Services, clock: FrozenClock) -> None:
    bring(services, finance(services), b"Date, USD,\n1 July 2026, 1.08,\n")
    with services.db.transaction() as session:
        assert session.scalars(select(ExchangeRate.at)).one() == datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


def test_a_file_that_an_officer_brings_in_waits_whole_for_a_second_one(services: Services) -> None:
    one, two = finance(services), finance(services)
    assert not bring(services, one, ECB).counts, "anybody can write what looks like the bank's file"
    with services.db.transaction() as session:
        assert len(rates.refuse(session, services.clock, two, rates.listed(session)[0].id)) == 2
    bring(services, one, TABLE)
    with services.db.transaction() as session:
        assert rates.counting(session, NOW, 5 * DAY) == []
        first, second = rates.listed(session, waiting=True)
        with pytest.raises(Forbidden) as own:
            rates.agree(session, services.clock, one, first.id)
        assert own.value.code == "four-eyes"
        assert {each.id for each in rates.agree(session, services.clock, two, first.id)} == {first.id, second.id}
        found = rates.counting(session, NOW, 5 * DAY)
        assert {each.at for each in found} == {datetime(2026, 11, 20, tzinfo=UTC)}, "as of the beginning of the day"
        with pytest.raises(Refused):
            rates.agree(session, services.clock, two, first.id)


def test_a_file_with_another_value_or_of_the_future_is_refused_whole_with_its_line(services: Services) -> None:
    actor = finance(services)
    bring(services, actor, ECB)
    changed = b"Date, USD, KRW, JPY,\n20 November 2026, 1.0812, 1567.35, 162.1,\n"
    future = b"Date, USD,\n20 November 2026, 1.0812,\n24 November 2026, 1.09,\n"
    for data, line, words in ((changed, 2, "1567.34 is on record"), (future, 3, "have come")):
        with pytest.raises(SeveralFaults) as caught:
            bring(services, actor, data)
        assert [(fault["line"], words in str(fault["mend"])) for fault in caught.value.faults] == [(line, True)]
    with services.db.transaction() as session:
        assert count(session) == 2, "nothing of either was taken over"


def test_the_same_file_brought_in_twice_at_once_is_there_once(services: Services) -> None:
    actor = finance(services)
    results = at_once([lambda: bring(services, actor, ECB)] * 2)
    assert sorted(each.new for each in results) == [0, 2]


def test_a_rate_typed_by_hand_counts_when_another_agreed(services: Services) -> None:
    one, two = finance(services), finance(services)
    with services.db.transaction() as session:
        rate = rates.type_in(session, services.clock, one, typed())
        assert (rate.value, rates.state_of(rate)) == ("1450.25", WAITING)
        assert rates.counting(session, NOW, 2 * DAY) == []
        with pytest.raises(Forbidden):
            rates.agree(session, services.clock, one, rate.id)
        with pytest.raises(Refused) as known:
            rates.type_in(session, services.clock, two, typed(value="1451"))
        assert known.value.code == "rate-known"
        rates.agree(session, services.clock, two, rate.id)
        assert rates.state_of(rate) == COUNTS
        (counted,) = rates.counting(session, NOW, DAY)
        assert (counted.value, counted.source) == (Fraction(5801, 4), "hana-bank")
        assert rates.counting(session, NOW + timedelta(seconds=1), DAY) == [], "a second older than allowed is too old"


def test_a_wrong_rate_that_counts_is_taken_out_of_use_and_stays_out(services: Services) -> None:
    one, two = finance(services), finance(services)
    bring(services, cli.CLI, ECB)
    with services.db.transaction() as session:
        first, second = rates.listed(session)
        rates.refuse(session, services.clock, one, first.id)
        assert [each.id for each in rates.counting(session, NOW, DAY)] == [second.id], "the others of its file count on"
        with pytest.raises(Refused):
            rates.agree(session, services.clock, two, first.id)
    bring(services, one, ECB)
    with services.db.transaction() as session:
        assert rates.state_of(session.get_one(ExchangeRate, first.id)) == REFUSED
        with pytest.raises(NotFound):
            rates.refuse(session, services.clock, one, 999_999)


def test_a_refused_table_goes_whole(services: Services) -> None:
    one, two = finance(services), finance(services)
    bring(services, one, TABLE)
    with services.db.transaction() as session:
        first = rates.listed(session, waiting=True)[0]
        assert len(rates.refuse(session, services.clock, two, first.id)) == 2
        assert rates.listed(session, waiting=True) == [] and len(rates.listed(session)) == 2
        assert rates.listed(session, before=first.id)[0].id < first.id


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("base", {"base": "XXX"}), ("quoted", {"quoted": "USD"}), ("value", {"value": "0"}), ("value", {"value": "1e3"}),
        ("value", {"value": "-5"}), ("source", {"source": "ecb"}), ("source", {"source": "Hana Bank!"}),
        ("at", {"at": NOW + timedelta(seconds=1)}), ("at", {"at": NOW - timedelta(days=8)}),
        ("at", {"at": NOW.replace(tzinfo=None)}),
    ],
)  # fmt: skip
def test_a_typed_rate_is_refused_by_its_field(services: Services, field: str, more: dict[str, Any]) -> None:
    actor = finance(services)
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as caught:
        rates.type_in(session, services.clock, actor, typed(**more))
    assert [fault["field"] for fault in caught.value.faults] == [field]


def test_only_those_who_may_bring_rates(services: Services) -> None:
    with services.db.transaction() as session:
        auditor = make_actor(session, services.clock, "auditor")
        rate = rates.type_in(session, services.clock, make_actor(session, services.clock, "finance_officer"), typed())
        for act in (
            lambda: rates.bring_in(session, services.clock, auditor, ECB),
            lambda: rates.type_in(session, services.clock, auditor, typed(source="other")),
            lambda: rates.agree(session, services.clock, auditor, rate.id),
            lambda: rates.refuse(session, services.clock, auditor, rate.id),
        ):
            with pytest.raises(Forbidden):
                act()


@given(st.integers(1, 10**12), st.integers(0, 10))
def test_a_decimal_is_written_exactly(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    assert Fraction(rates.decimal_text(value)) == value and "e" not in rates.decimal_text(value).lower()


def test_what_has_no_decimal_form_is_not_written_as_one() -> None:
    with pytest.raises(ValueError, match="no decimal"):
        rates.decimal_text(Fraction(1, 3))
