"""Notices reach the handset once, the urgent first, and only where they may."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from alerts.segments import count_segments
from hotline.core import jobs
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.notices import erasure, lanes, sweep
from hotline.notices.choice import parts_of
from hotline.notices.states import Priority
from hotline.people.models import Traveller
from hotline.providers import routes
from tests.factories import make_traveller
from tests.notices.conftest import PHONE, Sending


def test_a_notice_is_sent_once_with_its_own_callback(sending: Sending) -> None:
    notice_id = sending.publish(key="one")
    assert sending.lane().recorded == 1
    assert sending.lane().claimed == 0
    (accepted,) = sending.twilio.accepted
    assert (accepted.to, accepted.body) == (PHONE, "Text one")
    assert accepted.fields["StatusCallback"].endswith(f"/webhooks/twilio/notices/status?notice={notice_id}&attempt=1")
    assert 0 < int(accepted.fields["ValidityPeriod"]) <= 3600
    kept = sending.notice(notice_id)
    assert (kept.state, kept.provider_sid, kept.attempts) == ("sent", accepted.sid, 1)
    assert sending.outcomes(notice_id) == ["accepted"]


def test_many_are_under_way_at_once(sending: Sending) -> None:
    for nth in range(40):
        sending.publish(f"+8210{nth:08}", key=f"k{nth}")
    sending.twilio.delay_s = 0.05
    sending.lane()
    assert len(sending.twilio.copies) == 40
    assert sending.twilio.most_at_once > 4


def test_what_somebody_waits_for_goes_first_and_alone_on_the_alerts_queue(sending: Sending) -> None:
    late = sending.publish("+821000000001", key="late", priority=Priority.WHENEVER)
    soon = sending.publish("+821000000002", key="soon")
    code = sending.publish("+821000000003", key="code", purpose="code")
    assert lanes.dispatch_urgent(sending.services) is not None
    assert [each.to for each in sending.twilio.accepted] == ["+821000000003"]
    with sending.services.db.connection() as connection:
        order = [each.id for each in sending.claim(connection, most=9)]
    assert order == [soon, late]
    assert sending.notice(code).state == "sent"


def test_a_secret_text_stays_until_it_means_nothing_any_more_and_no_longer(sending: Sending) -> None:
    life = sending.clock.now() + timedelta(minutes=10)
    notice_id = sending.publish(purpose="code", body="Your code is 123456", expires_at=life)
    sending.lane()
    assert sending.twilio.accepted[0].body == "Your code is 123456"
    assert sending.notice(notice_id).body, "it may have to be sent once more"
    sending.later(minutes=9)
    sweep.sweep(sending.services)
    assert sending.notice(notice_id).body
    sending.later(minutes=1)
    sweep.sweep(sending.services)
    assert (sending.notice(notice_id).state, sending.notice(notice_id).body) == ("sent", "")


@pytest.mark.parametrize(
    ("mark", "reason"), [({"opted_out_at": "now"}, "opted_out"), ({"number_bad_at": "now"}, "bad_number")]
)
def test_who_wants_no_texts_gets_only_what_they_asked_for(sending: Sending, mark: dict[str, Any], reason: str) -> None:
    with sending.services.db.transaction() as session:
        make_traveller(session, phone=PHONE, **{name: sending.clock.now() for name in mark})
    arrival, code = sending.publish(key="a", purpose="arrival"), sending.publish(key="c", purpose="code")
    sending.lane()
    assert (sending.notice(arrival).state, sending.notice(arrival).error_code) == ("failed", reason)
    assert sending.notice(code).state == "sent"
    assert len(sending.twilio.accepted) == 1
    assert sending.outcomes(arrival) == []


def test_a_wish_is_looked_at_when_sending_and_not_when_writing(sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        person = make_traveller(session, phone=PHONE).id
    notice_id = sending.publish(purpose="arrival")
    with sending.services.db.transaction() as session:
        session.get_one(Traveller, person).opted_out_at = sending.clock.now()
    sending.lane()
    assert sending.notice(notice_id).state == "failed"
    assert not sending.twilio.accepted


def test_what_could_not_be_sent_in_its_time_lapses(sending: Sending) -> None:
    notice_id = sending.publish(purpose="code", body="secret")
    sending.later(hours=2)
    assert sending.lane().claimed == 0
    sweep.sweep(sending.services)
    kept = sending.notice(notice_id)
    assert (kept.state, kept.body) == ("lapsed", "")
    assert not sending.twilio.accepted


def test_try_again_later_is_obeyed_and_refusals_are_final(sending: Sending) -> None:
    sending.twilio.behaviour["+821000000001"] = ["429"]
    sending.twilio.behaviour["+821000000002"] = ["21211"]
    later, never = sending.publish("+821000000001", key="l"), sending.publish("+821000000002", key="n")
    sending.lane()
    assert (sending.notice(later).state, sending.notice(never).state) == ("queued", "failed")
    assert sending.notice(never).error_code == "21211"
    assert sending.lane().claimed == 0
    sending.later(minutes=2)
    sending.lane()
    assert sending.notice(later).state == "sent"
    assert sending.outcomes(later) == ["retry_later", "accepted"]


def test_a_bad_number_and_a_stop_are_remembered_on_the_person(sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        bad = make_traveller(session, phone="+821000000001").id
        stopped = make_traveller(session, phone="+821000000002").id
    sending.twilio.behaviour["+821000000001"] = ["21211"]
    sending.twilio.behaviour["+821000000002"] = ["21610"]
    sending.publish("+821000000001", key="b")
    sending.publish("+821000000002", key="s")
    sending.lane()
    with sending.services.db.transaction() as session:
        assert session.get_one(Traveller, bad).number_bad_at == sending.clock.now()
        assert session.get_one(Traveller, stopped).opted_out_at == sending.clock.now()
        actions = session.scalars(text("SELECT action FROM audit_entries")).all()
    assert sorted(actions) == ["travellers.number_bad", "travellers.opted_out"]


def test_a_fault_of_our_account_stops_the_lane_and_is_tried_with_one_text(sending: Sending) -> None:
    ids = [sending.publish(f"+82100000000{nth}", key=f"k{nth}") for nth in range(3)]
    sending.twilio.everybody = ["20003"] * 3
    assert sending.lane().ended == "blocked"
    assert {sending.notice(each).state for each in ids} == {"queued"}
    sending.later(seconds=3)
    assert sending.lane().ended == "provider fault"
    sending.twilio.everybody = []
    sending.later(minutes=1)
    before = sum(sending.twilio.requests.values())
    sending.lane()
    assert sum(sending.twilio.requests.values()) - before == 3
    assert {sending.notice(each).state for each in ids} == {"sent"}
    with sending.services.db.connection() as connection:
        assert connection.execute("SELECT count(*) FROM provider_faults").fetchone() == (0,)


def test_two_lanes_never_claim_the_same_notice(sending: Sending) -> None:
    for nth in range(6):
        sending.publish(f"+82100000000{nth}", key=f"k{nth}")
    with sending.services.db.connection() as one, sending.services.db.connection() as other:
        first, second = sending.claim(one, most=3), sending.claim(other, most=9)
    assert len({each.id for each in first} | {each.id for each in second}) == len(first) + len(second) == 6


def test_lane_makes_room_for_alerts_after_a_batch(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    for nth in range(4):
        sending.publish(f"+82100000000{nth}", key=f"k{nth}")
    monkeypatch.setattr(lanes, "BATCH", 2)
    jobs.enqueue(sending.services, "outbox.deliver")
    report = sending.lane()
    assert (report.ended, report.recorded) == ("made room", 2)
    assert jobs.waiting(sending.services.redis)["slow"] == 1


def test_the_sweeper_queues_what_is_due_without_any_memory_in_redis(sending: Sending) -> None:
    sending.publish(purpose="code")
    sending.services.redis.flushall()
    sweep.sweep(sending.services)
    assert jobs.waiting(sending.services.redis) == {"urgent": 0, "default": 1, "slow": 1}


def test_without_a_provider_the_fault_is_raised_and_nothing_is_claimed(services: Services) -> None:
    services.settings = services.settings.model_copy(update={"twilio_from": ""})
    assert lanes.dispatch(services) is None
    with services.db.connection() as connection:
        assert connection.execute("SELECT error_code FROM provider_faults").fetchall() == [("config",)]


def test_erased_people_and_old_notices_are_forgotten(sending: Sending) -> None:
    theirs = sending.publish(key="theirs", traveller_id=7)
    other = sending.publish("+821000000009", key="other")
    with pytest.raises(Exception, match="still under way"):
        erasure.forget(sending.services, {"traveller_id": 7})
    sending.lane()
    erasure.forget(sending.services, {"traveller_id": 7})
    assert (sending.notice(theirs).phone, sending.notice(theirs).body) == ("", "")
    assert sending.notice(other).phone
    assert erasure.forget_old(sending.services) == 0
    sending.clock.advance(erasure.KEPT_FOR + timedelta(seconds=1))
    assert erasure.forget_old(sending.services) == 1
    assert sending.notice(other).phone == ""


def test_the_claim_reads_the_index_of_waiting_notices_only(sending: Sending) -> None:
    with sending.services.db.connection() as connection:
        connection.execute(
            """INSERT INTO notices (purpose, phone, body, dedupe_key, priority, asked_for, secret, state, created_at, expires_at)
               SELECT 'code', '+82' || n, 'x', 'k' || n, n %% 3, true, true, CASE WHEN n %% 50 = 0 THEN 'queued' ELSE 'sent' END,
                      now(), %s FROM generate_series(1, 20000) n""",
            (sending.clock.now() + timedelta(hours=1),),
        )
        connection.execute("ANALYZE notices")
        values = {"now": sending.clock.now(), "lowest": 9, "most": 100}
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + lanes.claims._DUE, values))
    assert "ix_notices_waiting" in plan
    assert "Seq Scan" not in plan


def sender_with_pace(sending: Sending, parts_per_s: int, **route: Any) -> None:
    """Give the settings' own sender a pace; with `route` a route through another sender as well."""
    with sending.services.db.transaction() as session:
        routes.save_sender(
            session, sending.clock, SYSTEM, None,
            {"provider": "twilio", "address": "+15005550006", "parts_per_s": parts_per_s},
        )  # fmt: skip
        if route:
            other = routes.save_sender(
                session, sending.clock, SYSTEM, None, {"provider": "twilio", "address": "CONSULATE"}
            )
            routes.save_route(
                session, sending.clock, SYSTEM, None,
                {"sender_id": other.id, "priority": 1, "weight": 100, "open": True, **route},
            )  # fmt: skip


