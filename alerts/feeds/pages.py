"""The pages of the sources: what is polled, how that goes, what came of it; adding, changing and switching off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from alerts.console import labels
from alerts.feeds import reading, sources
from alerts.feeds.models import FeedSource
from alerts.feeds.saying import say
from alerts.feeds.sources import THRESHOLDS, SourceFields
from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit

SHOWN_DRAFTS = 8
DEFAULT_INTERVAL_S = 120

KINDS = {
    "cap": gettext_noop("CAP messages (Atom or RSS)"),
    "gdacs": gettext_noop("GDACS disasters (RSS)"),
    "usgs": gettext_noop("USGS earthquakes (GeoJSON)"),
}
PROBLEMS = {
    "name": gettext_noop("Give a name of 1 to 120 characters."),
    "url": gettext_noop("Give a public address that begins with https:// or http://."),
    "kind": gettext_noop("Choose what kind of feed it is."),
    "threshold": gettext_noop("This threshold does not belong to this kind of feed; choose one that does."),
    "interval_s": gettext_noop("Give 30 to 86400 seconds."),
    "feed-known": gettext_noop("This address is a source already."),
    "feeds-full": gettext_noop("There are too many sources; change one that is not used."),
}
LEVELS = {
    "Green": gettext_noop("Green"),
    "Orange": gettext_noop("Orange"),
    "Red": gettext_noop("Red"),
}

blueprint = Blueprint("feeds", __name__, template_folder="templates")


def threshold_name(kind: str, threshold: str) -> str:
    """Return a threshold in the reader's language."""
    if kind == "usgs":
        return gettext("Magnitude %(number)s", number=threshold)
    table = LEVELS if kind == "gdacs" else labels.SEVERITIES
    return labels.label(table, threshold)


def said(packed: str) -> str:
    """Return what is kept of a fault or a note in the reader's language."""
    return say(packed, gettext)


@blueprint.get("/alerts/feeds")
@permit("alerts.read")
def index() -> ResponseReturnValue:
    """Show every source with how its last poll went, and what came in lately; a page's script gets the tables alone."""
    with current().db.transaction() as session:
        page: dict[str, Any] = {
            "sources": sources.list_sources(session),
            "reports": reading.recent(session),
        }
        template = "feeds/_tables.html" if request.headers.get("X-Fragment") else "feeds/list.html"
        return render_template(
            template,
            **page,
            kinds=KINDS,
            labels=labels,
            said=said,
            threshold_name=threshold_name,
            now=current().clock.now(),
        )


@blueprint.get("/alerts/feeds/panel")
@permit("alerts.read")
def panel() -> ResponseReturnValue:
    """Show the drafts that feeds have made and nobody has decided about."""
    with current().db.transaction() as session:
        found = reading.open_drafts(session, limit=SHOWN_DRAFTS)
        return render_template("feeds/_panel.html", alerts=found, labels=labels)


@blueprint.get("/alerts/feeds/new")
@permit("feeds.write")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form(None, {"kind": "usgs", "threshold": "6.0", "interval_s": str(DEFAULT_INTERVAL_S), "enabled": True})


@blueprint.post("/alerts/feeds/new")
@permit("feeds.write")
def create() -> ResponseReturnValue:
    """Add a source."""
    services = current()
    try:
        with services.db.transaction() as session:
            sources.add(session, services.clock, actor(), _given(), allow_private=services.settings.feeds_allow_private)
    except HotlineError as error:
        return _refused(None, error)
    flash(gettext("The source was added; its first answer is here in a moment."), "good")
    return redirect(url_for("feeds.index"))


@blueprint.get("/alerts/feeds/<int:source_id>")
@permit("feeds.write")
def edit(source_id: int) -> ResponseReturnValue:
    """Show a source's form."""
    with current().db.transaction() as session:
        row = sources.get(session, source_id)
    return _form(row, {name: getattr(row, name) for name in SourceFields.__dataclass_fields__})


@blueprint.post("/alerts/feeds/<int:source_id>")
@permit("feeds.write")
def change(source_id: int) -> ResponseReturnValue:
    """Change a source."""
    services = current()
    try:
        with services.db.transaction() as session:
            row = sources.get(session, source_id)
        with services.db.transaction() as session:
            sources.change(
                session, services.clock, actor(), source_id, _given(),
                allow_private=services.settings.feeds_allow_private,
            )  # fmt: skip
    except InvalidInput as error:
        return _refused(row, error)
    except HotlineError as error:
        if error.code not in PROBLEMS:
            raise
        return _refused(row, error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("feeds.index"))


def _given() -> SourceFields:
    interval = request.form.get("interval_s", "").strip()
    if not (interval.isascii() and interval.isdigit() and len(interval) <= 6):
        raise InvalidInput("interval_s", interval, "give whole seconds")
    return SourceFields(
        name=request.form.get("name", ""),
        url=request.form.get("url", "").strip(),
        kind=request.form.get("kind", ""),
        threshold=request.form.get("threshold", ""),
        interval_s=int(interval),
        enabled=request.form.get("enabled") == "1",
    )


def _refused(row: FeedSource | None, error: HotlineError) -> ResponseReturnValue:
    field = error.field if isinstance(error, InvalidInput) else "url"
    key = field if isinstance(error, InvalidInput) else error.code
    if key not in PROBLEMS:
        raise error
    given = {name: request.form.get(name, "") for name in ("name", "url", "kind", "threshold", "interval_s")}
    errors = {field: gettext(PROBLEMS[key])}
    return _form(row, given | {"enabled": request.form.get("enabled") == "1"}, errors), error.status


def _form(row: FeedSource | None, values: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    groups = [
        (gettext(KINDS[kind]), [(value, threshold_name(kind, value)) for value in thresholds])
        for kind, thresholds in THRESHOLDS.items()
    ]
    return render_template(
        "feeds/form.html", source=row, values=values, errors=errors or {}, groups=groups,
        kinds=[(kind, gettext(name)) for kind, name in KINDS.items()],
    )  # fmt: skip
