"""Sign-in, sign-out, language and colours: what an officer meets before the console proper."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth import sessions
from hotline.auth.identity import COOKIE_KEY
from hotline.auth.models import Officer
from hotline.auth.officers import get_officer
from hotline.auth.sessions import SecondFactorNeeded, SignedIn
from hotline.core.errors import HotlineError, TooMany, Unauthenticated
from hotline.core.explain import explain
from hotline.core.i18n import LANGUAGES
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit

blueprint = Blueprint("auth", __name__)
PENDING_KEY = "pending_sign_in"
PENDING_LIMIT = timedelta(minutes=5)
"""How long a proven password waits for its one-time code."""
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
THEME_MAX_AGE_S = 365 * 24 * 3600
MAX_NEXT_CHARS = 1000


def safe_next(target: str | None) -> str:
    """Return a path of this site to go on to, or `/`.

    Browsers drop control characters and read a backslash as a slash, so `/\\evil.example` would leave the site.
    """
    if not target or len(target) > MAX_NEXT_CHARS or not target.startswith("/") or target.startswith("//"):
        return "/"
    if "\\" in target or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in target):
        return "/"
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else "/"


@blueprint.get("/sign-in")
@permit(PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form, or go on when the officer is signed in already."""
    target = safe_next(request.args.get("next"))
    if g.get("officer") is not None:
        return redirect(target)
    if request.args.get("again"):
        cookie.pop(PENDING_KEY, None)
    return _form(target, step="password")


@blueprint.post("/sign-in")
@permit(PUBLIC)
def check_sign_in() -> ResponseReturnValue:
    """Check the name and password, ask for the code where the second factor is on, and open a session."""
    target = safe_next(request.form.get("next"))
    name = request.form.get("name", "").strip().lower()[:60]
    address = request.remote_addr or ""
    try:
        signed_in = _attempt(name, request.form.get("password", ""), address)
    except SecondFactorNeeded as needed:
        cookie[PENDING_KEY] = {"officer": needed.params["officer"], "at": current().clock.now().timestamp()}
        return _form(target, step="code", name=name)
    except Unauthenticated as error:
        _remember_failure(name, address)
        return _form(target, step="password", name=name, error=error)
    except TooMany as error:
        return _form(target, step="password", name=name, error=error)
    return enter(signed_in, target)


@blueprint.post("/sign-in/code")
@permit(PUBLIC)
def check_sign_in_code() -> ResponseReturnValue:
    """Check the one-time code that follows a proven password."""
    target = safe_next(request.form.get("next"))
    pending = cookie.get(PENDING_KEY)
    services = current()
    now = services.clock.now()
    if not isinstance(pending, dict) or now.timestamp() - float(pending["at"]) > PENDING_LIMIT.total_seconds():
        cookie.pop(PENDING_KEY, None)
        error = Unauthenticated("The password was typed too long ago. Sign in again.", code="pending-expired")
        return _form(target, step="password", error=error)
    address = request.remote_addr or ""
    name = ""
    try:
        with services.db.transaction() as session:
            officer = get_officer(session, int(pending["officer"]))
            name = officer.name
            sessions.check_code(session, services.clock, officer, code=request.form.get("code", ""), address=address)
            signed_in = _open(session, officer, address)
    except SecondFactorNeeded as error:
        return _form(target, step="code", name=name, error=error)
    except Unauthenticated as error:
        _remember_failure(name, address)
        return _form(target, step="code", name=name, error=error)
    except TooMany as error:
        return _form(target, step="code", name=name, error=error)
    return enter(signed_in, target)


def _attempt(name: str, password: str, address: str) -> SignedIn:
    services = current()
    with services.db.transaction() as session:
        officer = sessions.check_password(session, services.clock, name=name, password=password, address=address)
        if officer.second_factor_secret is not None:
            raise SecondFactorNeeded(
                "Type the six-digit code of your authenticator.",
                code="second-factor-needed",
                params={"officer": officer.id},
            )
        return _open(session, officer, address)


def _open(session: Session, officer: Officer, address: str) -> SignedIn:
    services = current()
    return sessions.open_session(
        session,
        services.clock,
        officer,
        address=address,
        user_agent=request.headers.get("User-Agent", ""),
        lifetime=timedelta(hours=services.settings.session_hours),
    )


def _remember_failure(name: str, address: str) -> None:
    """Count the failure in a transaction of its own; the one that found it was rolled back."""
    services = current()
    with services.db.transaction() as session:
        sessions.note_failure(session, services.clock, name, address)


def enter(signed_in: SignedIn, target: str) -> ResponseReturnValue:
    """Start a fresh cookie, so that one planted before sign-in is worth nothing; only the chosen language is kept."""
    language = cookie.get("language")
    cookie.clear()
    if language in LANGUAGES:
        cookie["language"] = language
    cookie[COOKIE_KEY] = signed_in.token
    return redirect(target)


def _form(target: str, *, step: str, name: str = "", error: HotlineError | None = None) -> ResponseReturnValue:
    status = 200 if error is None else error.status
    page = render_template(
        "auth/sign_in.html", step=step, next=target, name=name, fault=explain(error) if error is not None else "",
        lost=request.args.get("lost") == "1",
    )  # fmt: skip
    return page, status


@blueprint.post("/sign-out")
@permit(PUBLIC)
def sign_out() -> ResponseReturnValue:
    """End this browser's session; signing out twice is no error."""
    token, language = cookie.get(COOKIE_KEY), cookie.get("language")
    services = current()
    if isinstance(token, str):
        with services.db.transaction() as session:
            sessions.sign_out(session, services.clock, token)
    cookie.clear()
    if language in LANGUAGES:
        cookie["language"] = language
    return redirect(url_for("auth.sign_in"))


@blueprint.post("/language")
@permit(PUBLIC)
def language() -> ResponseReturnValue:
    """Show pages in another language in this browser from now on, and go back to the page."""
    chosen = request.form.get("language")
    if chosen in LANGUAGES:
        cookie["language"] = chosen
    return redirect(safe_next(request.form.get("next")))


@blueprint.post("/theme")
@permit(PUBLIC)
def theme() -> ResponseReturnValue:
    """Show pages in light or dark colours, or as the system says, in this browser from now on."""
    chosen = request.form.get("theme", "auto")
    response = redirect(safe_next(request.form.get("next")))
    response.set_cookie(
        THEME_COOKIE,
        chosen if chosen in THEMES else "auto",
        max_age=THEME_MAX_AGE_S,
        secure=current().settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return response
