"""Feeds are read as they are; one entry that cannot be read does not cost the others, and no file costs the service."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.feeds.cap_atom import read_cap_feed
from alerts.feeds.gdacs import read_gdacs
from alerts.feeds.hazard import (
    EARTHQUAKE,
    KINDS,
    Sighting,
    is_above,
    may_be_same,
    reach_km,
    severity_of,
)
from alerts.feeds.saying import FeedFault
from alerts.feeds.usgs import read_usgs
from tests.alerts.feeds.makers import QUAKE_AT, atom, cap_message, gdacs, item, quake, usgs

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "feeds"
BASE = "https://feeds.example/cap/feed.atom"


def sighting(**more: object) -> Sighting:
    values: dict[str, object] = {
        "external_id": "x", "kind": EARTHQUAKE, "title": "t", "place": "p", "lat": 0.0, "lon": 0.0,
        "occurred_at": QUAKE_AT, "updated_at": QUAKE_AT, "magnitude": 6.0,
    }  # fmt: skip
    return Sighting(**(values | more))  # type: ignore[arg-type]


def test_an_earthquake_is_read_with_place_time_and_magnitude() -> None:
    (found,) = read_usgs(usgs(quake(mag=6.44, alert="yellow"))).sightings
    assert (found.external_id, found.kind, found.magnitude, found.level) == ("us7000abcd", "earthquake", 6.44, "Green")
    assert (found.lat, found.lon, found.occurred_at) == (14.8, 121.0, QUAKE_AT)
    assert found.place == "20 km N of Manila, Philippines"


def test_the_real_feed_of_a_day_is_read_whole() -> None:
    if not REAL.exists():
        pytest.skip("the real feeds are not on this machine")
    events = read_usgs((REAL / "usgs_all_day.geojson").read_bytes())
    assert (len(events.sightings), events.unreadable) == (145, 0), "146 events, one of which is a quarry blast"
    events = read_gdacs((REAL / "gdacs-rss-24h.xml").read_bytes())
    assert (len(events.sightings), events.unreadable) == (21, 0)
    assert {each.level for each in events.sightings} == {"Green", "Orange"}


@pytest.mark.parametrize(
    "broken",
    [
        quake(mag="strong"), quake(mag=99), quake(lat=91), quake(lon=181), quake(time=None), quake(time=-1),
        quake(time=1e300), quake(""), {"id": "x"}, {}, 1, None, [], {"id": "x", "properties": [], "geometry": {}},
        quake(mag=True),
    ],
)  # fmt: skip
def test_one_broken_earthquake_does_not_cost_the_others(broken: object) -> None:
    events = read_usgs(json.dumps({"features": [quake(), broken]}).encode())
    assert (len(events.sightings), events.unreadable) == (1, 1)


def test_what_is_no_earthquake_or_was_deleted_is_left_out() -> None:
    events = read_usgs(usgs(quake(type="quarry blast"), quake(status="deleted")))
    assert (events.sightings, events.unreadable) == ((), 0)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"[]", b"{}", b'{"features": 1}', b"[" * 100_000, b'{"features": [NaN]', b"\xff\xfe"]
)
def test_what_is_no_feed_at_all_is_refused_with_its_reason(data: bytes) -> None:
    with pytest.raises(FeedFault):
        read_usgs(data)
    with pytest.raises(FeedFault):
        read_gdacs(data)
    with pytest.raises(FeedFault):
        read_cap_feed(data, BASE)


def test_a_disaster_is_read_with_its_level() -> None:
    (found,) = read_gdacs(gdacs(item("TC", "1000555", level="red", severity="180"))).sightings
    assert (found.external_id, found.kind, found.level, found.magnitude) == ("TC1000555", "cyclone", "Red", None)
    assert (found.lat, found.lon, found.place) == (14.7, 121.1, "Philippines")


@pytest.mark.parametrize(
    "broken", [item("XX"), item(number=""), item(lat=95), item(lat=float("nan")), "<item/>", item(severity="x")]
)
def test_one_broken_disaster_does_not_cost_the_others(broken: str) -> None:
    events = read_gdacs(gdacs(item(), broken))
    assert (len(events.sightings), events.unreadable) == (1, 1)


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    "data",
    [
        BOMB.encode() + b"]><rss><channel>&h;</channel></rss>",
        b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item>&x;</item></channel></rss>',
        b"\x1f\x8b\x08" + b"\x00" * 100,
        b"PK\x03\x04" + b"\x00" * 100,
        b"<rss>" + b"<a>" * 5000,
        b"<rss>" + b"<a/>" * 400_000 + b"</rss>",
        b"<rss>" + b" " * (9 * 1024 * 1024) + b"</rss>",
    ],
    ids=["billion laughs", "external entity", "gzip", "zip", "deep", "wide", "large"],
)
def test_attacks_in_feeds_are_refused(data: bytes) -> None:
    for read in (read_gdacs, lambda each: read_cap_feed(each, BASE)):
        with pytest.raises(FeedFault):
            read(data)


def test_entries_lead_to_their_documents_also_by_relative_addresses() -> None:
    entries = read_cap_feed(atom(("a", "1", "one.xml"), ("b", "1", "https://else.example/2.cap")), BASE)
    assert [(entry.key, entry.url) for entry in entries] == [
        ("a", "https://feeds.example/cap/one.xml"), ("b", "https://else.example/2.cap"),
    ]  # fmt: skip


def test_an_entry_may_hold_its_message_and_a_file_may_be_one() -> None:
    inside = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id><content>' + cap_message()
    (entry,) = read_cap_feed(inside + b"</content></entry></feed>", BASE)
    assert b"W-1" in entry.document and entry.url == ""
    (entry,) = read_cap_feed(cap_message(), BASE)
    assert (entry.key, entry.document) == (BASE, cap_message())


def test_an_entry_of_an_rss_feed_is_found_by_guid_and_link() -> None:
    rss = b"<rss><channel><item><guid>g</guid><link>x.cap</link></item><item/></channel></rss>"
    assert [(entry.key, entry.url) for entry in read_cap_feed(rss, BASE)] == [("g", "https://feeds.example/cap/x.cap")]


def test_a_changed_entry_has_another_stamp_and_a_long_key_a_short_name() -> None:
    (first,), (second,) = (read_cap_feed(atom(("k" * 500, stamp, "a.xml")), BASE) for stamp in ("1", "2"))
    assert first.key == second.key and len(first.key) < 100
    assert first.stamp != second.stamp


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    for read in (read_usgs, read_gdacs, lambda each: read_cap_feed(each, BASE)):
        for document in (
            data,
            b'{"features": [' + data + b"]}",
            b"<rss><channel><item>" + data + b"</item></channel></rss>",
        ):
            try:
                read(document)
            except FeedFault:
                continue


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["mag", "place", "time", "updated", "title", "alert", "status", "type", "url"]), json_values)
def test_no_value_of_an_earthquake_breaks_the_reader(name: str, value: object) -> None:
    document = usgs(quake(**{"extra": 1}))
    changed = json.loads(document)
    changed["features"][0]["properties"][name] = value
    events = read_usgs(json.dumps(changed).encode())
    assert len(events.sightings) + events.unreadable <= 1


@pytest.mark.parametrize(("magnitude", "km"), [(4.0, 25), (5.0, 50), (6.0, 100), (7.0, 200), (7.5, 283), (9.5, 500)])
def test_the_suggested_circle_doubles_with_every_magnitude(magnitude: float, km: float) -> None:
    assert reach_km(sighting(magnitude=magnitude)) == km


def test_the_circle_of_other_events_grows_with_their_level() -> None:
    for kind in KINDS:
        reaches = [reach_km(sighting(kind=kind, magnitude=None, level=level)) for level in ("Green", "Orange", "Red")]
        assert reaches == sorted(reaches) and reaches[0] > 0
        assert reach_km(sighting(kind=kind, magnitude=None)) == reaches[0]


@pytest.mark.parametrize(
    ("magnitude", "level", "severity"),
    [(4.9, "", "Minor"), (5.0, "", "Moderate"), (6.0, "", "Severe"), (7.0, "", "Extreme"), (5.1, "Orange", "Severe"),
     (5.1, "Red", "Extreme"), (7.1, "Green", "Extreme"), (None, "", "Minor")],
)  # fmt: skip
def test_severity_is_the_graver_of_level_and_magnitude(magnitude: float | None, level: str, severity: str) -> None:
    assert severity_of(sighting(magnitude=magnitude, level=level)) == severity


def test_thresholds_hold_at_their_edge() -> None:
    assert is_above(sighting(magnitude=6.0), "usgs", "6.0") and not is_above(sighting(magnitude=5.99), "usgs", "6.0")
    assert is_above(sighting(magnitude=5.0, level="Orange"), "usgs", "6.0"), "many lives are expected to be lost"
    assert not is_above(sighting(magnitude=None), "usgs", "6.0")
    assert is_above(sighting(level="Orange"), "gdacs", "Orange") and not is_above(
        sighting(level="Green"), "gdacs", "Orange"
    )
    assert not is_above(sighting(level=""), "gdacs", "Orange")


@pytest.mark.parametrize(
    ("seconds", "km", "magnitude", "same"),
    [(0, 0, 6.0, True), (180, 150, 7.0, True), (181, 0, 6.0, False), (0, 151, 6.0, False), (60, 10, 7.1, False),
     (20, 10, 7.9, True), (60, 10, None, True), (-170, 100, 5.5, True)],
)  # fmt: skip
def test_two_reports_are_one_earthquake_by_time_place_and_magnitude(
    seconds: int, km: float, magnitude: float | None, same: bool
) -> None:
    at = QUAKE_AT + timedelta(seconds=seconds)
    found = may_be_same(sighting(), kind=EARTHQUAKE, occurred_at=at, distance_km=km, magnitude=magnitude)
    assert found is same


def test_a_flood_is_never_an_earthquake() -> None:
    found = may_be_same(sighting(), kind="flood", occurred_at=QUAKE_AT, distance_km=0, magnitude=None)
    assert not found
