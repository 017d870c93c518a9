"""One person's name in two scripts is alike, two people's names are not; whatever comes, the measure keeps its rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remittance.names.likeness import SAME, UNLIKE, likeness, tokens

ALIKE = [
    ("김민수", "KIM MINSU"), ("김민수", "Min-su Kim"), ("김민수", "Kim Min Soo"), ("이영희", "LEE YOUNGHEE"),
    ("이영희", "Young Hee Rhee"), ("박지성", "PARK JISUNG"), ("박지성", "PARK, JI-SUNG"), ("최수진", "CHOI SOOJIN"),
    ("정우성", "JUNG WOOSUNG"), ("정우성", "CHUNG WOO SUNG"), ("임소라", "LIM SORA"), ("노은채", "ROH EUNCHAE"),
    ("유재석", "YOO JAE SUK"), ("강하늘", "KANG HANEUL"), ("조현우", "CHO HYUNWOO"), ("문재인", "MOON JAEIN"),
    ("오세훈", "OH SEHOON"), ("안철수", "AHN CHEOL SOO"), ("신동엽", "SHIN DONG YUP"), ("권나라", "KWON NARA"),
    ("김민수", "김 민수"), ("김민수님", "김민수"), ("Anna Müller", "ANNA MUELLER"), ("Łukasz Nowak", "LUKASZ NOWAK"),
    ("李小龙", "LI XIAOLONG"), ("王伟", "Wang Wei"), ("Иван Петров", "Ivan Petrov"), ("O'Brien Mary", "MARY OBRIEN"),
    ("Dr. Grace Han", "HAN GRACE"),
]  # fmt: skip
UNALIKE = [
    ("김민수", "이영희"), ("김민수", "PARK JISUNG"), ("박지성", "강하늘"), ("Anna Müller", "Peter Schmidt"),
    ("李小龙", "王伟"), ("KIM MINSU", "SEO JEONGEUN"), ("Ivan Petrov", "Anna Karenina"), ("최수진", "문재인"),
]  # fmt: skip
NAME = st.text(min_size=0, max_size=60)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_one_persons_names_are_alike(one: str, other: str) -> None:
    assert likeness(one, other) >= SAME, (tokens(one), tokens(other), likeness(one, other))


@pytest.mark.parametrize(("one", "other"), UNALIKE)
def test_two_peoples_names_are_not(one: str, other: str) -> None:
    assert likeness(one, other) < UNLIKE, (tokens(one), tokens(other), likeness(one, other))


@given(one=NAME, other=NAME)
def test_it_is_the_same_both_ways_and_within_its_bounds(one: str, other: str) -> None:
    measure = likeness(one, other)
    assert 0.0 <= measure <= 100.0 and measure == likeness(other, one)
    assert likeness(one, one) in (0.0, 100.0)


def test_nothing_is_like_nothing() -> None:
    assert likeness("", "김민수") == likeness("...", "김민수") == 0.0
    assert likeness("김" * 10_000, "KIM") <= 100.0, "a name has a length"
