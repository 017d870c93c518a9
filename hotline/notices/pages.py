"""Pages on which officers see what single texts went out, and what became of each."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hotline.core.i18n import gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit
from hotline.notices import listing
from hotline.notices.states import PURPOSES, STATES

blueprint = Blueprint("notices", __name__, template_folder="templates")
PAGE_ROWS = 50
PANEL_ROWS = 8
MAX_CURSOR = 2**63 - 1

STATE_NAMES = {
    "queued": (gettext_noop("waiting"), "waiting"),
    "sending": (gettext_noop("being sent"), "running"),
    "in_doubt": (gettext_noop("answer lost, being looked up"), "waiting"),
    "sent": (gettext_noop("sent"), "agreed"),
    "delivered": (gettext_noop("delivered"), "done"),
    "failed": (gettext_noop("failed"), "fault"),
    "lapsed": (gettext_noop("lapsed"), "ended"),
}
"""Name of each state, and the kind of badge it gets."""
REASONS = {
    "opted_out": gettext_noop("The person wants no texts."),
    "bad_number": gettext_noop("The number is known not to work."),
    "attempts": gettext_noop("Looked up in vain too often."),
    "lost": gettext_noop("Nobody could tell whether it was sent."),
    "21610": gettext_noop("The person has told the provider to stop."),
    "21211": gettext_noop("This is no telephone number."),
    "21614": gettext_noop("This is no mobile number."),
    "30003": gettext_noop("The handset is off or out of reach."),
    "30005": gettext_noop("The number is not in use."),
    "30006": gettext_noop("This is no mobile number."),
    "30007": gettext_noop("A carrier has filtered it out."),
}
assert set(STATE_NAMES) == set(STATES), "every state has a name"


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"notice_state": state_name, "notice_reason": reason_of, "notice_purpose": purpose_name}


def state_name(state: str) -> tuple[str, str]:
    """Return a state's name in the reader's language and its kind of badge."""
    label, kind = STATE_NAMES[state]
    return gettext(label), kind


def reason_of(code: str | None) -> str:
    """Return what a failure's code means; the code itself where it is the provider's and not explained here."""
    if not code:
        return ""
    return gettext(REASONS[code]) if code in REASONS else gettext("Provider's code %(code)s", code=code)


def purpose_name(purpose: str) -> str:
    """Return what a notice is for, in the reader's language."""
    return gettext(PURPOSES[purpose].label) if purpose in PURPOSES else purpose


@blueprint.get("/notices")
@permit("notices.read")
def list_notices() -> ResponseReturnValue:
    """List notices, the newest first; by number, purpose and state."""
    chosen = {name: request.args.get(name, "").strip()[:40] for name in ("q", "purpose", "state")}
    cursor = request.args.get("cursor", type=int)
    if cursor is not None and not 0 < cursor <= MAX_CURSOR:
        cursor = None
    with current().db.transaction() as session:
        page = listing.search(
            session,
            number=chosen["q"],
            purpose=chosen["purpose"],
            state=chosen["state"],
            cursor=cursor,
            limit=PAGE_ROWS,
        )
    return render_template(
        "notices/list.html",
        page=page,
        chosen=chosen,
        cursor=cursor,
        purposes=[("", gettext("all")), *((key, purpose_name(key)) for key in PURPOSES)],
        states=[("", gettext("all")), *((key, state_name(key)[0]) for key in STATES)],
    )


@blueprint.get("/notices/<int:notice_id>")
@permit("notices.read")
def show_notice(notice_id: int) -> ResponseReturnValue:
    """Show one notice with its attempts; the words of a secret one are never shown."""
    with current().db.transaction() as session:
        notice, attempts = listing.get(session, notice_id)
    return render_template("notices/show.html", notice=notice, attempts=attempts)


@blueprint.get("/notices/to/<int:traveller_id>")
@permit("notices.read")
def traveller_panel(traveller_id: int) -> str:
    """Return the part of a traveller's page that lists the latest single texts to their number."""
    with current().db.transaction() as session:
        notices = listing.of_traveller(session, traveller_id, PANEL_ROWS)
    return render_template("notices/panel.html", notices=notices)
