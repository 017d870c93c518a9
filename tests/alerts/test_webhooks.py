"""The provider's calls: signature first, one durable write, the right answer."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import urlencode

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from alerts.models import InboundText, Receipt
from hotline.core import group_commit
from hotline.core.services import Services
from hotline.core.web import SIGNED, permission_of
from tests.factories import NOW

STATUS, INBOUND = "/webhooks/twilio/sms/status?message=7", "/webhooks/twilio/sms/inbound"
SID = "SM" + "0" * 32
DELIVERED = {"MessageSid": SID, "MessageStatus": "delivered", "To": "+821012345678", "AccountSid": "AC1"}
TEXT = {"MessageSid": SID, "From": "+821012345678", "To": "+15005550006", "Body": "I am safe ✓ 안전합니다"}


def sign(services: Services, target: str, fields: dict[str, str]) -> str:
    """The signature as Twilio documents it, written out once more so that a wrong check cannot confirm itself."""
    content = services.settings.public_url + target + "".join(name + fields[name] for name in sorted(fields))
    key = services.settings.twilio_auth_token.get_secret_value().encode()
    return base64.b64encode(hmac.digest(key, content.encode(), "sha1")).decode()


def call(client: FlaskClient, services: Services, target: str, fields: dict[str, str], **headers: str) -> TestResponse:
    signature = sign(services, target, fields)
    return client.post(
        target,
        data=urlencode(fields),
        content_type="application/x-www-form-urlencoded; charset=UTF-8",
        headers={"X-Twilio-Signature": signature} | headers,
        environ_overrides={"RAW_URI": target},
    )


def receipts(services: Services) -> list[Receipt]:
    with services.db.transaction() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.id)))


def texts(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(InboundText)) or 0


def test_a_receipt_is_on_record_when_it_is_answered(client: FlaskClient, services: Services) -> None:
    answer = call(client, services, STATUS, DELIVERED)
    assert (answer.status_code, answer.data) == (204, b"")
    (row,) = receipts(services)
    assert (row.message_id, row.provider_sid, row.provider_status) == (7, SID, "delivered")
    assert (row.error_code, row.recipient, row.received_at) == (None, "+821012345678", NOW)


def test_an_error_code_is_kept_and_its_absence_too(client: FlaskClient, services: Services) -> None:
    for code in ("30003", "0", ""):
        call(client, services, STATUS, DELIVERED | {"MessageStatus": "undelivered", "ErrorCode": code})
    assert [row.error_code for row in receipts(services)] == ["30003", None, None]


def test_a_callback_address_without_our_id_is_taken_in(client: FlaskClient, services: Services) -> None:
    assert call(client, services, "/webhooks/twilio/sms/status", DELIVERED).status_code == 204
    assert [row.message_id for row in receipts(services)] == [None]


def test_without_a_valid_signature_nothing_is_kept(client: FlaskClient, services: Services) -> None:
    for target, fields in ((STATUS, DELIVERED), (INBOUND, TEXT)):
        for signature in ("", "wrong", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="):
            answer = call(client, services, target, fields, **{"X-Twilio-Signature": signature})
            assert answer.status_code == 403, (target, signature)
    assert receipts(services) == []
    assert texts(services) == 0


def test_a_changed_message_id_breaks_the_signature(client: FlaskClient, services: Services) -> None:
    signature = sign(services, STATUS, DELIVERED)
    other = STATUS.replace("=7", "=8")
    assert call(client, services, other, DELIVERED, **{"X-Twilio-Signature": signature}).status_code == 403


WRONG_FORMS: list[tuple[str, dict[str, str]]] = [
    (STATUS, {"MessageSid": ""}),
    (STATUS, {"MessageSid": "SM" + "x" * 80}),
    (STATUS, {"MessageSid": "SM\x00"}),
    (STATUS, {"MessageStatus": "DELIVERED!"}),
    (STATUS, {"ErrorCode": "thirty"}),
    (STATUS, {"To": "+" + "9" * 40}),
    (STATUS.replace("=7", "=x"), {}),
    (STATUS.replace("=7", "=0"), {}),
    (STATUS.replace("=7", "=٧"), {}),
    (STATUS.replace("=7", "=9223372036854775808"), {}),
    (STATUS.replace("=7", "=" + "9" * 500), {}),
]


def test_a_signed_receipt_in_a_wrong_form_is_refused_by_name(client: FlaskClient, services: Services) -> None:
    for target, change in WRONG_FORMS:
        answer = call(client, services, target, DELIVERED | change)
        assert answer.status_code == 422, (target, change)
        assert answer.json is not None
        assert answer.json["errors"][0]["field"] in (change or {"message": ""})
    assert receipts(services) == []


def test_a_body_that_is_too_large_is_refused_unread(client: FlaskClient, services: Services) -> None:
    assert call(client, services, STATUS, DELIVERED | {"Padding": "x" * 70_000}).status_code == 413
    assert receipts(services) == []


def test_a_receipt_that_cannot_be_written_is_answered_with_come_again(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the server is starting up")

    monkeypatch.setattr(group_commit.psycopg, "connect", refuse)
    answer = call(client, services, STATUS, DELIVERED)
    assert answer.status_code == 503
    monkeypatch.undo()
    assert call(client, services, STATUS, DELIVERED).status_code == 204
    assert len(receipts(services)) == 1


def test_an_inbound_text_is_kept_and_answered_with_empty_twiml(client: FlaskClient, services: Services) -> None:
    answer = call(client, services, INBOUND, TEXT)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    with services.db.transaction() as session:
        row = session.scalars(select(InboundText)).one()
    assert (row.sender, row.recipient, row.body) == (TEXT["From"], TEXT["To"], TEXT["Body"])


def test_a_repeated_inbound_text_is_kept_once_and_answered_alike(client: FlaskClient, services: Services) -> None:
    first, second = call(client, services, INBOUND, TEXT), call(client, services, INBOUND, TEXT)
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert texts(services) == 1


def test_an_inbound_text_in_a_wrong_form_is_refused(client: FlaskClient, services: Services) -> None:
    for change in ({"From": ""}, {"From": "+" + "9" * 40}, {"MessageSid": "!"}):
        assert call(client, services, INBOUND, TEXT | change).status_code == 422, change
    assert texts(services) == 0


def test_a_nul_in_a_text_does_not_lose_the_text(client: FlaskClient, services: Services) -> None:
    assert call(client, services, INBOUND, TEXT | {"Body": "he\x00lp"}).status_code == 200
    with services.db.transaction() as session:
        assert session.scalars(select(InboundText.body)).all() == ["help"]


def test_both_routes_are_declared_as_signed(client: FlaskClient) -> None:
    app = client.application
    assert permission_of(app, "twilio_sms.status") == permission_of(app, "twilio_sms.inbound_text") == SIGNED


def test_only_post_is_answered(client: FlaskClient) -> None:
    assert [client.get(target).status_code for target in (STATUS, INBOUND)] == [405, 405]
