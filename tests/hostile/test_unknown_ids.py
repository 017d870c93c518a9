"""Whatever number somebody types into an address of the console, it is not there, or an empty part: never an error of ours."""

from __future__ import annotations

import re
from typing import Any

from tests.hostile.conftest import Call

UNKNOWN = "999999999"
_NUMBER = re.compile(r"<int:\w+>")
_ELSE = re.compile(r"<[^>]+>")


def test_no_page_or_part_falls_over_a_number_that_is_nobodys(app: Any, call: Call) -> None:
    asked, failed = 0, {}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or "<int:" not in rule.rule:
            continue
        path = _ELSE.sub("x", _NUMBER.sub(UNKNOWN, rule.rule))
        answer = call("GET", path)
        asked += 1
        if answer.status_code >= 500:
            failed[rule.rule] = answer.status_code
    assert asked > 100
    assert failed == {}
