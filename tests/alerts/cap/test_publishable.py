"""What we publish ourselves is held to everything that readers rely on and the schema cannot see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.cap.model import CapAlert, CapArea, CapCircle, CapInfo, CapReference
from alerts.cap.publishable import faults_of_meaning
from alerts.cap.schema import schema_faults, schema_remarks
from alerts.cap.write import write_cap
from alerts.publish.outline import public_rings

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SQUARE = ((0.0, 0.0), (0.0, 10.0), (10.0, 10.0), (10.0, 0.0), (0.0, 0.0))
AREA = CapArea("a square", (SQUARE,), (CapCircle(1.0, 2.0, 3.0),))
INFO = CapInfo(
    "Flood", ("Met",), "Immediate", "Severe", "Observed", language="en", expires=NOW + timedelta(hours=1),
    description="Flood in Manila", areas=(AREA,),
)  # fmt: skip
ALERT = CapAlert("id-1", "a@example.org", NOW, "Actual", "Alert", "Public", infos=(INFO,))
KNOWN = [("a@example.org", "id-0", NOW - timedelta(hours=1))]


def faults(alert: CapAlert) -> list[str]:
    return faults_of_meaning(alert, now=NOW, known=KNOWN)


def with_area(**more: object) -> CapAlert:
    return replace(ALERT, infos=(replace(INFO, areas=(replace(AREA, **more),)),))  # type: ignore[arg-type]


def test_a_sound_message_has_no_fault() -> None:
    assert faults(ALERT) == []
    reference = CapReference("a@example.org", "id-0", NOW - timedelta(hours=1), "")
    assert faults(replace(ALERT, msg_type="Update", references=(reference,))) == []


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        (replace(ALERT, status="Exercise"), "actual messages"),
        (replace(ALERT, scope="Restricted", restriction="x"), "actual messages"),
        (replace(ALERT, addresses=("x",)), "actual messages"),
        (replace(ALERT, identifier="a b"), "cannot be referred to"),
        (replace(ALERT, sender=""), "cannot be referred to"),
        (replace(ALERT, sent=NOW + timedelta(seconds=1)), "future"),
        (replace(ALERT, msg_type="Update"), "must name"),
        (replace(ALERT, msg_type="Cancel"), "must name"),
        (replace(ALERT, references=(CapReference("a@example.org", "id-0", KNOWN[0][2], ""),)), "must not refer"),
        (replace(ALERT, msg_type="Cancel", references=(CapReference("b", "id-0", KNOWN[0][2], ""),)), "nothing that"),
        (replace(ALERT, msg_type="Cancel", references=(CapReference("a@example.org", "id-0", None, ""),)), "nothing"),
        (replace(ALERT, msg_type="Update", references=(CapReference("a@example.org", "id-1", NOW, ""),)), "itself"),
        (replace(ALERT, infos=()), "no info"),
        (replace(ALERT, infos=(INFO, INFO)), "more than one info"),
        (replace(ALERT, infos=(replace(INFO, description=""),)), "empty"),
        (replace(ALERT, infos=(replace(INFO, description="Call {mission_phone}"),)), "placeholder"),
        (replace(ALERT, infos=(replace(INFO, expires=NOW),)), "expires before it is sent"),
        (replace(ALERT, infos=(replace(INFO, onset=NOW + timedelta(hours=1)),)), "before it begins"),
        (replace(ALERT, infos=(replace(INFO, areas=()),)), "no area"),
        (with_area(polygons=(), circles=()), "no area with a shape"),
        (with_area(description=""), "no name"),
        (with_area(polygons=(SQUARE[:-1],)), "not closed"),
        (with_area(polygons=(tuple((lon + 100, lat) for lat, lon in SQUARE),)), "reversed"),
        (with_area(polygons=(((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0), (0.0, 0.0)),)), "crosses"),
        (with_area(polygons=(SQUARE[::-1],)), "clockwise"),
        (with_area(circles=(CapCircle(91.0, 0.0, 1.0),)), "not on the globe"),
        (with_area(circles=(CapCircle(0.0, 0.0, 30_000.0),)), "not on the globe"),
    ],
)
def test_every_mistake_of_meaning_is_named(alert: CapAlert, words: str) -> None:
    assert any(words in fault for fault in faults(alert)), faults(alert)


def test_the_schema_names_what_it_finds_with_lines() -> None:
    assert schema_faults(write_cap(ALERT)) == []
    (fault, *_) = schema_faults(write_cap(replace(ALERT, status="Genuine")))
    assert fault.startswith("line ") and "status" in fault
    assert schema_faults(write_cap(ALERT).replace(b"+00:00", b"Z").replace(b"-00:00", b"Z"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"-00:00</sent>", b"Z</sent>", "sent"),
        (b"<status>Actual</status>", b"", "msgType"),
        (b"<scope>Public</scope>", b"<scope>Public</scope><surprise/>", "surprise"),
    ],
)
def test_a_strangers_message_that_breaks_the_schema_gets_one_remark(before: bytes, after: bytes, words: str) -> None:
    sound = write_cap(ALERT)
    assert schema_remarks(sound) == []
    (remark,) = schema_remarks(sound.replace(before, after))
    assert remark.problem == "breaks_schema" and words in remark.message and remark.line
    assert "urn:oasis" not in remark.message


def test_in_a_bundle_each_broken_alert_is_counted_and_others_are_not() -> None:
    sound = write_cap(ALERT).split(b"?>", 1)[1]
    broken = sound.replace(b"<scope>Public</scope>", b"<scope>Public</scope><surprise/>")
    bundle = b"<bundle>" + sound + broken * 30 + b"</bundle>"
    remarks = schema_remarks(bundle)
    assert [each.problem for each in remarks] == ["breaks_schema"] * 20 + ["too_many_findings"]


corners = st.tuples(st.integers(-80, 80), st.integers(-180, 180)).map(lambda pair: (float(pair[0]), float(pair[1])))


@given(st.lists(corners, min_size=3, max_size=12, unique=True))
def test_whatever_was_drawn_is_published_in_simple_rings(points: list[tuple[float, float]]) -> None:
    rings = public_rings((*points, points[0]))
    for ring in rings:
        found = faults(with_area(polygons=(ring,)))
        assert not any("crosses" in fault or "clockwise" in fault or "closed" in fault for fault in found), (
            ring,
            found,
        )
