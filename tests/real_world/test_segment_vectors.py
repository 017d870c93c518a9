"""Segment counts on which three independent counters agree."""

from __future__ import annotations

from alerts.segments import count_segments, split_parts
from tests.real_world.material import load_json


def test_all_39_texts_are_counted_as_three_others_count_them() -> None:
    vectors = load_json("sms/segments.json")
    assert len(vectors) == 39
    for vector in vectors:
        found = count_segments(vector["text"])
        counted = (found.encoding, found.units, found.parts)
        assert counted == (vector["encoding"], vector["units"], vector["segments"]), vector["name"]
        assert len(split_parts(vector["text"])) == vector["segments"], vector["name"]
