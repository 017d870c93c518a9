"""What somebody answered, on their page in the console, and ending their links when a phone is lost."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from alerts.replies.models import Answer
from hotline.auth.identity import actor
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit
from hotline.links.opening import revoke_links

blueprint = Blueprint("replies", __name__)
SHOWN = 30


@blueprint.get("/answers/of-traveller/<int:traveller_id>")
@permit("travellers.read")
def traveller_panel(traveller_id: int) -> str:
    """Return the latest answers of one person, the last one said first."""
    with current().db.transaction() as session:
        answers = session.scalars(
            select(Answer)
            .where(Answer.traveller_id == traveller_id)
            .order_by(Answer.said_at.desc(), Answer.id.desc())
            .limit(SHOWN)
        ).all()
    return render_template(
        "replies/_of_traveller.html", answers=answers, traveller_id=traveller_id,
        ref=lambda number: reference("AL", number),
    )  # fmt: skip


@blueprint.post("/answers/of-traveller/<int:traveller_id>/end-links")
@permit("travellers.write")
def end_links(traveller_id: int) -> ResponseReturnValue:
    """End every personal link that was sent to somebody so far."""
    services = current()
    with services.db.transaction() as session:
        revoke_links(session, services.clock, actor(), traveller_id)
    flash(gettext("The links sent so far open nothing any more."), "good")
    return redirect(url_for("travellers.show_traveller", traveller_id=traveller_id))
