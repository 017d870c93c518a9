"""What somebody answered, on their page in the console."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import select

from alerts.replies.models import Answer
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit

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
    return render_template("replies/_of_traveller.html", answers=answers, ref=lambda number: reference("AL", number))
