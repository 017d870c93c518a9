"""The menu's pages: what callers hear now, the draft with its preview, the versions, lines and announcements."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from hotline.auth.identity import actor
from hotline.calls import book, menu_form, menu_store
from hotline.calls.menus import Menu, read_menu
from hotline.calls.models import CallAnnouncement, CallLine
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions.models import Mission

blueprint = Blueprint("menus", __name__, template_folder="templates")
MAX_MISSIONS, MAX_LINES = 400, 200


@blueprint.get("/menus")
@permit("calls.read")
def show() -> ResponseReturnValue:
    """Show what callers hear now, the versions, lines and announcements."""
    return _page()


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        menu_id, menu = menu_store.published(session)
        missions = session.scalars(
            select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.name_en).limit(MAX_MISSIONS)
        )
        page = {
            "menu": menu, "menu_id": menu_id, "nodes": menu_form.fields_of(menu), "versions": menu_store.versions(session),
            "draft": menu_store.draft(session),
            "lines": session.scalars(select(CallLine).order_by(CallLine.number).limit(MAX_LINES)).all(),
            "missions": {each.id: each for each in missions},
            "announcements": session.scalars(
                select(CallAnnouncement).where(CallAnnouncement.ends_at > services.clock.now()).order_by(CallAnnouncement.id)
            ).all(),
        }  # fmt: skip
    return render_template(
        "calls/menus.html", **page, error=explain(error, "menu") if error else None, values=request.form
    ), error.status if error else 200


@blueprint.get("/menus/draft")
@permit("menus.write")
def edit() -> ResponseReturnValue:
    """Show the draft as a form, or what is heard now to begin one with."""
    with current().db.transaction() as session:
        row = menu_store.draft(session)
        menu = read_menu(row.content) if row is not None else menu_store.published(session)[1]
    return _editor(menu_form.fields_of(menu), menu, row)


def _editor(
    nodes: list[dict[str, Any]], menu: Menu | dict[str, Any], row: Any, errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    page = render_template(
        "calls/menu_edit.html", nodes=nodes, menu=menu, draft=row, errors=errors or {}, blank=_blank(),
        edits=request.form.get("edits") or (row.edits if row is not None else 0),
    )  # fmt: skip
    return page, 422 if errors else 200


@blueprint.post("/menus/draft")
@permit("menus.write")
def save() -> ResponseReturnValue:
    """Keep the draft; what is wrong is said beside what was written."""
    services, form = current(), request.form
    content = menu_form.read_form(form)
    edits = form.get("edits", "0")
    try:
        with services.db.transaction() as session:
            menu_store.save_draft(
                session, services.clock, actor(), content,
                edits=int(edits) if edits.isascii() and edits.isdigit() and len(edits) < 9 else 0, note=form.get("note", ""),
            )  # fmt: skip
    except SeveralFaults as error:
        return _editor(_shown(content), content, None, explain_fields(error, "menu"))
    except HotlineError as error:
        return _editor(_shown(content), content, None, {"page": explain(error, "menu")})
    flash(gettext("The draft is kept. Callers hear it once it is published."), "good")
    return redirect(url_for("menus.edit"))


def _shown(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was written as the form shows it, however faulty it is."""
    shown = []
    for name, node in content["nodes"].items():
        keys = []
        for key in menu_form.KEYS:
            choice = node["keys"].get(key, {})
            kind = next((each for each in ("go", "queue", "dial", "voicemail") if choice.get(each)), "")
            target = kind if kind in ("", "voicemail") else f"{kind}:{choice[kind]}"
            keys.append(
                {"key": key, "target": target, "language": choice.get("language", ""),
                 "skills": ", ".join(choice.get("skills", ())), "priority": choice.get("priority", 0)}
            )  # fmt: skip
        shown.append({"name": name, "say": node["say"], "keys": keys})
    return shown


@blueprint.post("/menus/<int:menu_id>/publish")
@permit("menus.write")
def publish(menu_id: int) -> ResponseReturnValue:
    """Let new callers hear the draft."""
    services, edits = current(), request.form.get("edits", "")
    try:
        with services.db.transaction() as session:
            menu_store.publish(
                session, services.clock, actor(), menu_id,
                edits=int(edits) if edits.isascii() and edits.isdigit() and len(edits) < 9 else -1,
            )  # fmt: skip
    except HotlineError as error:
        return _page(error)
    flash(gettext("New callers hear this menu now."), "good")
    return redirect(url_for("menus.show"))


@blueprint.post("/menus/<int:menu_id>/restore")
@permit("menus.write")
def restore(menu_id: int) -> ResponseReturnValue:
    """Begin a draft with an older version."""
    services = current()
    try:
        with services.db.transaction() as session:
            menu_store.restore(session, services.clock, actor(), menu_id)
    except HotlineError as error:
        return _page(error)
    return redirect(url_for("menus.edit"))


@blueprint.post("/menus/lines")
@permit("menus.write")
def save_line() -> ResponseReturnValue:
    """Say which mission a number stands for."""
    services = current()
    try:
        with services.db.transaction() as session:
            book.save_line(session, services.clock, actor(), request.form)
    except HotlineError as error:
        return _page(error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("menus.show"))


@blueprint.post("/menus/announcements")
@permit("menus.write")
def announce() -> ResponseReturnValue:
    """Have callers hear something before the menu."""
    services = current()
    try:
        with services.db.transaction() as session:
            book.announce(session, services.clock, actor(), request.form)
    except HotlineError as error:
        return _page(error)
    flash(gettext("Callers hear it from now on."), "good")
    return redirect(url_for("menus.show"))


@blueprint.post("/menus/announcements/<int:row_id>/end")
@permit("menus.write")
def end_announcement(row_id: int) -> ResponseReturnValue:
    """End an announcement."""
    services = current()
    with services.db.transaction() as session:
        book.end_announcement(session, services.clock, actor(), row_id)
    return redirect(url_for("menus.show"))


def _blank() -> list[dict[str, Any]]:
    """Return the keys of a question that is being added."""
    return [{"key": key, "target": "", "language": "", "skills": "", "priority": 0} for key in menu_form.KEYS]
