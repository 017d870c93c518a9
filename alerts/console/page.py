"""An alert's own page in every state: to be agreed to, being sent, finished, or ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts import approval
from alerts.approval import TYPE_THE_NUMBER_FROM, people_who_wrote
from alerts.console import labels
from alerts.console.blueprint import blueprint, mission_name, officer_names
from alerts.console.counting import text_json
from alerts.console.editor import faults_of, language_order, remarks
from alerts.console.history import changes_since_return, estimate_at_submission, timeline
from alerts.console.listing import bar_parts
from alerts.console.problems import explain
from alerts.console.reasons import reason
from alerts.console.words import map_urls, shared_words
from alerts.feeds.reading import reports_of
from alerts.follow import chain
from alerts.follow.correcting import can_be_corrected
from alerts.follow.drafts import can_be_followed
from alerts.follow.estimates import must_type_number, people_told
from alerts.inbound import answers
from alerts.models import Alert, AudienceSnapshot, InboundText
from alerts.preview import preview_texts
from alerts.progress import Progress, progress
from alerts.publish.publishing import documents_of
from alerts.reading import get_alert
from alerts.segments import count_segments
from alerts.states import ALERT, DRAFT, MESSAGE_STATES, SENDING_STATES, STOP, SUBMITTED, WRITE
from alerts.suggestions import with_suggestions
from alerts.variants import CORRECTION, VARIANTS, Texts, needs_area
from hotline.auth.identity import actor
from hotline.core.errors import HotlineError
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions.models import Mission
from hotline.providers import faults

Value = TypeVar("Value")
SHOWN_ANSWERS = 50
SHOWN_COUNTRIES = 60


@dataclass(frozen=True)
class ShownText:
    """One text exactly as handsets get it."""

    variant: str
    language: str
    name: str
    filled: str | None
    parts: int | None
    encoding: str | None
    problems: tuple[str, ...] = ()


@blueprint.get("/alerts/<int:alert_id>")
@permit("alerts.read")
def show(alert_id: int) -> ResponseReturnValue:
    """Show the alert."""
    return render_page(alert_id)


def render_page(alert_id: int, *, error: HotlineError | None = None, opened: str = "") -> str:
    """Return the page; with an error when an act on it was refused (`opened` names the dialog to open again)."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        context = _context(session, alert)
        return render_template(
            "alerts/alert.html", **context, error=explain(error) if error else None, opened=opened if error else ""
        )


def _context(session: Session, alert: Alert) -> dict[str, Any]:
    wrote = people_who_wrote(session, alert)
    names = officer_names(session, {*wrote, alert.approval.officer_id if alert.approval else None})
    who = actor()
    stoppable = approval.can_be_stopped(alert, current().clock)
    events = ALERT.events_for(alert.state, who) - (frozenset() if stoppable else {"cancel"})
    started = alert.started_at is not None
    mission = session.get(Mission, alert.mission_id) if alert.mission_id else None
    texts = shown_texts(session, alert)
    followed = chain_context(session, alert)
    return {
        "alert": alert,
        "labels": labels,
        "names": names,
        "mission": mission_name(mission, str(get_locale() or DEFAULT_LANGUAGE)) if mission else None,
        **followed,
        "texts": texts,
        "variants": [variant for variant in VARIANTS if any(text.variant == variant for text in texts)],
        "main_variant": alert.main_variant,
        "seen": approval.digest_now(alert, by_variant(texts)) if alert.state == SUBMITTED else "",
        "events": events,
        "own": who.id in wrote,
        "waiting": alert.state == SUBMITTED,
        "faults": faults_of(session, alert) if alert.state == SUBMITTED else [],
        "type_from": TYPE_THE_NUMBER_FROM,
        "max_reason": approval.MAX_REASON_CHARS,
        "timeline": timeline(session, alert.id),
        "changes": changes_since_return(session, alert.id) if alert.state == SUBMITTED else [],
        "estimate_at_submission": estimate_at_submission(session, alert.id),
        "data": {
            "areas": alert.approval.areas if alert.approval else alert.areas,
            "drill": alert.drill,
            "told": followed["told"] or 0,
            "precisions": alert.precisions,
            "live": alert.state in ("approved", "dispatching"),
            "urls": {
                **map_urls(),
                "count": url_for("alerts.count"),
                "cost": url_for("alerts.cost", alert_id=alert.id),
            },
            "words": shared_words()
            | {
                "others": gettext("Others"),
                "asOf": gettext("Positions as of %(time)s", time="%(time)s"),
            },
            "typeFrom": TYPE_THE_NUMBER_FROM,
        },
        "started": started,
        "warnings": remarks(alert),
        "documents": documents_of(session, [alert.id]),
        "reports": reports_of(session, alert),
        **(progress_context(session, alert) if started else {}),
        **answers_context(session, alert.id),
    }


def chain_context(session: Session, alert: Alert) -> dict[str, Any]:
    """Return the alerts of the chain, what may follow this one, and how many got the earlier texts."""
    others = [each for each in chain.members(session, chain.root_of(alert)) if each.id != alert.id]
    told = people_told(current(), alert) if alert.state in (DRAFT, SUBMITTED) else None
    corrected = any(each.source == CORRECTION and each.follows_id == alert.id for each in others)
    return {
        "chain": others,
        "can_follow": can_be_followed(alert) and actor().may(WRITE),
        "can_correct": can_be_corrected(alert) and actor().may(STOP) and not corrected,
        "told": told,
        "must_type": must_type_number(told),
        "needs_area": needs_area(alert.msg_type),
    }


