"""Webhooks without Twilio's valid signature over our own public address are refused before anything of them is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from hotline.core import services as services_module
from hotline.core import web
from hotline.core.services import Services
from hotline.providers.twilio_signature import FORM_TYPE, MAX_WEBHOOK_BYTES, is_signed, require_twilio_signature

TOKEN = "auth token for tests"
PUBLIC = "https://hotline.example"


@pytest.fixture
def hook(services: Services) -> Iterator[FlaskClient]:
    """A small application with one signed view, reached under an internal address."""
    services.settings = services.settings.model_copy(update={"public_url": PUBLIC})
    services_module.set_current(services)
    app = Flask(__name__, static_folder=None)
    app.extensions["hotline"] = services

    @app.route("/webhooks/hook/<name>", methods=["GET", "POST"])
    @require_twilio_signature
    @web.permit(web.SIGNED)
    def view(name: str) -> dict[str, Any]:
        return {"name": name, "form": request.form.to_dict(flat=False), "json": request.get_json(silent=True)}

    web.install_errors(app)
    web.install_default_deny(app, lambda permission: None)
    yield app.test_client()


def sign(url: str, fields: dict[str, Any] | None = None, token: str = TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, fields or {})}


def test_a_signed_form_reaches_the_view_with_its_fields(hook: FlaskClient) -> None:
    fields = {"MessageSid": "SM1", "Body": "안전합니다 & 100%", "Empty": ""}
    answer = hook.post(
        "/webhooks/hook/a?message=7", data=fields, headers=sign(f"{PUBLIC}/webhooks/hook/a?message=7", fields)
    )
    assert answer.status_code == 200
    assert answer.get_json()["form"] == {"MessageSid": ["SM1"], "Body": ["안전합니다 & 100%"], "Empty": [""]}


def test_the_default_deny_rule_sees_the_declared_permission(hook: FlaskClient) -> None:
    assert web.permission_of(hook.application, "view") == web.SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"MessageSid": "SM2"}},
        {"path": "/webhooks/hook/a?message=8"},
        {"path": "/webhooks/hook/b?message=7"},
        {"headers": {}},
        {"headers": {"X-Twilio-Signature": ""}},
        {"headers": {"X-Twilio-Signature": "Ünicode"}},
        {"headers": sign(f"{PUBLIC}/webhooks/hook/a?message=7", {"MessageSid": "SM1"}, token="another")},
    ],
)
def test_anything_that_does_not_fit_is_refused_as_a_problem_document(hook: FlaskClient, change: dict[str, Any]) -> None:
    fields = {"MessageSid": "SM1"}
    call = {"path": "/webhooks/hook/a?message=7", "data": fields} | change
    call.setdefault("headers", sign(f"{PUBLIC}/webhooks/hook/a?message=7", fields))
    answer = hook.post(**call)
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "bad-signature"


def test_headers_of_the_client_cannot_choose_the_address_that_is_checked(hook: FlaskClient) -> None:
    fields = {"MessageSid": "SM1"}
    forged = sign("https://evil.example/webhooks/hook/a", fields)
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert hook.post("/webhooks/hook/a", data=fields, headers=forged | lies).status_code == 403
    truth = sign(f"{PUBLIC}/webhooks/hook/a", fields)
    assert hook.post("/webhooks/hook/a", data=fields, headers=truth | lies).status_code == 200


def test_the_address_is_checked_as_it_was_sent_not_as_it_was_decoded(hook: FlaskClient) -> None:
    target = "/webhooks/hook/%EC%84%9C%EC%9A%B8?q=%2B82"
    as_sent = {"RAW_URI": target}  # gunicorn's name for it; the test client only knows the decoded path
    answer = hook.post(target, data={}, headers=sign(PUBLIC + target), environ_overrides=as_sent)
    assert answer.status_code == 200


def test_an_absolute_address_in_the_request_line_is_refused(hook: FlaskClient) -> None:
    headers = sign(f"{PUBLIC}/webhooks/hook/a")
    as_sent = {"RAW_URI": f"{PUBLIC}/webhooks/hook/a"}
    assert hook.post("/webhooks/hook/a", data={}, headers=headers, environ_overrides=as_sent).status_code == 403


def test_a_json_body_is_covered_by_its_hash_in_the_query(hook: FlaskClient) -> None:
    body = json.dumps({"event": "도착"}).encode()
    target = f"/webhooks/hook/a?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = sign(PUBLIC + target)
    assert hook.post(target, data=body, content_type="application/json", headers=headers).status_code == 200
    assert hook.post(target, data=body + b" ", content_type="application/json", headers=headers).status_code == 403


def test_a_json_body_without_its_hash_is_refused_although_the_address_is_signed(hook: FlaskClient) -> None:
    headers = sign(PUBLIC + "/webhooks/hook/a")
    answer = hook.post("/webhooks/hook/a", data=b'{"a": 1}', content_type="application/json", headers=headers)
    assert answer.status_code == 403


def test_a_body_above_the_limit_is_refused_unread(hook: FlaskClient) -> None:
    fields = {"Body": "x" * MAX_WEBHOOK_BYTES}
    answer = hook.post("/webhooks/hook/a", data=fields, headers=sign(f"{PUBLIC}/webhooks/hook/a", fields))
    assert answer.status_code == 413


def test_a_body_without_a_length_is_refused(hook: FlaskClient) -> None:
    headers = sign(f"{PUBLIC}/webhooks/hook/a") | {"Transfer-Encoding": "chunked"}
    answer = hook.post("/webhooks/hook/a", headers=headers)
    assert answer.status_code == 403


def test_more_fields_than_any_webhook_has_are_refused() -> None:
    fields = {f"f{n}": "1" for n in range(300)}
    signature = sign(PUBLIC, fields)["X-Twilio-Signature"]
    assert not is_signed(TOKEN, PUBLIC, FORM_TYPE, urlencode(fields).encode(), signature)


def test_without_an_auth_token_nothing_is_valid() -> None:
    signature = sign(PUBLIC, {"a": "b"}, token="")["X-Twilio-Signature"]
    assert not is_signed("", PUBLIC, FORM_TYPE, b"a=b", signature)


def test_twilios_published_vector_is_accepted() -> None:
    # From Twilio's own library tests: token 12345, this address, these fields.
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert is_signed("12345", url, FORM_TYPE, urlencode(fields).encode(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