def test_notices_share_the_pace_of_their_sender_with_everybody(sending: Sending) -> None:
    sender_with_pace(sending, 20)
    for nth in range(12):
        sending.publish(f"+8210{nth:08}", key=f"k{nth}")
    started = time.monotonic()
    assert sending.lane().recorded == 12
    took_s = time.monotonic() - started
    assert len(sending.twilio.copies) == 12
    # Twelve slots of 50 ms, of which the timeline lets half a second be caught up with; a slow machine only takes longer.
    assert took_s > 0.05
    with sending.services.db.connection() as connection:
        row = connection.execute("SELECT paced_until > clock_timestamp() - interval '1 min' FROM senders").fetchone()
    assert row == (True,)


def test_a_notice_takes_the_route_of_its_number(sending: Sending) -> None:
    sender_with_pace(sending, 100, prefix="+63")
    sending.publish("+639171234567", key="there")
    sending.publish("+821012345678", key="here")
    sending.lane()
    assert {each.to: each.fields["From"] for each in sending.twilio.accepted} == {
        "+639171234567": "CONSULATE", "+821012345678": "+15005550006",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "parts"), [("a" * 160, 1), ("a" * 161, 2), ("{" * 81, 2), ("가" * 70, 1), ("가" * 71, 2), ("é" * 71, 2)]
)
def test_parts_are_never_counted_too_low(body: str, parts: int) -> None:
    assert parts_of(body) == parts >= count_segments(body).parts
