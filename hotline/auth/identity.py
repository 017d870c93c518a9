"""Who is asking: the officer behind the session cookie or the bearer token, found once per request."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from hotline.auth.officers import actor_of
from hotline.auth.sessions import officer_of_session
from hotline.auth.tokens import officer_of_token
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, HotlineError, Unauthenticated
from hotline.core.services import current
from hotline.core.web import SIGNED, SIGNED_IN, permission_of

COOKIE_KEY = "officer_session"


def actor() -> Actor:
    """Return who is asking; raises Unauthenticated when nobody is signed in."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise Unauthenticated("Sign in first.")
    return found


def identify() -> None:
    """Find the officer of this request and keep them in `g`; runs before everything else."""
    g.actor = g.officer = None
    header = request.headers.get("Authorization", "")
    services = current()
    if header.startswith("Bearer "):
        with services.db.transaction() as session:
            officer = officer_of_token(session, services.clock, header.removeprefix("Bearer ").strip()[:200])
        if officer is None:
            raise Unauthenticated("The token is unknown, expired or revoked.", code="bad-token")
        g.officer, g.actor = officer, actor_of(officer, "api")
        return
    token = cookie.get(COOKIE_KEY)
    if isinstance(token, str):
        with services.db.transaction() as session:
            officer = officer_of_session(session, services.clock, token)
        if officer is not None:
            g.officer, g.actor = officer, actor_of(officer, "console")


def authorise(permission: str) -> None:
    """Raise Unauthenticated or Forbidden unless this request's officer holds the permission."""
    who = actor()
    if permission != SIGNED_IN and not who.may(permission):
        raise Forbidden(f"This needs the permission {permission}, which your roles do not give.", code="no-permission")


def needs_identity() -> bool:
    """Webhooks, health checks, published warnings, personal links and static files never touch the session tables.

    A page that does not exist keeps its menu.
    """
    return not request.path.startswith(
        ("/webhooks/", "/static/", "/cap/", "/p/", "/r/", "/v/", "/healthz", "/readyz", "/metrics")
    )


def protect_forms(app: Flask) -> None:
    """Check the CSRF token of every unsafe request that is authorised by a cookie.

    Bearer requests, signed webhooks and personal links carry no cookie authority, so a forged form cannot use them.
    """
    csrf = CSRFProtect()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = 8 * 3600
    csrf.init_app(app)

    def check() -> None:
        if request.headers.get("Authorization", "").startswith("Bearer ") or request.endpoint is None:
            return
        if permission_of(app, request.endpoint) == SIGNED or request.path.startswith(("/p/", "/v/")):
            return
        csrf.protect()

    app.before_request_funcs.setdefault(None, []).append(check)


def sign_in_redirect(error: HotlineError) -> ResponseReturnValue:
    """Send a browser without a session to the sign-in page, and back afterwards; who sent a form is told that it was lost."""
    if request.method == "GET":
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    return redirect(url_for("auth.sign_in", next=_page_of_form(), lost=1))


def _page_of_form() -> str | None:
    """Return the page of ours from which a form was sent, where it can be opened again."""
    sent_from = urlsplit(request.referrer or "")
    if sent_from.netloc != request.host:
        return None
    if not current_app.create_url_adapter(request).test(sent_from.path, "GET"):  # type: ignore[union-attr]  # in a request
        return None
    return f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path
