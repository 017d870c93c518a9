"""The page of the texts on arrival: read, write, approve, withdraw, and how arrivals went lately."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from alerts.arrivals import rules, texts
from alerts.arrivals.models import ANYWHERE, Arrival
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core.acting import act_from_page
from hotline.core.errors import InvalidInput
from hotline.core.explain import explain_fields
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit

blueprint = Blueprint("arrivals", __name__, url_prefix="/arrivals", template_folder="templates")
LANGUAGES = ("ko", "en", "zh-hans", "zh-hant", "ja", "vi", "th", "es", "fr", "ru", "ar", "id", "mn", "uz")
COUNTED = timedelta(days=7)
REASONS = {
    "": gettext_noop("greeted"),
    "moved_on": gettext_noop("moved on at once (border, airport)"),
    "same_trip": gettext_noop("greeted on this trip already"),
    "quiet": gettext_noop("greeted there shortly before"),
    "frequent": gettext_noop("crosses often"),
    "late": gettext_noop("event came too late"),
    "off": gettext_noop("country is not greeted"),
    "no_text": gettext_noop("no approved text"),
    "gone": gettext_noop("person erased or number changed"),
}
EXPLANATIONS = {
    "arrival.country": gettext_noop("Choose a country."),
    "arrival.language": gettext_noop("Choose one of the languages."),
    "arrival.body": gettext_noop("The text is empty, too long, or its braces are not right."),
    "arrival.policy_country": gettext_noop("Choose a country."),
    "arrival.settle_minutes": gettext_noop("Use 0 to 720 minutes."),
    "arrival.quiet_days": gettext_noop("Use 0 to 90 days."),
    "arrival-placeholders": gettext_noop("Use only {place}, {mission}, {mission_phone} and {hotline}."),
    "arrival-no-number": gettext_noop("Say whom to call: {mission_phone} or {hotline}."),
    "arrival-too-long": gettext_noop("The text is longer than four parts."),
    "arrival-own-text": gettext_noop("Whoever wrote a text cannot approve it; ask another officer."),
    "arrival-no-draft": gettext_noop("Only a draft can be approved."),
    "arrival-withdrawn": gettext_noop("The text is withdrawn already."),
}
ACTIONS = {
    "arrival_text.written": gettext_noop("text on arrival written"),
    "arrival_text.approved": gettext_noop("text on arrival approved"),
    "arrival_text.withdrawn": gettext_noop("text on arrival withdrawn"),
    "arrival_policy.changed": gettext_noop("rules on arrival changed"),
}


@blueprint.get("")
@permit("alerts.read")
def show() -> ResponseReturnValue:
    """Show texts, rules and what became of the last week's arrivals."""
    return _page()


@blueprint.post("")
@permit("alerts.write")
def write() -> ResponseReturnValue:
    """Keep a new version of a text as a draft."""
    services, form = current(), {name: request.form.get(name, "")[:2000] for name in ("country", "language", "body")}
    try:
        with services.db.transaction() as session:
            texts.write(session, services.clock, actor(), **form, hotline=services.settings.hotline_number)
    except InvalidInput as error:
        return _page(form, explain_fields(error, "arrival"))
    flash(gettext("Kept as a draft; another officer approves it."), "good")
    return redirect(url_for(".show"))


@blueprint.post("/policy")
@permit("alerts.write")
def set_policy() -> ResponseReturnValue:
    """Change how arrivals in one country are treated."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            texts.set_policy(
                session,
                services.clock,
                actor(),
                form.get("policy_country", "")[:2],
                greets=bool(form.get("greets")),
                settle_minutes=_number("settle_minutes"),
                quiet_days=_number("quiet_days"),
            )
    except InvalidInput as error:
        return _page(errors=explain_fields(error, "arrival"))
    flash(gettext("Saved."), "good")
    return redirect(url_for(".show"))


@blueprint.post("/<int:text_id>/approve")
@permit("alerts.approve")
def approve(text_id: int) -> ResponseReturnValue:
    """Approve a draft that somebody else wrote."""
    return act_from_page(
        lambda session: texts.approve(session, current().clock, actor(), text_id),
        gettext("Approved; it is sent from now on."), about="arrival", back=url_for(".show"),
    )  # fmt: skip


@blueprint.post("/<int:text_id>/withdraw")
@permit("alerts.stop")
def withdraw(text_id: int) -> ResponseReturnValue:
    """Take a text back at once."""
    return act_from_page(
        lambda session: texts.withdraw(session, current().clock, actor(), text_id),
        gettext("Withdrawn; it is not sent any more."), about="arrival", back=url_for(".show"),
    )  # fmt: skip


def _number(name: str) -> int:
    value = request.form.get(name, "").strip()
    if not value.isascii() or not value.isdigit() or len(value) > 4:
        raise InvalidInput(name, value, "use a whole number")
    return int(value)


def _page(form: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    services, who = current(), actor()
    since = services.clock.now() - COUNTED
    with services.db.transaction() as session:
        shown = texts.current(session)
        policies = texts.policies(session)
        counted = session.execute(
            select(Arrival.reason, func.count()).where(Arrival.decided_at > since).group_by(Arrival.reason)
        ).tuples()
        counts = dict(counted.all())
        authors = {each.author_id for each in shown} | {each.approved_by_id for each in shown}
        named = select(Officer.id, Officer.display_name).where(Officer.id.in_([each for each in authors if each]))
        names = {officer_id: name for officer_id, name in session.execute(named).tuples()}
    page = render_template(
        "arrivals/texts.html",
        texts=shown,
        policies=policies,
        usual=rules.USUAL,
        counts=[(gettext(label), counts.get(reason, 0)) for reason, label in REASONS.items() if counts.get(reason)],
        names=names,
        anywhere=ANYWHERE,
        languages=LANGUAGES,
        form=form or {"language": "ko"},
        errors=errors or {},
        me_id=who.id,
    )
    return page, 422 if errors else 200
