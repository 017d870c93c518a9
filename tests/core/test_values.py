"""Phone numbers, tokens, lifecycles, clocks and log hygiene."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core import ids, logs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import FrozenClock, SystemClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.phone import mask, parse_e164
from hotline.core.states import Lifecycle, Transition

DOOR = Lifecycle("door", [Transition("shut", "open", "open", "doors.open"), Transition("open", "slam", "shut")])
KEEPER = Actor(kind="officer", id=1, name="keeper", permissions=frozenset({"doors.open"}))
GUEST = Actor(kind="officer", id=2, name="guest")


@pytest.mark.parametrize(
    ("text", "region", "e164", "country"),
    [
        ("+82 10-1234-5678", None, "+821012345678", "KR"),
        ("010 1234 5678", "KR", "+821012345678", "KR"),
        ("+63 917 123 4567", None, "+639171234567", "PH"),
        ("+1 (213) 385-9300", None, "+12133859300", "US"),
        ("+679 330 0977", None, "+6793300977", "FJ"),
        ("+800 1234 5678", None, "+80012345678", "ZZ"),
        ("+44 20 7946 0958", None, "+442079460958", "GB"),
    ],
)
def test_numbers_of_any_country_become_e164(text: str, region: str | None, e164: str, country: str) -> None:
    number = parse_e164(text, region)
    assert (number.e164, number.region) == (e164, country)


@pytest.mark.parametrize("text", ["", "12", "abc", "+82 1", "010-1234-5678", "+821012345678 ext 5", "+" + "9" * 60])
def test_what_is_no_number_is_refused_with_field_value_and_mend(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_e164(text, field="traveller.phone")
    assert refusal.value.field == "traveller.phone"
    assert refusal.value.mend


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_named_error(text: str) -> None:
    try:
        number = parse_e164(text, "KR")
    except InvalidInput:
        return
    assert number.e164.startswith("+") and number.e164[1:].isdigit() and len(number.e164) <= 16


def test_a_masked_number_shows_neither_subscriber_nor_name() -> None:
    assert mask("+821012345678") == "+821…78"


def test_tokens_are_unlike_and_only_their_hash_is_comparable() -> None:
    one, two = ids.new_token("hl_"), ids.new_token("hl_")
    assert one != two and one.startswith("hl_") and len(one) > 40
    assert ids.hash_token(one) == ids.hash_token(one) != ids.hash_token(two)
    assert ids.reference("AL", 123) == "AL-000123"


def test_lifecycle_allows_only_what_its_table_says() -> None:
    assert DOOR.next_state("shut", "open", KEEPER) == "open"
    with pytest.raises(Forbidden):
        DOOR.next_state("shut", "open", GUEST)
    with pytest.raises(Refused):
        DOOR.next_state("open", "open", KEEPER)
    with pytest.raises(Forbidden):
        DOOR.next_state("open", "slam", KEEPER)
    assert DOOR.next_state("open", "slam", SYSTEM) == "shut"
    assert DOOR.events_for("shut", KEEPER) == {"open"}
    assert DOOR.events_for("shut", GUEST) == frozenset()


def test_a_lifecycle_with_two_answers_to_one_event_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="twice"):
        Lifecycle("door", [Transition("a", "x", "b"), Transition("a", "x", "c")])


def test_clocks_speak_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
    seoul = timezone(timedelta(hours=9))
    clock = FrozenClock(datetime(2026, 11, 21, 12, 0, tzinfo=seoul))
    assert clock.now() == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    clock.advance(timedelta(minutes=5))
    assert clock.now().minute == 5
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2026, 11, 21))  # noqa: DTZ001  # the naive time is what is refused


def test_logs_withhold_secrets_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    logs.configure("test")
    structlog.get_logger("x").warning(
        "sent", password="hunter2", body="보고 싶다", detail="to +821012345678 failed", count=3
    )
    line = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    assert line["password"] == line["body"] == "[withheld]"
    assert line["detail"] == "to [number] failed"
    assert line["count"] == 3
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
