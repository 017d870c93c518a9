"""The pages of remittances: the list, asking for one, one with its story and what may be done with it, and the case's panel."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.registry import Panel, Registry
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import staff
from hotline.missions.models import Mission
from remittance.money.amounts import Money
from remittance.money.wording import format_money, parse_amount
from remittance.requests import access, asking, moving, policies, reading, reviewing, script, words
from remittance.requests.asking import Wish
from remittance.requests.reading import CHOICES, GOING_ON, PAGE_ROWS, Wanted
from remittance.requests.reference import shown
from remittance.requests.states import APPROVE, HOLD, READ, REMITTANCE, REVIEW, WITH_MONEY, WRITE

blueprint = Blueprint("remittances", __name__, template_folder="templates")
ACTS = ("review", "approve", "send_back", "reject", "cancel", "hold", "reroute", "reject_held", "refund_held")


@blueprint.app_template_filter("money")
def money(minor: int, currency: str) -> str:
    """Write an amount for the reader."""
    return format_money(Money(minor, currency), str(get_locale()))


@blueprint.get("/remittances")
@permit(READ)
def index() -> ResponseReturnValue:
    """List remittances: those going on, unless something else is asked for."""
    state = request.args.get("state", GOING_ON)
    wanted = Wanted(state if state in CHOICES else "", request.args.get("q", "")[: reading.MAX_SEARCH_CHARS])
    before = _id(request.args.get("before", ""))
    with current().db.transaction() as session:
        found = reading.listed(session, actor(), wanted, before=before, limit=PAGE_ROWS + 1)
        missions = reading.missions_of(session, found)
    kept: dict[str, Any] = {name: value for name, value in (("state", state), ("q", wanted.search)) if value}
    older = url_for("remittances.index", before=found[PAGE_ROWS - 1].id, **kept) if len(found) > PAGE_ROWS else None
    newer = url_for("remittances.index", **kept) if before else None
    return render_template(
        "remittances/list.html", found=found[:PAGE_ROWS], missions=missions, wanted=wanted, words=words, choices=CHOICES,
        older=older, newer=newer, name_of=_name_of,
    )  # fmt: skip


@blueprint.get("/remittances/new")
@permit(WRITE)
def new() -> ResponseReturnValue:
    """Show the form, which is also the script of the telephone call; `case` says whose money it is to be."""
    return _form({"case_id": request.args.get("case", ""), "key": secrets.token_urlsafe(12)})


def _form(values: Any, error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        policy = policies.current(session, services.clock.now())
        statement = select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.name_en)
        if access.bound_to_missions(actor()):
            statement = statement.where(Mission.id.in_(staff.missions_of(session, actor().id or 0)))
        offered = session.scalars(statement.limit(500)).all()
        incidents = reading.open_incidents(session)
        spoken = script.language_of(session, _id(values.get("case_id", "")), offered)
    faults = error if isinstance(error, (InvalidInput, SeveralFaults)) else None
    page = render_template(
        "remittances/new.html", values=values, policy=policy, missions=offered, incidents=incidents, words=words,
        script=script, spoken=spoken, name_of=_name_of, errors=explain_fields(faults, "remittance") if faults is not None else {},
        error=explain(error, "remittance") if error is not None and faults is None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/remittances")
@permit(WRITE)
def ask() -> ResponseReturnValue:
    """Write the request down."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            one = asking.ask(session, services.clock, actor(), _wish(form))
    except HotlineError as error:
        return _form(form, error)
    flash(gettext("%(number)s is written down. The review is next.", number=one.number), "good")
    return redirect(url_for("remittances.show", remittance_id=one.id))


def _wish(form: Any) -> Wish:
    born = form.get("payee_born_on", "").strip()
    try:
        born_on = date.fromisoformat(born) if born else None
    except ValueError:
        raise InvalidInput("payee_born_on", born, "write the day as 1990-12-31") from None
    return Wish(
        key=form.get("key", ""), case_id=_id(form.get("case_id", "")), mission_id=_id(form.get("mission_id", "")),
        wanted=parse_amount(form.get("amount", ""), form.get("currency", "")), reason=form.get("reason", ""),
        payee_name=form.get("payee_name", ""), identity=form.get("identity", ""), words=form.get("words", ""),
        identity_words=form.get("identity_words", ""), payee_born_on=born_on, payee_phone=form.get("payee_phone", ""),
        payee_language=form.get("payee_language", ""), payer_name=form.get("payer_name", ""),
        payer_phone=form.get("payer_phone", ""), payer_language=form.get("payer_language", ""),
        consent=form.get("consent") == "1", incident_id=_id(form.get("incident_id", "")) or None,
    )  # fmt: skip


