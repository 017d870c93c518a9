"""Who stands beside whom, on the desk and on a volunteer's own phone: buttons to ask for a listener and to pass a call on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline.agents import presence
from hotline.agents import words as agent_words
from hotline.agents.models import Agent
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import filing, handling, passing_on
from hotline.calls import words as call_words
from hotline.calls.desk_pages import at_desk, wake
from hotline.calls.handling import Desk
from hotline.calls.screen import call_at, screen_of
from hotline.calls.states import TALKING
from hotline.cases import words as case_words
from hotline.cases.judging import MOODS, RISKS
from hotline.core import live
from hotline.core.acting import act_from_page
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
        agent, services = session.get_one(Agent, volunteer.agent_id), current()
        call = call_at(session, services, agent)
        on = call is not None and handling.current_call(session, agent.id) is not None
        screen = screen_of(session, services, call, agent.id) if call is not None and on else None
        return render_template(
            "briefing/_own_call.html", agent=agent, words=agent_words, agent_words=agent_words, case_words=case_words,
            call_words=call_words, senior=buddies.senior_of(session, agent.id), wishes=listening.open_for(session, agent.id),
            call=call if on and call is not None and call.state == TALKING else None, screen=screen,
            over=call if call is not None and not on else None, moods=MOODS, risks=RISKS, values=MultiDict(), errors={},
            token=g.get("volunteer_token", ""),
        )  # fmt: skip


@blueprint.post("/v/<token>/calls/<int:call_id>/<act>")
@permit(PUBLIC)
def own_act(token: str, call_id: int, act: str) -> ResponseReturnValue:
    """Pass one's own call on, ask for a listener, protect oneself, or write up the call that is over, from the phone."""
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
    form = request.form
    acts: dict[str, tuple[Callable[[Session, Desk], int | None], Callable[[], str]]] = {
        "pass-on": (lambda session, at: _passed_on(session, at, call_id), lambda: gettext("Passed on to staff. Thank you.")),
        "listener": (
            lambda session, at: listening.ask(session, at, call_id).senior_id, lambda: gettext("A senior is asked."),
        ),
        "protect": (lambda session, at: _protected(session, at, call_id), lambda: gettext("The caller hears it now.")),
        "write-up": (
            lambda session, at: filing.write_up(session, at, form, form.getlist("risk")), lambda: gettext("Written up."),
        ),
    }  # fmt: skip
    if act not in acts:
        raise NotFound("page", request.path)
    do, said = acts[act]

    def own(session: Session) -> set[int]:
        at = _own_desk(session, services, token)
        return {at.agent_id, do(session, at) or at.agent_id}

    def tell(agent_ids: set[int]) -> None:
        for each in agent_ids:
            live.notify_desk(services.redis, each)
        wake(call_id)

    # Their language is known only once the link was read: what is said is looked up afterwards.
    return act_from_page(
        own, lambda _: said(), about="call", back=url_for("volunteer_page.show", token=token), after=tell
    )


def _passed_on(session: Session, at: Desk, call_id: int) -> None:
    passing_on.pass_on(session, at, call_id, request.form.get("note", ""))


def _protected(session: Session, at: Desk, call_id: int) -> None:
    handling.protect(session, at, call_id)
