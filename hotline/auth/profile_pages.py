"""The officer's own page: language and zone, password, second factor, API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

import segno
from flask import flash, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from markupsafe import Markup

from hotline.auth import profile as stages
from hotline.auth import tokens
from hotline.auth.console import blueprint
from hotline.auth.identity import COOKIE_KEY, actor
from hotline.auth.models import Officer
from hotline.auth.officers import get_officer
from hotline.auth.roles import ROLE_LABELS
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import SIGNED_IN, permit

PENDING_SECRET = "pending_second_factor"  # noqa: S105  # the name of a cookie entry
TOKEN_DAYS = (30, 90, 365)


@blueprint.get("/profile")
@permit(SIGNED_IN)
def profile() -> ResponseReturnValue:
    """Show the officer's own settings."""
    return _page()


def _page(errors: dict[str, str] | None = None, status: int = 200, **more: Any) -> ResponseReturnValue:
    with current().db.transaction() as session:
        listed = tokens.list_tokens(session, g.officer.id)
    page = render_template(
        "auth/profile.html",
        errors=errors or {},
        tokens=listed,
        zones=sorted(available_timezones()),
        token_days=TOKEN_DAYS,
        role_labels=ROLE_LABELS,
        form=request.form,
        **more,
    )
    return page, status


def _refused(error: HotlineError) -> ResponseReturnValue:
    field = error.field if isinstance(error, InvalidInput) else "page"
    return _page({field: explain(error, "officer")}, error.status)


def _session_token() -> str | None:
    token = cookie.get(COOKIE_KEY)
    return token if isinstance(token, str) else None


@blueprint.post("/profile")
@permit(SIGNED_IN)
def save_preferences() -> ResponseReturnValue:
    """Save language and zone; the language takes effect in this browser at once."""
    services = current()
    try:
        with services.db.transaction() as session:
            officer = stages.set_preferences(
                session, services.clock, actor(), g.officer.id,
                language=request.form.get("language", ""), zone=request.form.get("zone", "").strip(),
            )  # fmt: skip
    except InvalidInput as error:
        return _refused(error)
    cookie["language"] = officer.language
    return _done(officer)


def _done(officer: Officer) -> ResponseReturnValue:
    """Go back to the page with a message in the language that holds from now on."""
    with force_locale(officer.language):
        flash(gettext("Saved."), "good")
    return redirect(url_for("auth.profile"))


@blueprint.post("/profile/password")
@permit(SIGNED_IN)
def save_password() -> ResponseReturnValue:
    """Change the password; other sessions of the officer end."""
    services = current()
    new = request.form.get("password", "")
    try:
        stages.require_same(new, request.form.get("repeat", ""))
        with services.db.transaction() as session:
            stages.change_password(
                session, services.clock, actor(), g.officer.id,
                current=request.form.get("current", ""), new=new, keep_token=_session_token(),
            )  # fmt: skip
    except InvalidInput as error:
        return _refused(error)
    flash(gettext("The password is changed. Other sessions of yours were ended."), "good")
    return redirect(url_for("auth.profile"))


@blueprint.get("/profile/second-factor")
@permit(SIGNED_IN)
def second_factor() -> ResponseReturnValue:
    """Show the QR code of a fresh secret; it is stored only when a code proves that it arrived."""
    secret = cookie.get(PENDING_SECRET)
    if not isinstance(secret, str):
        secret = cookie[PENDING_SECRET] = stages.new_secret()
    return _second_factor_page(secret)


def _second_factor_page(secret: str, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    uri = stages.provisioning_uri(g.officer, secret)
    code = segno.make(uri, error="m").svg_inline(
        border=2, omitsize=True, svgclass="qr", title=gettext("QR code for the authenticator")
    )
    page = render_template(
        "auth/second_factor.html",
        qr=Markup(code),  # noqa: S704  # drawn by segno from our own address, not from input
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        errors=errors or {},
    )
    return page, 422 if errors else 200


@blueprint.post("/profile/second-factor")
@permit(SIGNED_IN)
def second_factor_on() -> ResponseReturnValue:
    """Switch the second factor on after proof by a code."""
    secret = cookie.get(PENDING_SECRET)
    if not isinstance(secret, str):
        return redirect(url_for("auth.second_factor"))
    services = current()
    try:
        with services.db.transaction() as session:
            stages.switch_second_factor_on(
                session, services.clock, actor(), g.officer.id,
                secret=secret, code=request.form.get("code", ""), keep_token=_session_token(),
            )  # fmt: skip
    except InvalidInput as error:
        return _second_factor_page(secret, {error.field: explain(error, "officer")})
    cookie.pop(PENDING_SECRET, None)
    flash(gettext("The second factor is on. You will be asked for a code when you sign in."), "good")
    return redirect(url_for("auth.profile"))


@blueprint.post("/profile/second-factor/off")
@permit(SIGNED_IN)
def second_factor_off() -> ResponseReturnValue:
    """Switch the second factor off after proof of the password."""
    services = current()
    try:
        with services.db.transaction() as session:
            stages.switch_second_factor_off(
                session, services.clock, actor(), g.officer.id, current=request.form.get("current", "")
            )
    except InvalidInput as error:
        return _page({"off_current": explain(error, "officer")}, error.status)
    flash(gettext("The second factor is off."), "good")
    return redirect(url_for("auth.profile"))


@blueprint.post("/profile/tokens")
@permit(SIGNED_IN)
def create_token() -> ResponseReturnValue:
    """Make an API token and show it this one time."""
    services = current()
    days = request.form.get("days", "")
    expires_at = services.clock.now() + timedelta(days=int(days)) if days in map(str, TOKEN_DAYS) else None
    try:
        with services.db.transaction() as session:
            officer = get_officer(session, g.officer.id)
            made = tokens.create_token(
                session, services.clock, actor(), officer, request.form.get("label", ""), expires_at
            )
    except HotlineError as error:
        return _page({"label": explain(error, "officer")}, error.status)
    return _page(new_token=made)


@blueprint.post("/profile/tokens/<int:token_id>/revoke")
@permit(SIGNED_IN)
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Revoke one of the officer's own tokens."""
    services = current()
    with services.db.transaction() as session:
        tokens.revoke_token(session, services.clock, actor(), g.officer.id, token_id)
    flash(gettext("The token is revoked."), "good")
    return redirect(url_for("auth.profile"))
