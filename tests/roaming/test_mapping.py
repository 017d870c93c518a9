"""Three carriers write the same event in three ways; what cannot be meant is counted and stops nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.geo.networks import country_of_network
from hotline.roaming import mapping
from hotline.roaming.mapping import Event
from tests.factories import NOW

GOOD: dict[str, Any] = {
    "plmn": {"events": [{"msisdn": "821012345678", "plmn": "51503", "time": "2026-11-21T12:00:00+09:00"}]},
    "pair": [{"phone": "+821012345678", "mcc": 515, "mnc": "03", "at": 1795230000000}],
    "nested": {
        "roamingEvents": [
            {
                "subscriberNumber": "010-1234-5678",
                "visitedNetwork": {"mcc": "515", "mnc": 3},
                "eventTime": "20261121120000",
            }
        ]
    },
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("style", sorted(GOOD))
def test_every_style_says_the_same(style: str) -> None:
    read = mapping.read(style, json.dumps(GOOD[style]).encode(), NOW)
    assert read.events == [Event("+821012345678", "PH", datetime(2026, 11, 21, 3, 0, tzinfo=UTC))]
    assert read.refused == 0


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("msisdn", "12"), ("msisdn", None), ("msisdn", ["821012345678"]), ("msisdn", True), ("plmn", "999"),
        ("plmn", "90128"), ("plmn", 51503), ("plmn", "abcde"), ("time", "yesterday"), ("time", "2026-11-21T12:00:00"),
        ("time", "2026-11-13T12:00:00+09:00"), ("time", "2026-11-21T12:06:00+09:00"), ("time", None),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_meant_is_counted_and_the_others_are_kept(change: str, value: object) -> None:
    good = GOOD["plmn"]["events"][0]
    read = mapping.read("plmn", json.dumps({"events": [good, good | {change: value}, {}, 7, None]}).encode(), NOW)
    assert (len(read.events), read.refused) == (1, 4)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[" * 100_000, b"{}", b'{"events": {}}', b'{"events": []}', b"null",
     json.dumps({"events": [{}] * 1001}).encode()],
)  # fmt: skip
def test_a_body_that_is_no_list_of_events_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        mapping.read("plmn", body, NOW)


@given(
    style=st.sampled_from(sorted(GOOD)), rows=st.lists(json_values | st.dictionaries(
        st.sampled_from(["msisdn", "plmn", "time", "phone", "mcc", "mnc", "at", "subscriberNumber", "visitedNetwork",
                         "eventTime"]), json_values, max_size=5), min_size=1, max_size=5),
)  # fmt: skip
def test_whatever_a_carrier_writes_is_counted_and_never_breaks(style: str, rows: list[Any]) -> None:
    key = mapping.STYLES[style].events
    read = mapping.read(style, json.dumps({key: rows} if key else rows).encode(), NOW)
    assert len(read.events) + read.refused == len(rows)
    assert all(NOW - timedelta(days=7) <= each.at <= NOW + timedelta(minutes=5) for each in read.events)


@pytest.mark.parametrize(
    ("mcc", "mnc", "country"),
    [("450", "05", "KR"), ("515", "3", "PH"), ("515", "003", "PH"), ("310", "260", "US"), ("310", "032", "GU"),
     ("425", "05", "PS"), ("425", "01", "IL"), ("270", "77", "LU"),
     ("338", "05", "JM"), ("234", "55", "GG"), ("234", "999", "GB"), ("289", "67", "GE"),
     ("340", "01", "GP"), ("901", "28", "ZZ"), ("000", "00", "ZZ"), ("", "", "ZZ"), ("４５０", "05", "ZZ")],
)  # fmt: skip
def test_a_network_lies_in_its_country(mcc: str, mnc: str, country: str) -> None:
    assert country_of_network(mcc, mnc) == country
