"""Parts are counted as the air interface counts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.sandbox.segments import GSM_BASIC, GSM_EXTENDED, count_parts

REAL = Path(__file__).parents[3] / "shared" / "data" / "sms" / "segments.json"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("가" * 70, "UCS-2", 70, 1),
        ("가" * 71, "UCS-2", 71, 2),
        ("a’", "UCS-2", 2, 1),
        ("가" * 66 + "😀" + "가" * 66, "UCS-2", 134, 3),
    ],
)
def test_known_counts(text: str, encoding: str, units: int, segments: int) -> None:
    found = count_parts(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


def test_agrees_with_three_independent_counters() -> None:
    if not REAL.exists():
        pytest.skip("the shared vectors are not on this machine")
    for case in json.loads(REAL.read_text("utf-8")):
        found = count_parts(case["text"])
        assert (found.encoding, found.units, found.segments) == (case["encoding"], case["units"], case["segments"])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_parts_hold_all_units_and_waste_at_most_one_each(text: str) -> None:
    found = count_parts(text)
    room = 153 if found.encoding == "GSM-7" else 67
    if found.segments > 1:
        assert found.units <= found.segments * room
        assert found.units > (found.segments - 1) * (room - 1)
    gsm = all(character in GSM_BASIC or character in GSM_EXTENDED for character in text)
    assert (found.encoding == "GSM-7") == gsm
