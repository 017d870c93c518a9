"""The agent's desk: one's own state, the call that is on, who calls, what can be done, scripts and the write-up.

The desk sends its forms in the background and asks for its live parts anew, so that nothing that is being typed is lost; without
JavaScript the same forms lead back to the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.agents import keeping, presence
from hotline.agents import words as agent_words
from hotline.agents.models import Agent
from hotline.agents.states import BREAKS, ENGAGED
from hotline.auth.identity import actor
from hotline.calls import browser, filing, handling, passing_on, presenting, scripts, words
from hotline.calls.events import wake_all
from hotline.calls.handling import Desk
from hotline.calls.screen import call_at, screen_of
from hotline.cases import words as case_words
from hotline.cases.judging import MOODS, RISKS
from hotline.cases.reaching import number_chosen
from hotline.cases.states import WORK
from hotline.cases.working import get_case
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults, Unavailable
from hotline.core.explain import explain, explain_fields
from hotline.core.ids import reference
from hotline.core.registry import Registry
from hotline.core.services import current
from hotline.core.web import content_policy, permit
from hotline.geo.countries import NOWHERE
from hotline.queues import words as queue_words
from hotline.queues.assigning import kick

blueprint = Blueprint("desk", __name__, template_folder="templates")
Act = Callable[[Session, Desk], object]


@blueprint.get("/desk")
@permit("calls.take")
def show() -> ResponseReturnValue:
    """Show the desk."""
    return _page()


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    errors = explain_fields(error, "call") if isinstance(error, InvalidInput | SeveralFaults) else {}
    context = _context(whole=True)
    page = render_template(
        "calls/desk.html",
        **context,
        error=explain(error, "call") if error else None,
        errors=errors,
        values=request.form,
    )
    response = make_response(page, error.status if error else 200)
    if context["browser"]:
        live_url = current().settings.live_url
        response.headers["Content-Security-Policy"] = content_policy(live_url, browser.POLICY)
        response.headers["Permissions-Policy"] = browser.MICROPHONE
    return response


@blueprint.get("/desk/state")
@permit("calls.take")
def state_part() -> ResponseReturnValue:
    """Return the agent's own state alone, for the open desk."""
    return render_template("calls/_state.html", **_own_state())


@blueprint.get("/desk/call")
@permit("calls.take")
def call_part() -> ResponseReturnValue:
    """Return the call alone, for the open desk."""
    return render_template("calls/_call.html", **_context())


@blueprint.get("/desk/dialogs")
@permit("calls.take")
def dialogs() -> ResponseReturnValue:
    """Return the call's dialogs alone; the open desk fetches them when another call comes, never while one is filled in."""
    return render_template("calls/_dialogs.html", **_context(whole=True))


def _own_state() -> dict[str, Any]:
    with current().db.transaction() as session:
        agent = presence.agent_of(session, actor().id)
    return {
        "agent": agent, "agent_words": agent_words, "breaks": BREAKS, "engaged": ENGAGED, "extras": _extras(agent),
        "may_choose": browser.offered(current()),
    }  # fmt: skip


def _extras(agent: Agent | None) -> list[Markup]:
    """Return what rooms above bring to this agent's desk."""
    if agent is None:
        return []
    registry: Registry = current_app.extensions["registry"]
    return [
        # The rooms' own templates, already escaped.
        Markup(current_app.view_functions[panel.endpoint](agent_id=agent.id))  # noqa: S704
        for panel in sorted(registry.desk_panels, key=lambda panel: panel.order)
        if actor().may(panel.permission)
    ]


def _context(*, whole: bool = False) -> dict[str, Any]:
    services, who = current(), actor()
    with services.db.transaction() as session:
        agent = presence.agent_of(session, who.id)
        call = call_at(session, services, agent)
        screen = screen_of(session, services, call, agent.id) if call is not None and agent is not None else None
        hands = (
            presenting.hands_for(session, agent.id, drill=call.drill)
            if whole and call is not None and agent is not None
            else None
        )
    return {
        "agent": agent, "call": call, "screen": screen, "hands": hands, "words": words, "agent_words": agent_words,
        "extras": _extras(agent) if whole else [],
        "case_words": case_words, "breaks": BREAKS, "engaged": ENGAGED, "moods": MOODS, "risks": RISKS,
        "may_file": who.may(WORK), "own_id": who.id, "nowhere": NOWHERE, "reference": reference,
        "queue_words": queue_words, "now": services.clock.now(),
        "browser": agent is not None and agent.via == "browser" and browser.offered(services),
        "may_choose": browser.offered(services),
        "scripts": scripts.for_call(call, g.officer.display_name) if call is not None else [],
    }  # fmt: skip


def number_of(name: str) -> int:
    """Return a number that the form gives; raises InvalidInput."""
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19):
        raise InvalidInput(name, given, "choose one of the list")
    return int(given)


