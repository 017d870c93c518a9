"""What officers see: a case's part about the money, a remittance's part about the relative's page, and ending their links."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from hotline.auth.identity import actor
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.own_page.links import end_relative_links
from remittance.own_page.models import RelativePage
from remittance.own_page.of_case import of_case
from remittance.requests import access, words
from remittance.requests.states import READ, REVIEW

blueprint = Blueprint("own_money_office", __name__, template_folder="templates")


@blueprint.get("/remittances/<int:remittance_id>/relative-page")
@permit(READ)
def panel(remittance_id: int) -> str:
    """Return the part about the relative's page; empty before there is a relative who may be told."""
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        ended = session.get(RelativePage, one.id)
    if one.payer_consent_at is None:
        return ""
    return render_template("own_money/_office.html", one=one, ended=ended, may_end=actor().may(REVIEW))


@blueprint.get("/remittances/of-case/<int:case_id>")
@permit(READ)
def case_panel(case_id: int) -> str:
    """Return the part of a case's page that says where the money is."""
    with current().db.transaction() as session:
        found = of_case(session, actor(), case_id, str(get_locale()))
    return render_template("own_money/_of_case.html", found=found, case_id=case_id, words=words)


@blueprint.post("/remittances/<int:remittance_id>/relative-page/end")
@permit(REVIEW)
def end(remittance_id: int) -> ResponseReturnValue:
    """End the links sent so far, for a telephone in wrong hands."""
    with current().db.transaction() as session:
        end_relative_links(session, current().clock, actor(), remittance_id)
    flash(gettext("The links sent so far open nothing any more."), "good")
    return redirect(url_for("remittances.show", remittance_id=remittance_id))
