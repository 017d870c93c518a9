"""Lists of travellers taken over: known people updated, bad rows named, everything else kept, in bounded memory."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, TooLarge
from hotline.core.services import Services
from hotline.people import import_lines, importing
from hotline.people.importing import ImportReport, SeenKeys, import_travellers
from hotline.people.models import Position, Traveller
from tests.factories import make_traveller

HEADER = "reference,name,phone,language,lat,lon,observed_at,valid_until,drill"
PEOPLE = "R-1,홍길동,+821020000001,ko,14.5,121.0,,,\nR-2,Jane Roe,+442079460101,en,35.68,139.76,,,true\n"


def _take(services: Services, given: str | bytes, format: str = "csv", **more: Any) -> ImportReport:  # noqa: A002
    data = given.encode() if isinstance(given, str) else given
    return import_travellers(services, SYSTEM, io.BytesIO(data), format, **more)


def _people(services: Services) -> dict[str, Traveller]:
    with services.db.transaction() as session:
        return {traveller.name: traveller for traveller in session.scalars(select(Traveller))}


def _position(services: Services, name: str) -> Position | None:
    traveller = _people(services)[name]
    with services.db.transaction() as session:
        return session.get(Position, traveller.id)


def _counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.accepted_count, report.created_count, report.updated_count, report.refused_count


def test_a_list_makes_people_and_places_them(services: Services, clock: FrozenClock) -> None:
    report = _take(services, f"{HEADER}\n{PEOPLE}")
    assert _counts(report) == (2, 2, 0, 0) and report.warnings == []
    jane, place = _people(services)["Jane Roe"], _position(services, "Jane Roe")
    assert (jane.phone, jane.phone_region, jane.language, jane.drill) == ("+442079460101", "GB", "en", True)
    assert place is not None
    assert (place.country, place.precision, place.drill, place.observed_at) == ("JP", "exact", True, clock.now())


def test_the_same_list_again_updates_and_adds_nobody(services: Services) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}")
    assert _counts(_take(services, f"{HEADER}\n{PEOPLE}")) == (2, 0, 2, 0)
    assert len(_people(services)) == 2


def test_an_update_keeps_what_the_list_does_not_say(services: Services, clock: FrozenClock) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}")
    with services.db.transaction() as session:
        jane = session.scalars(select(Traveller).where(Traveller.reference == "R-2")).one()
        jane.opted_out_at = jane.number_bad_at = clock.now()
    report = _take(services, "phone\treference\tname\n+442079460199\tR-2\tJane M. Roe\n")
    assert _counts(report) == (1, 0, 1, 0)
    jane = _people(services)["Jane M. Roe"]
    assert (jane.phone, jane.language, jane.drill) == ("+442079460199", "en", True)
    assert jane.opted_out_at is not None and jane.number_bad_at is None
    assert (_position(services, "Jane M. Roe") or Position()).country == "JP"


def test_a_changed_language_reaches_the_position_without_a_new_place(services: Services) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}")
    _take(services, "reference,name,phone,language,drill\nR-1,홍길동,+821020000001,en,yes\n")
    place = _position(services, "홍길동")
    assert place is not None and (place.language, place.drill, place.country) == ("en", True, "PH")


def test_without_a_reference_the_number_tells_who_it_is(services: Services) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}")
    report = _take(services, "name,phone\n홍 길동,+82 10-2000-0001\nSomebody New,+821020000003\n")
    assert _counts(report) == (2, 1, 1, 0)
    people = _people(services)
    assert people["홍 길동"].reference == "R-1" and people["Somebody New"].reference is None


def test_a_number_that_several_people_share_tells_nobody(services: Services) -> None:
    with services.db.transaction() as session:
        for name in ("Mother", "Child"):
            make_traveller(session, name=name, phone="+821020000005")
    report = _take(services, "name,phone\nWho,+821020000005\nElse,+821020000006\n")
    assert _counts(report) == (1, 1, 0, 1)
    assert (report.refused[0]["line"], report.refused[0]["field"]) == (2, "phone")
    assert "several people" in report.refused[0]["mend"]


def test_people_with_references_may_share_a_number(services: Services) -> None:
    report = _take(services, "reference,name,phone\nA,Mother,+821020000005\nB,Child,+821020000005\n")
    assert _counts(report) == (2, 2, 0, 0)


def test_a_bare_row_about_somebody_whom_the_same_list_brings_is_that_person(services: Services) -> None:
    report = _take(services, "name,phone,reference,language\nPlain,+821020000005,,en\nNamed,+821020000005,A,\n")
    assert _counts(report) == (2, 1, 1, 0)
    assert [(p.reference, p.language) for p in _people(services).values()] == [("A", "en")]


def test_repeats_within_a_list_are_named_with_their_first_line(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    rows = ["A,One,+821020000001", "B,Two,+821020000002", "A,Again,+821020000003", ",Bare,+821020000004",
            ",Bare again,+82 10 2000 0004", "B,Third,+821020000002"]  # fmt: skip
    report = _take(services, "reference,name,phone\n" + "\n".join(rows))
    assert _counts(report) == (3, 3, 0, 3)
    assert [(fault["line"], fault["field"], fault["mend"].split(" has ")[0]) for fault in report.refused] == [
        (4, "reference", "line 2"), (6, "phone", "line 5"), (7, "reference", "line 3"),
    ]  # fmt: skip
    assert set(_people(services)) == {"One", "Two", "Bare"}


def test_an_older_place_is_left_out_and_counted(services: Services, clock: FrozenClock) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}")
    older = (clock.now() - timedelta(days=1)).isoformat()
    report = _take(services, f"reference,name,phone,lat,lon,observed_at\nR-1,홍길동,+821020000001,0,0,{older}\n")
    assert report.warnings == ["1 positions do not count now, because fresher or more exact ones are held."]
    assert (_position(services, "홍길동") or Position()).lat == 14.5


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("R,,+821020000001,ko,1,1,,,", "name"), ("R,A,12345,ko,1,1,,,", "phone"), ("R,A,,ko,1,1,,,", "phone"),
        ("R,A,010-2000-0001,ko,1,1,,,", "phone"), ("R,A,+821020000001,k,1,1,,,", "language"),
        ("R,A,+821020000001,ko,91,1,,,", "lat"), ("R,A,+821020000001,ko,1,-181,,,", "lon"),
        ("R,A,+821020000001,ko,1,,,,", "lon"), ("R,A,+821020000001,ko,,1,,,", "lat"),
        ("R,A,+821020000001,ko,nan,1,,,", "lat"), ('R,A,+821020000001,ko,"1,5",1,,,', "lat"),
        ("R,A,+821020000001,ko,1,1,yesterday,,", "observed_at"),
        ("R,A,+821020000001,ko,1,1,2026-11-21T00:00:00,,", "observed_at"),
        ("R,A,+821020000001,ko,1,1,2027-11-21T00:00:00Z,,", "observed_at"),
        ("R,A,+821020000001,ko,1,1,,2020-11-21T00:00:00Z,", "valid_until"),
        ("R,A,+821020000001,ko,1,1,,,maybe", "drill"), ("R,A,+821020000001,ko,1,1,,", "line"),
        (f"{'R' * 81},A,+821020000001,ko,1,1,,,", "reference"), ('R,"A,+821020000001,ko,1,1,,,', "line"),
        (f"R,{'A' * 9000},+821020000001,ko,1,1,,,", "line"), ("R,A\x00B,+821020000001,ko,1,1,,,", "name"),
    ],
)  # fmt: skip
def test_each_bad_row_is_named_and_stops_nothing(services: Services, row: str, field: str) -> None:
    report = _take(services, f"{HEADER}\n{row}\n{PEOPLE}")
    assert _counts(report) == (2, 2, 0, 1)
    (fault,) = report.refused
    assert fault.keys() == {"line", "field", "value", "mend"}
    assert (fault["line"], fault["field"]) == (2, field)
    assert len(fault["value"]) <= 80 and fault["mend"]


def test_the_list_of_faults_is_capped_and_the_count_is_not(services: Services) -> None:
    report = _take(services, "name,phone\n" + "A,1\n" * 30, max_listed=10)
    assert (report.refused_count, len(report.refused)) == (30, 10)


@pytest.mark.parametrize(
    "header",
    ["", "name", "phone,reference", "name,phone,phone", "name,phone,전화번호", "lat,lon\n1,2"],
)
def test_a_header_that_cannot_be_used_refuses_the_whole(services: Services, header: str) -> None:
    with pytest.raises(InvalidInput, match="header"):
        _take(services, f"{header}\nA,+821020000001\n")
    assert _people(services) == {}


def test_numbers_without_a_plus_sign_need_their_country(services: Services) -> None:
    report = _take(services, "name,phone\nA,010-2000-0001\nB,+447700900123\n", region="kr")
    assert {person.phone for person in _people(services).values()} == {"+821020000001", "+447700900123"}
    assert report.refused_count == 0
    with pytest.raises(InvalidInput, match="region"):
        _take(services, "name,phone\n", region="Korea")


def test_ndjson_brings_numbers_and_booleans(services: Services) -> None:
    rows = [
        {"reference": "R-1", "name": "홍길동", "phone": "+821020000001", "lat": 14.5, "lon": 121, "drill": True},
        {"name": "Jane", "phone": "+821020000002", "lat": None, "nick": "J"},
        {"name": "Num", "phone": 821020000003}, {"name": ["A"], "phone": "+821020000004"}, [1], "text",
    ]  # fmt: skip
    given = (
        "\n".join(json.dumps(row) for row in rows)
        + '\n{"name": \n{"name": "N", "phone": "+821020000005", "lat": NaN}\n'
    )
    report = _take(services, given, "ndjson")
    assert _counts(report) == (2, 2, 0, 6)
    assert [(fault["line"], fault["field"]) for fault in report.refused] == [
        (3, "phone"), (4, "name"), (5, "line"), (6, "line"), (7, "line"), (8, "line"),
    ]  # fmt: skip
    assert report.warnings == ["The column 'nick' is not known and was left out."]
    assert _people(services)["홍길동"].drill is True


def test_a_city_places_in_its_middle_and_a_country_in_its_capital(services: Services) -> None:
    rows = ["A,+821020000001,마닐라,", "B,+821020000002,manila,PH", "C,+821020000003,,ph", "D,+821020000004,Saigon,VN",
            "E,+821020000005,Nowhereville,", "F,+821020000006,,XX", "G,+821020000007,,"]  # fmt: skip
    report = _take(services, "name,phone,city,country\n" + "\n".join(rows))
    assert _counts(report) == (5, 5, 0, 2)
    assert [fault["field"] for fault in report.refused] == ["place", "country"]
    assert report.warnings == ["Line 5: 'Saigon' was taken for Ho Chi Minh City, VN."]
    places = {name: _position(services, name) for name in "ABCDG"}
    assert {name: (place.country, place.precision) for name, place in places.items() if place} == {
        "A": ("PH", "city"), "B": ("PH", "city"), "C": ("PH", "country"), "D": ("VN", "city"),
    }  # fmt: skip
    assert places["G"] is None


def test_too_many_rows_stop_the_import_and_the_trail_says_how_far_it_came(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    monkeypatch.setattr(import_lines, "MAX_ROWS", 5)
    with pytest.raises(TooLarge, match="5 rows"):
        _take(services, "name,phone\n" + "".join(f"P{n},+8210200000{n:02d}\n" for n in range(9)))
    assert len(_people(services)) == 4
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert entry.after == {"format": "csv", "completed": False, "created": 4, "updated": 0, "refused": 0}


def test_too_many_bytes_stop_the_import(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_lines, "MAX_FILE_BYTES", 200_000)
    with pytest.raises(TooLarge, match="MB"):
        _take(services, "name,phone\n" + "A,1\n" * 50_000 + "B,2\n")


def test_an_import_is_one_line_on_the_trail(services: Services) -> None:
    _take(services, f"{HEADER}\n{PEOPLE}bad,row\n")
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject_kind) == ("travellers.imported", "traveller")
        assert entry.after == {"format": "csv", "completed": True, "created": 2, "updated": 0, "refused": 1}


def test_progress_is_told_after_each_batch(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    told: list[int] = []
    _take(services, "name,phone\n" + "".join(f"P{n},+821020000{n:03d}\n" for n in range(5)), on_progress=told.append)
    assert told == [2, 4, 5]


def test_seen_keys_name_the_earlier_line_over_batches() -> None:
    seen = SeenKeys()
    assert seen.note(["a", "b", "a"], [2, 3, 4]) == [None, None, 2]
    assert seen.note(["c", "b", "a"], [5, 6, 7]) == [None, 3, 2]
    assert seen.note([], []) == []


PHONES = st.sampled_from(["+821020000001", "+82 10-2000-0001", "+821020000002", "+447700900100", "12", "", "x"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "A", "B", "C"]),
        st.sampled_from(["Kim", "Lee", " ", 'O\'Brien; "x", y']),
        PHONES,
        st.sampled_from(["", "10.5", "91", "abc"]),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, again=ROWS)
def test_whatever_the_rows_the_people_are_those_that_a_plain_reading_gives(
    services: Services, rows: list[tuple[str, str, str, str]], again: list[tuple[str, str, str, str]]
) -> None:
    """Two lists one after the other, against a reading row by row that shares no code with the import."""
    with services.db.transaction() as session:
        session.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # vouchers, which hang on cases, refuse to be emptied
        session.execute(text("TRUNCATE travellers, positions CASCADE"))
    people: list[dict[str, Any]] = []
    for given_rows in (rows, again):
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerows([["reference", "name", "phone", "lat", "lon"], *[[*row, row[3]] for row in given_rows]])
        report = _take(services, written.getvalue())
        accepted = _read_plainly(people, given_rows)
        assert (report.accepted_count, report.refused_count) == (accepted, len(given_rows) - accepted)
        assert len(report.refused) == report.refused_count
    with services.db.transaction() as session:
        stored = session.execute(
            select(Traveller.reference, Traveller.name, Traveller.phone, Position.lat)
            .outerjoin(Position, Position.traveller_id == Traveller.id)
        ).all()  # fmt: skip
    expected = [(p["reference"], p["name"], p["phone"], p["lat"]) for p in people]
    assert sorted(map(repr, map(tuple, stored))) == sorted(map(repr, expected))


def _read_plainly(people: list[dict[str, Any]], rows: list[tuple[str, str, str, str]]) -> int:
    """Apply a list to `people`: first rows with references, then rows without; return how many rows were accepted."""
    good, seen = [], set()
    for reference, name, phone, lat in rows:
        number = phone.replace(" ", "").replace("-", "")
        if len(number) < 8 or not name.strip() or lat in ("91", "abc"):
            continue
        if (reference or number) not in seen:
            seen.add(reference or number)
            good.append(
                {"reference": reference or None, "name": name, "phone": number, "lat": float(lat) if lat else None}
            )
    accepted = 0
    for row in sorted(good, key=lambda row: row["reference"] is None):
        key = "reference" if row["reference"] else "phone"
        same = [person for person in people if person[key] == row[key]]
        if len(same) > 1:
            continue
        accepted += 1
        if same:
            same[0].update({name: value for name, value in row.items() if value is not None})
        else:
            people.append(dict(row))
    return accepted
