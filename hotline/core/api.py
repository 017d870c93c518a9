"""The application object and the API's frame: OpenAPI 3.1 at /api/v1/openapi.json, problem documents, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, request
from werkzeug.routing import IntegerConverter

from hotline.core import description
from hotline.core.config import Settings
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.sessions import KeptSignerSessions
from hotline.core.web import MAX_BODY_BYTES, PUBLIC, problem

API_VERSION = "1.0"


class IdConverter(IntegerConverter):
    """Row ids in addresses: beyond eighteen digits, all of them PostgreSQL bigints, there is no such page.

    By the pattern and not by a refusal of `to_python`: after that one werkzeug answers 405 where a rule for another method
    was looked at first.
    """

    regex = r"\d{1,18}"


def make_app(settings: Settings) -> APIFlask:
    """Make the bare application: cookies, limits and the API description; rooms are added by the composition root."""
    app = APIFlask(
        "hotline",
        title="Consular crisis hotline",
        version=API_VERSION,
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None for "no folder"; APIFlask only forgot to say so
    )
    app.url_map.converters["int"] = IdConverter
    app.session_interface = KeptSignerSessions()
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="hotline",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        OPENAPI_VERSION="3.1.0",
        AUTO_OPERATION_ID=True,
        JSON_SORT_KEYS=False,
        VALIDATION_ERROR_STATUS_CODE=422,
        SECURITY_SCHEMES={"bearer": {"type": "http", "scheme": "bearer"}},
        INFO={"description": "Every call needs `Authorization: Bearer TOKEN`. Errors are RFC 9457 problem documents."},
    )
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("openapi"):
            cast(Any, view).__permission__ = PUBLIC  # the description itself holds no secret

    @app.error_processor
    def as_problem(error: HTTPError) -> Response:
        return problem(_from_http_error(error))

    return app


def describe(app: APIFlask) -> None:
    """Complete the OpenAPI document with what holds for every call."""

    @app.spec_processor
    def complete(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
        assert isinstance(spec, dict)  # SPEC_FORMAT is json
        description.complete(app, spec)
        return spec


def _from_http_error(error: HTTPError) -> HotlineError:
    if error.status_code in (400, 422) and error.detail:
        return SeveralFaults(flatten_faults(error.detail), "Some fields have faults; each is named.")
    translated = HotlineError(str(error.message))
    translated.status = error.status_code
    translated.slug = translated.code = str(error.message).lower().replace(" ", "-")
    return translated


def flatten_faults(detail: Mapping[str, Any], *, prefix: str = "") -> list[dict[str, object]]:
    """Turn marshmallow's nested messages into a flat list of {field, value, mend}."""
    faults: list[dict[str, object]] = []
    for key, messages in detail.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(messages, Mapping):
            faults += flatten_faults(messages, prefix="" if path in ("json", "query", "form", "files") else path)
        else:
            value = _given(path)
            faults += [{"field": path, "value": value, "mend": str(message)} for message in messages]
    return faults


def _given(path: str) -> str:
    """Return the value that was sent under a dotted path, shortened; empty when there is none."""
    node: Any = request.get_json(silent=True)
    for step in path.split("."):
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            node = None
    return "" if node is None else repr(node)[:80]
