"""The agent's desk: the call that is on, who is calling, what can be done, scripts; and the list of calls for supervisors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents.words import TYPES
from hotline.auth.identity import actor
from hotline.calls import browser, handling, presenting, recordings, words
from hotline.calls.events import ASSIGN_JOB, ORDERS_JOB
from hotline.calls.handling import Desk
from hotline.calls.models import Call
from hotline.calls.screen import CallFilter, list_calls, screen_of
from hotline.core import jobs, live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("calls", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"


def ref(call_id: int) -> str:
    """Return the reference of a call that a person can read out."""
    return reference("CL", call_id)


@blueprint.get("/desk")
@permit("calls.take")
def desk() -> ResponseReturnValue:
    """Show the desk."""
    return _desk_page()


def _desk_page(error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template(
        "calls/desk.html",
        **_context(),
        error=explain(error, "call") if error else None,
        browser=browser.offered(current()),
    )
    return page, error.status if error else 200


@blueprint.get("/desk/call")
@permit("calls.take")
def call_part() -> ResponseReturnValue:
    """Return the call alone, for the open desk."""
    return render_template("calls/_call.html", **_context())


@blueprint.get("/desk/dialogs")
@permit("calls.take")
def dialogs() -> ResponseReturnValue:
    """Return the call's dialogs alone; the open desk fetches them when another call comes, never while one is filled in."""
    return render_template("calls/_dialogs.html", **_context())


def _context() -> dict[str, Any]:
    services, who = current(), actor()
    with services.db.transaction() as session:
        agent_id = presenting.agent_of(session, who.id)
        call = handling.current_call(session, agent_id) if agent_id is not None else None
        screen = screen_of(session, services, call, agent_id) if call is not None else None
        agent = presenting.agent_row(session, agent_id)
    return {
        "agent_id": agent_id, "call": call, "screen": screen, "agent": agent, "dispositions": TYPES,
        "words": words, "ref": ref,
        "scripts": scripts(call, who.name) if call is not None else [],
    }  # fmt: skip


def scripts(call: Call, name: str) -> list[tuple[str, str]]:
    """Return what to say, in the caller's language."""
    language = "ko" if call.language in ("", "ko") else "en"
    centre = {"ko": "영사콜센터", "en": "consular call centre"}[language]
    return [
        (gettext(each["title"]), each[language].format(centre=centre, agent=name)) for each in words.SCRIPTS.values()
    ]  # fmt: skip


def _number(name: str) -> int:
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19):
        raise InvalidInput(name, given, "choose one of the list")
    return int(given)


@blueprint.post("/desk/<int:call_id>/<act>")
@permit("calls.take")
def change(call_id: int, act: str) -> ResponseReturnValue:
    """Hold, resume, invite, hand over, forward, give to a queue, let a party go, or end."""
    form = request.form
    acts: dict[str, Callable[[Session, Desk], object]] = {
        "hold": lambda session, at: handling.hold(session, at, call_id, on=True),
        "resume": lambda session, at: handling.hold(session, at, call_id, on=False),
        "invite": lambda session, at: handling.invite_from_book(session, at, call_id, _number("entry")),
        "colleague": lambda session, at: handling.invite_colleague(session, at, call_id, _number("agent")),
        "hand-over": lambda session, at: handling.hand_over(session, at, call_id),
        "forward": lambda session, at: handling.forward(session, at, call_id, _number("entry")),
        "queue": lambda session, at: handling.requeue(session, at, call_id, form.get("queue", "")[:40]),
        "remove": lambda session, at: handling.remove(session, at, call_id, _number("leg")),
        "protect": lambda session, at: handling.protect(session, at, call_id, form.get("note", "")),
        "finish": lambda session, at: handling.finish(session, at, call_id),
    }
    if act not in acts:
        raise NotFound("page", request.path)
    return _act(acts[act], call_id)


@blueprint.post("/desk/call-out")
@permit("calls.take")
def call_out() -> ResponseReturnValue:
    """Call a person from the desk or from a case."""
    case = request.form.get("case", "")
    case_id = int(case) if case.isascii() and case.isdigit() and len(case) < 19 else None
    phone = request.form.get("phone", "")
    return _act(lambda session, at: handling.call_out(session, at, phone, case_id=case_id), None)


