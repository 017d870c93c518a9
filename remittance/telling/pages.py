"""What officers see of texts on a remittance's page, and telling the relative once more: page and API."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Blueprint, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit
from remittance.requests import access
from remittance.requests.states import READ, WRITE
from remittance.telling import again
from remittance.telling.sentences import RELATIVE, TRAVELLER, to_relative_now

blueprint = Blueprint("remittance_texts", __name__, template_folder="templates")
api_blueprint = APIBlueprint("api_remittance_texts", __name__, url_prefix="/api/v1", tag="Remittances")
READERS = {TRAVELLER: gettext_noop("Traveller"), RELATIVE: gettext_noop("Relative")}


class RelativeToldOut(BaseModel):
    """The text that goes out; its words and its link are nobody's but theirs."""

    notice_id: int


@blueprint.get("/remittances/<int:remittance_id>/texts")
@permit(READ)
def panel(remittance_id: int) -> str:
    """Return the part about texts; empty before there is one, and one to send."""
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        found = again.told(session, one.id)
    may_tell = (
        actor().may(WRITE) and one.payer_consent_at is not None and bool(to_relative_now(one.state, one.held_state))
    )
    if not found and not may_tell:
        return ""
    return render_template("texts/_of_remittance.html", one=one, found=found, readers=READERS, may_tell=may_tell)


@blueprint.post("/remittances/<int:remittance_id>/texts/again")
@permit(WRITE)
def tell_again(remittance_id: int) -> ResponseReturnValue:
    """Tell the relative once more."""
    services = current()
    return act_from_page(
        lambda session: again.tell_again(session, services, actor(), remittance_id), gettext("The text goes out."),
        about="remittance", back=url_for("remittances.show", remittance_id=remittance_id),
    )  # fmt: skip


@api_blueprint.post("/remittances/<int:remittance_id>/texts/again")
@api_blueprint.output(RelativeToldOut)
@api_blueprint.doc(
    summary="Tell the relative once more how it stands",
    responses={404: "There is no such remittance", 409: "Nobody may be told, or there is nothing to tell"},
)
@permit(WRITE)
def tell_again_by_api(remittance_id: int) -> ResponseReturnValue:
    """Tell the relative once more."""
    services = current()
    with services.db.transaction() as session:
        return jsonify(notice_id=again.tell_again(session, services, actor(), remittance_id))
