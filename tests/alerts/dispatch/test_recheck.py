"""Everything that was checked at approval is checked again when sending; one difference and nothing goes out."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alerts.dispatch import recheck as recheck_module
from alerts.dispatch.recheck import Agreed, Halt, Halted, recheck
from alerts.variants import Texts
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.alerts.dispatch.conftest import Running, assert_tallies_equal_rows, start_alert
from tests.providers.loopback_twilio import LoopbackTwilio


def look(running: Running, known: Agreed | None = None) -> Agreed:
    with running.services.db.connection() as connection:
        return recheck(connection, running.clock.now(), ["twilio"], running.alert_id, known)


def assert_nothing_sent_and_cancelled(running: Running, twilio: LoopbackTwilio, reason: str) -> None:
    assert twilio.accepted == []
    assert running.states() == {"withdrawn": 3}
    alert = running.alert()
    assert alert.state == "cancelled"
    assert reason in (alert.ended_reason or "")


@pytest.mark.parametrize(
    "tampering",
    [
        """UPDATE approvals SET texts = jsonb_set(texts, '{alert,ko}', '"go somewhere else"') WHERE alert_id = :id""",
        """UPDATE approvals SET areas = jsonb_set(areas, '{0,polygons,0,1,1}', '170') WHERE alert_id = :id""",
        """UPDATE approvals SET digest = repeat('0', 64) WHERE alert_id = :id""",
        """UPDATE approvals SET areas = '[]' WHERE alert_id = :id""",
    ],
)
def test_a_text_or_area_that_differs_from_the_approval_stops_the_alert(
    running: Running, twilio: LoopbackTwilio, tampering: str
) -> None:
    running.execute(tampering)
    assert running.lane().ended == "tampered"
    assert_nothing_sent_and_cancelled(running, twilio, "differ")


def test_an_approved_area_that_is_empty_stops_the_alert_even_with_a_fitting_digest(
    running: Running, twilio: LoopbackTwilio
) -> None:
    from alerts.approval import digest_of
    from tests.alerts.dispatch.conftest import TEXTS

    running.execute(
        "UPDATE approvals SET areas = '[]', digest = :digest WHERE alert_id = :id",
        digest=digest_of([], {"alert": TEXTS}, False),
    )
    running.lane()
    assert_nothing_sent_and_cancelled(running, twilio, "empty")


def test_a_real_alert_that_was_approved_as_a_drill_is_stopped(running: Running, twilio: LoopbackTwilio) -> None:
    running.execute("UPDATE alerts SET status = 'Exercise' WHERE id = :id")
    running.lane()
    assert_nothing_sent_and_cancelled(running, twilio, "drill")


def test_an_alert_without_an_approval_is_stopped(running: Running, twilio: LoopbackTwilio) -> None:
    running.execute("DELETE FROM approvals WHERE alert_id = :id")
    running.lane()
    assert_nothing_sent_and_cancelled(running, twilio, "no approval")


def test_the_system_writes_down_that_it_stopped_an_alert(running: Running, db: Database) -> None:
    running.execute("UPDATE approvals SET digest = repeat('0', 64) WHERE alert_id = :id")
    running.lane()
    with db.transaction() as session:
        entry = session.execute(text("SELECT actor_kind, action, after FROM audit_entries ORDER BY seq DESC")).first()
    assert entry is not None
    assert (entry.actor_kind, entry.action, entry.after["state"]) == ("system", "alert.cancelled", "cancelled")


def test_tampering_during_a_lane_is_seen_by_the_next_batch(running: Running) -> None:
    agreed = look(running)
    running.execute("""UPDATE approvals SET texts = '{"alert": {"ko": "other words"}}' WHERE alert_id = :id""")
    with pytest.raises(Halted) as halted:
        look(running, agreed)
    assert halted.value.halt is Halt.TAMPERED


def test_an_untouched_approval_is_not_read_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = look(running)

    def read(*_: object) -> Texts:
        raise AssertionError("the digest was computed again")

    monkeypatch.setattr(recheck_module, "_verified_texts", read)
    assert look(running, agreed).texts == agreed.texts


@pytest.mark.parametrize("table", ["alerts", "approvals"])
def test_nothing_is_sent_after_the_earlier_of_the_two_expiries(
    running: Running, twilio: LoopbackTwilio, table: str
) -> None:
    key = "id" if table == "alerts" else "alert_id"
    running.execute(f"UPDATE {table} SET expires = :at WHERE {key} = :id", at=running.clock.now())  # noqa: S608 - from the list above
    assert running.lane().ended == "expired"
    assert twilio.accepted == []
    assert (running.alert().state, running.states()) == ("expired", {"lapsed": 3})


@pytest.mark.parametrize("state", ["draft", "submitted", "approved", "rejected", "finished"])
def test_an_alert_in_any_other_state_is_not_sent(running: Running, twilio: LoopbackTwilio, state: str) -> None:
    running.execute("UPDATE alerts SET state = :state WHERE id = :id", state=state)
    assert running.lane().ended == "not_sending"
    assert twilio.accepted == []
    assert running.states() == {"queued": 3}


def test_a_drill_reaches_drill_people_only_even_when_a_row_for_the_public_slipped_in(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio, db: Database
) -> None:
    running = start_alert(sending, clock, people=6, drill_people=2, status="Exercise")
    running.lane()
    assert set(twilio.copies) == set(running.phones[:2])
    assert running.states() == {"sent": 2, "withdrawn": 4}
    assert {row.error_code for row in running.rows() if row.state == "withdrawn"} == {"not_drill"}
    assert_tallies_equal_rows(db)


def test_somebody_who_left_the_drill_meanwhile_is_not_reached(
    sending: Services, clock: FrozenClock, twilio: LoopbackTwilio
) -> None:
    running = start_alert(sending, clock, people=2, drill_people=2, status="Test")
    running.execute("UPDATE travellers SET drill = false WHERE phone = :phone", phone=running.phones[0])
    running.lane()
    assert set(twilio.copies) == {running.phones[1]}
