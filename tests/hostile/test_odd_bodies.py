"""No body, query or address makes the service fail: what cannot be used is refused by name, and never a 500."""

from __future__ import annotations

import pytest

from hotline.core.incoming import MAX_DEPTH
from tests.hostile.conftest import Call, Things, told

UNKEEPABLE = ["\x00", "a\x00b", "\ud800", "x\udfffy"]
UNKEEPABLE_IDS = ["NUL", "NUL inside", "high surrogate", "low surrogate"]
ALERT_TEXTS = ["headline", "event", "description", "instruction", "place", "status"]
TIMES_BEYOND = ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", -62135596800, 253402300799]
"""PostgreSQL keeps the first two, and Python cannot read them back; numbers are seconds to the API."""


@pytest.mark.parametrize("value", UNKEEPABLE, ids=UNKEEPABLE_IDS)
def test_text_that_cannot_be_kept_is_refused_by_name(call: Call, things: Things, value: str) -> None:
    for field in ALERT_TEXTS:
        answer = call("POST", "/api/v1/alerts", {"headline": "h"} | {field: value})
        assert answer.status_code == 422, field
        assert told(answer)["errors"][0]["field"] == field
    for path, body in (
        ("/api/v1/alerts", {"headline": "h", "texts": {"ko": value}}),
        ("/api/v1/alerts", {"headline": "h", "texts": {value: "x"}}),
        ("/api/v1/alerts", {"headline": "h", "areas": [{"description": value, "polygons": [], "circles": []}]}),
        ("/api/v1/travellers", {"name": value, "phone": "+821012345678"}),
        ("/api/v1/travellers", {"name": "n", "phone": "+821012345678", "reference": value}),
        (f"/api/v1/alerts/{things.alert}/cancel", {"reason": value}),
        (f"/alerts/{things.alert}/save", {"version": 1, "changes": {"headline": value}}),
    ):
        assert call("POST", path, body).status_code == 422, body
    assert call("PATCH", f"/api/v1/travellers/{things.traveller}", {"name": value}).status_code == 422
    assert call("PATCH", f"/api/v1/missions/{things.mission}", {"name_en": value}).status_code == 422


def test_import_names_the_row_whose_text_cannot_be_kept(call: Call) -> None:
    rows = '{"name":"\\ud800","phone":"+821012345678"}\n{"name":"Kim","phone":"+821012345679"}\n'
    answer = call("POST", "/api/v1/travellers/import", rows, content_type="application/x-ndjson")
    assert answer.status_code == 200
    assert (told(answer)["accepted_count"], told(answer)["refused_count"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("{'name': 'Kim'}", "(line 1, column 2)"), ('{"name": "Kim",\n', "(line 2, column 1)"), ("", "(line 1, column 1)"),
        (b'{"name": "\xb1\xe8"}', "not UTF-8"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_says_where(call: Call, body: str | bytes, where: str) -> None:
    for path in ("/api/v1/travellers", "/api/v1/remittances", "/api/v1/incidents"):
        answer = call("POST", path, body)
        assert answer.status_code == 400, path
        assert told(answer)["detail"].startswith("The body is no JSON") and where in told(answer)["detail"], told(
            answer
        )


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"a":' * 50_000, '{"headline":"h","areas":' + "[" * 80 + "]" * 80 + "}"]
)
def test_nesting_without_end_is_refused(call: Call, things: Things, body: str) -> None:
    for method, path in (
        ("POST", "/api/v1/alerts"),
        ("PATCH", f"/api/v1/alerts/{things.alert}"),
        ("POST", f"/api/v1/alerts/{things.alert}/approve"),
        ("POST", "/api/v1/travellers"),
        ("POST", "/api/v1/missions"),
        ("POST", "/alerts/count"),
        ("POST", f"/alerts/{things.alert}/save"),
    ):
        answer = call(method, path, body)
        assert answer.status_code == 422, (method, path)


def test_a_whole_area_is_not_taken_for_nesting(call: Call) -> None:
    corners = [[index % 90 / 2, index % 180 / 2] for index in range(5_000)]
    area = {"description": "\\u0041 is a letter", "polygons": [[*corners, corners[0]]], "circles": []}
    answer = call("POST", "/api/v1/alerts", {"headline": "h", "areas": [area] * (MAX_DEPTH // 32)})
    assert answer.status_code == 201


@pytest.mark.parametrize("moment", TIMES_BEYOND)
def test_a_time_that_cannot_be_read_back_never_hides_the_list(call: Call, things: Things, moment: object) -> None:
    for field in ("onset", "expires"):
        assert call("POST", "/api/v1/alerts", {"headline": "h", field: moment}).status_code == 422
        saved = call("POST", f"/alerts/{things.alert}/save", {"version": 1, "changes": {field: moment}})
        assert saved.status_code == 422
    for field in ("observed_at", "valid_until"):
        report = {"lat": 1, "lon": 1, field: moment}
        assert call("POST", f"/api/v1/travellers/{things.traveller}/positions", report).status_code == 422
        person = {"name": "n", "phone": "+821012345678"}
        assert call("POST", "/api/v1/travellers", person | {"position": report}).status_code == 422
    assert call("GET", "/api/v1/alerts").status_code == 200
    assert call("GET", "/api/v1/travellers").status_code == 200


@pytest.mark.parametrize("number", [2**63, -1, 0, 10**30])
def test_an_id_that_no_row_can_have_is_refused(call: Call, things: Things, number: int) -> None:
    assert call("POST", "/api/v1/alerts", {"headline": "h", "mission_id": number}).status_code == 422
    assert call("POST", f"/alerts/{things.alert}/preview", {"texts": {}, "mission_id": number}).status_code == 200
    assert call("GET", f"/audit?before={number}").status_code == 200
    assert call("GET", f"/audit?after={number}").status_code == 200


@pytest.mark.parametrize("number", [2**63, 10**18, 10**30])
def test_an_address_with_an_impossible_id_is_no_page_for_any_method(call: Call, things: Things, number: int) -> None:
    for method in ("PATCH", "DELETE"):
        address = f"/api/v1/travellers/{things.traveller}/itineraries/{number}"
        assert call(method, address, {} if method == "PATCH" else None).status_code == 404


@pytest.mark.parametrize("query", ["search=%00", "state=%00", "search=" + "a" * 20_000])
def test_odd_queries_are_refused_or_find_nothing(call: Call, query: str) -> None:
    for path in ("/api/v1/alerts", "/api/v1/travellers", "/alerts", "/travellers", "/audit"):
        assert call("GET", f"{path}?{query}").status_code in (200, 422), path


def test_odd_forms_are_refused(call: Call, things: Things) -> None:
    for path, form in (
        (f"/alerts/{things.alert}/cancel", {"reason": "\x00"}),
        ("/travellers/new", {"name": "a\x00", "phone": "+821012345678"}),
        ("/sign-in", {"name": "\x00", "password": "x"}),
    ):
        assert call("POST", path, data=form).status_code == 422, path
