"""Receipts folded into messages: early, late, twice, out of order, wrong, and while somebody else holds the row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from alerts.models import Attempt, Message, Receipt
from alerts.receipts.fold import BATCH_SIZE, FoldReport, fold
from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from hotline.people.models import Traveller
from tests.alerts.senders import counted, make_approved, make_message, tallies_of
from tests.factories import NOW, make_traveller

PHONE, SID = "+821012345678", "SM" + "a" * 32


def message(services: Services, **more: object) -> tuple[int, int]:
    """A message that was handed over; its id and its alert's."""
    with services.db.transaction() as session:
        alert = make_approved(session, state="dispatching")
        made = make_message(session, alert, **({"phone": PHONE} | more))  # type: ignore[arg-type]
        return made.id, alert.id


def receive(
    services: Services, message_id: int | None, *statuses: str, code: str | None = None, **more: object
) -> None:
    values = {"provider_sid": SID, "recipient": PHONE, "error_code": code, "received_at": NOW} | more
    with services.db.transaction() as session:
        for status in statuses:
            session.add(Receipt(message_id=message_id, provider_status=status, **values))


def row(services: Services, message_id: int) -> Message:
    with services.db.transaction() as session:
        return session.get_one(Message, message_id)


def assert_tallies_fit(services: Services, alert_id: int) -> None:
    with services.db.transaction() as session:
        assert tallies_of(session, alert_id) == counted(session, alert_id)


def left(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Receipt)) or 0


def test_a_delivered_receipt_settles_a_sent_message(services: Services) -> None:
    message_id, alert_id = message(services, state="sent", provider_sid=SID, provider_status="queued", sent_at=NOW)
    at = NOW + timedelta(seconds=7)
    receive(services, message_id, "delivered", received_at=at)
    assert fold(services).applied == 1
    found = row(services, message_id)
    assert (found.state, found.provider_status, found.settled_at, found.sent_at) == ("delivered", "delivered", at, NOW)
    assert left(services) == 0
    assert_tallies_fit(services, alert_id)


def test_a_failure_keeps_its_reason_in_the_message_and_in_the_tallies(services: Services) -> None:
    message_id, alert_id = message(services, state="sent", provider_sid=SID)
    receive(services, message_id, "undelivered", code="30003")
    fold(services)
    assert (row(services, message_id).state, row(services, message_id).error_code) == ("failed", "30003")
    with services.db.transaction() as session:
        assert tallies_of(session, alert_id) == {("PH", "failed", "30003"): 1}


@pytest.mark.parametrize("state", ["sending", "in_doubt", "queued", "withdrawn", "lapsed"])
def test_an_early_receipt_proves_the_hand_over(services: Services, state: str) -> None:
    message_id, alert_id = message(services, state=state)
    receive(services, message_id, "sent")
    fold(services)
    found = row(services, message_id)
    assert (found.state, found.provider_sid, found.lease_until, found.not_before) == ("sent", SID, None, None)
    with services.db.transaction() as session:
        attempt = session.scalars(select(Attempt).where(Attempt.message_id == message_id)).one()
    assert (attempt.outcome, attempt.provider_sid) == ("found", SID)
    assert_tallies_fit(services, alert_id)


def test_a_receipt_for_a_message_never_handed_over_is_not_believed(services: Services) -> None:
    message_id, alert_id = message(services, state="queued", attempts=0)
    receive(services, message_id, "delivered")
    assert fold(services).mismatched == 1
    assert row(services, message_id).state == "queued"
    assert_tallies_fit(services, alert_id)


def test_a_receipt_with_another_provider_id_is_not_believed(services: Services) -> None:
    message_id, _ = message(services, state="sent", provider_sid="SM" + "b" * 32)
    receive(services, message_id, "delivered")
    assert fold(services).mismatched == 1
    assert row(services, message_id).state == "sent"
    assert left(services) == 0


def test_a_receipt_about_another_number_is_not_believed(services: Services) -> None:
    message_id, _ = message(services)
    receive(services, message_id, "delivered", recipient="+821099999999")
    assert fold(services).mismatched == 1
    assert row(services, message_id).state == "sending"


def test_a_receipt_that_does_not_fit_does_not_give_the_message_its_provider_id(services: Services) -> None:
    message_id, _ = message(services)
    receive(services, message_id, "delivered", recipient="+821099999999", provider_sid="SM" + "f" * 32)
    receive(services, message_id, "sent")
    report = fold(services)
    assert (report.mismatched, report.applied) == (1, 1)
    assert (row(services, message_id).state, row(services, message_id).provider_sid) == ("sent", SID)


def test_a_receipt_for_no_message_of_ours_is_dropped_and_counted(services: Services) -> None:
    receive(services, 987654321, "delivered")
    receive(services, None, "delivered")
    report = fold(services)
    assert (report.unknown, report.applied, left(services)) == (2, 0, 0)


def test_a_receipt_without_our_id_is_found_by_the_providers(services: Services) -> None:
    message_id, _ = message(services, state="sent", provider_sid=SID)
    receive(services, None, "delivered")
    fold(services)
    assert row(services, message_id).state == "delivered"


def test_a_final_state_is_not_left_for_a_late_word(services: Services) -> None:
    message_id, alert_id = message(services, state="sent", provider_sid=SID)
    receive(services, message_id, "delivered")
    fold(services)
    receive(services, message_id, "sent", "undelivered", "failed", "queued")
    assert fold(services).stale == 4
    assert row(services, message_id).state == "delivered"
    assert_tallies_fit(services, alert_id)


