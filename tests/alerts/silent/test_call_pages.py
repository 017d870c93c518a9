"""What the provider asks while somebody is on the line: signed or refused, in their language, and every key kept once."""

from __future__ import annotations

from datetime import timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest
from sqlalchemy import select

from alerts.replies.models import Answer, Standing
from hotline.cases.models import Case
from tests.alerts.silent.conftest import Hook, Stage
from tests.factories import NOW

BASE = "/webhooks/twilio/voice/outreach"
SID = "CA" + "0" * 32


@pytest.fixture
def ringing(stage: Stage) -> Stage:
    """Somebody whose telephone rings."""
    stage.person("silent", language="en")
    stage.later(6)
    stage.sweep()
    stage.call()
    return stage


def fields(stage: Stage, **more: str) -> dict[str, str]:
    return {"CallSid": SID, "To": stage.rows()[0].phone, "From": "+15005550006", "CallStatus": "in-progress", **more}


def page(stage: Stage, name: str, **turn: int) -> str:
    turns = {"outreach": stage.rows()[0].id, "attempt": 1, **turn}
    return f"{BASE}/{name}?" + "&".join(f"{key}={value}" for key, value in turns.items())


def twiml(answer: object) -> Element:
    assert answer.status_code == 200 and answer.mimetype == "text/xml"  # type: ignore[attr-defined]
    return fromstring(answer.data)  # type: ignore[attr-defined]  # noqa: S314 - our own answer


def said(root: Element) -> str:
    return " ".join(each.text or "" for each in root.iter("Say"))


def test_the_approved_text_is_spoken_in_their_language_with_three_keys(ringing: Stage, hook: Hook) -> None:
    root = twiml(hook(page(ringing, "say"), fields(ringing)))
    gather = root.find("Gather")
    assert gather is not None and gather.get("numDigits") == "1"
    assert "Flood in Manila. Go to high ground." in said(root) and "press 2" in said(root)
    assert {each.get("language") for each in root.iter("Say")} == {"en-US"}
    assert (gather.get("action") or "").startswith(f"http://127.0.0.1:5000{BASE}/key?outreach=")
    assert root[-1].tag == "Redirect"


def test_a_korean_text_is_spoken_in_korean(ringing: Stage, hook: Hook) -> None:
    ringing.execute("UPDATE outreach SET language = 'ko'")
    root = twiml(hook(page(ringing, "say"), fields(ringing)))
    assert "마닐라 홍수" in said(root) and "2번" in said(root)
    assert {each.get("language") for each in root.iter("Say")} == {"ko-KR"}


@pytest.mark.parametrize(("key", "status"), [("1", "safe"), ("2", "help")])
def test_a_key_is_an_answer_and_the_repeated_call_changes_nothing(
    ringing: Stage, hook: Hook, key: str, status: str
) -> None:
    first = hook(page(ringing, "key"), fields(ringing, Digits=key))
    again = hook(page(ringing, "key"), fields(ringing, Digits=key))
    assert first.data == again.data and twiml(first).find("Hangup") is not None
    with ringing.services.db.transaction() as session:
        (answer,) = session.scalars(select(Answer))
        (standing,) = session.scalars(select(Standing))
        cases = session.scalars(select(Case)).all()
    assert (answer.channel, answer.status, standing.status, len(cases)) == ("voice", status, status, key == "2")
    assert (ringing.rows()[0].state, ringing.rows()[0].answer) == ("answered", status)
    assert hook(page(ringing, "status"), fields(ringing, CallStatus="completed")).status_code == 204
    assert ringing.rows()[0].state == "answered"


