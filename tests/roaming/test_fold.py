"""Bursts become places and crossings of people on record; of everybody else only a number remains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.core.services import Services
from hotline.roaming import fold
from tests.roaming.conftest import Calling

KIM, LEE = "+821011110001", "+821011110002"


def test_a_known_subscriber_is_placed_by_country(carrier: Calling) -> None:
    kim = carrier.traveller(KIM)
    carrier.land((KIM, "PH"))
    assert fold.fold(carrier.services).calls == 1
    assert carrier.place(kim) == ("PH", "country", "roaming:one")
    assert carrier.crossings() == [("PH", False)]
    assert carrier.day() == (1, 0, 0)


def test_nothing_of_a_stranger_is_kept_but_their_count(carrier: Calling) -> None:
    carrier.land((LEE, "PH"), (LEE, "JP"))
    fold.fold(carrier.services)
    assert carrier.day() == (0, 2, 0)
    with carrier.services.db.transaction() as session:
        for table in ("roaming_batches", "roaming_days", "crossings", "sightings", "travellers", "audit_entries"):
            rows = "".join(str(row) for row in session.execute(text(f"SELECT * FROM {table}")))  # noqa: S608
            assert LEE.lstrip("+") not in rows, table


def test_events_late_twice_and_out_of_order_end_at_the_newest_place(carrier: Calling) -> None:
    kim, now = carrier.traveller(KIM), carrier.clock.now()
    carrier.land((KIM, "JP", now - timedelta(hours=1)))
    fold.fold(carrier.services)
    carrier.land(
        (KIM, "PH", now - timedelta(hours=9)),
        (KIM, "KR", now - timedelta(hours=5)),
        (KIM, "PH", now - timedelta(hours=9)),
    )
    fold.fold(carrier.services)
    assert carrier.place(kim)[0] == "JP"
    assert carrier.crossings() == [("PH", False), ("KR", True), ("JP", False)]


def test_registering_again_in_the_same_country_is_no_crossing_but_coming_home_always_is(carrier: Calling) -> None:
    carrier.traveller(KIM)
    for country in ("PH", "PH", "KR", "KR", "PH"):
        carrier.clock.advance(timedelta(hours=1))
        carrier.land((KIM, country))
        fold.fold(carrier.services)
    assert carrier.crossings() == [("PH", False), ("KR", True), ("KR", True), ("PH", False)]


def test_a_familys_number_places_all_of_them_and_erased_people_nowhere(carrier: Calling) -> None:
    family = [carrier.traveller(KIM, name=name) for name in ("Kim", "Kim's child")]
    gone = carrier.traveller(KIM, erased_at=carrier.clock.now())
    carrier.land((KIM, "JP"))
    fold.fold(carrier.services)
    assert {carrier.place(each)[0] for each in family} == {"JP"}
    with carrier.services.db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM crossings WHERE traveller_id = :id"), {"id": gone}) == 0


def test_calls_that_somebody_else_folds_are_left_to_them(carrier: Calling) -> None:
    carrier.traveller(KIM)
    carrier.land((KIM, "PH"))
    with carrier.services.db.transaction() as session:
        session.execute(text("SELECT 1 FROM roaming_batches FOR UPDATE"))
        assert fold.fold(carrier.services).calls == 0
    assert fold.fold(carrier.services).calls == 1


def test_a_crash_in_the_middle_of_folding_loses_and_doubles_nothing(
    carrier: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.traveller(KIM)
    carrier.land((KIM, "PH"), (LEE, "PH"))
    monkeypatch.setattr(fold, "_DONE", "SELECT 1 / 0 FROM (SELECT %(ids)s::bigint[], %(now)s::timestamptz) x")
    with pytest.raises(Exception, match="division by zero"):
        fold.fold(carrier.services)
    monkeypatch.undo()
    fold.fold(carrier.services)
    fold.fold(carrier.services)
    assert carrier.day() == (1, 1, 0)
    assert len(carrier.crossings()) == 1


def test_a_burst_is_folded_in_bounded_rounds(carrier: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "EVENTS_AT_ONCE", 5)
    for nth in range(6):
        carrier.land(*((f"+8210{nth}000{each:04}", "PH") for each in range(3)))
    with carrier.services.db.connection() as connection:
        assert fold.fold_once(connection, carrier.clock.now())[0] == 1
    assert fold.fold(carrier.services).calls == 5
    assert carrier.day() == (0, 18, 0)


def test_refused_events_are_counted_too(carrier: Calling) -> None:
    carrier.call({"events": [carrier.event(KIM, "PH"), {"msisdn": "1"}]})
    fold.fold(carrier.services)
    assert carrier.day() == (0, 1, 1)


def test_old_calls_and_crossings_and_erased_people_are_forgotten(carrier: Calling, services: Services) -> None:
    kim, lee = carrier.traveller(KIM), carrier.traveller(LEE)
    carrier.land((KIM, "PH"), (LEE, "PH"))
    fold.fold(services)
    fold.forget_person(services, {"traveller_id": kim})
    assert len(carrier.crossings()) == 1
    assert fold.forget_old(services) == 0
    carrier.clock.advance(fold.CROSSINGS_KEPT_FOR + timedelta(seconds=1))
    assert fold.forget_old(services) == 1, "the call goes, the newest crossing of a person stays"
    carrier.land((LEE, "JP"))
    fold.fold(services)
    assert fold.forget_old(services) == 1
    assert carrier.crossings() == [("JP", False)]
    assert carrier.place(lee)[0] == "JP"
