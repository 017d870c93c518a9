"""One that fails lets none of the others wait; where nearly all fail the turn ends; no words of an error are written down."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from hotline.core import turns
from hotline.core.errors import Refused


def act(one: int) -> bool:
    if one == 2:
        raise ValueError("+821012345678")
    if one == 3:
        raise Refused("Not now.", code="not-now")
    return one != 4


def test_the_others_are_done_and_what_failed_is_named_without_its_words() -> None:
    with capture_logs() as logs:
        assert turns.each_alone([1, 2, 3, 4, 5], act, "room.not_done") == 2
    assert [(each["event"], each["id"], each["error"]) for each in logs] == [
        ("room.not_done", 2, "ValueError"), ("room.not_done", 3, "not-now"),
    ]  # fmt: skip
    assert "+8210" not in repr(logs) and logs[0]["at"].startswith("act:")


def test_a_turn_in_which_nearly_all_fail_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_FAILED", 2)
    with capture_logs() as logs:
        assert turns.each_alone([2, 2, 1, 1], act, "room.not_done") == 0
    assert [each["event"] for each in logs] == ["room.not_done", "room.not_done", "turns.stopped"]
