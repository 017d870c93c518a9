"""The phone book's page: partner agencies, missions and interpreters; and which number of ours is shown to whom."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from hotline.auth.identity import actor
from hotline.calls import book, words
from hotline.calls.models import CallerIdRule, PhoneBookEntry
from hotline.core.errors import HotlineError
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("phonebook", __name__, template_folder="templates")


@blueprint.get("/phone-book")
@permit("calls.read")
def show() -> ResponseReturnValue:
    """Show the book; `entry` opens one for changing."""
    return _page()


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    chosen = request.args.get("entry", "")
    with current().db.transaction() as session:
        rows = book.entries(session)
        rules = session.scalars(select(CallerIdRule).order_by(CallerIdRule.prefix).limit(book.MAX_ROWS)).all()
    entry = next((row for row in rows if str(row.id) == chosen), None)
    values = request.form if request.method == "POST" else _values(entry)
    page = render_template(
        "calls/phone_book.html", rows=rows, rules=rules, entry=entry, values=values, words_kinds=words.KINDS,
        error=explain(error, "phonebook") if error else None,
    )  # fmt: skip
    return page, error.status if error else 200


def _values(entry: PhoneBookEntry | None) -> dict[str, str]:
    if entry is None:
        return {"kind": "partner"}
    plain = {name: getattr(entry, name) for name in ("kind", "name_ko", "name_en", "phone", "country", "note")}
    return plain | {"languages": ", ".join(entry.languages)}


@blueprint.post("/phone-book")
@permit("phonebook.write")
def save() -> ResponseReturnValue:
    """Add or change an entry."""
    services, given = current(), request.args.get("entry", "")
    entry_id = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    try:
        with services.db.transaction() as session:
            book.save_entry(session, services.clock, actor(), entry_id, request.form)
    except HotlineError as error:
        return _page(error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("phonebook.show"))


@blueprint.post("/phone-book/<int:entry_id>/delete")
@permit("phonebook.write")
def delete(entry_id: int) -> ResponseReturnValue:
    """Take an entry out."""
    services = current()
    with services.db.transaction() as session:
        book.delete_entry(session, services.clock, actor(), entry_id)
    return redirect(url_for("phonebook.show"))


@blueprint.post("/phone-book/caller-ids")
@permit("phonebook.write")
def save_rule() -> ResponseReturnValue:
    """Set or take away a rule."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            book.save_rule(session, services.clock, actor(), form.get("prefix", ""), form.get("caller_id", ""))
    except HotlineError as error:
        return _page(error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("phonebook.show"))
