"""Receipts of notices: signed, durable, folded in any order, and never taken for an alert's."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from hotline.notices.receipts import IncomingReceipt, append, fold
from hotline.notices.states import NOTICE
from hotline.people.models import Traveller
from tests.factories import make_traveller
from tests.notices.conftest import PHONE, Sending
from tests.providers.loopback_twilio import TOKEN

URL = "http://127.0.0.1:5000/webhooks/twilio/notices/status?notice={}"


def receipt(sending: Sending, notice_id: int, status: str, **more: Any) -> IncomingReceipt:
    sid = sending.twilio.accepted[0].sid if sending.twilio.accepted else "SM1"
    values: dict[str, Any] = {"provider_sid": sid, "error_code": None, "recipient": PHONE}
    return IncomingReceipt(
        notice_id=notice_id, provider_status=status, received_at=sending.clock.now(), **(values | more)
    )


def call(client: FlaskClient, notice: object, fields: dict[str, str], token: str = TOKEN) -> int:
    url = URL.format(notice)
    signature = RequestValidator(token).compute_signature(url, fields)
    return client.post(url, data=fields, headers={"X-Twilio-Signature": signature}).status_code


def test_a_signed_receipt_settles_the_notice(sending: Sending, app: Any) -> None:
    notice_id = sending.publish()
    sending.lane()
    fields = {"MessageSid": sending.twilio.accepted[0].sid, "MessageStatus": "delivered", "To": PHONE, "ErrorCode": "0"}
    assert call(app.test_client(), notice_id, fields) == 204
    assert fold(sending.services) == 1
    kept = sending.notice(notice_id)
    assert (kept.state, kept.provider_status, kept.settled_at) == ("delivered", "delivered", sending.clock.now())


@pytest.mark.parametrize(
    ("notice", "change"),
    [("", {}), ("x", {}), ("0", {}), (2**63, {}), (1, {"MessageSid": "S!"}), (1, {"MessageStatus": "A" * 30}),
     (1, {"ErrorCode": "abc"}), (1, {"To": "1" * 21}), ("1&attempt=x", {}), ("1&attempt=40000", {})],
)  # fmt: skip
def test_a_malformed_receipt_is_refused_although_signed(app: Any, notice: object, change: dict[str, str]) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "sent", "To": PHONE} | change
    assert call(app.test_client(), notice, fields) == 422


def test_a_receipt_with_a_wrong_signature_is_refused(app: Any) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "sent", "To": PHONE}
    assert call(app.test_client(), 1, fields, token="another token") == 403


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "undelivered", "delivered"])))
def test_the_order_of_receipts_does_not_matter(sending: Sending, order: tuple[str, ...]) -> None:
    notice_id = sending.publish()
    sending.lane()
    for status in (*order, order[0]):
        append(sending.services, receipt(sending, notice_id, status, error_code="30003" if status[0] == "u" else None))
        fold(sending.services)
    kept = sending.notice(notice_id)
    assert (kept.state, kept.error_code) == ("delivered", None)


def test_an_early_receipt_proves_the_hand_over_and_clears_the_doubt(sending: Sending) -> None:
    notice_id = sending.publish(purpose="code")
    sending.claim_and_die()
    append(sending.services, receipt(sending, notice_id, "sent"))
    fold(sending.services)
    kept = sending.notice(notice_id)
    assert (kept.state, kept.provider_sid) == ("sent", "SM1")
    sending.later(minutes=5)
    assert sending.clear_doubt() == 0
    assert sending.outcomes(notice_id) == ["found"]


def test_what_is_not_ours_or_never_left_is_not_believed(sending: Sending) -> None:
    untouched, other = sending.publish(key="u"), sending.publish("+821000000002", key="o")
    append(sending.services, receipt(sending, untouched, "delivered"), receipt(sending, 999, "delivered"))
    assert fold(sending.services) == 2
    assert sending.notice(untouched).state == "queued"
    sending.lane()
    append(sending.services, receipt(sending, other, "delivered", recipient="+1999"))
    append(sending.services, receipt(sending, other, "delivered", provider_sid="SMother", recipient="+821000000002"))
    assert fold(sending.services) == 2
    assert sending.notice(other).state == "sent"


def test_a_receipt_waits_while_somebody_holds_its_notice(sending: Sending) -> None:
    notice_id = sending.publish()
    sending.lane()
    append(sending.services, receipt(sending, notice_id, "delivered"))
    with sending.services.db.transaction() as session:
        session.execute(text("SELECT 1 FROM notices FOR UPDATE"))
        assert fold(sending.services) == 0
    assert fold(sending.services) == 1
    assert sending.notice(notice_id).state == "delivered"


def test_a_failure_marks_the_person(sending: Sending) -> None:
    with sending.services.db.transaction() as session:
        person = make_traveller(session, phone=PHONE).id
    notice_id = sending.publish()
    sending.lane()
    append(sending.services, receipt(sending, notice_id, "undelivered", error_code="30005"))
    fold(sending.services)
    with sending.services.db.transaction() as session:
        assert session.get_one(Traveller, person).number_bad_at is not None
    assert sending.notice(notice_id).state == "failed"
    assert ("sent", "failed") in {(each.state, each.target) for each in NOTICE.transitions}
