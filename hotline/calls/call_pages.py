"""Calls for supervisors: those that are on and the past ones, one call with its legs, events and recordings, and listening in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.agents.words import TYPES
from hotline.auth.identity import actor
from hotline.calls import handling, presenting, recordings, words
from hotline.calls.desk_pages import at_desk, wake
from hotline.calls.models import Call
from hotline.calls.screen import (
    CallFilter,
    events_of,
    list_calls,
    orders_of,
    recordings_of,
    screen_of,
)
from hotline.calls.states import NUMBERS
from hotline.cases import words as case_words
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.phone import mask, readable
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("calls", __name__, template_folder="templates")
STATIC = Path(__file__).resolve().parent / "static"


def number_shown(phone: str) -> str:
    """Return a caller's number: whole for those who may see numbers, masked for everybody else, a word when withheld."""
    if not phone:
        return gettext("withheld")
    return readable(phone) if actor().may(NUMBERS) else mask(phone)


@blueprint.get("/calls")
@permit("calls.read")
def list_page() -> ResponseReturnValue:
    """List the calls that are on, or the past ones."""
    return render_template("calls/list.html", **_list_context())


@blueprint.get("/calls/rows")
@permit("calls.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("calls/_rows.html", **_list_context())


def _list_context() -> dict[str, Any]:
    given, search = request.args.get("before", ""), request.args.get("q", "")[:40]
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    # Who sees masked numbers only cannot find them out digit by digit either.
    wanted = CallFilter(request.args.get("past") == "1", search if actor().may(NUMBERS) else "", before)
    with current().db.transaction() as session:
        found, older = list_calls(session, wanted)
        queues = presenting.queue_names(session)
        agents = presenting.names_of_agents(session, {each.agent_id for each in found if each.agent_id is not None})
    return {
        "calls": found, "older": older, "wanted": wanted, "words": words, "agents": agents, "number_shown": number_shown,
        "reference": reference, "queues": queues,
    }  # fmt: skip


@blueprint.get("/calls/<int:call_id>")
@permit("calls.read")
def show(call_id: int) -> ResponseReturnValue:
    """Show one call: its legs, its course, its recordings; supervisors listen from here."""
    return _show(call_id)


@blueprint.get("/calls/<int:call_id>/part")
@permit("calls.read")
def part(call_id: int) -> ResponseReturnValue:
    """Return what changes about a call alone, for open pages."""
    return render_template("calls/_one.html", **_one(call_id))


def _show(call_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template("calls/show.html", **_one(call_id), error=explain(error, "call") if error else None)
    return page, error.status if error else 200


def _one(call_id: int) -> dict[str, Any]:
    services = current()
    with services.db.transaction() as session:
        call = session.get(Call, call_id)
        if call is None:
            raise NotFound("call", call_id)
        return {
            "call": call, "screen": screen_of(session, services, call), "events": events_of(session, call.id),
            "orders": orders_of(session, call.id), "recordings": recordings_of(session, call.id), "words": words,
            "case_words": case_words, "about_words": TYPES, "queues": presenting.queue_names(session),
            "number_shown": number_shown, "reference": reference, "may_hear": recordings.may_hear(session, actor(), call.id),
        }  # fmt: skip


@blueprint.post("/calls/<int:call_id>/watch")
@permit("calls.monitor")
def watch(call_id: int) -> ResponseReturnValue:
    """Listen, whisper or join."""
    services = current()
    try:
        with services.db.transaction() as session:
            leg = handling.watch(session, at_desk(session), call_id, request.form.get("mode", ""))
            rings = leg.joined_at is None
    except NotFound:
        raise
    except HotlineError as error:
        return _show(call_id, error)
    wake(call_id)
    flash(gettext("Your telephone rings.") if rings else gettext("Changed."), "good")
    return redirect(url_for("calls.show", call_id=call_id))


@blueprint.post("/recordings/<int:recording_id>")
@permit("calls.read")
def hear(recording_id: int) -> ResponseReturnValue:
    """Send a recording to whoever asks, and put on record that they did."""
    services = current()
    with services.db.transaction() as session:
        row = recordings.heard(session, services, actor(), recording_id)
    name = f"{reference('CL', row.call_id)}-{row.id}.wav"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(recordings.sound_of(services, row.recording_sid), content_type="audio/x-wav", headers=headers)
