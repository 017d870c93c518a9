"""The page of callbacks: who is to be called when, who answers for it, and what was given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.queues import callback_lists, callbacks, words
from hotline.queues.assigning import kick
from hotline.queues.attention_pages import attention_context
from hotline.queues.models import Queue
from hotline.queues.moments import read_moment, read_zone
from hotline.queues.states import WORK

blueprint = Blueprint("callbacks", __name__, template_folder="templates")
MAX_OFFICERS = 500


@blueprint.get("/callbacks")
@permit("callbacks.work")
def list_page() -> ResponseReturnValue:
    """List callbacks that are open or were given up, the most overdue first."""
    return _list()


@blueprint.get("/callbacks/rows")
@permit("callbacks.work")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("queues/_callbacks.html", **_context())


def _list(error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template(
        "queues/callbacks.html", **_context(), **attention_context(back="callbacks"),
        error=explain(error, "callback") if error else None,
    )  # fmt: skip
    return page, error.status if error else 200


def _context() -> dict[str, Any]:
    mine = request.args.get("mine") == "1"
    with current().db.transaction() as session:
        found = callback_lists.open_callbacks(session, owner_id=actor().id if mine else None)
        queues = {queue.id: queue for queue in session.scalars(select(Queue).order_by(Queue.id))}
        officers = officers_who_call(session)
    return {
        "callbacks": found, "mine": mine, "queues": queues, "officers": officers, "names": dict(officers),
        "words": words, "now": current().clock.now(), "me_id": actor().id,
    }  # fmt: skip


@blueprint.post("/callbacks")
@permit("callbacks.work")
def promise() -> ResponseReturnValue:
    """Promise somebody a callback."""
    form = request.form

    def act(session: Session) -> None:
        callbacks.promise(
            session, current().clock, None, _moment(session, form.get("at", "")), _number("owner_id"),
            form.get("phone", ""), queue=form.get("queue", ""), actor=actor(),
        )  # fmt: skip

    return _act(act, gettext("Promised."))


@blueprint.post("/callbacks/<int:callback_id>/<act>")
@permit("callbacks.work")
def change(callback_id: int, act: str) -> ResponseReturnValue:
    """Cancel, settle, try again, or give to somebody else."""
    clock, who = current().clock, actor()
    acts: dict[str, Callable[[Session], object]] = {
        "cancel": lambda session: callbacks.cancel(session, clock, who, callback_id),
        "settle": lambda session: callbacks.cancel(session, clock, who, callback_id, event="settle"),
        "reopen": lambda session: callbacks.reopen(session, clock, who, callback_id, clock.now()),
        "give": lambda session: callbacks.give_to(session, clock, who, callback_id, _number("owner_id")),
    }
    if act not in acts:
        raise NotFound("page", request.path)
    return _act(acts[act], gettext("Done."))


def _act(act: Callable[[Session], object], message: str) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _list(error)
    live.notify(services.redis, "callbacks")
    kick(services)
    flash(message, "good")
    return redirect(url_for("callbacks.list_page"))


def _moment(session: Session, written: str) -> datetime:
    """Read the form's local time in the zone of whoever wrote it."""
    officer = session.get(Officer, actor().id or 0)
    return read_moment(written, read_zone(officer.zone if officer is not None else "Asia/Seoul"))


def officers_who_call(session: Session) -> list[tuple[int, str]]:
    """Return (id, name) of officers who may answer for a callback."""
    found = session.scalars(
        select(Officer).where(Officer.disabled_at.is_(None)).order_by(Officer.display_name).limit(MAX_OFFICERS)
    )
    return [(officer.id, officer.display_name) for officer in found if WORK in permissions_of(officer.roles)]


def _number(name: str) -> int:
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InvalidInput(name, given, "choose one")
    return int(given)
