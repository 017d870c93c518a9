"""What was typed into an incident's form is a finite number or a named fault."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from hotline.core.errors import SeveralFaults
from hotline.incidents.form import read_form


@pytest.mark.parametrize("typed", ["nan", "inf", "-inf", "1e999", "north", "12,5"])
@pytest.mark.parametrize("name", ["lat", "lon", "radius_km"])
def test_a_place_that_is_no_number_is_named(name: str, typed: str) -> None:
    with pytest.raises(SeveralFaults) as told:
        read_form({name: typed}, ZoneInfo("Asia/Seoul"))
    assert [(each["field"], each["value"]) for each in told.value.faults] == [(name, repr(typed))]
