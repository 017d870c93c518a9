"""The list of what needs attention: a part of the wallboard, of the callbacks' page and of the overview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.cases.models import Case
from hotline.core import live
from hotline.core.acting import act_from_page
from hotline.core.i18n import gettext
from hotline.core.ids import reference
from hotline.core.phone import mask
from hotline.core.services import current
from hotline.core.web import permit
from hotline.queues import attention, callback_lists, words

blueprint = Blueprint("attention", __name__, template_folder="templates")
BACK = {"callbacks": "callbacks.list_page", "overview": "pages.overview"}
"""Where the button returns to, by what the form says; anything else leads to the wallboard."""


def attention_context(*, back: str = "wallboard") -> dict[str, Any]:
    """Return what the list's template needs; `back` names the page it stands on."""
    with current().db.transaction() as session:
        found = attention.needs_attention(session, current().clock, actor())
    return {
        "attention": found, "attention_words": words, "mask": mask, "back": back,
        "ref": lambda number: reference("CS", number),
    }  # fmt: skip


@blueprint.get("/attention/part")
@permit("queues.read")
def part() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    back = request.args.get("back", "")
    return render_template("queues/_attention.html", **attention_context(back=back if back in BACK else "wallboard"))


@blueprint.get("/attention/panel")
@permit("callbacks.work")
def panel() -> str:
    """Return the overview's panel: what the reader must act on."""
    context = attention_context(back="overview")
    context["attention"] = [each for each in context["attention"] if each.mine]
    return render_template("queues/_attention.html", **context, own=True)


@blueprint.post("/attention/<int:item_id>/acknowledge")
@permit("queues.read")
def acknowledge(item_id: int) -> ResponseReturnValue:
    """Acknowledge one; whom it is addressed to is the stage's to say."""
    services = current()
    return act_from_page(
        lambda session: attention.acknowledge(session, services.clock, actor(), item_id),
        gettext("Noted that you have seen it."), about="attention",
        back=url_for(BACK.get(request.form.get("back", ""), "queues.wallboard")),
        after=lambda _: live.notify(services.redis, "attention"),
    )  # fmt: skip


@blueprint.get("/callbacks/of-case/<int:case_id>")
@permit("callbacks.work")
def case_panel(case_id: int) -> str:
    """Return the part of a case's page that lists its callbacks, those that were given up as open work."""
    with current().db.transaction() as session:
        found = callback_lists.of_case(session, case_id)
        case = session.get(Case, case_id)
    return render_template("queues/_of_case.html", callbacks=found, case=case, words=words)
