"""Amounts in words: what is written says the same number in both languages, whatever the amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remittance.money.amounts import Money
from remittance.payouts.spelling import english, in_words, korean

_KOREAN = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
_PLACES, _MYRIADS = {"십": 10, "백": 100, "천": 1000}, {"만": 10**4, "억": 10**8, "조": 10**12}


def read_korean(words: str) -> int:
    """Read a number back, by rules of its own."""
    total = group = digit = 0
    for char in words:
        if char in _KOREAN:
            digit = _KOREAN[char]
        elif char in _PLACES:
            group, digit = group + digit * _PLACES[char], 0
        else:
            total, group, digit = total + (group + digit) * _MYRIADS[char], 0, 0
    return total + group + digit


@pytest.mark.parametrize(
    ("minor", "currency", "ko", "en"),
    [
        (100_000, "USD", "일천 미국 달러", "one thousand US dollars"),
        (125_050, "USD", "일천이백오십 100분의 50 미국 달러", "one thousand two hundred fifty and 50/100 US dollars"),
        (100, "USD", "일 미국 달러", "one US dollar"),
        (20_018, "JPY", "이만일십팔 일본 엔화", "twenty thousand eighteen Japanese yen"),
        (
            1_500_250,
            "KWD",
            "일천오백 1000분의 250 쿠웨이트 디나르",
            "one thousand five hundred and 250/1000 Kuwaiti dinars",
        ),
        (0, "KRW", "영 대한민국 원", "zero South Korean won"),
    ],
)
def test_amounts_in_words(minor: int, currency: str, ko: str, en: str) -> None:
    assert in_words(Money(minor, currency), "ko") == ko
    assert in_words(Money(minor, currency), "en") == en


@given(st.integers(1, 10**15))
def test_korean_words_are_read_back_as_the_same_number(number: int) -> None:
    assert read_korean(korean(number)) == number


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_no_two_numbers_have_the_same_words(one: int, other: int) -> None:
    assert (english(one) == english(other)) == (one == other)


def test_nobody_signs_for_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="not less than zero"):
        in_words(Money(-1, "USD"), "en")
