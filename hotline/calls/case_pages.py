"""What calls add to a case's page: calling somebody of it, whose number need not be seen for that."""

from __future__ import annotations

from flask import Blueprint, render_template

from hotline.cases.reaching import numbers_of
from hotline.cases.working import get_case
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("calls_of_case", __name__, template_folder="templates")


@blueprint.get("/calls/of-case/<int:case_id>")
@permit("calls.take")
def panel(case_id: int) -> str:
    """Return the part of a case's page from which its people are called."""
    with current().db.transaction() as session:
        numbers = numbers_of(session, get_case(session, case_id))
    return render_template("calls/_of_case.html", numbers=numbers, case_id=case_id)
