"""References survive how people write them, and what was written wrongly is none."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from remittance.requests.reference import ALPHABET, check_character, found_in, is_reference, new_reference, shown

BODY = st.text(ALPHABET, min_size=7, max_size=7)


def test_new_ones_are_valid_and_differ() -> None:
    made = {new_reference() for _ in range(500)}
    assert len(made) == 500 and all(is_reference(each) for each in made)
    assert "-" in shown(next(iter(made)))


@given(
    body=BODY, before=st.text("김민수 -./0123456789", max_size=6), divider=st.sampled_from(["", " ", "-", ".", " - "])
)
def test_a_reference_is_found_wherever_it_stands(body: str, before: str, divider: str) -> None:
    reference = body + check_character(body)
    written = f"{before} {divider.join((reference[:4], reference[4:]))}".lower()
    assert reference in set(found_in(written))


@given(body=BODY, place=st.integers(0, 6), letter=st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body: str, place: int, letter: str) -> None:
    # 32 characters modulo 31: the first and the last of the alphabet are one to the check.
    assume(letter != body[place] and {letter, body[place]} != {ALPHABET[0], ALPHABET[-1]})
    wrong = body[:place] + letter + body[place + 1 :]
    assert check_character(wrong) != check_character(body)


@given(body=BODY, place=st.integers(0, 5))
def test_two_that_changed_places_are_noticed(body: str, place: int) -> None:
    one, other = body[place], body[place + 1]
    assume(one != other and {one, other} != {ALPHABET[0], ALPHABET[-1]})
    wrong = body[:place] + other + one + body[place + 2 :]
    assert check_character(wrong) != check_character(body)


def test_letters_that_are_confused_with_digits_are_read_as_such() -> None:
    body = "10A1B0C"
    reference = body + check_character(body)
    assert list(found_in(reference.replace("1", "I").replace("0", "o"))) == [reference]


@given(text=st.text(max_size=3000))
def test_any_text_is_searched_within_bounds(text: str) -> None:
    assert all(is_reference(each) for each in found_in(text))
