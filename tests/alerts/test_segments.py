"""What a text costs on the air, and the cheaper wording that is offered and never taken silently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.segments import (
    COUNTED_CHARS,
    UNITS_ALONE,
    UNITS_IN_PART,
    Offender,
    Replacement,
    TextTooLong,
    count_segments,
    find_offenders,
    gsm_units,
    split_parts,
    substitute_gsm,
)

ALPHABET = "".join(sorted(gsm_units()))
mixed = st.text(st.sampled_from([*"aA1 é€^{}[]~|\\가나😀’–₩\u200b\n"]), max_size=700)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("\f", "GSM-7", 2, 1),
        ("가" * 70, "UCS-2", 70, 1),
        ("가" * 71, "UCS-2", 71, 2),
        ("가" * 134, "UCS-2", 134, 2),
        ("가" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("가" * 66 + "😀" + "가" * 66, "UCS-2", 134, 3),
        ("ç", "UCS-2", 1, 1),
        ("Ç", "GSM-7", 1, 1),
        ("\x1b", "UCS-2", 1, 1),
    ],
)
def test_text_is_counted_in_the_units_of_its_encoding(text: str, encoding: str, units: int, parts: int) -> None:
    found = count_segments(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)


def test_alphabet_has_127_single_and_ten_double_characters() -> None:
    units = gsm_units()
    assert sorted(char for char, size in units.items() if size == 2) == sorted("\f^{}\\[~]|€")
    assert len(units) == 137
    assert "\x1b" not in units


@pytest.mark.parametrize(
    ("text", "per_part", "left"),
    [
        ("", 160, 160),
        ("a" * 100, 160, 60),
        ("a" * 161, 153, 145),
        ("가" * 60, 70, 10),
        ("가" * 71, 67, 63),
        ("a" * 152 + "€" + "a" * 152, 153, 152),
    ],
)
def test_room_that_is_left_is_that_of_the_last_part(text: str, per_part: int, left: int) -> None:
    found = count_segments(text)
    assert (found.units_per_part, found.units_left_in_part) == (per_part, left)


def test_every_dear_character_is_named_with_its_position() -> None:
    assert count_segments("It’s 5₩").offenders == (Offender(2, "’"), Offender(6, "₩"))


def test_one_curly_quote_more_than_halves_the_room_and_the_plain_one_is_offered() -> None:
    found = count_segments("Don’t go there." + "x" * 100)
    assert (found.encoding, found.parts) == ("UCS-2", 2)
    assert found.substitutions == "Don't go there." + "x" * 100


def test_nothing_is_offered_where_nothing_would_be_gained() -> None:
    assert count_segments("plain").substitutions is None
    assert count_segments("한국 – “인용”").substitutions is None


def test_invisible_characters_are_offered_to_go_even_from_korean() -> None:
    assert count_segments("대\u200b피").substitutions == "대피"


def test_letters_written_in_pieces_are_offered_whole() -> None:
    found = count_segments("\u1100\u1161" * 40)
    assert (found.units, found.parts, found.substitutions) == (80, 2, "가" * 40)
    assert substitute_gsm("cafe\u0301") == ("café", [Replacement(3, "e\u0301", "é")])


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [("’", "'"), ("“", '"'), ("–", "-"), ("…", "..."), ("₩", "KRW "), ("\u00a0", " "), ("\t", " "), ("\ufeff", "")],
)
def test_typographic_signs_have_plain_forms(dear: str, cheap: str) -> None:
    assert substitute_gsm(f"a{dear}b") == (f"a{cheap}b", [Replacement(1, dear, cheap)])


def test_names_are_never_rewritten() -> None:
    assert substitute_gsm("François Škoda 김") == ("François Škoda 김", [])


def test_text_beyond_everything_is_not_counted() -> None:
    with pytest.raises(TextTooLong):
        count_segments("a" * (COUNTED_CHARS + 1))


@pytest.mark.parametrize(("text", "within"), [("a" * 1_530, True), ("a" * 1_531, False), ("가" * 671, False)])
def test_ten_parts_are_the_limit(text: str, within: bool) -> None:
    assert count_segments(text).within_limits is within


@given(mixed)
def test_split_parts_are_as_many_as_counted_and_lose_nothing(text: str) -> None:
    found = count_segments(text)
    parts = split_parts(text)
    assert "".join(parts) == text
    assert len(parts) == found.parts


@given(mixed)
def test_no_part_is_fuller_than_the_network_allows(text: str) -> None:
    found = count_segments(text)
    room = UNITS_ALONE if found.parts == 1 else UNITS_IN_PART
    for part in split_parts(text):
        size = sum(gsm_units()[c] for c in part) if found.encoding == "GSM-7" else len(part.encode("utf-16-le")) // 2
        assert size <= room[found.encoding]


@given(mixed)
def test_encoding_is_dear_exactly_where_there_is_an_offender(text: str) -> None:
    assert (count_segments(text).encoding == "UCS-2") == bool(find_offenders(text))


@given(st.text(ALPHABET, max_size=400))
def test_text_of_the_alphabet_is_never_changed(text: str) -> None:
    assert count_segments(text).encoding == "GSM-7"
    assert count_segments(text).substitutions is None


@given(mixed)
def test_offer_is_cheaper_and_says_everything_that_it_changes(text: str) -> None:
    found = count_segments(text)
    if found.substitutions is not None:
        offer = count_segments(found.substitutions)
        assert (offer.parts, offer.encoding == "UCS-2", offer.units) < (found.parts, True, found.units)
    cheaper, changes = substitute_gsm(text)
    rebuilt, position = "", 0
    for change in changes:
        assert text[change.position : change.position + len(change.old)] == change.old
        rebuilt += text[position : change.position] + change.new
        position = change.position + len(change.old)
    assert rebuilt + text[position:] == cheaper


@given(mixed)
def test_substituting_twice_changes_nothing_more(text: str) -> None:
    once, _ = substitute_gsm(text)
    assert substitute_gsm(once) == (once, [])
