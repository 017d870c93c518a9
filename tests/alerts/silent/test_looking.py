"""Who is due for which step: once, in time, by the plan of the approval, and nobody who must be left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.silent import looking, policies
from alerts.silent.models import SilentPlan
from alerts.silent.plan import Step
from hotline.auth.officers import actor_of
from tests.alerts.silent.conftest import Stage
from tests.factories import NOW, make_officer, make_traveller


def test_whoever_was_not_delivered_to_is_due_after_five_minutes_and_not_before(stage: Stage) -> None:
    stage.person("on its way")
    stage.person("reached", "delivered")
    stage.later(4.9)
    assert stage.sweep() == 0
    stage.later(0.1)
    assert stage.sweep() == 1
    assert stage.states() == {"on its way": [("not_delivered", "queued", None)]}


def test_whoever_has_not_answered_is_due_after_fifteen_minutes(stage: Stage) -> None:
    for name in ("silent", "answering"):
        stage.person(name, "delivered")
    stage.answer("answering")
    stage.later(15)
    stage.sweep()
    assert stage.states() == {"silent": [("not_answered", "queued", None)]}


def test_a_dead_number_is_not_called_and_a_landline_is(stage: Stage) -> None:
    stage.person("no number", "failed", error_code="21211")
    stage.person("nobody's", "failed", error_code="30005")
    stage.person("landline", "failed", error_code="30006")
    stage.later(20)
    stage.sweep()
    assert stage.states() == {"landline": [("not_delivered", "queued", None)]}


def test_an_answer_to_an_earlier_alert_of_the_chain_counts(stage: Stage) -> None:
    first = stage.alert_id
    stage.alert(follows_id=first, chain_id=first, msg_type="Update")
    traveller = stage.person("known safe")
    update, stage.alert_id = stage.alert_id, first
    stage.answer("known safe")
    stage.alert_id = update
    stage.later(20)
    stage.sweep()
    assert stage.rows() == [] and traveller


@pytest.mark.parametrize(
    "change",
    [
        {"state": "cancelled"}, {"state": "superseded"}, {"state": "expired"}, {"expires": NOW + timedelta(minutes=10)},
        {"msg_type": "Cancel"}, {"source": "correction"}, {"severity": "Severe"}, {"severity": "Moderate"},
    ],
    ids=str,
)  # fmt: skip
def test_nobody_is_due_for_an_alert_that_is_over_or_whose_policy_is_off(
    stage: Stage, change: dict[str, object]
) -> None:
    stage.alert(**change)
    stage.person("silent")
    stage.later(20)
    assert stage.sweep() == 0
    assert stage.rows() == []


def test_a_drill_calls_drill_people_only(stage: Stage) -> None:
    stage.alert(status="Exercise")
    stage.person("drill", drill=True)
    stage.person("public", drill=False)
    stage.later(6)
    stage.sweep()
    assert list(stage.states()) == ["drill"]


def test_people_inside_who_want_no_texts_are_due_and_those_outside_are_not(stage: Stage) -> None:
    with stage.services.db.transaction() as session:
        inside = make_traveller(session, lat=5.0, lon=5.0, opted_out_at=NOW, language="en")
        make_traveller(session, lat=50.0, lon=5.0, opted_out_at=NOW)
        make_traveller(session, lat=5.0, lon=5.0)
        make_traveller(session, lat=5.0, lon=5.0, opted_out_at=NOW, drill=True)
    stage.later(1)
    stage.sweep()
    stage.sweep()
    (row,) = stage.rows()
    assert (row.traveller_id, row.whom, row.language, row.variant, row.message_id) == (
        inside.id, "opted_out", "en", "alert", None,
    )  # fmt: skip


def test_looking_again_writes_nobody_twice_even_when_the_cursor_is_lost(stage: Stage) -> None:
    for number in range(7):
        stage.person(f"p{number}", sent=number / 10)
    stage.later(20)
    assert stage.sweep() == 14
    stage.execute("UPDATE silent_plans SET looked = '[null, null, null]'")
    assert stage.sweep() == 0
    assert len(stage.rows()) == 14


def test_small_pages_see_everybody_once_also_those_sent_at_one_moment(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PAGE", 3)
    for number in range(10):
        stage.person(f"p{number}", sent=0 if number < 8 else 1)
    stage.later(7)
    assert stage.sweep() == 10
    assert [len(rows) for rows in stage.states().values()] == [1] * 10


def test_only_so_many_wait_and_the_rest_follows_when_there_is_room(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PAGE", 2)
    monkeypatch.setattr(looking, "MAX_WAITING", 4)
    for number in range(9):
        stage.person(f"p{number}")
    stage.later(6)
    assert (stage.sweep(), stage.sweep()) == (4, 0)
    stage.execute("UPDATE outreach SET state = 'heard'")
    assert stage.sweep() == 4


def test_the_plan_is_the_one_of_the_approval_whatever_is_decided_later(stage: Stage) -> None:
    with stage.services.db.transaction() as session:
        officer = actor_of(make_officer(session, roles=("administrator",)), "console")
    stage.later(1)
    with stage.services.db.transaction() as session:
        policies.change(session, stage.clock, officer, "Extreme", [], seen_version=0)
    stage.person("silent")
    stage.later(5)
    assert stage.sweep() == 1
    with stage.services.db.transaction() as session:
        plan = session.get_one(SilentPlan, stage.alert_id)
        assert (plan.version, len(plan.steps)) == (0, 3)
        assert policies.steps_at(session, "Extreme", stage.clock.now()) == (1, ())


def test_what_waits_when_an_alert_ends_is_closed_with_the_reason(stage: Stage) -> None:
    stage.person("silent")
    stage.later(6)
    stage.sweep()
    stage.execute("UPDATE alerts SET superseded_by_id = id")
    stage.sweep()
    assert stage.states() == {"silent": [("not_delivered", "skipped", "ended")]}


def test_one_officer_stops_the_calls_at_once(stage: Stage) -> None:
    stage.person("silent")
    stage.later(6)
    stage.sweep()
    with stage.services.db.transaction() as session:
        officer = actor_of(make_officer(session, roles=("agent",)), "console")
        policies.stop_calls(session, stage.clock, officer, stage.alert_id)
    assert stage.call() == 0
    stage.sweep()
    assert stage.states() == {"silent": [("not_delivered", "skipped", "stopped")]}
    stage.later(20)
    assert stage.sweep() == 0


def test_the_look_reads_its_index_and_no_whole_table(stage: Stage) -> None:
    stage.sweep()
    with stage.services.db.connection() as connection:
        connection.execute(
            """INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, state, sent_at)
               SELECT %s, n, '+8210' || n, 'PH', 'ko', 1, 'sent', %s::timestamptz + n * interval '1 second'
                 FROM generate_series(1, 20000) n""",
            (stage.alert_id, NOW),
        )
        connection.execute("ANALYZE messages")
        step = Step("voice", 5, "not_delivered")
        plan = "\n".join(
            row[0]
            for row in connection.execute(
                "EXPLAIN " + looking.LOOK.format(
                    whom=looking._WHOM[step.whom], chain=looking.CHAIN, address=looking.HAS_ADDRESS
                ),
                {"alert": stage.alert_id, "root": stage.alert_id, "step": 1, "whom": step.whom, "now": NOW,
                 "drill": False, "until": NOW + timedelta(hours=2), "page": 500, "at": NOW.isoformat(), "id": 5,
                 "never": ["21211"], "channel": "voice"},
            ).fetchall()
        )  # fmt: skip
    assert "ix_messages_moment" in plan and "Seq Scan on messages" not in plan


def test_counts_of_waiting_and_due_use_partial_indexes(stage: Stage) -> None:
    with stage.services.db.connection() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        waiting = connection.execute("EXPLAIN " + looking._DUE, {"now": NOW}).fetchall()
    assert "ix_outreach_unsettled" in str(waiting)