def test_nine_is_heard_again_and_two_wrong_keys_end_with_the_hotline(ringing: Stage, hook: Hook) -> None:
    again = twiml(hook(page(ringing, "key"), fields(ringing, Digits="9")))
    assert "Flood in Manila" in said(again)
    once = twiml(hook(page(ringing, "key"), fields(ringing, Digits="5")))
    assert "Flood in Manila" not in said(once) and "press 1" in said(once)
    twice = twiml(hook(page(ringing, "key", misses=1), fields(ringing, Digits="#")))
    assert "+ 8 2 2 3 2 1 0 0 4 0 4" in said(twice) and twice.find("Gather") is None
    silent = twiml(hook(page(ringing, "say", misses=2), fields(ringing)))
    assert silent.find("Hangup") is not None
    tired = twiml(hook(page(ringing, "key", again=3), fields(ringing, Digits="9")))
    assert tired.find("Gather") is None
    with ringing.services.db.transaction() as session:
        assert session.scalars(select(Answer)).all() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alerts SET state = 'cancelled'", "UPDATE alerts SET superseded_by_id = id",
        "UPDATE silent_plans SET stopped_at = now()", "UPDATE alerts SET expires = '2026-11-21 03:05Z'",
        "UPDATE approvals SET texts = '{\"alert\": {\"en\": \"other words\"}}'",
    ],
)  # fmt: skip
def test_a_withdrawn_warning_is_not_spoken_but_a_call_for_help_still_counts(
    ringing: Stage, hook: Hook, change: str
) -> None:
    ringing.execute(change)
    words = said(twiml(hook(page(ringing, "say"), fields(ringing))))
    assert "Flood" not in words and "other words" not in words and "withdrawn" in words
    hook(page(ringing, "key"), fields(ringing, Digits="2"))
    with ringing.services.db.transaction() as session:
        assert len(session.scalars(select(Case)).all()) == 1


@pytest.mark.parametrize("name", ["say", "key", "status"])
def test_without_a_valid_signature_nothing_is_said_or_kept(ringing: Stage, hook: Hook, name: str) -> None:
    assert hook(page(ringing, name), fields(ringing, Digits="2"), signed=False).status_code == 403
    assert ringing.rows()[0].state == "ringing"


@pytest.mark.parametrize(
    ("target", "change"),
    [
        ("key?outreach=999&attempt=1", {}), ("key?outreach=x&attempt=1", {}), ("say?outreach=1&attempt=99999", {}),
        ("say?outreach=" + "9" * 30, {}), ("key?outreach=1&attempt=1", {"To": "+15550001111"}),
        ("key?outreach=1&attempt=1", {"CallSid": "<x>"}), ("say", {}), ("say?outreach=1&attempt=9", {}),
    ],
)  # fmt: skip
def test_odd_but_signed_calls_end_in_a_sentence_and_keep_nothing(
    ringing: Stage, hook: Hook, target: str, change: dict[str, str]
) -> None:
    root = twiml(hook(f"{BASE}/{target}", fields(ringing, Digits="2") | change))
    assert "영사콜센터" not in said(root) and root.find("Hangup") is not None and "24시간" in said(root)
    with ringing.services.db.transaction() as session:
        assert session.scalars(select(Answer)).all() == []


@pytest.mark.parametrize("change", [{"CallStatus": "dancing"}, {"CallSid": ""}, {"CallStatus": "x" * 50}])
def test_an_odd_report_is_refused(ringing: Stage, hook: Hook, change: dict[str, str]) -> None:
    assert hook(page(ringing, "status"), fields(ringing) | change).status_code == 422


def test_a_drill_says_so_first(stage: Stage, hook: Hook) -> None:
    stage.alert(status="Exercise")
    stage.person("drill", drill=True, language="en")
    stage.later(6)
    stage.sweep()
    stage.call()
    words = said(twiml(hook(page(stage, "say"), fields(stage))))
    assert words.index("exercise") < words.index("Flood")


def test_an_address_in_a_text_is_not_read_out_and_markup_stays_text() -> None:
    from alerts.silent.speech import Turn, ask

    text = "Fire & smoke <b>now</b>: https://hotline.example/p/AbC123 stay in"
    root = fromstring(ask("http://x", Turn(1, 1), text=text, language="fr", drill=False, hotline="+8223210"))  # noqa: S314
    assert "Fire & smoke <b>now</b>: stay in" in said(root)


def test_answers_given_by_key_stop_the_next_step(ringing: Stage, hook: Hook) -> None:
    hook(page(ringing, "key"), fields(ringing, Digits="1"))
    ringing.clock.set(NOW + timedelta(minutes=16))
    assert ringing.sweep() == 0
