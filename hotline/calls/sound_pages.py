"""Recordings of the menu's draft: uploaded and taken out on their page, and given to whoever knows the key."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls import menu_store, sounds
from hotline.calls.changing import change
from hotline.calls.menu_form import written_of
from hotline.calls.menus import read_menu
from hotline.calls.speaking import SOUND_PATH
from hotline.core.errors import HotlineError
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit

blueprint = Blueprint("call_sounds", __name__, template_folder="templates")


@blueprint.get("/menus/draft/sounds")
@permit("menus.write")
def show() -> ResponseReturnValue:
    """Show the recordings of the draft, question by question."""
    return _page()


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        row = menu_store.draft(session)
        tree = read_menu(row.content) if row is not None else None
        names = sounds.names_of(session)
    order = [question.name for question in written_of(tree).questions] if tree is not None else []
    page = render_template(
        "calls/menu_sounds.html", draft=row, tree=tree, names=names, names_in_order=order, values=request.form if error else {},
        error=explain(error, "menu") if error else None,
    )  # fmt: skip
    return page, error.status if error else 200


def _change(act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return change(act, _page, then="call_sounds.show", done=done)


@blueprint.post("/menus/draft/sounds")
@permit("menus.write")
def upload() -> ResponseReturnValue:
    """Have a recording heard instead of a text."""
    form, given = request.form, request.files.get("file")
    content = given.stream.read(sounds.MAX_BYTES + 1) if given is not None else b""
    name = (given.filename or "") if given is not None else ""
    return _change(
        lambda session: sounds.add_sound(
            session, current().clock, actor(), question=form.get("question", ""), language=form.get("language", ""),
            name=name, content=content,
        ),
        gettext("The recording is in the draft."),
    )  # fmt: skip


@blueprint.post("/menus/draft/sounds/remove")
@permit("menus.write")
def remove() -> ResponseReturnValue:
    """Have the text spoken again."""
    form = request.form
    return _change(
        lambda session: sounds.remove_sound(
            session, current().clock, actor(), question=form.get("question", ""), language=form.get("language", "")
        ),
        gettext("The text is spoken again."),
    )


@blueprint.get(f"{SOUND_PATH}<key>")
@permit(PUBLIC)
def play(key: str) -> ResponseReturnValue:
    """Give a recording to whoever knows its key: the provider, which has no login, and officers who listen to it."""
    with current().db.transaction() as session:
        sound = sounds.get_sound(session, key[:64])
        content, media_type = sound.content, sound.media_type
    headers = {"Cache-Control": "private, max-age=86400, immutable", "Content-Disposition": "inline"}
    return Response(content, content_type=media_type, headers=headers)