def test_delivered_after_a_failure_is_believed_because_it_is_the_proof(services: Services) -> None:
    message_id, alert_id = message(services, state="sent", provider_sid=SID)
    receive(services, message_id, "undelivered", code="30008")
    fold(services)
    receive(services, message_id, "delivered")
    fold(services)
    found = row(services, message_id)
    assert (found.state, found.error_code) == ("delivered", None)
    assert_tallies_fit(services, alert_id)


def test_all_receipts_of_one_message_in_one_batch_make_one_change(services: Services) -> None:
    message_id, alert_id = message(services)
    receive(services, message_id, "delivered", "sent", "queued", "sent", "delivered")
    report = fold(services)
    assert (report.applied, report.settled) == (5, 5)
    assert row(services, message_id).state == "delivered"
    assert_tallies_fit(services, alert_id)


def test_an_unknown_status_changes_nothing(services: Services) -> None:
    message_id, _ = message(services)
    receive(services, message_id, "teleported")
    assert fold(services).stale == 1
    assert row(services, message_id).state == "sending"


def test_a_message_that_somebody_holds_keeps_its_receipts_for_the_next_round(services: Services) -> None:
    held_id, _ = message(services)
    free_id, _ = message(services, phone="+821000000001")
    receive(services, held_id, "delivered")
    receive(services, free_id, "delivered", recipient="+821000000001", provider_sid="SM" + "c" * 32)
    with services.db.transaction() as session:
        session.execute(text("SELECT 1 FROM messages WHERE id = :id FOR UPDATE"), {"id": held_id})
        report = fold(services)
    assert (report.applied, report.held, left(services)) == (1, 1, 1)
    assert fold(services).applied == 1
    assert row(services, held_id).state == "delivered"


def test_more_receipts_than_one_batch_are_folded_in_one_run(services: Services) -> None:
    with services.db.transaction() as session:
        alert = make_approved(session, state="dispatching")
        ids = [make_message(session, alert, phone=f"+8210{n:08d}").id for n in range(3)]
        session.execute(
            text(
                "INSERT INTO receipts (message_id, provider_sid, provider_status, received_at) "
                "SELECT (CAST(:ids AS bigint[]))[1 + n % 3], 'SM' || n % 3, 'delivered', :at "
                "FROM generate_series(0, :last) n"
            ),
            {"ids": ids, "at": NOW, "last": 2 * BATCH_SIZE + 10},
        )
    report = fold(services)
    assert report.settled == 2 * BATCH_SIZE + 11
    assert left(services) == 0
    assert_tallies_fit(services, alert.id)


def traveller_with(services: Services, **more: object) -> int:
    with services.db.transaction() as session:
        return make_traveller(session, **({"phone": PHONE} | more)).id  # type: ignore[arg-type]


def marks(services: Services, traveller_id: int) -> tuple[datetime | None, datetime | None]:
    with services.db.transaction() as session:
        traveller = session.get_one(Traveller, traveller_id)
        return traveller.number_bad_at, traveller.opted_out_at


@pytest.mark.parametrize(
    ("code", "expected"),
    [("21211", (NOW, None)), ("21614", (NOW, None)), ("30005", (NOW, None)), ("30006", (NOW, None)),
     ("21610", (None, NOW)), ("30003", (None, None)), ("30007", (None, None)), ("30001", (None, None))],
)  # fmt: skip
def test_what_a_failure_says_about_the_number_is_remembered(
    services: Services, code: str, expected: tuple[datetime | None, datetime | None]
) -> None:
    traveller_id = traveller_with(services)
    message_id, _ = message(services, traveller_id=traveller_id, state="sent", provider_sid=SID)
    receive(services, message_id, "failed", code=code)
    fold(services)
    assert marks(services, traveller_id) == expected
    with services.db.transaction() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject_kind == "alert", AuditEntry.after.isnot(None))
        )
        said = [entry.after for entry in entries if entry.action.startswith("travellers.")]
    assert said == ([{"travellers": [traveller_id]}] if expected != (None, None) else [])


def test_everybody_with_a_dead_number_is_marked(services: Services) -> None:
    both = [traveller_with(services), traveller_with(services)]
    other = traveller_with(services, phone="+821000000000")
    message_id, _ = message(services, traveller_id=both[0], state="sent", provider_sid=SID)
    receive(services, message_id, "undelivered", code="30006")
    fold(services)
    assert [marks(services, each)[0] for each in [*both, other]] == [NOW, NOW, None]


def test_a_number_called_dead_that_then_got_its_text_is_cleared(services: Services) -> None:
    traveller_id = traveller_with(services)
    message_id, _ = message(services, traveller_id=traveller_id, state="sent", provider_sid=SID)
    receive(services, message_id, "undelivered", code="30005")
    fold(services)
    receive(services, message_id, "delivered")
    fold(services)
    assert marks(services, traveller_id) == (None, None)


def test_folding_tells_the_alerts_page_to_look_again(services: Services) -> None:
    message_id, alert_id = message(services)
    listener = services.redis.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(f"live:alert:{alert_id}", "live:alerts")
    receive(services, message_id, "delivered")
    fold(services)
    heard: set[str] = set()
    for _ in range(20):
        if len(heard) == 2:
            break
        hint = listener.get_message(timeout=0.2)
        if hint is not None:
            heard.add(hint["channel"].decode())
    listener.close()
    assert heard == {f"live:alert:{alert_id}", "live:alerts"}


def test_nothing_to_fold_is_an_empty_report(services: Services) -> None:
    assert fold(services) == FoldReport()
