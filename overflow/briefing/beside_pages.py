"""Who stands beside whom, on the desk and on a volunteer's own phone: buttons to ask for a listener and to pass a call on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents import words as agent_words
from hotline.agents.models import Agent
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import handling, passing_on
from hotline.calls.desk_pages import at_desk, wake
from hotline.calls.handling import Desk
from hotline.calls.states import TALKING
from hotline.core import live
from hotline.core.errors import HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from overflow.briefing import buddies, listening
from overflow.briefing.models import ListenWish
from overflow.briefing.own_pages import agent_of
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.models import Volunteer
from overflow.volunteers.own_page import guarded

blueprint = Blueprint("beside", __name__, template_folder="templates")


@blueprint.get("/desk/beside/<int:agent_id>")
@permit("calls.take")
def panel(agent_id: int) -> str:
    """Return the part of an agent's desk: their senior, or the volunteers beside them, and who asks for a listener."""
    services = current()
    with services.db.transaction() as session:
        agent = presence.get_agent(session, agent_id)
        if agent.officer_id != actor().id:
            raise NotFound("agent", agent_id)
        call = handling.current_call(session, agent_id) if agent.first_level else None
        return render_template(
            "briefing/_desk.html", agent=agent, senior=buddies.senior_of(session, agent_id), own_id=agent_id,
            others=buddies.beside(session, agent_id), wishes=listening.open_for(session, agent_id), words=agent_words,
            call=call if call is not None and call.state == TALKING else None, modes=handling.MODES,
        )  # fmt: skip


@blueprint.post("/desk/<int:call_id>/listener")
@permit("calls.take")
def ask(call_id: int) -> ResponseReturnValue:
    """Ask a senior to listen to one's own call."""
    return _act(lambda session, at: listening.ask(session, at, call_id))


@blueprint.post("/desk/wishes/<int:wish_id>/<act>")
@permit("calls.take")
def answer(wish_id: int, act: str) -> ResponseReturnValue:
    """Listen, whisper, join, pass over, or take one's own wish back."""
    if act in handling.MODES:
        return _act(lambda session, at: listening.join(session, at, wish_id, act))
    if act == "pass-over":
        return _act(lambda session, at: listening.pass_over(session, at, wish_id))
    if act == "take-back":
        return _act(lambda session, at: _taken_back(session, at, wish_id))
    raise NotFound("page", request.path)


def _taken_back(session: Session, at: Desk, wish_id: int) -> ListenWish:
    listening.take_back(session, at, wish_id)
    return session.get_one(ListenWish, wish_id)


def _act(act: Callable[[Session, Desk], ListenWish]) -> ResponseReturnValue:
    """Do one thing for a desk: 204 for the open one, which looks again by itself, and the page for everybody else."""
    services, in_background = current(), request.headers.get("X-Fragment") == "1"
    try:
        with services.db.transaction() as session:
            at = at_desk(session)
            before = at.agent_id
            wish = act(session, at)
            told, call_id = {before, wish.agent_id, wish.senior_id}, wish.call_id
    except NotFound:
        raise
    except HotlineError as error:
        if in_background:
            return {"error": explain(error, "call"), "field": ""}, error.status
        flash(explain(error, "call"), "warn")
        return redirect(url_for("desk.show"))
    for agent_id in told:
        live.notify_desk(services.redis, agent_id)
    wake(call_id)
    return ("", 204) if in_background else redirect(url_for("desk.show"))


@blueprint.get("/desk/beside/of-volunteer/<int:volunteer_id>")
@permit("volunteers.read")
def own_panel(volunteer_id: int) -> str:
    """Return the part of a volunteer's own page about the call that they are in."""
    with current().db.transaction() as session:
        volunteer = session.get(Volunteer, volunteer_id)
        if volunteer is None or volunteer.agent_id is None:
            return render_template("briefing/_own_call.html", agent=None, token="")
        call = handling.current_call(session, volunteer.agent_id)
        return render_template(
            "briefing/_own_call.html", agent=session.get(Agent, volunteer.agent_id), words=agent_words,
            senior=buddies.senior_of(session, volunteer.agent_id), wishes=listening.open_for(session, volunteer.agent_id),
            call=call if call is not None and call.state == TALKING else None, token=g.get("volunteer_token", ""),
        )  # fmt: skip


@blueprint.post("/v/<token>/calls/<int:call_id>/<act>")
@permit(PUBLIC)
def own_act(token: str, call_id: int, act: str) -> ResponseReturnValue:
    """Pass one's own call on, or ask for a listener, from the phone."""
    return guarded(lambda services: _own_act(services, token, call_id, act))


def _own_desk(session: Session, services: Services, token: str) -> Desk:
    """Return the desk that a volunteer's link gives them: their own call and nothing else."""
    volunteer = volunteer_of(session, services, token)
    officer = session.get(Officer, volunteer.officer_id) if volunteer.officer_id is not None else None
    if officer is None or officer.disabled_at is not None:
        raise NotFound("volunteer's page", "at this address")
    # By number and not by name: what the audit trail says cannot be erased.
    myself = replace(actor_of(officer, via="link"), name=f"volunteer {volunteer.id}")
    return Desk(myself, agent_of(volunteer), services)


def _own_act(services: Services, token: str, call_id: int, act: str) -> ResponseReturnValue:
    if act not in ("pass-on", "listener"):
        raise NotFound("page", request.path)
    try:
        with services.db.transaction() as session:
            at = _own_desk(session, services, token)
            told = {at.agent_id}
            if act == "pass-on":
                passing_on.pass_on(session, at, call_id, request.form.get("note", ""))
            else:
                told.add(listening.ask(session, at, call_id).senior_id)
    except NotFound:
        raise
    except HotlineError as error:
        flash(explain(error, "call"), "warn")
    else:
        flash(gettext("Passed on to staff. Thank you.") if act == "pass-on" else gettext("A senior is asked."), "good")
        for each in told:
            live.notify_desk(services.redis, each)
        wake(call_id)
    return redirect(url_for("volunteer_page.show", token=token))
