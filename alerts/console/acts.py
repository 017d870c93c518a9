"""The acts of an alert's life, one view each: ask for approval, approve, return, reject, stop."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerts import approval
from alerts.console.blueprint import blueprint, problem_json
from alerts.console.counting import whole_number
from alerts.console.page import render_page
from alerts.follow.correcting import stop_and_correct
from alerts.follow.drafts import draft_following
from alerts.follow.estimates import people_reached
from alerts.models import Alert
from alerts.reading import get_alert
from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import gettext
from hotline.core.services import Services, current
from hotline.core.web import permit

Act = Callable[[Session, Services], Alert]


@blueprint.post("/alerts/<int:alert_id>/submit")
@permit("alerts.write")
def submit(alert_id: int) -> ResponseReturnValue:
    """Ask for approval; called by the editor's script, which then opens the alert's page."""
    given = request.get_json(silent=True) or {}
    estimate = whole_number(given.get("audience")) if isinstance(given, dict) else 0
    try:
        _do(
            alert_id,
            lambda session, services: approval.submit(
                session, services.clock, services.settings, actor(), alert_id, audience_estimate=estimate
            ),
        )
    except HotlineError as error:
        return problem_json(error)
    flash(gettext("Approval is asked for. A second officer has to decide."), "good")
    return jsonify(page=url_for("alerts.show", alert_id=alert_id))


@blueprint.post("/alerts/<int:alert_id>/approve")
@permit("alerts.approve")
def approve(alert_id: int) -> ResponseReturnValue:
    """Agree as the second person; sending begins at once."""
    services = current()

    def act(session: Session, services: Services) -> Alert:
        alert = get_alert(session, alert_id)
        if str(alert.version) != request.form.get("version"):
            raise InvalidInput("version", request.form.get("version"), "load the page again: the alert was changed")
        return approval.approve(
            session, services.clock, services.settings, actor(), alert_id,
            audience_estimate=estimate, typed_count=_typed_count(),
            seen=approval.Seen(alert.version, request.form.get("seen") or None),
        )  # fmt: skip

    try:
        with services.db.transaction() as session:
            alert = get_alert(session, alert_id)
        estimate = people_reached(services, alert)
        _do(alert_id, act)
    except HotlineError as error:
        return render_page(alert_id, error=error, opened="approve-dialog"), error.status
    jobs.enqueue(services, "outbox.deliver")
    flash(gettext("Approved. The texts are on their way."), "good")
    return _back(alert_id)


@blueprint.post("/alerts/<int:alert_id>/return")
@permit("alerts.approve")
def send_back(alert_id: int) -> ResponseReturnValue:
    """Return a submitted alert to its author with the reason."""
    done = gettext("Returned to the author.")
    return _with_reason(
        alert_id,
        lambda session, services, reason: approval.send_back(session, services.clock, actor(), alert_id, reason=reason),
        "return-dialog",
        done,
    )


@blueprint.post("/alerts/<int:alert_id>/reject")
@permit("alerts.approve")
def reject(alert_id: int) -> ResponseReturnValue:
    """Reject a submitted alert for good, with the reason."""
    done = gettext("Rejected. Nothing was sent.")
    return _with_reason(
        alert_id,
        lambda session, services, reason: approval.reject(session, services.clock, actor(), alert_id, reason=reason),
        "reject-dialog",
        done,
    )


@blueprint.post("/alerts/<int:alert_id>/cancel")
@permit("alerts.read")
def cancel(alert_id: int) -> ResponseReturnValue:
    """Stop an alert; one person is enough, and the lifecycle decides who may."""
    done = gettext("Stopped. Nothing more is handed to the carrier.")
    answer = _with_reason(
        alert_id,
        lambda session, services, reason: approval.cancel(session, services.clock, actor(), alert_id, reason=reason),
        "stop-dialog",
        done,
    )
    jobs.enqueue(current(), "outbox.deliver")
    return answer


@blueprint.post("/alerts/<int:alert_id>/correct")
@permit("alerts.stop")
def correct(alert_id: int) -> ResponseReturnValue:
    """Stop an alert and let its prepared correction go; one person is enough."""
    services, made = current(), list[int]()
    try:
        _do(
            alert_id,
            lambda session, services: _noted(
                made,
                stop_and_correct(session, services.clock, actor(), alert_id, reason=request.form.get("reason", "")),
            ),
        )
    except HotlineError as error:
        return render_page(alert_id, error=error, opened="correct-dialog"), error.status
    jobs.enqueue(services, "outbox.deliver")
    flash(gettext("Stopped. The correction is on its way to everybody who got the alert."), "good")
    return _back(made[0])


@blueprint.post("/alerts/<int:alert_id>/follow")
@permit("alerts.write")
def follow(alert_id: int) -> ResponseReturnValue:
    """Draft the update or the all-clear of an alert and open it in the editor."""
    services = current()
    try:
        with services.db.transaction() as session:
            draft = draft_following(session, services.clock, actor(), alert_id, request.form.get("msg_type", ""))
            draft_id = draft.id
    except HotlineError as error:
        return render_page(alert_id, error=error), error.status
    live.notify(services.redis, "alerts")
    return redirect(url_for("alerts.edit", alert_id=draft_id))


def _noted(made: list[int], alert: Alert) -> Alert:
    made.append(alert.id)
    return alert


def _do(alert_id: int, act: Act) -> None:
    """Run one act in one transaction and tell open pages to look again."""
    services = current()
    with services.db.transaction() as session:
        act(session, services)
    live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")


def _with_reason(
    alert_id: int, act: Callable[[Session, Services, str], Alert], dialog: str, done: str
) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        _do(alert_id, lambda session, services: act(session, services, reason))
    except HotlineError as error:
        return render_page(alert_id, error=error, opened=dialog), error.status
    flash(done, "good")
    return _back(alert_id)


def _typed_count() -> int | None:
    """Return the number that the approver typed; thousands may be divided by commas, points or blanks."""
    typed = "".join(request.form.get("typed_count", "").split()).replace(",", "").replace(".", "").replace("’", "")
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 10:
        raise InvalidInput("typed_count", typed, "type the number in digits")
    return int(typed)


def _back(alert_id: int) -> ResponseReturnValue:
    return redirect(url_for("alerts.show", alert_id=alert_id))
