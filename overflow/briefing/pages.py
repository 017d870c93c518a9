"""The console's pages of briefings: which there are, reading and answering one, writing one, and who needs a senior."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from overflow.briefing import answering, gate, keeping, questions, reading, words
from overflow.briefing.states import LIFT, QUESTIONS, READ, WRITE

blueprint = Blueprint("briefings", __name__, template_folder="templates")
TOPIC = "briefings"


@blueprint.get("/briefings")
@permit(READ)
def index() -> ResponseReturnValue:
    """List the briefings of open incidents, whether I passed them, and whom a senior must look at."""
    return _index()


def _index(error: HotlineError | None = None) -> ResponseReturnValue:
    who = actor()
    with current().db.transaction() as session:
        agent = presence.agent_of(session, who.id)
        listed = reading.listed(session, agent.id if agent is not None else None)
        held = answering.held(session) if who.may(LIFT) else []
    page = render_template(
        "briefing/list.html", listed=listed, held=held, words=words, is_agent=agent is not None, most=answering.MAX_NOTE_CHARS,
        error=explain(error, "briefing") if error is not None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.get("/briefings/panel")
@permit(LIFT)
def panel() -> str:
    """Return the overview's panel: people who have used up their tries."""
    with current().db.transaction() as session:
        return render_template("briefing/_held.html", held=answering.held(session), short=True)


@blueprint.get("/briefings/<int:incident_id>")
@permit(READ)
def show(incident_id: int) -> ResponseReturnValue:
    """Show what holds now, with the questions for somebody who answers calls."""
    return _show(incident_id)


def _show(incident_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        agent = presence.agent_of(session, actor().id)
        incident = keeping.incident_of(session, incident_id)
        version = keeping.current(session, incident_id)
        sheet = answering.sheet(session, agent.id, incident_id) if agent is not None and version is not None else None
        passes = reading.passes(session, incident_id) if actor().may(LIFT) or actor().may(WRITE) else []
    page = render_template(
        "briefing/show.html", incident=incident, version=version, sheet=sheet, passes=passes, words=words,
        action=url_for("briefings.answer", incident_id=incident_id), **_told(error),
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _told(error: HotlineError | None) -> dict[str, Any]:
    several = isinstance(error, InvalidInput | SeveralFaults)
    return {
        "error": explain(error, "briefing") if error is not None and not several else None,
        "errors": explain_fields(error, "briefing") if isinstance(error, InvalidInput | SeveralFaults) else {},
        "values": request.form,
    }


@blueprint.post("/briefings/<int:incident_id>")
@permit("agents.self")
def answer(incident_id: int) -> ResponseReturnValue:
    """Take an agent's answers."""
    services, who = current(), actor()
    try:
        with services.db.transaction() as session:
            agent = presence.agent_of(session, who.id)
            if agent is None:
                raise InvalidInput("agent", who.name, "an administrator makes you an agent", code="no-agent")
            outcome = answering.answer(
                session, services.clock, agent.id, incident_id, number_of("version"), number_of("try"), request.form, by=who
            )  # fmt: skip
    except NotFound:
        raise
    except HotlineError as error:
        return _show(incident_id, error)
    tell(outcome)
    return redirect(url_for("briefings.show", incident_id=incident_id))


def number_of(name: str) -> int:
    """Return a number that the form carries along; raises InvalidInput."""
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 10):
        raise InvalidInput(name, given, "open the page again", code="briefing-form")
    return int(given)


def tell(outcome: answering.Outcome) -> None:
    """Say how a try went, and have open pages look again."""
    if outcome.passed:
        flash(gettext("All three answers are right: you have passed this briefing."), "good")
    else:
        flash(
            gettext("%(right)s of 3 answers were right. Read the page again; tries left: %(left)s.", right=outcome.right,
                    left=outcome.left),
            "warn",
        )  # fmt: skip
    live.notify(current().redis, TOPIC)


@blueprint.get("/briefings/<int:incident_id>/edit")
@permit(WRITE)
def edit(incident_id: int) -> ResponseReturnValue:
    """Show the editor with what is saved as it will be seen."""
    return _edit(incident_id)


def _edit(incident_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        incident = keeping.incident_of(session, incident_id)
        draft, holds = keeping.draft(session, incident_id), keeping.current(session, incident_id)
        written = draft or holds
        told = _told(error)
        if error is None:
            told["values"] = (
                {"body_ko": written.body_ko, "body_en": written.body_en} | questions.as_form(written.questions)
                if written is not None
                else {}
            )
        page = render_template(
            "briefing/edit.html", incident=incident, draft=draft, holds=holds, count=QUESTIONS, words=words,
            most_body=keeping.MAX_BODY_CHARS, **told,
        )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/briefings/<int:incident_id>/edit")
@permit(WRITE)
def save(incident_id: int) -> ResponseReturnValue:
    """Save the draft and show it."""
    return _change(
        incident_id,
        lambda session: keeping.save(
            session, current().clock, actor(), incident_id, request.form, _read_edited()
        ),
        gettext("Saved. Below is what people will see; it holds only once it is published."),
    )  # fmt: skip


@blueprint.post("/briefings/<int:incident_id>/publish")
@permit(WRITE)
def publish(incident_id: int) -> ResponseReturnValue:
    """Let the draft hold; whoever is ready and has to pass it is off the queue after their call."""
    again = {"yes": True, "no": False}.get(request.form.get("again", ""))
    answered = _change(
        incident_id,
        lambda session: keeping.publish(
            session, current().clock, actor(), incident_id, _read_edited(), again=again
        ),
        gettext("Published. It stands on every volunteer's own page now."),
    )  # fmt: skip
    jobs.enqueue(current(), gate.JOB)
    return answered


@blueprint.post("/briefings/<int:incident_id>/discard")
@permit(WRITE)
def discard(incident_id: int) -> ResponseReturnValue:
    """Throw the draft away."""
    return _change(
        incident_id,
        lambda session: keeping.discard(session, current().clock, actor(), incident_id, _read_edited()),
        gettext("The draft is gone; what was published holds on."),
    )


def _read_edited() -> int:
    given = request.form.get("edited", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1


def _change(incident_id: int, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    services = current()
    try:
        with services.db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _edit(incident_id, error)
    flash(done, "good")
    live.notify(services.redis, TOPIC)
    return redirect(url_for("briefings.edit", incident_id=incident_id))


@blueprint.post("/briefings/lift")
@permit(LIFT)
def lift() -> ResponseReturnValue:
    """Give somebody three more tries, on record."""
    services = current()
    try:
        with services.db.transaction() as session:
            answering.lift(
                session, services.clock, actor(), number_of("version"), number_of("agent"), request.form.get("note", "")
            )
    except NotFound:
        raise
    except HotlineError as error:
        return _index(error)
    flash(gettext("Three more tries are given."), "good")
    live.notify(services.redis, TOPIC)
    return redirect(url_for("briefings.index"))
