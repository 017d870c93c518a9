"""Legs of journeys in a list: one row each, found again when the list comes again, and every refused row with its mend."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.core.tables import BYTE_ORDER_MARK, FORMULA_STARTS
from hotline.people import effective, import_legs, importing
from hotline.people.import_report import refused_csv
from hotline.people.importing import ImportReport, import_travellers
from hotline.people.models import Itinerary, Traveller
from tests.factories import make_traveller
from tests.people.test_sightings import held

HEADER = "reference,name,phone,from_date,to_date,place,country,means,journey\n"
HONG = (
    "R-1,홍길동,+821020000001,2026-11-20,2026-11-25,Tokyo,JP,KE 701,PNR-1\n"
    "R-1,홍길동,+821020000001,2026-11-25,2026-11-30,,FR,,PNR-1\n"
)


def take(services: Services, text: str, kind: str = "csv", **more: Any) -> ImportReport:
    return import_travellers(services, SYSTEM, io.BytesIO(text.encode()), kind, **more)


def journeys(services: Services) -> list[Itinerary]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Itinerary).order_by(Itinerary.id)))


def person(services: Services, reference: str) -> int:
    with services.db.transaction() as session:
        return session.scalars(select(Traveller.id).where(Traveller.reference == reference)).one()


def test_a_persons_rows_become_the_legs_of_one_journey(services: Services, clock: FrozenClock) -> None:
    report = take(services, HEADER + HONG)
    assert (report.accepted_count, report.created_count, report.updated_count, report.refused_count) == (2, 1, 1, 0)
    (journey,) = journeys(services)
    assert (journey.reference, journey.source) == ("PNR-1", "import")
    assert [(leg.place, leg.country, leg.precision, leg.means) for leg in journey.legs] == [
        ("Tokyo", "JP", "city", "KE 701"), ("", "FR", "country", ""),
    ]  # fmt: skip
    assert held(services.db, person(services, "R-1")) == ("city", "JP")
    clock.advance(datetime(2026, 11, 28, tzinfo=UTC) - clock.now())
    effective.take_over_due(services)
    assert held(services.db, person(services, "R-1")) == ("country", "FR")


def test_the_same_list_again_changes_nothing_and_a_longer_one_adds(services: Services) -> None:
    take(services, HEADER + HONG)
    before = journeys(services)[0]
    assert take(services, HEADER + HONG).refused_count == 0
    assert journeys(services)[0].version == before.version
    take(services, HEADER + HONG + "R-1,홍길동,+821020000001,2026-12-01,2026-12-02,Rome,IT,,PNR-1\n")
    (after,) = journeys(services)
    assert (len(after.legs), after.version) == (3, before.version + 1)


def test_rows_of_one_person_may_lie_in_several_batches(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    assert take(services, HEADER + HONG).accepted_count == 2
    assert [len(journey.legs) for journey in journeys(services)] == [2]


def test_a_place_and_legs_of_one_person_stand_beside_each_other_whatever_the_order(services: Services) -> None:
    header = "name,phone,lat,lon,from_date,to_date,country\n"
    report = take(
        services,
        header + "Kim,+821020000009,,,2026-11-20,2026-11-25,JP\nKim,+821020000009,14.6,121,,,\n",
    )
    assert (report.created_count, report.updated_count, report.refused_count) == (1, 1, 0)
    with services.db.transaction() as session:
        kim = session.scalars(select(Traveller.id).where(Traveller.phone == "+821020000009")).one()
    assert held(services.db, kim) == ("exact", "PH")
    assert [journey.reference for journey in journeys(services)] == [import_legs.OWN_KEY]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("R,A,+821020000001,2026-11-20,,Tokyo,JP,,", "to_date"),
        ("R,A,+821020000001,,2026-11-20,Tokyo,JP,,", "from_date"),
        ("R,A,+821020000001,20.11.2026,2026-11-21,Tokyo,JP,,", "from_date"),
        ("R,A,+821020000001,2026-11-20,2026-11-19,Tokyo,JP,,", "to_date"),
        ("R,A,+821020000001,2026-11-20,2026-11-21,Xyzzy,JP,,", "place"),
        ("R,A,+821020000001,2026-11-20,2026-11-21,,QQ,,", "country"),
        ("R,A,+821020000001,2026-11-20,2026-11-21,,,,", "place"),
        (f"R,A,+821020000001,2026-11-20,2026-11-21,,JP,{'x' * 81},", "means"),
        (f"R,A,+821020000001,2026-11-20,2026-11-21,,JP,,{'x' * 81}", "reference"),
    ],
)
def test_a_leg_that_cannot_be_is_refused_by_line_and_field(services: Services, row: str, field: str) -> None:
    report = take(services, HEADER + HONG + row + "\n")
    assert [(each["line"], each["field"]) for each in report.refused] == [(4, field)]
    assert report.accepted_count == 2


def test_the_same_stay_twice_in_a_list_is_refused_once(services: Services) -> None:
    report = take(services, HEADER + HONG + HONG)
    assert [(each["line"], each["field"]) for each in report.refused] == [(4, "from_date"), (5, "from_date")]
    assert "line 2" in report.refused[0]["mend"]


def test_too_many_legs_or_journeys_are_named_and_the_rest_is_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_legs, "MAX_LEGS", 1)
    report = take(services, HEADER + HONG)
    assert [(each["line"], each["field"]) for each in report.refused] == [(3, "journey")]
    monkeypatch.setattr(import_legs, "MAX_ITINERARIES", 1)
    other = HEADER + "R-1,홍길동,+821020000001,2027-01-01,2027-01-02,,FR,,PNR-2\n"
    report = take(services, other)
    assert (report.accepted_count, [each["line"] for each in report.refused]) == (0, [2])
    assert [len(journey.legs) for journey in journeys(services)] == [1]


def test_a_shared_number_refuses_all_rows_that_name_nobody(services: Services) -> None:
    with services.db.transaction() as session:
        for _ in range(2):
            make_traveller(session, phone="+821020000001")
    bare = HONG.replace("R-1", "")
    report = take(services, HEADER + bare)
    assert (report.accepted_count, report.refused_count) == (0, 2)
    assert journeys(services) == []


def test_ndjson_tells_legs_too(services: Services) -> None:
    row = {"name": "Kim", "phone": "+821020000009", "from": "2026-11-20", "to": "2026-11-25", "lat": 35.7, "lon": 139.7}
    assert take(services, json.dumps(row) + "\n", "ndjson").accepted_count == 1
    (journey,) = journeys(services)
    assert [(leg.country, leg.precision, leg.zone) for leg in journey.legs] == [("JP", "city", "Asia/Tokyo")]


@given(st.lists(st.tuples(st.sampled_from([*FORMULA_STARTS, "a"]), st.text(max_size=20)), max_size=5))
def test_no_cell_of_the_report_can_be_taken_for_a_formula(values: list[tuple[str, str]]) -> None:
    rows = [{"line": n, "field": "name", "value": head + tail, "mend": tail} for n, (head, tail) in enumerate(values)]
    written = refused_csv(rows)
    assert written.startswith(BYTE_ORDER_MARK + "line,field,value,mend")
    read = list(csv.reader(io.StringIO(written.removeprefix(BYTE_ORDER_MARK), newline="")))[1:]
    assert [int(cells[0]) for cells in read] == list(range(len(rows)))
    assert not any(cell.startswith(FORMULA_STARTS) for cells in read for cell in cells)
