"""The rules: in their order, each with a reason, nobody in a circle, nobody refused by what comes with the software."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflow.forwarding import words
from overflow.forwarding.decision import ACTIONS, DEFAULT, KINDS, REASONS, Back, Facts, Rule, back_to, decide

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
BACK, PARTNER = Back("+861085320499", ""), Back("+862162955099", "", {"ko": "상하이", "en": "Shanghai"}, True)
OPEN = Facts(
    mission_id=1, country="CN", now=NOW, open=True, why="hours", until=NOW + timedelta(hours=2), reason="all",
    languages_here=frozenset({"ko", "en"}), languages_there=frozenset({"ko", "zh"}), ready=2, waiting=0, back=BACK,
    partner=PARTNER,
)  # fmt: skip


def outcome(**change: Any) -> tuple[str, str, str]:
    """Return (action, to whom, by which rule) with the list as it comes."""
    decision = decide(replace(OPEN, **change), DEFAULT)
    return decision.action, decision.to, decision.kind


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, ("take", "centre", "default")), ({"open": False}, ("take", "centre", "closed")),
     ({"open": False, "why": "unknown", "until": None}, ("take", "centre", "closed")),
     ({"reason": "busy"}, ("take", "centre", "busy")), ({"reason": "no_answer"}, ("take", "centre", "no_answer")),
     ({"reason": "test"}, ("take", "centre", "test")), ({"reason": "unknown"}, ("take", "centre", "default")),
     ({"language": "zh-cn"}, ("return", "mission", "language")), ({"language": "fr"}, ("take", "centre", "default")),
     ({"language": "zh", "languages_here": frozenset()}, ("take", "centre", "default")),
     ({"ready": 0, "waiting": 20}, ("return", "mission", "capacity")),
     ({"ready": 0, "waiting": 19}, ("take", "centre", "default")),
     ({"ready": 0, "waiting": 99, "open": False}, ("take", "centre", "closed")),
     ({"ready": 0, "waiting": 99, "back": Back()}, ("return", "partner", "partner")),
     ({"ready": 0, "waiting": 99, "back": Back(), "partner": Back()}, ("take", "centre", "default")),
     ({"ended": True}, ("take", "centre", "ended")), ({"flagged": "blocked"}, ("take", "centre", "protected")),
     ({"take_all_until": NOW + timedelta(hours=1), "ready": 0, "waiting": 99}, ("take", "centre", "take_all")),
     ({"take_all_until": NOW}, ("take", "centre", "default"))],
)  # fmt: skip
def test_each_rule_decides_what_it_is_for(change: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert outcome(**change) == expected


def test_an_incident_goes_before_all_others_for_its_mission_or_country_and_its_time() -> None:
    facts = replace(OPEN, open=False)
    incident = Rule(
        "incident", "return", 7, country="CN", starts_at=NOW, ends_at=NOW + timedelta(hours=1), note="unrest"
    )
    assert decide(facts, (incident, *DEFAULT)).number == 7
    for changed in (
        replace(incident, country="PH"), replace(incident, country="", mission_id=2), replace(incident, enabled=False),
        replace(incident, ends_at=NOW), replace(incident, starts_at=NOW + timedelta(seconds=1)),
    ):  # fmt: skip
        decision = decide(facts, (changed, *DEFAULT))
        assert decision.kind == "closed"
        assert decision.steps[0].outcome in ("elsewhere", "off", "over")


@pytest.mark.parametrize("fault", ["no_number", "still_forwarded", "our_number", "called_line"])
def test_a_hand_back_that_would_make_a_circle_is_passed_over_and_told(fault: str) -> None:
    facts = replace(OPEN, ready=0, waiting=99, back=Back("+861", fault), partner=Back("+862", fault, {"en": "x"}, True))
    decision = decide(facts, DEFAULT)
    assert (decision.action, decision.kind) == ("take", "default")
    assert [step.message for step in decision.steps if step.outcome == "blocked"] == [fault, fault]


@pytest.mark.parametrize(
    ("number", "fault"),
    [("", "no_number"), ("+861", "called_line"), ("+862", "still_forwarded"), ("+822", "our_number"), ("+863", "")],
)
def test_a_telephone_for_a_hand_back_rings_neither_us_nor_a_forwarded_line(number: str, fault: str) -> None:
    assert back_to(number, called="+861", forwarded={"+861", "+862"}, ours={"+822"}).fault == fault


@pytest.mark.parametrize(
    ("change", "told", "to"),
    [({"language": "zh"}, "language_closed", "centre"), ({"ready": 0, "waiting": 99}, "capacity_closed", "partner"),
     ({"ready": 0, "waiting": 99, "partner": replace(PARTNER, open=False)}, "partner_closed", "centre")],
)  # fmt: skip
def test_no_call_is_handed_to_a_closed_mission_also_without_the_rule_for_closed_ones(
    change: dict[str, Any], told: str, to: str
) -> None:
    rules = [rule for rule in DEFAULT if rule.kind != "closed"]
    decision = decide(replace(OPEN, open=False, **change), rules)
    assert decision.to == to
    assert told in [step.message for step in decision.steps if step.outcome == "passed"]


def test_nothing_that_comes_with_the_software_refuses_anybody() -> None:
    assert {rule.action for rule in DEFAULT} == {"take", "return"}
    assert {kind for kind, actions in ACTIONS.items() if "refuse" in actions} == {"ended", "protected"}


@given(
    reason=st.sampled_from([*REASONS, "unknown"]), language=st.sampled_from(["", "ko", "zh", "fr-fr"]),
    open_=st.booleans(), ended=st.booleans(), flagged=st.sampled_from(["", "blocked", "separate"]),
    ready=st.integers(0, 3), waiting=st.integers(0, 50), fault=st.sampled_from(["", "no_number", "our_number"]),
    order=st.permutations(DEFAULT), cut=st.integers(0, 10),
)  # fmt: skip
def test_whatever_the_facts_and_the_order_every_call_has_one_explained_outcome(
    reason: str, language: str, open_: bool, ended: bool, flagged: str, ready: int, waiting: int, fault: str,
    order: list[Rule], cut: int,
) -> None:  # fmt: skip
    facts = replace(
        OPEN, reason=reason, language=language, open=open_, ended=ended, flagged=flagged, ready=ready, waiting=waiting,
        back=Back("+861", fault), partner=Back("+862", fault, {"en": "x"}, open_),
    )  # fmt: skip
    decision = decide(facts, order[:cut])
    assert decision.last.outcome == "applied"
    assert [step.outcome for step in decision.steps].count("applied") == 1
    assert decision.action == "take" or (decision.action == "return" and not fault and open_)
    assert all(words.plain(step) for step in decision.steps)


def test_every_message_kind_and_action_has_words() -> None:
    assert set(KINDS) | {"default", "static"} == set(words.KINDS)
    assert {action for actions in ACTIONS.values() for action in actions} == set(words.ACTIONS)
    assert {rule.kind for rule in DEFAULT} | {"incident"} == set(KINDS)
