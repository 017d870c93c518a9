"""Questions that are put to an alert once it has been read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.cap.model import CapAlert, CapArea, CapCircle, CapInfo, CapReference, area_json_of

SENT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
RING = ((1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (1.0, 1.0))
OTHER_RING = ((5.0, 1.0), (5.0, 2.0), (6.0, 2.0), (5.0, 1.0))
CIRCLE = CapCircle(37.5, 127.0, 10.0)


def make_info(language: str, *areas: CapArea, **rest: object) -> CapInfo:
    info = CapInfo("Flood", ("Met",), "Immediate", "Severe", "Likely", language=language, areas=areas)
    return replace(info, **rest)


def make_alert(*infos: CapInfo, **rest: object) -> CapAlert:
    return replace(CapAlert("KR-1", "kma.go.kr", SENT, "Actual", "Alert", "Public", infos=infos), **rest)


@pytest.mark.parametrize(
    ("changed", "may"),
    [
        ({}, True),
        ({"msg_type": "Update"}, True),
        ({"msg_type": "Cancel"}, True),
        ({"status": "Exercise"}, False),
        ({"status": "Test"}, False),
        ({"status": "System"}, False),
        ({"status": "Draft"}, False),
        ({"scope": "Restricted"}, False),
        ({"scope": "Private"}, False),
        ({"msg_type": "Ack"}, False),
        ({"msg_type": "Error"}, False),
    ],
)
def test_only_actual_public_warnings_may_reach_the_public(changed: dict[str, str], may: bool) -> None:
    assert make_alert(**changed).may_reach_public is may


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [
        (("ko", "en"), "ko-KR"),
        (("en-US", "ko"), "en-US"),
        (("en", "ko"), "en-GB"),
        (("EN-us",), "en-US"),
        (("fr", "en-US"), "en-US"),
        (("fr",), "en-GB"),
        ((), "en-GB"),
    ],
)
def test_info_is_chosen_by_the_wanted_languages_in_their_order(preferred: tuple[str, ...], chosen: str) -> None:
    alert = make_alert(make_info("en-GB"), make_info("en-US"), make_info("ko-KR"))
    info = alert.best_info(preferred)
    assert info is not None and info.language == chosen


def test_alert_without_info_has_no_best_one() -> None:
    assert make_alert().best_info() is None
    assert make_alert().area_json() == []


def test_infos_are_grouped_by_language_in_their_order() -> None:
    first, second, third = make_info("en"), make_info("ko"), make_info("en", event="Storm")
    assert make_alert(first, second, third).infos_by_language == {"en": (first, third), "ko": (second,)}


def test_area_json_has_points_in_latitude_longitude_order() -> None:
    info = make_info("en", CapArea("Here", (RING,), (CIRCLE,)))
    assert make_alert(info).area_json(info) == [
        {
            "description": "Here",
            "polygons": [[[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.0, 1.0]]],
            "circles": [{"center": [37.5, 127.0], "radius_km": 10.0}],
        }
    ]


def test_same_shapes_in_two_languages_are_one_area_under_the_preferred_name() -> None:
    alert = make_alert(make_info("en", CapArea("Here", (RING,))), make_info("ko", CapArea("여기", (RING,))))
    assert [area["description"] for area in alert.area_json()] == ["여기"]
    assert [area["description"] for area in alert.area_json(preferred=("en",))] == ["Here"]


def test_infos_with_different_areas_are_united_without_repeats() -> None:
    alert = make_alert(
        make_info("en", CapArea("A", (RING,))), make_info("en", CapArea("A and B", (RING, OTHER_RING)), event="Storm")
    )
    result = alert.area_json()
    assert [(area["description"], len(area["polygons"])) for area in result] == [("A", 1), ("A and B", 1)]


def test_shapes_given_twice_in_one_area_are_taken_once() -> None:
    assert area_json_of([CapArea("A", (RING, RING), (CIRCLE, CIRCLE))]) == area_json_of(
        [CapArea("A", (RING,), (CIRCLE,))]
    )


def test_areas_without_shape_are_left_out_of_the_json_and_named() -> None:
    named, drawn = CapArea("Only a name"), CapArea("Drawn", (RING,))
    alert = make_alert(make_info("en", named, drawn))
    assert [area["description"] for area in alert.area_json()] == ["Drawn"]
    assert alert.areas_without_shape == (named,)


def test_info_expires_at_its_very_moment() -> None:
    info = make_info("en", expires=SENT)
    assert info.has_expired(SENT)
    assert not info.has_expired(SENT - timedelta(seconds=1))
    assert not make_info("en").has_expired(SENT)


def test_reference_matches_exactly_or_by_identifier_alone() -> None:
    reference = CapReference("kma.go.kr", "KR-1", SENT, "")
    assert reference.match(sender="kma.go.kr", identifier="KR-1", sent=SENT) == "exact"
    assert reference.match(sender="http://kma.go.kr/", identifier="KR-1", sent=SENT) == "identifier"
    assert reference.match(sender="kma.go.kr", identifier="KR-2", sent=SENT) is None
