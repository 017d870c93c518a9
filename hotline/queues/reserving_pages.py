"""The form that reserves or promises a callback for a chosen time, in a zone that is named; by itself or for a case."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.cases.models import Case
from hotline.cases.pages import hint
from hotline.cases.reaching import number_chosen, numbers_of
from hotline.cases.working import get_case
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from hotline.queues import callbacks, moments
from hotline.queues.assigning import kick
from hotline.queues.callback_pages import officers_who_call
from hotline.queues.callbacks import GivenWord
from hotline.queues.models import Queue

blueprint = Blueprint("reserving", __name__, template_folder="templates")
HOUSE_ZONE = "Asia/Seoul"
_ID = re.compile(r"[1-9][0-9]{0,17}")


@blueprint.get("/callbacks/new")
@permit("callbacks.work")
def form() -> ResponseReturnValue:
    """Show the form; `?case=` names the case it is about."""
    return _form()


@blueprint.post("/callbacks/new")
@permit("callbacks.work")
def reserve() -> ResponseReturnValue:
    """Reserve or promise a callback."""
    services, given = current(), request.form
    try:
        with services.db.transaction() as session:
            case = _case(session)
            zone = moments.read_zone(given.get("zone", ""))
            asked = moments.read_moment(given.get("due_at", ""), zone)
            word = GivenWord(
                phone=_phone(session, case), due_at=asked, owner_id=_owner(), queue=given.get("queue", ""),
                language=given.get("language", "").strip(), case_id=case.id if case is not None else None,
            )  # fmt: skip
            made = callbacks.give_word(session, services.clock, actor(), word)
    except HotlineError as error:
        return _form(error)
    for topic in ("callbacks", "attention"):
        live.notify(services.redis, topic)
    kick(services)
    when = moments.shown(made.due_at, zone)
    if made.due_at != asked:
        flash(gettext("This number has a callback already: it stays at %(when)s.", when=when), "warn")
    else:
        flash(gettext("They are called at %(when)s.", when=when), "good")
    if case is None:
        return redirect(url_for("callbacks.list_page"))
    hint(case.id)
    return redirect(url_for("cases.show", case_id=case.id))


def _form(error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        case = _case(session) if not error or error.status != 404 else None
        numbers = numbers_of(session, case) if case is not None else []
        officer = session.get(Officer, actor().id or 0)
        own_zone = officer.zone if officer is not None else HOUSE_ZONE
        queues = session.scalars(select(Queue).where(Queue.active).order_by(Queue.id)).all()
        officers = officers_who_call(session)
        near = missions.in_charge(session, case.country, case.place) if case is not None else []
    now = current().clock.now()
    there = [each.zone for each in near if each.zone != own_zone][:1]
    page = render_template(
        "queues/reserve.html", case=case, numbers=numbers, queues=queues, officers=officers, given=request.form,
        own_zone=own_zone, clocks=[moments.shown(now, moments.read_zone(zone)) for zone in (own_zone, *there)],
        zones=sorted(available_timezones()), field=getattr(error, "field", ""),
        ref=lambda number: reference("CS", number), error=explain(error, "callback") if error is not None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _case(session: Session) -> Case | None:
    given = request.values.get("case", "")
    if not given:
        return None
    return get_case(session, int(given) if _ID.fullmatch(given) else 0)


def _phone(session: Session, case: Case | None) -> str:
    """Return the number that was written, or that of whom was chosen among the people of the case."""
    whom, written = request.form.get("whom", ""), request.form.get("phone", "")
    return number_chosen(session, case, whom) if whom and not written.strip() else written


def _owner() -> int | None:
    given = request.form.get("owner_id", "")
    if given and not _ID.fullmatch(given):
        raise InvalidInput("owner_id", given[:30], "choose an officer who works here")
    return int(given) if given else None
