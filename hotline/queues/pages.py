"""The pages of queues: the wallboard, one's own state, and the editor of rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents import words as agent_words
from hotline.agents.reading import groups
from hotline.agents.states import BREAKS
from hotline.auth.identity import actor
from hotline.core import live
from hotline.core.errors import HotlineError, NotFound, Refused
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.queues import figures, keeping, mode_steps, offering, words
from hotline.queues.assigning import kick
from hotline.queues.attention_pages import attention_context
from hotline.queues.forms import facts_of_form, form_of_queue
from hotline.queues.models import Queue

blueprint = Blueprint("queues", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"


@blueprint.get("/wallboard")
@permit("queues.read")
def wallboard() -> ResponseReturnValue:
    """Show every queue and what agents are doing; `?big=1` for a screen on the wall."""
    big = request.args.get("big") == "1"
    return render_template("queues/wallboard.html", **_board(), **attention_context(), big=big)


@blueprint.get("/wallboard/part")
@permit("queues.read")
def wallboard_part() -> ResponseReturnValue:
    """Return the figures alone, for open pages."""
    return render_template("queues/_wallboard.html", **_board())


def _board() -> dict[str, Any]:
    with current().db.transaction() as session:
        return {
            "notes": mode_steps.notes_now(session),
            "figures": figures.queue_figures(session, current().clock),
            "states": figures.agents_by_state(session),
            "languages": figures.agents_by_language(session),
            "words": agent_words,
            "clock_of": clock_of,
        }


def clock_of(seconds: float) -> str:
    """Return a duration as a board shows it, `4:07` or `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


@blueprint.get("/presence")
@permit("agents.self")
def presence_page() -> ResponseReturnValue:
    """Show what one is doing now, and what can be chosen."""
    return _presence()


@blueprint.get("/presence/part")
@permit("agents.self")
def presence_part() -> ResponseReturnValue:
    """Return one's own state alone, for open pages."""
    return render_template("queues/_presence.html", **_own())


def _presence(error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template("queues/presence.html", **_own(), error=explain(error, "agent") if error else None)
    return page, error.status if error else 200


def _own() -> dict[str, Any]:
    with current().db.transaction() as session:
        agent = presence.agent_of(session, actor().id)
    types = [(name, gettext(label)) for name, label in agent_words.TYPES.items()]
    return {"agent": agent, "words": agent_words, "breaks": BREAKS, "types": types}


@blueprint.post("/presence/state")
@permit("agents.self")
def choose() -> ResponseReturnValue:
    """Choose one's own state."""
    form = request.form
    return _act(lambda session, agent_id: presence.choose(
        session, current().clock, agent_id, form.get("state", ""), form.get("reason", ""), actor=actor()
    ))  # fmt: skip


@blueprint.post("/presence/wrap-up")
@permit("agents.self")
def wrap_up() -> ResponseReturnValue:
    """End one's wrap-up, saying what the call was about."""
    given = request.form.get("disposition", "")
    return _act(
        lambda session, agent_id: offering.wrap_up(session, current().clock, agent_id, given, actor=actor())
    )  # fmt: skip


def _act(act: Callable[[Session, int], object]) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            agent_id = _own_id(session)
            act(session, agent_id)
    except NotFound:
        raise
    except HotlineError as error:
        return _presence(error)
    kick(services)
    live.notify_desk(services.redis, agent_id)
    return redirect(url_for("queues.presence_page"))


def _own_id(session: Session) -> int:
    agent = presence.agent_of(session, actor().id)
    if agent is None:
        raise NotFound("agent", actor().name)
    return agent.id


@blueprint.get("/queues")
@permit("queues.read")
def list_page() -> ResponseReturnValue:
    """List queues and their main rules."""
    with current().db.transaction() as session:
        queues = session.scalars(select(Queue).order_by(Queue.id)).all()
    return render_template("queues/list.html", queues=queues, words=words)


@blueprint.get("/queues/new")
@permit("queues.write")
def new() -> ResponseReturnValue:
    """Show an empty editor."""
    return _editor(None)


@blueprint.get("/queues/<int:queue_id>")
@permit("queues.read")
def edit(queue_id: int) -> ResponseReturnValue:
    """Show the rules of a queue; whoever may not change them sees them all the same."""
    return _editor(queue_id)


@blueprint.post("/queues/new")
@permit("queues.write")
def create() -> ResponseReturnValue:
    """Add a queue."""
    return _save(None)


@blueprint.post("/queues/<int:queue_id>")
@permit("queues.write")
def save(queue_id: int) -> ResponseReturnValue:
    """Change the rules of a queue."""
    return _save(queue_id)


def _save(queue_id: int | None) -> ResponseReturnValue:
    services, version = current(), request.form.get("version", "0")
    try:
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise Refused("The form is not whole.", code="queue-changed")
        with services.db.transaction() as session:
            keeping.keep_queue(
                session, services.clock, actor(), facts_of_form(request.form), queue_id=queue_id, version=int(version)
            )
    except NotFound:
        raise
    except HotlineError as error:
        return _editor(queue_id, error)
    kick(services)
    flash(gettext("Saved."), "good")
    return redirect(url_for("queues.list_page"))


def _editor(queue_id: int | None, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        queue = keeping.get_queue(session, queue_id) if queue_id is not None else None
        others = session.scalars(select(Queue).where(Queue.id != (queue_id or 0)).order_by(Queue.id)).all()
        all_groups = [(group.id, f"{group.name} · {site}") for group, site in groups(session)]
    given = form_of_queue(queue) | (request.form.to_dict() if error else {})
    page = render_template(
        "queues/edit.html", queue=queue, given=given, groups=all_groups, words=words, limits=keeping.LIMITS,
        translated=_translated,
        others=[("", "–"), *((each.id, each.code) for each in others)],
        steps=range(int(given["step_rows"])), error=explain(error, "queue") if error else None,
    )  # fmt: skip
    return page, error.status if error else 200


def _translated(labels: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, gettext(label)) for name, label in labels.items()]
