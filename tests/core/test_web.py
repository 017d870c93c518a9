"""The web edge: closed by default, a strict policy on every answer, errors that name the mend and hide the inside."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from hotline.core import web
from hotline.core.errors import Forbidden, InvalidInput, TooMany
from hotline.core.services import Services


def _bare() -> Flask:
    app = Flask("bare", static_folder=None)
    web.install_errors(app)

    @app.get("/api/open")
    @web.permit(web.PUBLIC)
    def opened() -> str:
        return "open"

    @app.get("/api/closed")
    @web.permit("closed.read")
    def closed() -> str:
        return "closed"

    @app.get("/api/<kind>")
    @web.permit(web.PUBLIC)
    def fails(kind: str) -> str:
        if kind == "invalid":
            raise InvalidInput("age", -3, "use a number from 0")
        if kind == "many":
            raise TooMany("Too many.", 60)
        raise ZeroDivisionError("secret detail")

    return app


def _refuse(permission: str) -> None:
    raise Forbidden(f"no {permission}")


def test_an_application_with_an_undeclared_route_does_not_start() -> None:
    app = _bare()
    app.add_url_rule("/forgotten", view_func=lambda: "oops")
    with pytest.raises(RuntimeError, match="/forgotten"):
        web.install_default_deny(app, _refuse)


def test_a_declared_permission_is_asked_before_the_view_runs() -> None:
    app = _bare()
    web.install_default_deny(app, _refuse)
    client = app.test_client()
    assert client.get("/api/open").text == "open"
    refusal = client.get("/api/closed")
    assert (refusal.status_code, refusal.json["detail"]) == (403, "no closed.read")  # type: ignore[index]


def test_errors_are_problem_documents_with_field_value_and_mend() -> None:
    client = _bare().test_client()
    answer = client.get("/api/invalid")
    assert answer.content_type == "application/problem+json"
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": "age", "value": "-3", "mend": "use a number from 0"}]  # type: ignore[index]
    assert client.get("/api/many").headers["Retry-After"] == "60"


def test_an_unexpected_error_gives_a_number_and_no_detail() -> None:
    answer = _bare().test_client().get("/api/breaks")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.json["request_id"] in answer.json["detail"]  # type: ignore[index]


def test_every_answer_carries_the_strict_policy(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/alerts", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_ready_says_which_server_is_missing(app: Any, services: Services) -> None:
    client = app.test_client()
    assert client.get("/readyz").json["checks"] == {"database": "ok", "redis": "ok"}
    services.redis = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "ok"
    assert "unreachable" in answer.json["checks"]["redis"]


def test_metrics_speak_prometheus_and_name_no_person(client: FlaskClient) -> None:
    text = client.get("/metrics").text
    assert 'hotline_jobs_waiting{queue="urgent"} 0.0' in text
    assert 'hotline_outbox_events{state="waiting"} 0.0' in text
