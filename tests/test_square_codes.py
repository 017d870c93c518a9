"""The reader of QR codes that tests look through: it reads what is drawn, and nothing else."""

from __future__ import annotations

import pytest
import segno

from tests import square_codes


@pytest.mark.parametrize("level", ["m", "q", "h"])
@pytest.mark.parametrize("version", [5, 6, 7, 8, 9])
def test_what_was_drawn_is_read_back(level: str, version: int) -> None:
    words = "국민은행 123-456\nKRW 1,391,000"
    made = segno.make(words, error=level, version=version, boost_error=False, micro=False)
    assert square_codes.read(square_codes.of_svg(made.svg_inline(border=2, omitsize=True))) == words


def test_what_is_no_code_is_not_read() -> None:
    squares = square_codes.of_svg(segno.make("https://hotline.example", error="m").svg_inline(border=2, omitsize=True))
    squares[0] = [False] * len(squares)
    squares[1] = [True] * len(squares)
    squares[2:] = [row[::-1] for row in squares[2:]]
    with pytest.raises(AssertionError, match="not one code"):
        square_codes.read(squares)
