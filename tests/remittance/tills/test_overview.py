"""All tills at once: what is free and owed, how old what is unsettled is to the day, and months that wait for a count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.ledger.closing import hindrances
from remittance.tills import counting
from remittance.tills.ageing import bucket_of, days_between
from remittance.tills.month_check import still_open, uncounted
from remittance.tills.overview import ROWS, tills, values
from tests.factories import NOW, make_mission
from tests.remittance.tills.making import Counter

OCTOBER = "2026-10"
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - with a zone beside


@pytest.mark.parametrize(("days", "bucket"), [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (4_000, 3)])
def test_buckets_end_with_their_days(days: int, bucket: int) -> None:
    assert bucket_of(days) == bucket


def test_a_day_begins_at_the_ministrys_midnight_whatever_clocks_do_elsewhere() -> None:
    midnight = datetime(2026, 10, 24, 15, tzinfo=UTC)  # Sunday begins in Seoul; Europe turns its clocks back that night
    assert days_between(midnight - timedelta(seconds=1), midnight) == 1
    assert days_between(midnight, midnight + timedelta(hours=23, minutes=59)) == 0
    assert days_between(midnight, midnight + timedelta(hours=24)) == 1
    assert days_between(midnight, midnight + timedelta(hours=24 * 31) - timedelta(seconds=1)) == 30
    from_new_york = datetime.fromisoformat("2026-10-31T23:30:00-04:00")
    to_new_york = datetime.fromisoformat("2026-11-30T23:30:00-05:00")
    assert days_between(from_new_york, to_new_york) == 30, "thirty days and one hour are thirty days"


@given(paid=MOMENTS, now=MOMENTS)
def test_ages_are_whole_days_and_never_go_back(paid: datetime, now: datetime) -> None:
    paid, now = min(paid, now), max(paid, now)
    days = days_between(paid, now)
    assert abs(days - (now - paid).total_seconds() / 86_400) < 1
    assert 0 <= days <= days_between(paid, now + timedelta(hours=1)) <= days + 1


def test_the_statement_ages_as_the_calendar_does(counter: Counter, clock: FrozenClock, services: Services) -> None:
    begins = datetime(2026, 11, 20, 15, tzinfo=UTC)  # of the day of NOW in Seoul
    counter.fill(1_000_000)
    moments = [
        (begins - timedelta(days=days) + timedelta(seconds=second), minor)
        for (days, second), minor in zip(
            ((30, 0), (30, -1), (60, 0), (60, -1), (90, 0), (90, -1)), (100, 200, 400, 800, 1_600, 3_200), strict=True
        )
    ]
    for moment, minor in moments:
        counter.remittance(minor, state="paid", paid_at=moment)
    counter.remittance(50_000)
    with services.db.transaction() as session:
        (till,) = tills(session, clock.now())
    assert till.ages == (100, 200 + 400, 800 + 1_600, 3_200)
    expected = [0, 0, 0, 0]
    for moment, minor in moments:
        expected[bucket_of(days_between(moment, clock.now()))] += minor
    assert list(till.ages) == expected and till.oldest_days == 91
    assert (till.cash, till.reserved, till.free) == (1_000_000 - 6_300, 50_000, 1_000_000 - 56_300)
    assert (till.owed, till.unsettled, till.late) == (1_000_000, 6_300, 5_600)


def test_lists_are_narrowed_by_words_currency_and_what_is_wrong(counter: Counter, services: Services) -> None:
    other = Counter(services, code="macau")
    counter.fill(10_000)
    counter.fill(20_000, "EUR")
    other.fill(5_000)
    counter.witnessed({})
    other.remittance(1_000, state="paid", paid_at=NOW - timedelta(days=61))

    def listed(**more: object) -> list[tuple[int, str]]:
        with services.db.transaction() as session:
            return [(each.mission_id, each.currency) for each in tills(session, NOW, **more)]  # type: ignore[arg-type]

    assert len(listed()) == 3
    assert listed(missions=[other.mission]) == [(other.mission, "USD")]
    assert listed(missions=[]) == []
    assert listed(currency="EUR") == [(counter.mission, "EUR")]
    assert listed(search="macau") == [(other.mission, "USD")] and listed(search="100%") == []
    assert listed(only="different") == [(counter.mission, "USD")]
    assert listed(only="late") == [(other.mission, "USD")]
    assert listed(only="uncounted") == [(counter.mission, "EUR"), (other.mission, "USD")]


def test_a_hundred_and_eighty_missions_are_one_statement_over_indexes(services: Services) -> None:
    with services.db.transaction() as session:
        first = make_mission(session, code="m-0").id
        session.execute(
            text("""
            INSERT INTO missions (code, name_en, name_ko, country, countries, city, lat, lon, zone, phone, emergency_phone,
                                  created_at, updated_at)
            SELECT 'm-' || n, name_en, name_ko, country, countries, city, lat, lon, zone, phone, emergency_phone, created_at,
                   updated_at FROM missions, generate_series(1, 179) n WHERE id = :first"""),
            {"first": first},
        )
        session.execute(
            text("""
            INSERT INTO ledger_accounts (kind, currency, mission_id, reference, created_at)
            SELECT of.kind, of_money.currency, missions.id, '', now() FROM missions,
                   unnest(ARRAY['mission_cash', 'mission_settlement']) of (kind),
                   unnest(ARRAY['USD', 'EUR', 'JPY']) of_money (currency)""")
        )
        asked: list[str] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert len(tills(session, NOW)) == 540
        assert len(asked) == 1, "it does not ask once for each mission"
        plan = "\n".join(session.scalars(text("EXPLAIN " + ROWS), values(NOW)))
    assert "ledger_postings" in plan and "Seq Scan on ledger_postings" not in plan


def test_a_month_waits_for_the_closing_count_after_its_last_movement(
    counter: Counter, clock: FrozenClock, services: Services
) -> None:
    def hindered() -> list[str]:
        with services.db.transaction() as session:
            found = hindrances(session, clock, OCTOBER, [uncounted])
        assert all(each.params["currency"] == "USD" for each in found)
        return [each.code for each in found]

    clock.set(datetime(2026, 10, 20, 3, tzinfo=UTC))
    counter.fill(10_000)
    counter.witnessed({10_000: 1})
    clock.advance(timedelta(days=1))
    counter.fill(5_000)
    clock.set(NOW)
    assert hindered() == ["till-not-counted"], "it moved again after it was counted"
    counter.witnessed({10_000: 1, 5_000: 1}, kind="spot")
    waiting = counter.count({10_000: 1})
    assert hindered() == ["till-not-counted"], "a spot check is no closing count, and nobody has witnessed the other"
    counter.do(counting.witness, counter.officer, waiting.id)
    assert hindered() == [], "a difference that is open hinders nothing"
    with services.db.transaction() as session:
        [shown] = still_open(session, OCTOBER)
    assert (shown.stops, shown.endpoint, shown.where) == (
        False, "tills.book", {"mission_id": counter.mission, "currency": "USD"},
    )  # fmt: skip
    counter.explain(counter.open_differences()[0].id)
    assert hindered() == [], "nor does its explanation"
    with services.db.transaction() as session:
        assert still_open(session, OCTOBER) == []
