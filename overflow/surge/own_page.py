"""What a volunteer sees and does on their own page: answer, what is left until they are ready, rest, leave, three questions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from operator import itemgetter

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.agents import keeping, presence
from hotline.agents.models import Agent
from hotline.agents.states import NOT_READY, OFFLINE, READY, SELF
from hotline.core.acting import act_from_page
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.i18n import gettext
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from hotline.incidents.models import Incident
from overflow.briefing.passing import passed
from overflow.surge import answering, briefed, survey, telling, words
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.states import DROPPED, OVER, RELEASED
from overflow.surge.survey import QUESTIONS
from overflow.surge.wording import task_of
from overflow.volunteers.links import volunteer_of
from overflow.volunteers.models import Volunteer
from overflow.volunteers.own_page import guarded
from overflow.volunteers.reading import get as get_volunteer

blueprint = Blueprint("own_callouts", __name__, template_folder="templates")
CHOICES = {"ready": (READY, ""), "rest": (NOT_READY, "break"), "leave": (OFFLINE, "")}
_TOLD = {
    "confirmed": lambda: gettext("Thank you. What was agreed is in the text that we send you."),
    "later": lambda: gettext("Thank you. What was agreed is in the text that we send you."),
    "reserve": lambda: gettext("Thank you. Enough people are coming just now; you are on reserve."),
    "declined": lambda: gettext("Thank you for answering."),
    "over": lambda: gettext("This call-out is over. Thank you for your good will."),
    "noted": lambda: gettext("Your answer is on record already. Thank you."),
}


@blueprint.get("/callouts/of-volunteer/<int:volunteer_id>")
@permit("volunteers.read")
def panel(volunteer_id: int) -> str:
    """Return the part of a volunteer's own page about call-outs."""
    services = current()
    with services.db.transaction() as session:
        person = latest(session, volunteer_id, services.clock.now())
        callout = session.get(Callout, person.callout_id) if person else None
        incident = session.get(Incident, callout.incident_id) if callout else None
        agent = session.get(Agent, person.agent_id) if person else None
        helped = session.scalar(
            select(func.coalesce(func.sum(AskedPerson.minutes), 0)).where(AskedPerson.volunteer_id == volunteer_id)
        )
        speaks = get_volunteer(session, volunteer_id).speaks
        # The sweep takes it over within seconds; whoever has just passed must not have to wait for it.
        done = incident is not None and bool(passed(session, incident.id, [volunteer_id]))
        published = incident is not None and briefed.is_published(session, incident.id)
        return render_template(
            "surge/_own.html", person=person, callout=callout, incident=incident, agent=agent, helped=helped or 0,
            task=task_of(callout.task, speaks) if callout else "", words=words, token=g.get("volunteer_token", ""),
            questions=QUESTIONS if person is not None and survey.may_answer(person) else {},
            over=callout is not None and callout.state in OVER, briefed=done, unbriefed=not done and not published,
        )  # fmt: skip


def latest(session: Session, volunteer_id: int, now: datetime) -> AskedPerson | None:
    """Return their place in an open call-out, else in the last one that still has questions for them."""
    person = answering.open_ask(session, volunteer_id)
    if person is not None:
        return person
    return session.scalar(
        select(AskedPerson)
        .where(
            AskedPerson.volunteer_id == volunteer_id, AskedPerson.ready_at.is_not(None),
            AskedPerson.state.in_((RELEASED, DROPPED)),
            func.coalesce(AskedPerson.released_at, AskedPerson.left_at) > now - survey.OPEN_FOR,
        )
        .order_by(AskedPerson.id.desc())
        .limit(1)
    )  # fmt: skip


@blueprint.post("/v/<token>/callouts/<int:person_id>/answer")
@permit(PUBLIC)
def answer(token: str, person_id: int) -> ResponseReturnValue:
    """Take an answer."""

    def stage(session: Session, services: Services, _volunteer: Volunteer) -> str:
        return _TOLD[answering.answer(session, services, person_id, request.form.get("answer", ""), "link")]()

    return _do(token, person_id, stage)


@blueprint.post("/v/<token>/callouts/<int:person_id>/presence")
@permit(PUBLIC)
def be(token: str, person_id: int) -> ResponseReturnValue:
    """Become ready, rest, or leave."""

    def stage(session: Session, services: Services, volunteer: Volunteer) -> str:
        given = request.form.get("state", "")
        if given not in CHOICES or volunteer.agent_id is None:
            raise InvalidInput("state", given, f"choose one of {', '.join(CHOICES)}")
        state, reason = CHOICES[given]
        # By number and not by name: what the audit trail says cannot be erased.
        name = f"volunteer {volunteer.id}"
        myself = Actor("officer", volunteer.officer_id, name, frozenset({SELF}), via="link")
        if given == "ready":
            _by_telephone(session, services, myself, volunteer.agent_id)
        presence.choose(session, services.clock, volunteer.agent_id, state, reason, actor=myself)
        return {
            "ready": gettext("You are ready. Calls ring on your telephone; press 1 to take one."),
            "rest": gettext("No call rings until you are ready again."),
            "leave": gettext("You are off duty. Thank you very much."),
        }[given]

    return _do(token, person_id, stage)


def _by_telephone(session: Session, services: Services, myself: Actor, agent_id: int) -> None:
    """Have calls ring on the telephone again: whoever gets ready here may have left the desk whose browser rang the last time."""
    with contextlib.suppress(Refused):  # in a call: what they chose for it stays
        keeping.choose_telephone(session, services.clock, myself, agent_id, "phone")


@blueprint.post("/v/<token>/callouts/<int:person_id>/survey")
@permit(PUBLIC)
def answer_survey(token: str, person_id: int) -> ResponseReturnValue:
    """Take the three answers."""

    def stage(session: Session, services: Services, _volunteer: Volunteer) -> str:
        survey.answer(session, services, person_id, request.form)
        return gettext("Thank you, that helps us.")

    return _do(token, person_id, stage)


def _do(token: str, person_id: int, stage: Callable[[Session, Services, Volunteer], str]) -> ResponseReturnValue:
    """Do something for the person whose link it is, and show their page again."""

    def act(services: Services) -> ResponseReturnValue:
        def own(session: Session) -> tuple[int, str]:
            volunteer = volunteer_of(session, services, token)
            return _own(session, volunteer, person_id), stage(session, services, volunteer)

        return act_from_page(
            own, itemgetter(1), about="own_callout", back=url_for("volunteer_page.show", token=token),
            after=lambda made: telling.tell(services, made[0]),
        )  # fmt: skip

    return guarded(act)


def _own(session: Session, volunteer: Volunteer, person_id: int) -> int:
    """Return the call-out of somebody's own place; raises NotFound for another's."""
    person = session.get(AskedPerson, person_id)
    if person is None or person.volunteer_id != volunteer.id:
        raise NotFound("asked person", person_id)
    return person.callout_id
