"""Lines and announcements on the menu's page: which mission a number stands for, and what is heard before the menu."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import book
from hotline.calls.changing import change
from hotline.calls.showing_menus import page
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("lines", __name__, template_folder="templates")


def _change(act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return change(act, page, then="menus.show", done=done)


@blueprint.post("/menus/lines")
@permit("menus.write")
def save_line() -> ResponseReturnValue:
    """Say which mission a number stands for."""
    return _change(lambda session: book.save_line(session, current().clock, actor(), request.form), gettext("Saved."))


@blueprint.post("/menus/lines/<int:line_id>/delete")
@permit("menus.write")
def delete_line(line_id: int) -> ResponseReturnValue:
    """Take a line away."""
    return _change(
        lambda session: book.delete_line(session, current().clock, actor(), line_id),
        gettext("The number is answered as the centre now."),
    )


@blueprint.post("/menus/announcements")
@permit("menus.write")
def announce() -> ResponseReturnValue:
    """Have callers hear something before the menu."""
    return _change(
        lambda session: book.announce(session, current().clock, actor(), request.form),
        gettext("Callers hear it from now on."),
    )


@blueprint.post("/menus/announcements/<int:row_id>/end")
@permit("menus.write")
def end_announcement(row_id: int) -> ResponseReturnValue:
    """End an announcement."""
    return _change(
        lambda session: book.end_announcement(session, current().clock, actor(), row_id), gettext("It is ended.")
    )
