"""Pages for administrators: officers, their roles, closing and reopening accounts, new passwords."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth import officers
from hotline.auth.console import blueprint
from hotline.auth.identity import actor
from hotline.auth.roles import ROLE_LABELS, ROLE_NOTES
from hotline.core.errors import HotlineError, InvalidInput, Refused
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import page_number, permit

MAX_SEARCH_CHARS = 60
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that are mistaken for each other when read out on the phone."""


def make_password() -> str:
    """Return a random first password of about 79 bits, in four groups that can be read out."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@blueprint.get("/officers")
@permit("officers.read")
def list_officers() -> ResponseReturnValue:
    """List officers, searched and in pages."""
    search, page = request.args.get("q", "").strip()[:MAX_SEARCH_CHARS], page_number()
    with current().db.transaction() as session:
        found, count = officers.list_officers(session, search, page)
    return render_template(
        "auth/officers.html", officers=found, role_labels=ROLE_LABELS, search=search, page=page, count=count,
        page_rows=officers.PAGE_ROWS,
    )  # fmt: skip


@blueprint.get("/officers/new")
@permit("officers.write")
def new_officer() -> ResponseReturnValue:
    """Show the form for a new officer."""
    return _new_form()


def _new_form(errors: dict[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "auth/officer_new.html", errors=errors or {}, form=request.form, role_labels=ROLE_LABELS, role_notes=ROLE_NOTES
    )
    return page, 422 if errors else 200


@blueprint.post("/officers/new")
@permit("officers.write")
def add_officer() -> ResponseReturnValue:
    """Add an officer with a made-up first password, which is shown this one time."""
    services, password = current(), make_password()
    try:
        with services.db.transaction() as session:
            officer = officers.add_officer(
                session, services.clock, actor(),
                name=request.form.get("name", "").strip().lower(),
                display_name=request.form.get("display_name", ""),
                roles=request.form.getlist("roles"),
                password=password,
                language=request.form.get("language", ""),
            )  # fmt: skip
    except InvalidInput as error:
        return _new_form({error.field: explain(error, "officer")})
    except Refused as error:
        return _new_form({"name": explain(error, "officer")})
    return _officer_page(officer.id, password=password)


@blueprint.get("/officers/<int:officer_id>")
@permit("officers.read")
def show_officer(officer_id: int) -> ResponseReturnValue:
    """Show one officer."""
    return _officer_page(officer_id)


def _officer_page(officer_id: int, errors: dict[str, str] | None = None, **more: Any) -> ResponseReturnValue:
    with current().db.transaction() as session:
        officer = officers.get_officer(session, officer_id)
    page = render_template(
        "auth/officer.html",
        officer=officer,
        errors=errors or {},
        role_labels=ROLE_LABELS,
        role_notes=ROLE_NOTES,
        **more,
    )
    return page, 422 if errors else 200


@blueprint.post("/officers/<int:officer_id>/roles")
@permit("officers.write")
def save_roles(officer_id: int) -> ResponseReturnValue:
    """Change what an officer may do."""
    services = current()
    try:
        with services.db.transaction() as session:
            officers.set_roles(session, services.clock, actor(), officer_id, request.form.getlist("roles"))
    except (InvalidInput, Refused) as error:
        return _officer_page(officer_id, {"roles": explain(error, "officer")})
    flash(gettext("The roles are saved. They hold from the officer's next click on."), "good")
    return redirect(url_for("auth.show_officer", officer_id=officer_id))


@blueprint.post("/officers/<int:officer_id>/close")
@permit("officers.write")
def close_officer(officer_id: int) -> ResponseReturnValue:
    """Close an account; its sessions and tokens stop working at once."""
    return _set_closed(officer_id, True, gettext("The account is closed."))


@blueprint.post("/officers/<int:officer_id>/reopen")
@permit("officers.write")
def reopen_officer(officer_id: int) -> ResponseReturnValue:
    """Reopen a closed account."""
    return _set_closed(officer_id, False, gettext("The account is open again."))


def _set_closed(officer_id: int, closed: bool, message: str) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            officers.set_disabled(session, services.clock, actor(), officer_id, closed)
    except HotlineError as error:
        return _officer_page(officer_id, {"account": explain(error, "officer")})
    flash(message, "good")
    return redirect(url_for("auth.show_officer", officer_id=officer_id))


@blueprint.post("/officers/<int:officer_id>/password")
@permit("officers.write")
def reset_password(officer_id: int) -> ResponseReturnValue:
    """Give an officer a new password, shown this one time; their second factor goes off only when asked for.

    Raises Refused for the administrator's own account: that password changes on the profile page, with proof.
    """
    services, password, who = current(), make_password(), actor()
    if who.id == officer_id:
        raise Refused("Change your own password on your profile page.", code="own-password")
    with services.db.transaction() as session:
        officer = officers.get_officer(session, officer_id)
        officers.set_password(session, services.clock, who, officer, password)
        if request.form.get("second_factor_off") and officer.second_factor_secret:
            officers.set_second_factor(session, services.clock, who, officer, None)
        officers.shut_out(session, services.clock, officer_id)
    return _officer_page(officer_id, password=password)
