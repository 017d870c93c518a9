"""The pages of the live board: figures, curve and map that follow by themselves, lists of people, texts to read, reports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerts.board import people, report
from alerts.board.figures import Board, Split, board
from alerts.board.places import places
from alerts.board.sampling import curve
from alerts.console import labels
from alerts.console.words import map_urls, shared_words
from alerts.models import Alert
from alerts.reading import get_alert
from alerts.replies import by_text, recording
from alerts.silent import labels as step_labels
from alerts.silent.reading import of_people
from hotline.auth.identity import actor
from hotline.console.rendering import when
from hotline.core import live
from hotline.core.errors import NotFound, Refused
from hotline.core.explain import explain
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.ids import reference
from hotline.core.services import current
from hotline.core.web import permit

STATIC = Path(__file__).resolve().parent / "static"
blueprint = Blueprint("board", __name__, template_folder="templates")
SHOWN_COUNTRIES = 60
MAX_CURSOR = 2**63 - 1
NOBODY_KNOWN = gettext_noop("Nobody is known to have this number; call it, or put the text away.")

NAMES = {
    "delivered": gettext_noop("Reached"),
    "safe": gettext_noop("Safe"),
    "help": gettext_noop("Need help"),
    "silent": gettext_noop("Silent"),
    "not_reached": gettext_noop("Not reached"),
    "waiting": gettext_noop("Not sent yet"),
}
NOTES = {
    "delivered": gettext_noop("the text is on the handset"),
    "safe": gettext_noop("their latest answer"),
    "help": gettext_noop("their latest answer"),
    "silent": gettext_noop("sent or delivered, no answer"),
    "not_reached": gettext_noop("failed, withdrawn or lapsed"),
    "waiting": gettext_noop("waits or is under way"),
}


@blueprint.get("/alerts/<int:alert_id>/board")
@permit("alerts.read")
def show(alert_id: int) -> ResponseReturnValue:
    """Show the board of an alert that has been sent."""
    split = _asked_for()
    with current().db.transaction() as session:
        alert = _sent_alert(session, alert_id)
        context = _context(session, alert, split)
    chosen = _query(split)
    context["data"] = {
        "areas": alert.approval.areas if alert.approval else alert.areas,
        "urls": map_urls() | {"places": url_for("board.places_json", alert_id=alert_id, **chosen),
                              "curve": url_for("board.curve_json", alert_id=alert_id, **chosen)},
        "words": shared_words() | {key: gettext(name) for key, name in NAMES.items()}
        | {"people": gettext("%(count)s people", count="%(count)s")},
    }  # fmt: skip
    return render_template("board/board.html", **context)


@blueprint.get("/alerts/<int:alert_id>/board/figures")
@permit("alerts.read")
def figures_part(alert_id: int) -> ResponseReturnValue:
    """Return figures, countries and texts to read alone, for open pages."""
    with current().db.transaction() as session:
        return render_template("board/_figures.html", **_context(session, _sent_alert(session, alert_id), _asked_for()))


@blueprint.get("/alerts/<int:alert_id>/board/curve.json")
@permit("alerts.read")
def curve_json(alert_id: int) -> ResponseReturnValue:
    """Return the curve minute by minute."""
    with current().db.transaction() as session:
        return jsonify(curve(session, get_alert(session, alert_id).id, _asked_for()))


@blueprint.get("/alerts/<int:alert_id>/board/places.json")
@permit("map.read")
def places_json(alert_id: int) -> ResponseReturnValue:
    """Return where the answers came from, by grid cell."""
    with current().db.transaction() as session:
        return jsonify(places=places(session, get_alert(session, alert_id).id, _asked_for()))


@blueprint.get("/alerts/<int:alert_id>/board/people")
@permit("travellers.read")
def people_page(alert_id: int) -> ResponseReturnValue:
    """List the people behind one figure."""
    given, wanted = request.args.get("state", "help"), request.args.get("q", "").strip()[:100]
    state = given if given in people.STATES else "help"
    after = request.args.get("after", type=int) or 0
    after, split = after if 0 <= after <= MAX_CURSOR else 0, _asked_for()
    with current().db.transaction() as session:
        alert = _sent_alert(session, alert_id)
        found = board(session, alert_id, split)
        page = people.people_in(session, alert_id, state, after=after, wanted=wanted, split=split)
        tried = of_people(session, alert_id, [person.traveller_id for person in page.people])
    return render_template(
        "board/people.html", alert=alert, page=page, state=state, q=wanted, after=after, names=NAMES, states=people.STATES,
        total=found.total, labels=labels, tried=tried, steps=step_labels, **_choice(found, split),
    )  # fmt: skip


@blueprint.post("/alerts/<int:alert_id>/board/texts/<int:text_id>")
@permit("cases.work")
def read_text(alert_id: int, text_id: int) -> ResponseReturnValue:
    """Say what a text meant that no rule could understand."""
    services = current()
    try:
        with services.db.transaction() as session:
            recorded = by_text.settle(session, services.clock, actor(), text_id, request.form.get("meaning", ""))
    except NotFound:
        flash(gettext("Somebody else has read this text already."), "warn")
    except Refused as error:
        flash(explain(error), "warn")
    else:
        if recorded is not None:
            recording.notify(services, recorded)
        live.notify(services.redis, f"alert:{alert_id}")
        flash(gettext("Written down."), "good")
    return redirect(url_for("board.show", alert_id=alert_id))


@blueprint.get("/alerts/<int:alert_id>/board.csv")
@permit("alerts.read")
def csv_report(alert_id: int) -> ResponseReturnValue:
    """Send the board as a table."""
    with current().db.transaction() as session:
        alert, split = _sent_alert(session, alert_id), _asked_for()
        found, lines = board(session, alert.id, split), report.minutes(session, alert.id, split)
    response = Response(report.as_csv(found, lines, current().clock.now()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="alert-{alert_id}-board.csv"'
    return response


@blueprint.get("/alerts/<int:alert_id>/board.pdf")
@permit("alerts.read")
def pdf_report(alert_id: int) -> ResponseReturnValue:
    """Send the board as a PDF."""
    with current().db.transaction() as session:
        alert, split = _sent_alert(session, alert_id), _asked_for()
        found, lines = board(session, alert_id, split), curve(session, alert_id, split)
    looked_at = ([(gettext("Country"), labels.country_name(split.country))] if split.country else []) + (
        [(gettext("Provider"), split.provider)] if split.provider else []
    )
    head = report.Head(
        reference("AL", alert.id), alert.headline,
        [(gettext("Place"), alert.place or "–"), (gettext("Sent"), _plain_when(alert.started_at)),
         (gettext("State"), labels.state_name(alert.state)), (gettext("People"), f"{found.total.people:,}"), *looked_at],
        _plain_when(current().clock.now()), alert.drill,
    )  # fmt: skip
    response = Response(report.as_pdf(found, head, lines), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="alert-{alert_id}-board.pdf"'
    return response


def _asked_for() -> Split:
    """Return the part that the address asks for; what is no name of a country or a provider asks for everybody."""
    country, provider = request.args.get("country", ""), request.args.get("provider", "")
    return Split(
        country if re.fullmatch(r"[A-Z]{2}", country) else None,
        provider if re.fullmatch(r"[A-Za-z0-9_.-]{1,20}", provider) else None,
    )


def _query(split: Split) -> dict[str, Any]:
    """Return the part that is looked at as it stands in addresses."""
    return {name: value for name, value in (("country", split.country), ("provider", split.provider)) if value}


def _choice(found: Board, split: Split) -> dict[str, Any]:
    """Return what a page needs to show and to change the part that is looked at."""
    countries = sorted(((code, labels.country_name(code)) for code in found.countries), key=lambda each: each[1])
    return {
        "split": split, "chosen": _query(split), "country_options": [("", gettext("All countries")), *countries],
        "provider_options": [("", gettext("All providers")), *((each, each) for each in found.providers)],
    }  # fmt: skip


def _context(session: Session, alert: Alert, split: Split) -> dict[str, Any]:
    found = board(session, alert.id, split)
    return {
        "alert": alert, "labels": labels, "total": found.total, "tiles": tiles(found), "names": NAMES,
        "countries": [(code, labels.country_name(code), each) for code, each in list(found.by_country.items())[:SHOWN_COUNTRIES]],
        "providers": [(each or None, each or gettext("Not handed over"), part) for each, part in found.by_provider.items()],
        **_choice(found, split),
        "bar": bar_of, "texts": by_text.unclear(session, alert.id),
    }  # fmt: skip


def tiles(found: Board) -> list[tuple[str, str, int, str]]:
    """Return (key, name, number, note) of the big figures; what is not sent yet only while there is some."""
    keys = ["delivered", "help", "safe", "silent", "not_reached", *(["waiting"] if found.total.waiting else [])]
    return [(key, gettext(NAMES[key]), getattr(found.total, key), gettext(NOTES[key])) for key in keys]


def bar_of(each: Any) -> list[tuple[str, int, str]]:
    """Return safe, help, silent and the rest as (look, number, text) for a stacked bar."""
    parts = [("safe", each.safe), ("help", each.help), ("silent", each.silent), ("not_reached", each.not_reached)]
    return [(look, count, f"{gettext(NAMES[look])}: {count:,}") for look, count in parts]


def _sent_alert(session: Session, alert_id: int) -> Alert:
    """Return an alert whose messages are written; before that there is nothing to see. Raises NotFound."""
    alert = get_alert(session, alert_id)
    if alert.started_at is None:
        raise NotFound("board of alert", alert_id)
    return alert


def _plain_when(moment: Any) -> str:
    return when(moment).striptags()