def shown_texts(session: Session, alert: Alert) -> list[ShownText]:
    """Return the texts that were agreed to, or what they would be now, variant by variant."""
    if alert.approval is not None:
        return [
            ShownText(variant, language, labels.language_name(language), text, counted.parts, counted.encoding)
            for variant in VARIANTS
            for language, text in _in_order(alert.approval.texts.get(variant, {}))
            for counted in (count_segments(text),)
        ]
    shown = []
    texts = with_suggestions(alert, alert.texts_by_variant())
    for variant in (each for each in VARIANTS if each in texts):
        preview = preview_texts(session, current().settings, alert, texts[variant], variant=variant)
        rows = {text.language: text_json(text) for text in preview.texts}
        shown += [
            ShownText(
                variant, language, labels.language_name(language), row["filled"], row["parts"], row["encoding"],
                tuple(problem["text"] for problem in row["problems"]),
            )
            for language, row in _in_order(rows)
        ]  # fmt: skip
    return shown


def by_variant(texts: list[ShownText]) -> Texts:
    """Return shown texts as an approval keeps them."""
    kept: Texts = {}
    for text in texts:
        kept.setdefault(text.variant, {})[text.language] = text.filled or ""
    return kept


def _in_order(by_language: dict[str, Value]) -> list[tuple[str, Value]]:
    return sorted(by_language.items(), key=lambda pair: language_order(pair[0]))


@blueprint.get("/alerts/<int:alert_id>/progress")
@permit("alerts.read")
def progress_part(alert_id: int) -> ResponseReturnValue:
    """Return the figures alone; open pages fetch them again when something moved."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        return render_template("alerts/_progress.html", **progress_context(session, alert))


@blueprint.get("/alerts/<int:alert_id>/side")
@permit("alerts.read")
def side_part(alert_id: int) -> ResponseReturnValue:
    """Return state, timeline and answers alone, for open pages."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        return render_template(
            "alerts/_timeline.html", alert=alert, timeline=timeline(session, alert.id), labels=labels,
            **answers_context(session, alert.id),
        )  # fmt: skip


@blueprint.get("/alerts/<int:alert_id>/state.json")
@permit("alerts.read")
def state(alert_id: int) -> ResponseReturnValue:
    """Return state and version, by which an open page knows that it has to be loaded again."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        return jsonify(state=alert.state, version=alert.version, started=alert.started_at is not None)


def progress_context(session: Session, alert: Alert) -> dict[str, Any]:
    """Return the figures as the page shows them."""
    figures = progress(session, alert.id)
    snapshot = session.get(AudienceSnapshot, alert.id)
    return {
        "alert": alert,
        "labels": labels,
        "figures": figures,
        "bar": bar_parts(figures.by_state),
        "countries": country_rows(figures),
        "failures": [(reason(code), count) for code, count in figures.failed_by_reason.items()],
        "excluded": [(labels.label(labels.EXCLUSIONS, key), count) for key, count in figures.excluded.items() if count],
        "snapshot": snapshot,
        "by_variant": [
            (labels.label(labels.VARIANTS, each), snapshot.by_variant[each])
            for each in VARIANTS
            if snapshot is not None and len(snapshot.by_variant) > 1 and snapshot.by_variant.get(each)
        ],
        "tiles": tiles(figures),
        "held_up": held_up(session) if alert.state in SENDING_STATES else [],
    }


def held_up(session: Session) -> list[str]:
    """Return what keeps the carrier from taking any text now, in the reader's language; empty when it takes them."""
    return [
        gettext("No carrier is set up: an administrator must enter the account.")
        if fault.error_code == faults.NOT_CONFIGURED
        else gettext(
            "The carrier refuses our account or sender (code %(code)s): an administrator must mend the settings.",
            code=fault.error_code,
        )
        for fault in faults.standing(session)
    ]


def tiles(figures: Progress) -> list[tuple[str, str, int, str]]:
    """Return (state, name, number, explanation) for the big figures; rare states only when somebody is in them."""
    always = ("queued", "sending", "sent", "delivered", "failed")
    return [
        (state, labels.label(labels.MESSAGE_STATES, state), figures.by_state[state],
         labels.label(labels.MESSAGE_STATE_HELP, state))
        for state in MESSAGE_STATES
        if state in always or figures.by_state[state]
    ]  # fmt: skip


def country_rows(figures: Progress) -> list[tuple[str, dict[str, int], int, list[tuple[str, int, str]]]]:
    """Return (name, figures, total, bar) for each country of the people reached."""
    return [
        (labels.country_name(code), by_state, sum(by_state.values()), bar_parts(by_state))
        for code, by_state in list(figures.by_country.items())[:SHOWN_COUNTRIES]
    ]


def answers_context(session: Session, alert_id: int) -> dict[str, Any]:
    """Return the latest texts that people sent back, and how many there are."""
    found = answers(session, alert_id, limit=SHOWN_ANSWERS)
    total = session.scalar(select(func.count()).select_from(InboundText).where(InboundText.alert_id == alert_id))
    return {"answers": found, "answer_count": total or 0}
