"""Approved becomes dispatching: who gets a message row, who does not, and what happens when anything is not as agreed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from alerts import approval, gather
from alerts.materialise import claim, materialise, on_approved, sweep
from alerts.models import Alert, Approval, AudienceSnapshot, Message
from hotline.core import jobs
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from tests.alerts.senders import counted, make_approved, tallies_of
from tests.factories import NOW, make_traveller


def approved(services: Services, **more: object) -> int:
    with services.db.transaction() as session:
        return make_approved(session, **more).id  # type: ignore[arg-type]


def phones(services: Services, alert_id: int) -> list[str]:
    with services.db.transaction() as session:
        return sorted(session.scalars(select(Message.phone).where(Message.alert_id == alert_id)))


def ended(services: Services, alert_id: int) -> tuple[str, str | None]:
    with services.db.transaction() as session:
        alert = session.get_one(Alert, alert_id)
        return alert.state, alert.ended_reason


def test_everyone_inside_and_nobody_outside_gets_a_message(services: Services) -> None:
    with services.db.transaction() as session:
        inside = [make_traveller(session, lat=lat, lon=lon).phone for lat, lon in ((0, 0), (10, 10), (5.1, 9.999999))]
        make_traveller(session, lat=10.000001, lon=5)
        make_traveller(session, lat=5, lon=-0.0000001)
        make_traveller(session, lat=None, lon=None)
    alert_id = approved(services)
    assert materialise(services, alert_id) == "dispatching"
    assert phones(services, alert_id) == sorted(inside)


def test_the_alert_moves_on_with_snapshot_tallies_audit_and_outbox(services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session, country="PH")
        make_traveller(session, country="PH", language="en", precision="city")
        make_traveller(session, country="VN", language="ja")
    alert_id = approved(services)
    materialise(services, alert_id)
    with services.db.transaction() as session:
        alert = session.get_one(Alert, alert_id)
        assert (alert.state, alert.started_at, alert.finished_at) == ("dispatching", NOW, None)
        snapshot = session.get_one(AudienceSnapshot, alert_id)
        assert (snapshot.total, snapshot.by_country) == (3, {"PH": 2, "VN": 1})
        assert snapshot.by_language == {"ko": 1, "en": 1, "ja": 1}
        assert snapshot.by_precision == {"exact": 2, "city": 1}
        assert snapshot.excluded == {}
        assert tallies_of(session, alert_id) == {("PH", "queued", ""): 2, ("VN", "queued", ""): 1}
        assert tallies_of(session, alert_id) == counted(session, alert_id)
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "AlertDispatched")).all()
        assert [event.payload for event in events] == [{"alert_id": alert_id, "messages": 3}]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor_kind, entry.before) == ("alert.started", "system", {"state": "approved"})


def test_each_person_gets_the_text_of_their_language_or_the_nearest(services: Services) -> None:
    with services.db.transaction() as session:
        for language in ("ko", "en", "en-GB", "ja"):
            make_traveller(session, language=language)
    long_korean = "가" * 71
    alert_id = approved(services, texts={"ko": long_korean, "en": "short"})
    materialise(services, alert_id)
    with services.db.transaction() as session:
        found = session.execute(select(Message.language, Message.parts).order_by(Message.traveller_id)).tuples().all()
    assert sorted(found) == [("en", 1), ("en", 1), ("en", 1), ("ko", 2)]


def test_a_drill_reaches_only_drill_people_and_a_real_alert_never_does(services: Services) -> None:
    with services.db.transaction() as session:
        real = make_traveller(session).phone
        drill = make_traveller(session, drill=True).phone
    exercise, actual = approved(services, status="Exercise"), approved(services)
    materialise(services, exercise)
    materialise(services, actual)
    assert phones(services, exercise) == [drill]
    assert phones(services, actual) == [real]


def test_a_stale_copy_of_the_drill_flag_does_not_decide(services: Services) -> None:
    with services.db.transaction() as session:
        traveller = make_traveller(session)
        session.execute(text("UPDATE positions SET drill = true WHERE traveller_id = :id"), {"id": traveller.id})
    alert_id = approved(services, status="Test")
    materialise(services, alert_id)
    assert phones(services, alert_id) == []


def test_people_who_cannot_get_a_text_are_counted_by_reason(services: Services) -> None:
    with services.db.transaction() as session:
        good = make_traveller(session).phone
        make_traveller(session, opted_out_at=NOW)
        make_traveller(session, number_bad_at=NOW)
        make_traveller(session, number_bad_at=NOW)
        make_traveller(session, erased_at=NOW)
    alert_id = approved(services)
    materialise(services, alert_id)
    with services.db.transaction() as session:
        snapshot = session.get_one(AudienceSnapshot, alert_id)
    assert phones(services, alert_id) == [good]
    assert snapshot.total == 5
    assert snapshot.excluded == {"opted_out": 1, "number_bad": 2, "erased": 1}


def test_two_people_with_one_phone_get_one_text(services: Services) -> None:
    with services.db.transaction() as session:
        for country in ("PH", "PH", "VN"):
            make_traveller(session, phone="+821055555555", country=country)
    alert_id = approved(services)
    materialise(services, alert_id)
    with services.db.transaction() as session:
        assert session.get_one(AudienceSnapshot, alert_id).excluded == {"shared_number": 2}
        assert tallies_of(session, alert_id) == counted(session, alert_id)
    assert phones(services, alert_id) == ["+821055555555"]


def test_a_position_that_is_no_longer_valid_does_not_count(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_traveller(session, valid_until=NOW)
        still = make_traveller(session, valid_until=NOW + timedelta(seconds=1)).phone
    alert_id = approved(services)
    materialise(services, alert_id)
    assert phones(services, alert_id) == [still]


def test_an_alert_that_reaches_nobody_is_finished_at_once(services: Services) -> None:
    alert_id = approved(services)
    assert materialise(services, alert_id) == "finished"
    with services.db.transaction() as session:
        assert session.get_one(AudienceSnapshot, alert_id).total == 0
        assert session.get_one(Alert, alert_id).finished_at == NOW
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == alert_id)).all()
        topics = session.scalars(select(OutboxEvent.topic).order_by(OutboxEvent.id)).all()
    assert topics == ["AlertDispatched", "AlertFinished"]
    assert [action for action in actions if action.startswith("alert.")] == ["alert.started", "alert.finished"]


def test_running_twice_writes_nothing_twice(services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services)
    assert [materialise(services, alert_id) for _ in range(3)] == ["dispatching"] * 3
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert tallies_of(session, alert_id) == {("PH", "queued", ""): 1}
        assert session.scalar(select(func.count()).where(AuditEntry.action == "alert.started")) == 1


def test_a_duplicate_after_a_crash_still_sets_the_dispatch_going(services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services)
    materialise(services, alert_id)
    services.redis.flushall()
    materialise(services, alert_id)
    assert services.redis.exists(f"job-latch:alerts.dispatch:{alert_id}")


def test_two_at_once_write_one_set_of_messages(services: Services) -> None:
    with services.db.transaction() as session:
        for _ in range(300):
            make_traveller(session)
    alert_id = approved(services)
    start, states = threading.Barrier(2), []

    def run() -> None:
        start.wait(60)
        states.append(materialise(services, alert_id))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(states) <= {"dispatching", "held"}
    assert "dispatching" in states
    assert len(phones(services, alert_id)) == 300
    with services.db.transaction() as session:
        assert tallies_of(session, alert_id) == {("PH", "queued", ""): 300}


@pytest.mark.parametrize("state", ["draft", "submitted", "cancelled", "rejected", "expired", "finished"])
def test_only_an_approved_alert_is_written(services: Services, state: str) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services, state=state)
    assert materialise(services, alert_id) == state
    assert phones(services, alert_id) == []


def test_an_alert_that_expired_since_approval_is_not_sent(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services, expires=NOW + timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    assert materialise(services, alert_id) == "expired"
    assert phones(services, alert_id) == []
    assert "expired" in (ended(services, alert_id)[1] or "")


def _tamper(services: Services, alert_id: int, change: str) -> None:
    statements = {
        "approved text": """UPDATE approvals SET texts = jsonb_set(texts, '{alert,ko}', '"another text"')""",
        "approved area": "UPDATE approvals SET areas = jsonb_set(areas, '{0,polygons,0,1,1}', '11')",
        "approved area lost": """UPDATE approvals SET areas = '[]'""",
        "alert's area": "UPDATE alerts SET areas = jsonb_set(areas, '{0,polygons,0,1,1}', '11')",
        "alert's area lost": """UPDATE alerts SET areas = '[]'""",
        "alert's area broken": """UPDATE alerts SET areas = '[{"polygons": 7}]'""",
        "alert's drill flag": "UPDATE alerts SET status = 'Exercise'",
        "approved drill flag": "UPDATE approvals SET drill = true",
        "digest": "UPDATE approvals SET digest = repeat('0', 64)",
        "approval gone": "DELETE FROM approvals",
        "approver closed": "UPDATE officers SET disabled_at = now() WHERE 'approver' = ANY(roles)",
        "approver's role taken": "UPDATE officers SET roles = '{auditor}' WHERE 'approver' = ANY(roles)",
    }
    assert change in statements
    with services.db.transaction() as session:
        session.execute(text(statements[change]))


@pytest.mark.parametrize(
    "change",
    ["approved text", "approved area", "approved area lost", "alert's area", "alert's area lost", "alert's area broken",
     "alert's drill flag", "approved drill flag", "digest", "approval gone", "approver closed", "approver's role taken"],
)  # fmt: skip
def test_what_is_not_exactly_what_was_approved_is_not_sent(services: Services, change: str) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
        make_traveller(session, drill=True)
    alert_id = approved(services)
    _tamper(services, alert_id, change)
    assert materialise(services, alert_id) == "cancelled"
    assert phones(services, alert_id) == []
    state, reason = ended(services, alert_id)
    assert state == "cancelled"
    assert "nothing was sent" in (reason or "")
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).where(OutboxEvent.topic == "AlertDispatched")) == 0


def test_an_area_agreed_to_while_empty_is_not_sent(services: Services) -> None:
    alert_id = approved(services, areas=[{"description": "lost", "polygons": [], "circles": []}])
    assert materialise(services, alert_id) == "cancelled"
    assert "empty" in (ended(services, alert_id)[1] or "")


def test_an_alert_that_another_process_works_on_is_left_to_it(services: Services) -> None:
    alert_id = approved(services)
    with services.db.transaction() as session:
        assert claim(session, alert_id)
        assert materialise(services, alert_id) == "held"
    assert ended(services, alert_id)[0] == "approved"


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen right after the message rows were written, before the alert's row is locked."""
    real = gather.write_messages

    def write(*given: Any) -> gather.Written:
        written = real(*given)
        assert written.messages == 1
        act()
        return written

    monkeypatch.setattr(gather, "write_messages", write)


