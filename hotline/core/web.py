"""The web edge shared by every room: default-deny routes, security headers, and errors as problem documents or pages."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException

from hotline.core.errors import (
    Forbidden,
    HotlineError,
    InvalidInput,
    NotFound,
    SeveralFaults,
    TooLarge,
    TooMany,
    Unavailable,
)

log = structlog.get_logger(__name__)

PUBLIC = "public"
"""Anybody may call it."""
SIGNED = "signed"
"""A webhook: it must be refused before its body is parsed unless its signature is valid; the view's decorator does that."""
SIGNED_IN = "signed-in"
"""Any officer who is signed in."""

MAX_BODY_BYTES = 4 * 1024 * 1024
PROBLEM_TYPE = "application/problem+json"
_PAGE = re.compile(r"[1-9][0-9]{0,3}")
View = TypeVar("View", bound=Callable[..., Any])


def page_number() -> int:
    """Return which page of a list the address asks for by `page`; the first for whatever is no number from 1 to 9999."""
    given = request.args.get("page", "")
    return int(given) if _PAGE.fullmatch(given) else 1


def permit(permission: str) -> Callable[[View], View]:
    """Declare who may call a view: a permission's name, PUBLIC, SIGNED or SIGNED_IN. Put it nearest to the function."""

    def declare(view: View) -> View:
        view.__permission__ = permission  # type: ignore[attr-defined]  # read back by `permission_of`
        return view

    return declare


def permission_of(app: Flask, endpoint: str) -> str | None:
    """Return what the view behind an endpoint declared, or None."""
    view: Any = app.view_functions.get(endpoint)
    while view is not None:
        declared = getattr(view, "__permission__", None)
        if declared is not None:
            return str(declared)
        view = getattr(view, "__wrapped__", None)
    return None


def install_default_deny(app: Flask, authorise: Callable[[str], None]) -> None:
    """Ask `authorise` before every view.

    `authorise(permission)` raises Unauthenticated or Forbidden. Raises RuntimeError when a route declares nothing, so
    that such an application does not start.
    """
    undeclared = sorted(rule.rule for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) is None)
    if undeclared:
        raise RuntimeError(f"these routes declare no permission: {', '.join(undeclared)}")

    def check() -> None:
        if request.endpoint is None:
            return
        permission = permission_of(app, request.endpoint)
        if permission is None:
            raise Forbidden("This route is closed.")
        g.permission = permission
        if permission not in (PUBLIC, SIGNED):
            authorise(permission)

    app.before_request_funcs.setdefault(None, []).insert(0, check)


