"""The phone book's page: partner agencies, missions and interpreters; and which number of ours is shown to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import book, words
from hotline.calls.changing import change
from hotline.calls.models import CallerIdRule, PhoneBookEntry
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.phone import regions_of_prefix
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("phonebook", __name__, template_folder="templates")
MAX_PAGE = 10_000


@blueprint.get("/phone-book")
@permit("calls.read")
def show() -> ResponseReturnValue:
    """Show the book, searched and in pages; `entry` opens one for changing."""
    return _page()


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    given = request.args
    search, kind = given.get("q", "")[:80], given.get("kind", "") if given.get("kind") in book.KINDS else ""
    page = _id(given.get("page", "")) or 1
    page = page if page <= MAX_PAGE else 1
    with current().db.transaction() as session:
        rows, count = book.entries(session, search, kind, page)
        rules = session.scalars(select(CallerIdRule).order_by(CallerIdRule.prefix).limit(book.MAX_ROWS)).all()
        entry = session.get(PhoneBookEntry, chosen) if (chosen := _id(given.get("entry", ""))) else None
    posted = request.form.get("form", "") if error is not None else ""
    context = {
        "rows": rows, "rules": rules, "entry": entry, "search": search, "kind": kind, "page": page, "count": count,
        "page_rows": book.PAGE_ROWS, "kinds": words.KINDS, "regions": regions_of_prefix,
        "values": request.form if posted == "entry" else _values(entry),
        "rule": request.form if posted == "rule" else {},
        "errors": explain_fields(error, "phonebook") if isinstance(error, InvalidInput) else {},
        "error": explain(error, "phonebook") if error else None,
    }  # fmt: skip
    return render_template("calls/phone_book.html", **context), error.status if error else 200


def _id(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def _values(entry: PhoneBookEntry | None) -> dict[str, Any]:
    if entry is None:
        return {"kind": "partner"}
    plain = {name: getattr(entry, name) for name in ("kind", "name_ko", "name_en", "phone", "country", "note")}
    return plain | {"languages": ", ".join(entry.languages)}


def _change(act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return change(act, _page, then="phonebook.show", done=done)


@blueprint.post("/phone-book")
@permit("phonebook.write")
def save() -> ResponseReturnValue:
    """Add or change an entry."""
    entry_id = _id(request.args.get("entry", ""))
    return _change(
        lambda session: book.save_entry(session, current().clock, actor(), entry_id, request.form), gettext("Saved.")
    )


@blueprint.post("/phone-book/<int:entry_id>/delete")
@permit("phonebook.write")
def delete(entry_id: int) -> ResponseReturnValue:
    """Take an entry out."""
    return _change(
        lambda session: book.delete_entry(session, current().clock, actor(), entry_id), gettext("Taken out.")
    )


@blueprint.post("/phone-book/caller-ids")
@permit("phonebook.write")
def save_rule() -> ResponseReturnValue:
    """Set a rule by a country or by first digits, or take it away."""
    return _change(lambda session: book.save_rule(session, current().clock, actor(), request.form), gettext("Saved."))
