"""The log of forwardings, one of them with its reasons, and the page that says what would happen at any moment and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.calls.states import NUMBERS
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import staff
from hotline.missions.models import Mission
from overflow.forwarding import listing, telling, trying, warnings, words
from overflow.forwarding.models import ForwardedCall
from overflow.forwarding.trying import Tried

blueprint = Blueprint("forwarding", __name__, url_prefix="/overflow", template_folder="templates")
CENTRES = ("now", "free", "full")


@blueprint.get("/forwardings")
@permit("calls.read")
def log() -> ResponseReturnValue:
    """List announced and forwarded calls, the latest first."""
    services, asked = current(), request.args.get("q", "").strip()[:40]
    digits = "".join(char for char in asked if char.isascii() and char.isdigit())
    is_number = bool(digits) and not any(char.isalpha() for char in asked)
    how = request.args.get("how", "")
    wanted = listing.LogFilter(
        mission_id=_id(request.args.get("mission", "")),
        # Who sees masked numbers only cannot find them out digit by digit either.
        digits=digits if is_number and actor().may(NUMBERS) else "", reference="" if is_number else asked,
        how=how if how in (*words.HOWS, "none") else "", before=_before(request.args.get("before", "")),
    )  # fmt: skip
    with services.db.transaction() as session:
        rows, older = listing.log(session, wanted, services.clock.now())
        missions = _missions(session)
    return render_template(
        "forwarding/log.html", rows=rows, older=older, asked=asked, wanted=wanted, missions=missions, words=words,
        telling=telling,
    )  # fmt: skip


@blueprint.get("/forwardings/<int:forwarding_id>")
@permit("calls.read")
def show(forwarding_id: int) -> ResponseReturnValue:
    """Show one announced call: what was said of it, every step of the decision, and which call met it."""
    with current().db.transaction() as session:
        row = listing.one(session, forwarding_id)
        mission = session.get_one(Mission, row.mission_id)
        met = session.scalar(select(ForwardedCall).where(ForwardedCall.forwarding_id == row.id))
    steps = [step | {"told": telling.step_told(step)} for step in row.explanation]
    return render_template(
        "forwarding/show.html", row=row, mission=mission, met=met, steps=steps, words=words, telling=telling
    )


@blueprint.get("/try")
@permit("missions.read")
def try_out() -> ResponseReturnValue:
    """Say for any moment and line what would happen to a call, and why; with a day ahead and what is wrong with the lines."""
    services, problem = current(), None
    found: dict[str, Any] = {}
    with services.db.transaction() as session:
        missions = _missions(session)
        chosen = _id(request.args.get("mission", ""))
        if chosen is not None:
            staff.demand(session, actor(), chosen)
            try:
                given = _tried(chosen)
                outcome = trying.attempt(session, services, given)
                found = {
                    "outcome": outcome, "steps": telling.steps_told(outcome.decision), "at": given.at,
                    "ahead": trying.day_ahead(session, services, given),
                }  # fmt: skip
            except NotFound:
                raise
            except HotlineError as error:
                problem = error
            found["warnings"] = warnings.of(session, services, chosen)
    page = render_template(
        "forwarding/try.html", missions=missions, chosen=chosen, words=words, telling=telling, centres=CENTRES,
        form=request.args, error=explain(problem, "overflow") if problem else "",
        field=problem.field if isinstance(problem, InvalidInput) else "", **found,
    )  # fmt: skip
    return page, problem.status if problem else 200


def _tried(mission_id: int) -> Tried:
    now, written = current().clock.now(), request.args.get("at", "").strip()
    return Tried(
        mission_id=mission_id, at=telling.moment(written, "at") if written else now,
        reason=request.args.get("reason", "unknown")[:20], language=request.args.get("language", "").strip()[:8],
        caller=request.args.get("caller", "").strip()[:40], called=request.args.get("called", "").strip()[:20],
        centre=request.args.get("centre", "now")[:10],
    )  # fmt: skip


def _missions(session: Session) -> list[Mission]:
    return list(session.scalars(select(Mission).order_by(Mission.country, Mission.code)))


def _id(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 19 else None


def _before(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written[:40])
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
