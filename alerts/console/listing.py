"""The list of alerts, and the two ways to begin one: by hand and from a CAP file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts import drafting
from alerts.cap.limits import DEFAULT_LIMITS
from alerts.cap.values import SEVERITIES
from alerts.console import labels
from alerts.console.blueprint import blueprint, officer_names
from alerts.console.problems import ShownError, explain
from alerts.draft_fields import DraftFields
from alerts.models import Alert, Tally
from alerts.reading import count_by_state, list_alerts
from alerts.states import DELIVERED, FAILED, MESSAGE_STATES, SENT
from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit

PAGE_SIZE = 25
KINDS_BY_HAND = ("Actual", "Exercise", "Test")


@dataclass(frozen=True)
class Row:
    """One alert as the list shows it; `figures` are its messages by state, empty before sending."""

    alert: Alert
    author: str
    figures: dict[str, int]

    @property
    def total(self) -> int:
        """All messages of the alert."""
        return sum(self.figures.values())

    @property
    def bar(self) -> list[tuple[str, int, str]]:
        """Parts of the bar: look, number and its name."""
        return bar_parts(self.figures)


def bar_parts(figures: dict[str, int]) -> list[tuple[str, int, str]]:
    """Return delivered, sent, under way, failed and ended as (look, number, text) for a stacked bar."""
    moving = figures.get("sending", 0) + figures.get("in_doubt", 0)
    ended = figures.get("withdrawn", 0) + figures.get("lapsed", 0)
    parts = [
        ("delivered", figures.get(DELIVERED, 0), gettext("delivered")),
        ("sent", figures.get(SENT, 0), gettext("sent")),
        ("sending", moving, gettext("being handed over")),
        ("failed", figures.get(FAILED, 0), gettext("failed")),
        ("ended", ended, gettext("not sent any more")),
    ]
    return [(look, count, f"{name}: {count:,}") for look, count, name in parts]


def figures_of(session: Session, ids: list[int]) -> dict[int, dict[str, int]]:
    """Return the messages of several alerts by state, from the running tallies."""
    found: dict[int, dict[str, int]] = {}
    if not ids:
        return found
    rows = session.execute(
        select(Tally.alert_id, Tally.state, func.sum(Tally.messages))
        .where(Tally.alert_id.in_(ids))
        .group_by(Tally.alert_id, Tally.state)
    )
    for alert_id, state, count in rows.tuples():
        found.setdefault(alert_id, dict.fromkeys(MESSAGE_STATES, 0))[state] = int(count)
    return found


def rows_of(session: Session, alerts: list[Alert]) -> list[Row]:
    """Return the alerts with what the list shows beside them."""
    names = officer_names(session, {alert.author_id for alert in alerts})
    figures = figures_of(session, [alert.id for alert in alerts if alert.started_at is not None])
    return [Row(alert, names.get(alert.author_id, "–"), figures.get(alert.id, {})) for alert in alerts]


@blueprint.get("/alerts")
@permit("alerts.read")
def index() -> ResponseReturnValue:
    """Show the list; a page's script gets the table alone."""
    states, severities = ([each for each in request.args.getlist(name) if each] for name in ("state", "severity"))
    search = request.args.get("q", "").strip()[:100]
    before = _number(request.args.get("before"))
    with current().db.transaction() as session:
        found = list_alerts(
            session, states=states, severities=severities, search=search, before_id=before, limit=PAGE_SIZE + 1
        )
        rows, more = rows_of(session, found[:PAGE_SIZE]), len(found) > PAGE_SIZE
        counts = count_by_state(session)
    chosen: dict[str, Any] = {"state": states, "severity": severities, "q": search or None}
    older = url_for("alerts.index", **chosen, before=rows[-1].alert.id) if more and rows else None
    page: dict[str, Any] = {
        "rows": rows, "older": older, "newer": url_for("alerts.index", **chosen) if before else None,
        "filtered": bool(states or severities or search), "labels": labels,
    }  # fmt: skip
    if request.headers.get("X-Fragment"):
        return render_template("alerts/_rows.html", **page)
    return render_template(
        "alerts/list.html", **page, states=states, severities=severities, search=search, counts=counts,
        all_states=[(state, labels.state_name(state)) for state in labels.STATES], all_severities=SEVERITIES,
        fragment_src=url_for("alerts.index", **chosen, before=before),
    )  # fmt: skip


@blueprint.get("/alerts/new")
@permit("alerts.write")
def new() -> ResponseReturnValue:
    """Offer the two ways to begin."""
    return _new_page()


@blueprint.post("/alerts/new")
@permit("alerts.write")
def create() -> ResponseReturnValue:
    """Begin a draft by hand and open it in the editor."""
    services = current()
    given = {"headline": request.form.get("headline", "").strip(), "status": request.form.get("status", "Actual")}
    try:
        if given["status"] not in KINDS_BY_HAND:
            raise InvalidInput("status", given["status"], f"use one of {', '.join(KINDS_BY_HAND)}")
        fields = DraftFields(headline=given["headline"], status=given["status"])
        with services.db.transaction() as session:
            alert = drafting.draft_by_hand(session, services.clock, actor(), fields)
    except ValidationError:
        return _new_page(
            given=given, error=explain(InvalidInput("headline", given["headline"], "write a headline"))
        ), 422
    except HotlineError as error:
        return _new_page(given=given, error=explain(error)), error.status
    return redirect(url_for("alerts.edit", alert_id=alert.id))


@blueprint.post("/alerts/upload")
@permit("alerts.write")
def upload() -> ResponseReturnValue:
    """Make drafts of a CAP file, or show every fault with its line."""
    services = current()
    file = request.files.get("file")
    name = (file.filename or "") if file else ""
    try:
        if file is None or not name:
            raise InvalidInput("file", "", "choose a CAP file")
        data = file.stream.read(DEFAULT_LIMITS.size_bytes + 1)
        with services.db.transaction() as session:
            drafts = drafting.draft_from_cap(session, services.clock, actor(), data, source="cap")
            ids, warned = [draft.id for draft in drafts], any(draft.cap_warnings for draft in drafts)
    except HotlineError as error:
        named = error.params.get("alerts")
        stop = [each for each in named if isinstance(each, int)] if isinstance(named, list) else []
        return _new_page(upload_error=explain(error), filename=name, stop=stop), error.status
    if len(ids) == 1:
        flash(_one_draft(warned), "warn" if warned else "good")
        return redirect(url_for("alerts.edit", alert_id=ids[0]))
    flash(ngettext("%(num)s draft was made of this file.", "%(num)s drafts were made of this file.", len(ids)), "good")
    return redirect(url_for("alerts.index", state="draft"))


def _one_draft(warned: bool) -> str:
    if warned:
        return gettext("The file was read with remarks; they stand with the draft. Check the area and the texts.")
    return gettext("The file was read. Check the area and the texts.")


def _new_page(
    *,
    given: dict[str, str] | None = None,
    error: ShownError | None = None,
    upload_error: ShownError | None = None,
    filename: str = "",
    stop: list[int] | None = None,
) -> str:
    kinds = [(kind, gettext(labels.STATUSES[kind])) for kind in KINDS_BY_HAND]
    return render_template(
        "alerts/new.html", given=given or {}, error=error, upload_error=upload_error, filename=filename, kinds=kinds,
        stop=stop or [], limit_mib=DEFAULT_LIMITS.size_bytes // (1024 * 1024),
    )  # fmt: skip


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) <= 18 else None