@blueprint.post("/desk/state")
@permit("calls.take")
def choose_state() -> ResponseReturnValue:
    """Become ready, take a break or go off duty; during a call the choice applies afterwards."""
    form = request.form
    return _act(
        lambda session, at: presence.choose(
            session, at.services.clock, at.agent_id, form.get("state", ""), form.get("reason", ""), actor=at.actor
        )
    )


@blueprint.post("/desk/telephone")
@permit("calls.take")
def choose_telephone() -> ResponseReturnValue:
    """Have one's calls ring at one's own telephone or in this browser; the page is loaded anew, for it is the telephone then."""
    given = request.form.get("via", "")

    def act(session: Session, at: Desk) -> None:
        if given == "browser" and not browser.offered(at.services):
            raise Unavailable("Browsers cannot answer here: no API key is configured.", code="no-browser-calls")
        keeping.choose_telephone(session, at.services.clock, at.actor, at.agent_id, given)

    return _act(act)


@blueprint.post("/desk/<int:call_id>/<act>")
@permit("calls.take")
def change(call_id: int, act: str) -> ResponseReturnValue:
    """Hold, resume, invite, hand over, forward, give to a queue, let a party go, protect oneself, or end."""
    form = request.form
    acts: dict[str, Act] = {
        "hold": lambda session, at: handling.hold(session, at, call_id, on=True),
        "resume": lambda session, at: handling.hold(session, at, call_id, on=False),
        "invite": lambda session, at: handling.invite_from_book(session, at, call_id, number_of("entry")),
        "colleague": lambda session, at: handling.invite_colleague(session, at, call_id, number_of("agent")),
        "hand-over": lambda session, at: handling.hand_over(session, at, call_id, form.get("note", "")),
        "forward": lambda session, at: handling.forward(session, at, call_id, number_of("entry")),
        "queue": lambda session, at: handling.requeue(
            session, at, call_id, form.get("queue", "")[:40], form.get("note", "")
        ),
        "pass-on": lambda session, at: passing_on.pass_on(session, at, call_id, form.get("note", "")),
        "remove": lambda session, at: handling.remove(session, at, call_id, number_of("leg")),
        "protect": lambda session, at: handling.protect(session, at, call_id, form.get("note", "")),
        "duty": lambda session, at: handling.call_duty(session, at, call_id),
        "finish": lambda session, at: handling.finish(session, at, call_id),
        "attach": lambda session, at: filing.attach(session, at, call_id, number_of("case")),
        "open-case": lambda session, at: filing.open_case(
            session, at, call_id, summary=form.get("summary", ""), country=form.get("country", "")
        ),
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
    phone, whom = request.form.get("phone", ""), request.form.get("whom", "")

    def act(session: Session, at: Desk) -> None:
        case = get_case(session, case_id) if case_id is not None else None
        number = number_chosen(session, case, whom) if whom else phone
        handling.call_out(session, at, number, case_id=case_id)

    return _act(act)


@blueprint.post("/desk/write-up")
@permit("calls.take")
def write_up() -> ResponseReturnValue:
    """Write up the call that has just ended; with `then=break` a break follows instead of the next call."""
    form = request.form
    return _act(lambda session, at: filing.write_up(session, at, form, form.getlist("risk")))


def _act(act: Act, call_id: int | None = None) -> ResponseReturnValue:
    """Do one thing at the desk: 204 for the open desk, which looks again by itself, and the page for everybody else."""
    services = current()
    try:
        with services.db.transaction() as session:
            act(session, at_desk(session))
    except NotFound:
        raise
    except HotlineError as error:
        return _refused(error) if _is_open_desk() else _page(error)
    wake(call_id)
    return ("", 204) if _is_open_desk() else redirect(url_for("desk.show"))


def _is_open_desk() -> bool:
    return request.headers.get("X-Fragment") == "1"


def _refused(error: HotlineError) -> ResponseReturnValue:
    field = error.field if isinstance(error, InvalidInput) else ""
    return {"error": explain(error, "call"), "field": field}, error.status


def at_desk(session: Session) -> Desk:
    """Return who acts as the agent they are; raises InvalidInput for somebody who is none."""
    who = actor()
    agent = presence.agent_of(session, who.id)
    if agent is None:
        raise InvalidInput("agent", who.name, "an administrator makes you an agent", code="no-agent")
    return Desk(who, agent.id, current())


def wake(call_id: int | None) -> None:
    """Have orders carried out and free agents found, and tell open pages."""
    services = current()
    wake_all(services, call_id)
    kick(services)
    live.notify(services.redis, "cases")


@blueprint.get("/desk/token")
@permit("calls.take")
def token() -> ResponseReturnValue:
    """Return a short-lived token for answering in this browser."""
    services, who = current(), actor()
    with services.db.transaction() as session:
        agent = presence.agent_of(session, who.id)
    if agent is None:
        raise NotFound("agent", who.name)
    return {"token": browser.token_for(services, agent.id), "ttl_s": browser.TTL_S}
