"""The ordered list of rules on its page: switched, moved and changed; incidents added and ended; warnings beside it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import staff
from hotline.missions.models import Mission
from overflow.forwarding import rules, telling, warnings, words
from overflow.forwarding.decision import ACTIONS
from overflow.forwarding.warnings import Warned

blueprint = Blueprint("overflow_rules", __name__, url_prefix="/overflow", template_folder="templates")


@blueprint.get("/rules")
@permit("missions.read")
def index() -> ResponseReturnValue:
    """Show the list in its order, and what is wrong with the lines."""
    return _page()


@blueprint.post("/rules/<kind>")
@permit("missions.write")
def change(kind: str) -> ResponseReturnValue:
    """Change one of the standing rules."""
    services = current()
    return _done(
        lambda session: rules.change(
            session, services.clock, actor(), kind[:20], enabled="enabled" in request.form,
            action=request.form.get("action", "")[:10] or None, limit=_limit(request.form.get("limit", "")),
        ),
        gettext("Saved. It holds everywhere within a few seconds."),
    )  # fmt: skip


@blueprint.post("/rules/<kind>/move")
@permit("missions.write")
def move(kind: str) -> ResponseReturnValue:
    """Move one of the standing rules one place up or down."""
    up = request.form.get("to") == "up"
    return _done(
        lambda session: rules.move(session, current().clock, actor(), kind[:20], up=up),
        gettext("The order is changed."),
    )


@blueprint.post("/incidents")
@permit("missions.write")
def add_incident() -> ResponseReturnValue:
    """Put a rule for an incident in front of the list."""
    services, form = current(), request.form
    mission, country = form.get("mission", "").strip(), form.get("country", "").strip().upper()[:2]
    return _done(
        lambda session: rules.add_incident(
            session, services.clock, actor(), action=form.get("action", "take")[:10],
            mission_id=int(mission) if mission.isascii() and mission.isdigit() and len(mission) < 19 else None,
            country=country, ends_at=telling.moment(form.get("ends_at", ""), "ends_at"),
            note=form.get("note", "")[:400],
        ),
        gettext("The rule holds from now on."),
    )  # fmt: skip


@blueprint.post("/incidents/<int:rule_id>/end")
@permit("missions.write")
def end_incident(rule_id: int) -> ResponseReturnValue:
    """End an incident's rule now."""
    return _done(
        lambda session: rules.end_incident(session, current().clock, actor(), rule_id), gettext("The rule is ended.")
    )


def _done(act: Callable[[Session], object], said: str) -> ResponseReturnValue:
    try:
        with current().db.transaction() as session:
            act(session)
    except NotFound:
        raise
    except HotlineError as error:
        return _page(error)
    flash(said, "good")
    return redirect(url_for("overflow_rules.index"))


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        listed = rules.listed(session)
        missions = list(
            session.scalars(select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.country, Mission.code))
        )
        about = {
            row.id: row
            for row in session.scalars(
                select(Mission).where(Mission.id.in_({r.mission_id for r in listed if r.mission_id}))
            )
        }
        found = _seen(session, warnings.of(session, services))
    page = render_template(
        "forwarding/rules.html", rules=listed, missions=missions, about=about, warnings=found, words=words, actions=ACTIONS,
        telling=telling, now=services.clock.now(), form=request.form if error else {},
        error=explain(error, "overflow") if error else "", field=error.field if isinstance(error, InvalidInput) else "",
    )  # fmt: skip
    return page, error.status if error else 200


def _seen(session: Session, found: list[Warned]) -> list[Warned]:
    """Leave out what is wrong with lines of other missions where somebody works at a mission and keeps none."""
    who = actor()
    if who.may(staff.WRITE) or not who.may(staff.OWN):
        return found
    own = staff.missions_of(session, who.id or 0)
    return [each for each in found if each.mission_id in own]


def _limit(written: str) -> int | None:
    if not written.strip():
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 9):
        raise InvalidInput("limit", written[:20], "use a whole number")
    return int(written)
