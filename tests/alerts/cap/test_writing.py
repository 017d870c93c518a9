"""What is written is valid CAP 1.2, and reading it gives back the same alert."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from alerts.cap import values
from alerts.cap.model import (
    CapAlert,
    CapArea,
    CapCircle,
    CapInfo,
    CapReference,
    CapResource,
    CapValue,
    Ring,
)
from alerts.cap.read import read_cap
from alerts.cap.section import ALERT_ORDER, INFO_ORDER
from alerts.cap.write import format_number, format_reference, format_time, write_cap

SENT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def decimals(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers as people and maps write them: to nine decimals."""
    return st.floats(low, high).map(lambda value: round(value, 9))


letters = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
words = st.text(letters, min_size=1, max_size=12)
identifiers = st.text(string.ascii_letters + string.digits + "-._:가", min_size=1, max_size=20)
phrases = st.lists(words, max_size=5).map(" ".join)
full_phrases = st.lists(words, min_size=1, max_size=5).map(" ".join)
paragraphs = st.lists(phrases.filter(bool), max_size=3).map("\n".join)
list_words = st.text(string.ascii_letters + "가나다@.", min_size=1, max_size=10)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.builds(
    lambda moment, zone: moment.replace(tzinfo=zone, microsecond=0),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is added
    offsets,
)
later = st.integers(60, 10_000_000).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def rings(draw: st.DrawFn) -> Ring:
    south, west, size = draw(decimals(-89, 88)), draw(decimals(-179, 85)), draw(decimals(0.001, 1))
    north, east = round(south + size, 9), round(west + size, 9)
    corners = ((south, west), (south, east), (north, east), (north, west))
    return (*corners, corners[0])


circles = st.builds(CapCircle, decimals(-90, 90), decimals(-180, 180), decimals(0.001, 20_000))
pairs = st.lists(st.builds(CapValue, full_phrases, paragraphs), max_size=2).map(tuple)
areas = st.builds(
    CapArea,
    full_phrases,
    st.lists(rings(), max_size=2).map(tuple),
    st.lists(circles, max_size=2).map(tuple),
    pairs,
    st.none() | decimals(-1000, 50_000),
    st.none() | decimals(-1000, 50_000),
)
resources = st.builds(CapResource, phrases, words, st.none() | st.integers(0, 10**9), st.just("https://x.org/a"), words)


@st.composite
def infos(draw: st.DrawFn, sent: datetime) -> CapInfo:
    effective = draw(st.none() | st.just(sent))
    return CapInfo(
        event=draw(full_phrases),
        categories=tuple(draw(st.lists(st.sampled_from(values.CATEGORIES), min_size=1, max_size=3, unique=True))),
        urgency=draw(st.sampled_from(values.URGENCIES)),
        severity=draw(st.sampled_from(values.SEVERITIES)),
        certainty=draw(st.sampled_from(values.CERTAINTIES)),
        language=draw(st.sampled_from(["ko-KR", "en-US", "en", "zh-Hant-TW", "und"])),
        response_types=tuple(draw(st.lists(st.sampled_from(values.RESPONSE_TYPES), max_size=3, unique=True))),
        audience=draw(phrases),
        event_codes=draw(pairs),
        effective=effective,
        onset=draw(st.none() | moments),
        expires=draw(st.none() | later.map(lambda distance: sent + distance)),
        sender_name=draw(phrases),
        headline=draw(phrases),
        description=draw(paragraphs),
        instruction=draw(paragraphs),
        web=draw(st.sampled_from(["", "https://example.org/?a=1&b=2"])),
        contact=draw(phrases),
        parameters=draw(pairs),
        resources=tuple(draw(st.lists(resources, max_size=2))),
        areas=tuple(draw(st.lists(areas, max_size=2))),
    )


@st.composite
def references(draw: st.DrawFn) -> CapReference:
    sender, identifier, sent = draw(identifiers), draw(identifiers), draw(moments)
    return CapReference(sender, identifier, sent, f"{sender},{identifier},{format_time(sent)}")


@st.composite
def alerts(draw: st.DrawFn) -> CapAlert:
    sent = draw(moments)
    return CapAlert(
        identifier=draw(identifiers),
        sender=draw(identifiers),
        sent=sent,
        status=draw(st.sampled_from(values.STATUSES)),
        msg_type=draw(st.sampled_from(values.MSG_TYPES)),
        scope=draw(st.sampled_from(values.SCOPES)),
        source=draw(phrases),
        restriction=draw(full_phrases),
        addresses=tuple(draw(st.lists(list_words | st.just("two words"), min_size=1, max_size=3))),
        codes=tuple(draw(st.lists(full_phrases, max_size=2))),
        note=draw(paragraphs),
        references=tuple(draw(st.lists(references(), min_size=1, max_size=3))),
        incidents=tuple(draw(st.lists(list_words, max_size=3))),
        infos=tuple(draw(st.lists(infos(sent), max_size=2))),
    )


@settings(max_examples=150, deadline=None)
@given(alerts())
def test_reading_gives_back_what_was_written(alert: CapAlert) -> None:
    assert read_cap(write_cap(alert)).alert == alert


@settings(max_examples=40, deadline=None)
@given(alerts())
def test_elements_are_written_in_the_order_of_the_schema(alert: CapAlert) -> None:
    root = etree.fromstring(write_cap(alert))
    assert in_order([etree.QName(child).localname for child in root], ALERT_ORDER)
    for info in root.iterfind("{*}info"):
        assert in_order([etree.QName(child).localname for child in info], INFO_ORDER)


def in_order(names: list[str], order: tuple[str, ...]) -> bool:
    places = [order.index(name) for name in names]
    return places == sorted(places)


@settings(max_examples=40, deadline=None)
@given(alerts())
def test_times_are_written_without_z_and_fractions(alert: CapAlert) -> None:
    root = etree.fromstring(write_cap(alert))
    for name in ("sent", "effective", "onset", "expires"):
        for element in root.iter(f"{{*}}{name}"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", element.text or "")


@pytest.mark.parametrize(
    ("offset_minutes", "written"),
    [(0, "-00:00"), (540, "+09:00"), (-210, "-03:30"), (345, "+05:45"), (-1, "-00:01")],
)
def test_offsets_are_numbers_and_utc_is_minus_nought(offset_minutes: int, written: str) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone)) == f"2026-01-02T03:04:05{written}"


def test_offset_with_seconds_is_written_as_utc() -> None:
    zone = timezone(timedelta(hours=8, minutes=27, seconds=52))
    assert format_time(datetime(2026, 1, 1, 8, 27, 52, tzinfo=zone)) == "2026-01-01T00:00:00-00:00"


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the missing zone is what is tested


def test_character_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError):
        write_cap(CapAlert("a", "b", SENT, "Actual", "Alert", "Public", note="\x00"))


@pytest.mark.parametrize(
    ("value", "written"), [(1e-7, "0.0000001"), (1e-300, "0.0"), (1e16, "10000000000000000"), (-0.5, "-0.5")]
)
def test_numbers_are_written_without_exponent(value: float, written: str) -> None:
    assert format_number(value) == written


def test_reference_made_here_is_written_from_its_parts() -> None:
    assert format_reference(CapReference("s", "i", SENT, "")) == "s,i,2026-11-21T03:00:00-00:00"
    assert format_reference(CapReference("", "i", None, "")) == "i"