def test_a_stop_does_not_wait_for_the_rows_and_takes_them_all_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services)

    def stop() -> None:
        with services.db.transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            approval.cancel(session, services.clock, SYSTEM, alert_id, reason="wrong area")

    meanwhile(monkeypatch, stop)
    assert materialise(services, alert_id) == "cancelled"
    assert phones(services, alert_id) == []
    assert ended(services, alert_id) == ("cancelled", "wrong area")
    with services.db.transaction() as session:
        assert tallies_of(session, alert_id) == {}
        assert session.get(AudienceSnapshot, alert_id) is None
        assert session.scalar(select(func.count()).where(OutboxEvent.topic == "AlertDispatched")) == 0


@pytest.mark.parametrize("change", ["approved text", "alert's drill flag"])
def test_a_change_behind_its_back_takes_the_rows_back_and_the_next_run_ends_it(
    services: Services, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services)
    meanwhile(monkeypatch, lambda: _tamper(services, alert_id, change))
    assert materialise(services, alert_id) == "approved"
    assert phones(services, alert_id) == []
    assert materialise(services, alert_id) == "cancelled"


def test_an_alert_that_expires_while_its_rows_are_written_is_not_sent(
    services: Services, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_traveller(session)
    alert_id = approved(services, expires=NOW + timedelta(minutes=1))
    meanwhile(monkeypatch, lambda: clock.advance(timedelta(minutes=1)))
    assert materialise(services, alert_id) == "approved"
    assert materialise(services, alert_id) == "expired"
    assert phones(services, alert_id) == []


def test_the_approval_event_and_the_sweeper_both_enqueue_the_job(services: Services) -> None:
    alert_id = approved(services)
    on_approved(services, {"alert_id": alert_id})
    assert jobs.waiting(services.redis)["urgent"] == 1
    services.redis.flushall()
    assert sweep(services) == 1
    assert jobs.waiting(services.redis)["urgent"] == 1


def test_the_approval_is_kept_as_it_was(services: Services) -> None:
    alert_id = approved(services)
    with services.db.transaction() as session:
        before = session.get_one(Approval, alert_id).digest
    materialise(services, alert_id)
    with services.db.transaction() as session:
        assert session.get_one(Approval, alert_id).digest == before