@blueprint.get("/remittances/<int:remittance_id>")
@permit(READ)
def show(remittance_id: int) -> ResponseReturnValue:
    """Show one remittance."""
    return _one(remittance_id)


def _one(remittance_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        changes = moving.changes(session, one.id)
        names = reading.names_of(
            session, [one.requested_by_id, one.reviewed_by_id, one.approved_by_id, *(each.by_id for each in changes)]
        )
        missions = reading.missions_of(session, [one])
        others = session.scalars(
            select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.name_en).limit(500)
        ).all()
    may_do = REMITTANCE.events_for(one.state, actor()) - {
        "reject_held" if one.held_state in WITH_MONEY else "refund_held"
    }
    page = render_template(
        "remittances/show.html", one=one, changes=changes, names=names, mission=missions[one.mission_id], others=others,
        may_do=may_do, may_lift=any(event.startswith("lift_") for event in may_do) and one.held_state is not None,
        reviewer=actor().may(REVIEW), decider=actor().may(APPROVE), holder=actor().may(HOLD), words=words, shown=shown,
        script=script, name_of=_name_of, panels=_panels(remittance_id), values=request.form if error is not None else {},
        errors=explain_fields(error, "remittance") if isinstance(error, (InvalidInput, SeveralFaults)) else {},
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _panels(remittance_id: int) -> list[tuple[Panel, Markup]]:
    """Return what rooms above have to say about a remittance, to whom they let see it; nothing for what says nothing."""
    registry: Registry = current_app.extensions["registry"]
    shown_panels = [
        # The rooms' own templates, already escaped.
        (panel, Markup(current_app.view_functions[panel.endpoint](remittance_id=remittance_id)))  # noqa: S704
        for panel in sorted(registry.remittance_panels, key=lambda panel: panel.order)
        if actor().may(panel.permission)
    ]
    return [(panel, html) for panel, html in shown_panels if html.strip()]


def _act(remittance_id: int, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    back = url_for("remittances.show", remittance_id=remittance_id)
    return act_from_page(act, done, about="remittance", back=back, form=partial(_one, remittance_id))


@blueprint.post("/remittances/<int:remittance_id>/review")
@permit(REVIEW)
def review(remittance_id: int) -> ResponseReturnValue:
    """Begin the review."""
    return _act(
        remittance_id,
        lambda session: reviewing.take_up(session, current().clock, actor(), remittance_id),
        gettext("The review has begun."),
    )


@blueprint.post("/remittances/<int:remittance_id>/note")
@permit(REVIEW)
def note(remittance_id: int) -> ResponseReturnValue:
    """Write down what the review found."""
    given = request.form.to_dict() | {"consent": request.form.get("consent") == "1"}
    return _act(
        remittance_id,
        lambda session: reviewing.note(session, current().clock, actor(), remittance_id, given),
        gettext("Written down."),
    )


@blueprint.post("/remittances/<int:remittance_id>/approve")
@permit(APPROVE)
def approve(remittance_id: int) -> ResponseReturnValue:
    """Say yes to what was read."""
    version = _id(request.form.get("version", ""))
    return _act(
        remittance_id,
        lambda session: reviewing.approve(session, current().clock, actor(), remittance_id, version=version),
        gettext("Approved. The quote is next."),
    )


@blueprint.post("/remittances/<int:remittance_id>/decide")
@permit(READ)
def decide(remittance_id: int) -> ResponseReturnValue:
    """Reject, send back, call off, hold, or decide about what is held; the table says who may."""
    event, reason = request.form.get("event", ""), request.form.get("reason", "")
    return _act(
        remittance_id,
        lambda session: reviewing.decide(session, current().clock, actor(), remittance_id, event, reason=reason),
        gettext("Done."),
    )


@blueprint.post("/remittances/<int:remittance_id>/lift")
@permit(HOLD)
def lift(remittance_id: int) -> ResponseReturnValue:
    """Take a hold off."""
    reason = request.form.get("reason", "")
    return _act(
        remittance_id,
        lambda session: reviewing.lift(session, current().clock, actor(), remittance_id, reason=reason),
        gettext("The hold is lifted."),
    )


@blueprint.post("/remittances/<int:remittance_id>/reroute")
@permit(REVIEW)
def reroute(remittance_id: int) -> ResponseReturnValue:
    """Have another mission pay."""
    form = request.form
    return _act(
        remittance_id,
        lambda session: reviewing.reroute(
            session,
            current().clock,
            actor(),
            remittance_id,
            _id(form.get("mission_id", "")),
            reason=form.get("reason", ""),
        ),
        gettext("Another mission pays it out."),
    )


def _name_of(mission: Mission) -> str:
    return mission.name_ko if str(get_locale()) == "ko" else mission.name_en


def _id(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
