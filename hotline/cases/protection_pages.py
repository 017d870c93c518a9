"""Pages of protection: abusive calls that wait for review, and numbers that are held apart."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.cases import protection, words
from hotline.cases.call_links import call_links
from hotline.cases.protection_lists import flags_now, incidents
from hotline.core import live
from hotline.core.acting import act_from_page
from hotline.core.i18n import gettext
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("protection", __name__, template_folder="templates")


@blueprint.get("/protection")
@permit("cases.work")
def list_page() -> ResponseReturnValue:
    """Show what is to be reviewed, one's own calls with the offer of support, and the flags that hold."""
    who = actor()
    with current().db.transaction() as session:
        found = incidents(session, who, ended=True)
        held = flags_now(session, current().clock)
        ids = {each.officer_id for each in found}
        names = dict(
            session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(ids))).tuples().all()
        )
        calls = call_links(session, {each.contact_id for each in found})
    return render_template(
        "cases/protection.html", incidents=found, flags=held, names=names, words=words, own=who.id, mask=mask,
        kinds=protection.BY_HAND, calls=calls,
    )  # fmt: skip


@blueprint.post("/protection/incidents/<int:incident_id>/review")
@permit("cases.assign")
def review(incident_id: int) -> ResponseReturnValue:
    """Uphold or overturn."""
    upheld, note = request.form.get("upheld") == "yes", request.form.get("note", "")
    return _act(
        lambda session: protection.review(
            session, current().clock, actor(), incident_id, upheld=upheld, note=note, days=_days()
        )
    )


@blueprint.post("/protection/incidents/<int:incident_id>/support")
@permit("cases.work")
def support(incident_id: int) -> ResponseReturnValue:
    """Say whether support is wanted."""
    said = request.form.get("support", "")
    return _act(lambda session: protection.answer_support(session, current().clock, actor(), incident_id, said))


@blueprint.post("/protection/numbers")
@permit("cases.assign")
def flag() -> ResponseReturnValue:
    """Hold a number apart."""
    form = request.form
    return _act(
        lambda session: protection.flag_number(
            session, current().clock, actor(), phone=form.get("phone", ""), kind=form.get("kind", ""),
            reason=form.get("reason", ""), days=_days(),
        )
    )  # fmt: skip


@blueprint.post("/protection/numbers/<int:flag_id>/lift")
@permit("cases.assign")
def lift(flag_id: int) -> ResponseReturnValue:
    """Let a number through again."""
    return _act(lambda session: protection.lift(session, current().clock, actor(), flag_id))


def _act(act: Callable[[Session], object]) -> ResponseReturnValue:
    return act_from_page(
        act, gettext("Done."), about="number", back=url_for("protection.list_page"),
        after=lambda _: live.notify(current().redis, "cases"),
    )  # fmt: skip


def _days() -> int:
    given = request.form.get("days", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
