"""The menu's pages: what callers hear now, its versions, trying one out as a caller, and publishing."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import menu_form, menu_store, menu_try, words
from hotline.calls.changing import change
from hotline.calls.menus import Menu, read_menu
from hotline.calls.models import CallMenu
from hotline.calls.presenting import queue_names
from hotline.calls.showing_menus import authors_of, page
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("menus", __name__, template_folder="templates")


@blueprint.get("/menus")
@permit("calls.read")
def show() -> ResponseReturnValue:
    """Show what callers hear now, the versions, lines and announcements."""
    return page()


@blueprint.get("/menus/<int:menu_id>")
@permit("calls.read")
def version(menu_id: int) -> ResponseReturnValue:
    """Show one version, and what is different from what callers hear now."""
    return _version(menu_id)


def _version(menu_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        row = menu_store.get_menu(session, menu_id)
        menu, heard_now = read_menu(row.content), menu_store.published(session)[1]
        context = {
            "row": row, "tree": menu, "written": menu_form.written_of(menu), "queues": queue_names(session),
            "changes": menu_form.changes(heard_now, menu), "authors": authors_of(session, [row]),
            "draft": menu_store.draft(session),
        }  # fmt: skip
    page = render_template(
        "calls/menu_version.html", **context, words=words, error=explain(error, "menu") if error else None
    )
    return page, error.status if error else 200


@blueprint.get("/menus/try")
@permit("calls.read")
def try_out() -> ResponseReturnValue:
    """Walk through a version as a caller does: what is heard, and what each key leads to. Nobody is called."""
    given = request.args
    with current().db.transaction() as session:
        row, menu = _version_to_try(session, given.get("menu", ""))
        queues = queue_names(session)
    step = menu_try.walk(
        menu, given.get("node", ""), given.get("key"), given.get("language", ""), given.get("misses", "")
    )
    return render_template("calls/menu_try.html", row=row, step=step, queues=queues, words=words)


def _version_to_try(session: Session, given: str) -> tuple[CallMenu | None, Menu]:
    if not given:
        menu_id, menu = menu_store.published(session)
        return (session.get(CallMenu, menu_id) if menu_id is not None else None), menu
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise NotFound("menu", given)
    row = menu_store.get_menu(session, int(given))
    return row, read_menu(row.content)


@blueprint.post("/menus/<int:menu_id>/publish")
@permit("menus.write")
def publish(menu_id: int) -> ResponseReturnValue:
    """Let new callers hear the draft."""
    given = request.form.get("edits", "")
    edits = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1
    return change(
        lambda session: menu_store.publish(session, current().clock, actor(), menu_id, edits=edits),
        partial(_version, menu_id), then="menus.show", done=gettext("New callers hear this menu now."),
    )  # fmt: skip


@blueprint.post("/menus/<int:menu_id>/restore")
@permit("menus.write")
def restore(menu_id: int) -> ResponseReturnValue:
    """Begin a draft with an older version."""
    return change(
        lambda session: menu_store.restore(session, current().clock, actor(), menu_id),
        partial(_version, menu_id), then="menu_editor.edit",
    )  # fmt: skip