def _act(act: Callable[[Session, Desk], object], call_id: int | None) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            act(session, _at_desk(session))
    except NotFound:
        raise
    except HotlineError as error:
        return _desk_page(error)
    _wake(call_id)
    return redirect(url_for("calls.desk"))


def _at_desk(session: Session) -> Desk:
    who = actor()
    agent_id = presenting.agent_of(session, who.id)
    if agent_id is None:
        raise InvalidInput("agent", who.name, "an administrator makes you an agent", code="no-agent")
    return Desk(who, agent_id, current())


def _wake(call_id: int | None) -> None:
    services = current()
    for job in (ORDERS_JOB, ASSIGN_JOB):
        jobs.enqueue(services, job)
    live.notify(services.redis, "calls")
    if call_id is not None:
        live.notify(services.redis, f"call:{call_id}")


@blueprint.post("/desk/write-up")
@permit("calls.take")
def write_up() -> ResponseReturnValue:
    """Write up the call that is on or has just ended."""
    form = request.form

    def act(session: Session, at: Desk) -> None:
        handling.write_up(
            session, at, disposition=form.get("disposition", ""), note=form.get("note", ""), mood=form.get("mood", ""),
            risks=tuple(form.getlist("risk")),
        )  # fmt: skip

    answer = _act(act, None)
    live.notify(current().redis, "agents")
    return answer


@blueprint.get("/desk/token")
@permit("calls.take")
def token() -> ResponseReturnValue:
    """Return a short-lived token for answering in this browser."""
    services, who = current(), actor()
    with services.db.transaction() as session:
        agent_id = presenting.agent_of(session, who.id)
    if agent_id is None:
        raise NotFound("agent", who.name)
    return {"token": browser.token_for(services, agent_id), "ttl_s": browser.TTL_S}


@blueprint.get("/calls")
@permit("calls.read")
def list_page() -> ResponseReturnValue:
    """List the calls that are on, or the latest."""
    return render_template("calls/list.html", **_list_context())


@blueprint.get("/calls/rows")
@permit("calls.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("calls/_rows.html", **_list_context())


def _list_context() -> dict[str, Any]:
    wanted = CallFilter(past=request.args.get("past") == "1", search=request.args.get("q", "")[:40])
    with current().db.transaction() as session:
        found = list_calls(session, wanted)
        agents = presenting.names_of_agents(session, {each.agent_id for each in found if each.agent_id is not None})
    return {"calls": found, "wanted": wanted, "words": words, "ref": ref, "agents": agents}


@blueprint.get("/calls/<int:call_id>")
@permit("calls.read")
def show(call_id: int) -> ResponseReturnValue:
    """Show one call: its legs, its course, its recordings; supervisors listen from here."""
    return _show(call_id)


def _show(call_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    services, who = current(), actor()
    with services.db.transaction() as session:
        call = session.get(Call, call_id)
        if call is None:
            raise NotFound("call", call_id)
        screen = screen_of(session, services, call, presenting.agent_of(session, who.id))
    page = render_template(
        "calls/show.html",
        call=call,
        screen=screen,
        words=words,
        ref=ref,
        error=explain(error, "call") if error else None,
    )
    return page, error.status if error else 200


@blueprint.post("/calls/<int:call_id>/watch")
@permit("calls.monitor")
def watch(call_id: int) -> ResponseReturnValue:
    """Listen, whisper or join."""
    services = current()
    try:
        with services.db.transaction() as session:
            handling.watch(session, _at_desk(session), call_id, request.form.get("mode", ""))
    except NotFound:
        raise
    except HotlineError as error:
        return _show(call_id, error)
    _wake(call_id)
    flash(gettext("Your telephone rings."), "good")
    return redirect(url_for("calls.show", call_id=call_id))


@blueprint.post("/recordings/<int:recording_id>")
@permit("calls.read")
def hear(recording_id: int) -> ResponseReturnValue:
    """Send a recording to whoever asks, and put on record that they did."""
    services = current()
    with services.db.transaction() as session:
        row = recordings.heard(session, services, actor(), recording_id)
    sound = recordings.sound_of(services, row.recording_sid)
    return Response(
        sound, content_type="audio/x-wav", headers={"Content-Disposition": "inline; filename=recording.wav"}
    )
