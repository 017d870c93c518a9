"""One's own shifts: agents in the console, volunteers on their own page, and the calendar that telephones fetch."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents.presence import agent_of
from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, HotlineError, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit
from overflow.shifts import calendars, missing, people, reading, sending, swapping, words
from overflow.shifts.states import OPEN_SWAPS, OWN, PUBLISHED
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.own_page import guarded
from overflow.volunteers.reading import get as get_volunteer

blueprint = Blueprint("own_shifts", __name__, template_folder="templates")
MAX_SHOWN = 60
ACTS = ("offer", "withdraw", "take", "decline")


@blueprint.get("/shifts/mine")
@permit(OWN)
def mine() -> ResponseReturnValue:
    """Show the reader's own shifts, and those they could take over."""
    return _mine()


def _mine(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        agent = agent_of(session, actor().id)
        if agent is None:
            return render_template("shifts/mine.html", person=None)
        context = context_of(session, agent.id)
        address = calendars.address(session, current(), agent.id)
    page = render_template(
        "shifts/mine.html", **context, address=address, error=explain(error, "shift") if error else None,
        act=lambda shift_id, what: url_for("own_shifts.act", shift_id=shift_id, what=what),
    )  # fmt: skip
    return page, error.status if error else 200


def _agent(session: Session) -> int:
    agent = agent_of(session, actor().id)
    if agent is None:
        raise Forbidden("You are no agent.", code="shift-no-agent")
    return agent.id


def context_of(session: Session, agent_id: int) -> dict[str, Any]:
    """Return what a page of somebody's own shifts shows."""
    now, person = current().clock.now(), people.person(session, agent_id)
    offers = swapping.open_offers(session, current().clock)
    own = reading.of_person(session, agent_id, now, states=(PUBLISHED,), limit=MAX_SHOWN)
    return {
        "shifts": own, "person": person, "words": words, "now": now,
        "offered": {each.shift.id: each.swap for each in offers if each.shift.agent_id == agent_id},
        "open": [each for each in offers if each.shift.agent_id != agent_id and each.swap.state == OPEN_SWAPS[0]],
        "asked": [each for each in offers if each.swap.to_agent_id == agent_id],
    }  # fmt: skip


@blueprint.post("/shifts/mine/<int:shift_id>/<what>")
@permit(OWN)
def act(shift_id: int, what: str) -> ResponseReturnValue:
    """Offer one's own shift, take the offer back, take somebody's, or say that one cannot come."""
    try:
        with current().db.transaction() as session:
            message = _acted(session, actor(), _agent(session), shift_id, what)
    except NotFound:
        raise
    except HotlineError as error:
        return _mine(error)
    return _after(message, url_for("own_shifts.mine"))


def _acted(session: Session, who: Actor, agent_id: int, shift_id: int, what: str) -> str:
    clock, reason = current().clock, request.form.get("reason", "")
    if what not in ACTS:
        raise NotFound("act on a shift", what[:20])
    if what == "offer":
        swapping.offer(session, clock, who, agent_id, shift_id, reason)
        return gettext("Offered. It stays yours until somebody has taken it.")
    if what == "withdraw":
        swapping.withdraw(session, clock, who, agent_id, shift_id)
        return gettext("The offer is taken back.")
    if what == "decline":
        swapping.decline(session, clock, who, agent_id, shift_id, reason)
        return gettext("Noted: you cannot come. The planners see it now.")
    swap = swapping.take(session, clock, who, agent_id, shift_id)
    if swap.why_asked:
        return gettext("Thank you. A planner has to agree; you get a text.")
    return gettext("Thank you. The shift is yours.")


def _after(message: str, address: str) -> ResponseReturnValue:
    live.notify(current().redis, missing.TOPIC)
    jobs.enqueue(current(), sending.JOB)
    flash(message, "good")
    return redirect(address)


@blueprint.post("/shifts/mine/calendar")
@permit(OWN)
def renew_calendar() -> ResponseReturnValue:
    """Give the reader's calendar another address."""
    with current().db.transaction() as session:
        calendars.renew(session, current().clock, actor(), _agent(session))
    flash(gettext("The address before no longer works."), "good")
    return redirect(url_for("own_shifts.mine"))


@blueprint.get("/shifts/calendar/<token>.ics")
@permit(PUBLIC)
def calendar(token: str) -> ResponseReturnValue:
    """Send a person's shifts as a calendar; the address is the authority."""
    with current().db.transaction() as session:
        person = people.person(session, calendars.whose(session, current(), token))
        text = calendars.of_person(session, current().clock.now(), person)
    response = Response(text, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"], response.headers["X-Robots-Tag"] = "private, max-age=900", "noindex"
    return response


@blueprint.get("/shifts/of-volunteer/<int:volunteer_id>")
@permit("volunteers.read")
def panel(volunteer_id: int) -> str:
    """Return the part of a volunteer's own page about their shifts; officers see the same without the buttons."""
    with current().db.transaction() as session:
        volunteer = get_volunteer(session, volunteer_id)
        if volunteer.agent_id is None:
            return render_template("shifts/_no_shifts.html")
        context = context_of(session, volunteer.agent_id)
        token = g.get("volunteer_token")
        address = calendars.address(session, current(), volunteer.agent_id) if token else ""

    def address_of(shift_id: int, what: str) -> str:
        return url_for("own_shifts.volunteer_act", token=token, shift_id=shift_id, what=what)

    return render_template("shifts/_mine.html", **context, address=address, renew="", act=address_of if token else None)


@blueprint.post("/v/<token>/shifts/<int:shift_id>/<what>")
@permit(PUBLIC)
def volunteer_act(token: str, shift_id: int, what: str) -> ResponseReturnValue:
    """Let a volunteer do on their own page what agents do in the console; the link is the authority."""
    return guarded(lambda services: _volunteer_acted(token, shift_id, what))


def _volunteer_acted(token: str, shift_id: int, what: str) -> ResponseReturnValue:
    back = url_for("volunteer_page.show", token=token)
    try:
        with current().db.transaction() as session:
            volunteer = volunteer_of(session, current(), token)
            if volunteer.agent_id is None:
                raise Forbidden("You are on no roster yet.", code="shift-no-agent")
            # By number and not by name: what the audit trail says cannot be erased.
            who = Actor("person", volunteer.id, f"volunteer {volunteer.id}", frozenset({OWN}), via="link")
            message = _acted(session, who, volunteer.agent_id, shift_id, what)
    except HotlineError as error:
        if error.status == 404 and getattr(error, "kind", "") != "shift":
            raise
        flash(explain(error, "shift"), "warn")
        return redirect(back)
    return _after(message, back)
