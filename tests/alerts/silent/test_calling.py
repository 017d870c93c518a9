"""Making calls: what was agreed is judged again, nobody is called twice by any repetition, and the pace is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.silent import calling, claiming, reports
from alerts.silent.reports import Report
from hotline.providers.sms import Outcome
from tests.alerts.silent.conftest import Stage
from tests.factories import NOW


def due(stage: Stage, *names: str, state: str = "sent") -> None:
    """Add silent people and let their first call come due."""
    for name in names:
        stage.person(name, state)
    stage.later(6)
    stage.sweep()


def report(stage: Stage, status: str, *, attempt: int = 1, row: int = 0, sid: str | None = None) -> int | None:
    """Have the provider say a word about a call."""
    which = stage.rows()[row]
    with stage.services.db.transaction() as session:
        said = Report(which.id, attempt, sid or which.provider_sid or "CA1", status, which.phone)
        return reports.apply(session, stage.clock.now(), said)


def test_a_silent_person_is_called_once_with_our_own_addresses(stage: Stage) -> None:
    due(stage, "silent")
    assert stage.call() == 1
    assert stage.call() == 0
    (request, sid, _), row = stage.voice.calls[0], stage.rows()[0]
    query = f"outreach={row.id}&attempt=1"
    assert request.url.endswith(f"/webhooks/twilio/voice/outreach/say?{query}")
    assert request.callback_url.endswith(f"/webhooks/twilio/voice/outreach/status?{query}")
    assert (row.state, row.provider_sid, stage.called()["silent"]) == ("ringing", sid, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE messages SET state = 'delivered'", "delivered"),
        ("UPDATE travellers SET opted_out_at = now()", "opted_out"),
        ("UPDATE travellers SET erased_at = now()", "gone"),
        ("UPDATE travellers SET phone = '+4930123456'", "gone"),
        ("UPDATE travellers SET drill = true", "gone"),
    ],
)
def test_what_changed_since_the_look_is_judged_again_before_the_call(stage: Stage, change: str, reason: str) -> None:
    due(stage, "silent")
    stage.execute(change)
    assert stage.call() == 0
    assert stage.states()["silent"] == [("not_delivered", "skipped", reason)]
    assert stage.attempts() == []


def test_nobody_is_called_who_has_answered_meanwhile(stage: Stage) -> None:
    due(stage, "silent")
    stage.answer("silent")
    stage.call()
    assert stage.states()["silent"] == [("not_delivered", "skipped", "answered")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alerts SET state = 'cancelled'", "UPDATE alerts SET superseded_by_id = id",
        "UPDATE alerts SET expires = '2026-11-21 03:05Z'", "UPDATE approvals SET expires = '2026-11-21 03:05Z'",
        "UPDATE approvals SET texts = '{\"alert\": {\"ko\": \"other words\"}}'", "UPDATE alerts SET status = 'Exercise'",
    ],
)  # fmt: skip
def test_nothing_is_called_for_an_alert_that_is_over_or_not_what_was_agreed(stage: Stage, change: str) -> None:
    due(stage, "silent")
    stage.execute(change)
    assert stage.call() == 0
    assert stage.voice.calls == []
    stage.sweep()
    assert stage.rows()[0].state == "skipped"


def test_an_answer_lost_at_the_provider_is_looked_up_and_never_called_blind(stage: Stage) -> None:
    stage.voice.next_outcomes = [(Outcome.UNANSWERED, "made")]
    due(stage, "silent")
    stage.call()
    assert stage.rows()[0].state == "in_doubt"
    stage.later(1)
    stage.voice.statuses["CA" + "0" * 32] = "in-progress"
    assert stage.clear_doubt() == 1
    assert (stage.rows()[0].state, stage.called()["silent"]) == ("talking", 1)


def test_a_call_that_was_never_made_is_made_once_its_absence_is_proved(stage: Stage) -> None:
    stage.voice.next_outcomes = [(Outcome.UNANSWERED, None)]
    due(stage, "silent")
    stage.call()
    stage.clear_doubt()
    assert stage.rows()[0].state == "in_doubt", "too early to conclude anything"
    stage.later(1)
    stage.clear_doubt()
    assert (stage.rows()[0].state, [each.outcome for each in stage.attempts()]) == ("queued", ["absent"])
    stage.later(1)
    assert stage.call() == 1


def test_an_unreadable_record_leaves_the_doubt_standing_until_it_is_given_up(stage: Stage) -> None:
    stage.voice.next_outcomes = [(Outcome.UNANSWERED, "made")]
    stage.voice.record_readable = False
    due(stage, "silent")
    stage.call()
    stage.later(30)
    stage.clear_doubt()
    assert stage.rows()[0].state == "in_doubt"
    stage.later(120)
    stage.clear_doubt()
    assert (stage.rows()[0].state, stage.rows()[0].reason, stage.called()["silent"]) == ("failed", "lost", 1)


def test_a_worker_that_dies_between_attempt_and_answer_calls_nobody_twice(stage: Stage) -> None:
    stage.voice.next_outcomes = [("dies", None)]
    due(stage, "silent")
    with pytest.raises(KeyboardInterrupt):
        stage.call()
    assert (stage.rows()[0].state, len(stage.attempts())) == ("calling", 1)
    assert stage.call() == 0, "the claim still holds"
    stage.later(2)
    stage.sweep()
    assert stage.rows()[0].state == "in_doubt"
    stage.later(1)
    stage.clear_doubt()
    stage.later(1)
    assert stage.call() == 1
    assert stage.called()["silent"] == 1


def test_two_calls_to_one_number_are_told_apart_in_the_record(stage: Stage) -> None:
    first = stage.alert_id
    due(stage, "silent")
    stage.call()
    report(stage, "completed")
    stage.alert()
    assert stage.alert_id != first
    with stage.services.db.connection() as connection:
        connection.execute(
            "INSERT INTO outreach (alert_id, step, whom, traveller_id, phone, variant, language, created_at)"
            " SELECT %s, 1, whom, traveller_id, phone, variant, language, %s FROM outreach",
            (stage.alert_id, stage.clock.now()),
        )
    stage.sweep()
    stage.voice.next_outcomes = [(Outcome.UNANSWERED, None)]
    stage.call()
    stage.later(1)
    stage.clear_doubt()
    assert [each.outcome for each in stage.attempts()] == ["accepted", "absent"]


@pytest.mark.parametrize(("word", "wait"), [("busy", 2), ("no-answer", 5)])
def test_a_telephone_that_nobody_picks_up_is_called_at_most_twice_more(stage: Stage, word: str, wait: int) -> None:
    due(stage, "silent")
    for attempt in (1, 2, 3):
        assert stage.call() == 1
        assert report(stage, word, attempt=attempt) is not None
        assert report(stage, word, attempt=attempt) is None, "a repeated report counts once"
        stage.later(wait - 0.1)
        assert stage.call() == 0
        stage.later(0.1)
    stage.later(2)
    assert stage.call() == 0
    (row,) = stage.rows()
    assert (row.state, row.reason, row.rung, stage.called()["silent"]) == ("failed", word, 3, 3)


def test_reports_out_of_order_doubled_or_about_another_call_do_no_harm(stage: Stage) -> None:
    due(stage, "silent")
    stage.call()
    assert report(stage, "completed") is not None
    assert [report(stage, word) for word in ("ringing", "in-progress", "completed", "failed", "busy")] == [None] * 5
    assert report(stage, "failed", sid="CAother") is None
    assert report(stage, "failed", attempt=7) is None
    assert stage.rows()[0].state == "heard"


def test_a_report_that_comes_before_our_own_commit_is_not_undone_by_it(stage: Stage) -> None:
    due(stage, "silent")
    (claimed,), _, _ = calling.claim(stage.services, stage.voice)  # type: ignore[arg-type]  # the port's shape is what counts
    assert report(stage, "in-progress", sid="CAearly") is not None
    claiming.record(stage.services, [claiming.Settlement(claimed.id, 1, "accepted", "ringing", "CAearly", wait_s=60)])
    assert (stage.rows()[0].state, stage.rows()[0].provider_sid) == ("talking", "CAearly")
    assert stage.attempts()[0].outcome == "accepted"


def test_a_call_without_a_last_word_is_looked_up(stage: Stage) -> None:
    due(stage, "silent")
    stage.call()
    stage.later(11)
    stage.sweep()
    stage.voice.statuses["CA" + "0" * 32] = "completed"
    assert stage.clear_doubt() == 1
    assert stage.rows()[0].state == "heard"


def test_refused_numbers_fail_and_a_fault_of_ours_stops_all_calls_for_a_while(stage: Stage) -> None:
    stage.voice.next_outcomes = [(Outcome.REFUSED, "21214"), (Outcome.BLOCKED, "21210")]
    due(stage, "no number", "second")
    stage.call()
    assert stage.states()["no number"] == [("not_delivered", "failed", "21214")]
    assert stage.states()["second"] == [("not_delivered", "queued", None)]
    assert stage.call() == 0
    stage.later(1)
    assert stage.call() == 1
    with stage.services.db.connection() as connection:
        assert connection.execute("SELECT count(*) FROM provider_faults").fetchone() == (0,)


def test_calls_keep_the_pace_over_all_workers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.services.settings = stage.services.settings.model_copy(update={"voice_calls_per_s": 2.0})
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        stage.clock.advance(timedelta(seconds=seconds))

    monkeypatch.setattr("alerts.silent.calling.time.sleep", sleep)
    monkeypatch.setattr(calling, "MAX_AT_ONCE", 50)
    due(stage, *(f"p{number}" for number in range(7)))
    assert stage.call() == 7
    starts = sorted(each.started_at for each in stage.attempts())
    for number in range(len(starts) - 2):
        assert starts[number + 2] - starts[number] >= timedelta(seconds=1)
    assert slept and starts[0] >= NOW


def test_a_second_step_waits_for_the_first_and_does_not_ring_beside_it(stage: Stage) -> None:
    due(stage, "silent")
    stage.call()
    stage.later(10)
    stage.sweep()
    assert stage.call() == 0
    report(stage, "completed")
    assert stage.call() == 1
    assert [row.whom for row in stage.rows()] == ["not_delivered", "not_answered"]


def test_extreme_alerts_go_before_others(stage: Stage) -> None:
    extreme = stage.alert_id
    due(stage, "later")
    stage.execute("UPDATE alerts SET severity = 'Severe'")
    stage.alert()
    assert stage.alert_id > extreme
    stage.person("first", sent=0)
    stage.sweep()
    with stage.services.db.connection() as connection:
        row = connection.execute(claiming.NEXT_ALERT, {"now": stage.clock.now(), "channel": "voice"}).fetchone()
    assert row == (stage.alert_id,)


def test_an_alert_whose_people_are_on_the_telephone_holds_no_other_alert_up(stage: Stage) -> None:
    due(stage, "talking")
    stage.call()
    stage.later(10)
    stage.sweep()
    assert [row.state for row in stage.rows()] == ["ringing", "queued"], "the second step waits for the first call"
    stage.alert()
    stage.person("other")
    stage.sweep()
    stage.call()
    assert stage.called() == {"talking": 1, "other": 1}
