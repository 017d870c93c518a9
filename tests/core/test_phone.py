"""Numbers that money or a life hangs on: none is taken with a digit missing where the plan is known."""

from __future__ import annotations

import pytest

from hotline.core.errors import InvalidInput
from hotline.core.phone import to_e164, to_reachable


@pytest.mark.parametrize("text", ["010-1234", "+82 10 1234 567", "010-1234-56789"])
def test_korean_mobile_number_with_a_digit_too_few_or_too_many_is_not_reachable(text: str) -> None:
    assert to_e164(text, "KR").startswith("+8210"), "the library takes it for possible"
    with pytest.raises(InvalidInput):
        to_reachable(text, "KR")


@pytest.mark.parametrize("text", ["010-1234-5678", "02-123-4567", "+852 6123 4567"])
def test_other_numbers_are_read_as_everywhere(text: str) -> None:
    assert to_reachable(text, "KR") == to_e164(text, "KR")