def content_policy(live_url: str, more: Mapping[str, str] | None = None) -> str:
    """Return the content security policy; `more` widens directives of one page, such as `{"connect-src": "wss://…"}`."""
    rules = {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
        "font-src": "'self'", "connect-src": f"'self' {live_url}".strip(), "form-action": "'self'", "base-uri": "'none'",
        "frame-ancestors": "'none'", "manifest-src": "'self'",
    }  # fmt: skip
    for name, sources in (more or {}).items():
        rules[name] = f"{rules.get(name, '')} {sources}".strip()
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def install_security_headers(app: Flask, live_url: str) -> None:
    """Send a strict content security policy and its companions with every answer; no inline script or style runs."""
    always = (
        ("Content-Security-Policy", content_policy(live_url)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)"),
        ("Cache-Control", "no-store"),
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        # Looked up in one set: asking the headers for each name walks through all of them each time.
        given = {name.lower() for name, _ in response.headers}
        for name, value in always:
            if name.lower() not in given:
                response.headers.add(name, value)
        if request.is_secure and "strict-transport-security" not in given:
            response.headers.add("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


def wants_json() -> bool:
    """Say whether this request belongs to the API (problem documents) rather than to a page."""
    return request.path.startswith(("/api/", "/webhooks/", "/live/")) or (
        request.accept_mimetypes.best == "application/json"
    )


def problem(error: HotlineError, *, request_id: str | None = None) -> Response:
    """Return an error as an RFC 9457 problem document."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.slug}",
        "title": error.slug.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
    }
    if isinstance(error, InvalidInput):
        body["errors"] = [{"field": error.field, "value": error.shown_value, "mend": error.mend}]
    if isinstance(error, SeveralFaults):
        body["errors"] = error.faults
    if request_id:
        body["request_id"] = request_id
    response = jsonify(body)
    response.status_code = error.status
    response.content_type = PROBLEM_TYPE
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hotline"'
    return response


def install_errors(app: Flask) -> None:
    """Turn named errors into answers at the edge, and unexpected ones into a numbered, logged 500 without details."""

    def answer(error: HotlineError) -> ResponseReturnValue:
        if wants_json():
            return problem(error)
        page = current_app.extensions.get("error_page")
        if page is not None and error.status == 401:
            return page(error)  # type: ignore[no-any-return]  # the auth room's redirect to the sign-in page
        return render_template("console/error.html", error=error), error.status

    app.register_error_handler(HotlineError, answer)

    def csrf(error: CSRFError) -> ResponseReturnValue:
        return answer(
            Forbidden("The page was open too long, or the form did not come from here. Load it again.", code="csrf")
        )

    app.register_error_handler(CSRFError, csrf)

    def http(error: HTTPException) -> ResponseReturnValue:
        if error.code is not None and error.code < 400:
            return error
        if isinstance(error, BadHost):
            return problem(_from_http(error))  # no page can be drawn: no address can be built for a host that is none
        return answer(_from_http(error))

    app.register_error_handler(HTTPException, http)

    def database_away(error: Exception) -> ResponseReturnValue:
        log.error("web.database_unavailable", error=type(error).__name__)
        return answer(
            Unavailable("The database cannot be reached right now; nothing was changed. Try again in a moment.")
        )

    app.register_error_handler(OperationalError, database_away)
    app.register_error_handler(PoolTimeout, database_away)

    def unexpected(error: Exception) -> ResponseReturnValue:
        number = secrets.token_hex(4)
        log.error("web.unexpected_error", request_id=number, path=_path_for_log(), exc_info=error)
        failure = HotlineError(f"Something went wrong here. Tell the administrator the number {number}.")
        failure.params = {"number": number}
        if wants_json():
            return problem(failure, request_id=number)
        return render_template("console/error.html", error=failure), 500

    app.register_error_handler(Exception, unexpected)


def _path_for_log() -> str:
    """Return the request's path without what opens a page to whoever has it."""
    for first in ("/p/", "/verify/", "/r/", "/v/", "/shifts/calendar/"):
        if request.path.startswith(first):
            # What follows a token says which page it was.
            _, slash, page = request.path.removeprefix(first).partition("/")
            return first + "..." + slash + page
    return request.path


def _no_json() -> str:
    """Say where a body that was sent as JSON is none; empty where it is, or was not sent as such."""
    if not request.is_json:
        return ""
    try:
        json.loads(request.get_data())
    except json.JSONDecodeError as fault:
        return f"The body is no JSON: {fault.msg} (line {fault.lineno}, column {fault.colno}). Send it anew; nothing was done."
    except UnicodeDecodeError:
        return "The body is no JSON: its bytes are not UTF-8. Send it anew; nothing was done."
    return ""


def _from_http(error: HTTPException) -> HotlineError:
    if error.code == 404:
        return NotFound("page", request.path)
    if error.code == 413:
        most = MAX_BODY_BYTES // (1024 * 1024)
        return TooLarge(f"What was sent has more than {most} MiB.", code="body-too-large", params={"mib": most})
    translated = HotlineError((error.code == 400 and _no_json()) or error.description or error.name)
    translated.status = error.code or 500
    translated.slug = error.name.lower().replace(" ", "-")
    translated.code = translated.slug
    return translated
