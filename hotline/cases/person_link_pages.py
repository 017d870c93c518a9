"""Sending somebody of a case the link to it, and ending the links they were sent: buttons of the console and the API."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Blueprint, flash, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.cases.pages import hint
from hotline.cases.person_links import end_person_links, send_link
from hotline.core.acting import act_from_page
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("person_links", __name__)
api_blueprint = APIBlueprint("api_person_links", __name__, url_prefix="/api/v1", tag="Cases")


class LinkSentOut(BaseModel):
    """The text that carries the link; the link itself is nobody's but theirs."""

    notice_id: int


@blueprint.post("/cases/<int:case_id>/people/<int:person_id>/send-link")
@permit("cases.work")
def send(case_id: int, person_id: int) -> ResponseReturnValue:
    """Send a link."""
    services = current()
    return act_from_page(
        lambda session: send_link(session, services.clock, services.settings, actor(), case_id, person_id),
        gettext("The link goes out by text."), about="case", back=url_for("cases.show", case_id=case_id),
        after=lambda _: hint(case_id),
    )  # fmt: skip


@blueprint.post("/persons/<int:person_id>/end-links")
@permit("cases.work")
def end(person_id: int) -> ResponseReturnValue:
    """End links."""
    with current().db.transaction() as session:
        end_person_links(session, current().clock, actor(), person_id)
    flash(gettext("The links sent so far open nothing any more."), "good")
    return redirect(url_for("persons.show", person_id=person_id))


@api_blueprint.post("/cases/<int:case_id>/people/<int:person_id>/link")
@api_blueprint.output(LinkSentOut)
@api_blueprint.doc(
    summary="Send somebody of a case the link to it by text",
    responses={404: "No such case or person", 409: "They are not in it, have no number, or got one a moment ago"},
)
@permit("cases.work")
def send_by_api(case_id: int, person_id: int) -> ResponseReturnValue:
    """Send a link."""
    services = current()
    with services.db.transaction() as session:
        notice_id = send_link(session, services.clock, services.settings, actor(), case_id, person_id)
    hint(case_id)
    return jsonify(notice_id=notice_id)


@api_blueprint.post("/persons/<int:person_id>/end-links")
@api_blueprint.doc(
    summary="End every link to a case that somebody was sent so far", responses={204: "Done", 404: "No such person"}
)
@permit("cases.work")
def end_by_api(person_id: int) -> ResponseReturnValue:
    """End links."""
    with current().db.transaction() as session:
        end_person_links(session, current().clock, actor(), person_id)
    return "", 204
