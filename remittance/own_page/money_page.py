"""`/p/{token}/money`: a traveller asks for emergency money and follows it. The link is the authority; nobody signs in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults, TooLarge
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import Services
from hotline.core.web import PUBLIC, permit
from hotline.links.opening import read_link
from hotline.missions import missions, opening
from hotline.missions.models import Mission
from remittance.money.amounts import Money
from remittance.money.wording import format_money
from remittance.own_page import shown
from remittance.own_page.asking_own import Asked, ask
from remittance.own_page.owning import Own, open_case_of, open_own, remittances_of
from remittance.own_page.rendering import chosen_language, guarded, rendered
from remittance.payouts import codes
from remittance.requests import policies, words
from remittance.requests.models import Remittance
from remittance.requests.states import FINAL, PAID, READY, UNDER_WATCH

blueprint = Blueprint("own_money", __name__, template_folder="templates")
MAX_FORM_BYTES, MAX_MISSIONS = 16 * 1024, 500
FIELDS = (
    "key", "amount", "currency", "mission_id", "reason", "words", "payee_name", "payee_born_on", "payee_phone", "passport",
    "payer_name", "payer_phone", "consent",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where the money is fetched: a mission, whether it is open now, and when it next opens or closes (UTC)."""

    name: str
    city: str
    phone: str
    zone: str
    known: bool
    """Whether anybody has entered its hours."""
    open: bool
    until: datetime | None


@dataclass(frozen=True)
class Line:
    """One remittance as its traveller sees it; `watched`: they may not read alone, and nothing but a number is shown."""

    one: Remittance
    words: str
    steps: list[shown.Step]
    amount: str
    until: datetime | None
    place: Place | None
    code_sent_at: datetime | None
    code_until: datetime | None
    code_over: bool
    """Whether the code cannot be used any more: a new one is had by telephone."""
    watched: bool


@blueprint.get("/p/<token>/money")
@permit(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """Show what was asked for and how it stands, and the form."""
    return guarded(lambda services: _page(services, token))


@blueprint.post("/p/<token>/money")
@permit(PUBLIC)
def take(token: str) -> ResponseReturnValue:
    """Take the form; sent twice it is one request."""
    return guarded(lambda services: _take(services, token))


def _take(services: Services, token: str) -> ResponseReturnValue:
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise TooLarge(f"The form is larger than {MAX_FORM_BYTES // 1024} KiB.")
    form = {name: request.form.get(name, "").replace("\x00", "") for name in FIELDS}
    claims = read_link(services, token[:100], request.remote_addr or "")
    with services.db.transaction() as session:
        language = chosen_language(open_own(session, services.clock, claims).language)
    try:
        with services.db.transaction() as session:
            own = open_own(session, services.clock, claims)
            ask(session, services, own, Asked(form, request.remote_addr or "", request.headers.get("User-Agent", "")))
    except NotFound:
        return _page(services, token, form, InvalidInput("mission_id", form["mission_id"], "choose one"))
    except HotlineError as error:
        if error.status not in (409, 422):
            raise
        return _page(services, token, form, error)
    return redirect(url_for("own_money.show", token=token, lang=language), 303)


def _page(
    services: Services, token: str, form: Mapping[str, str] | None = None, error: HotlineError | None = None
) -> ResponseReturnValue:
    now = services.clock.now()
    claims = read_link(services, token[:100], request.remote_addr or "")
    with services.db.transaction() as session:
        own = open_own(session, services.clock, claims)
        language = chosen_language(own.language)
        lines = [_line(session, one, language, now) for one in remittances_of(session, own)]
        policy = policies.current(session, now)
        offered = session.scalars(
            select(Mission)
            .where(Mission.closed_at.is_(None))
            .order_by(Mission.country, Mission.name_en)
            .limit(MAX_MISSIONS)
        ).all()
        near, zone = _near(session, own)
    going_on = any(line.one.state not in (*FINAL, PAID) for line in lines)
    fields = error if isinstance(error, (InvalidInput, SeveralFaults)) else None
    with force_locale(language):
        errors = explain_fields(fields, "remittance") if fields is not None else {}
        reasons = [gettext(words.REASONS[key]) for key in policy.reasons if key in words.REASONS]
        said = explain(error, "remittance") if error is not None and fields is None else ""
    return rendered(
        "own_money/money.html", error.status if error is not None else 200, language, zone, lines=lines, policy=policy,
        may_ask=not going_on, missions=[(each.id, each.name_ko if language == "ko" else each.name_en) for each in offered],
        values=dict(form or {"key": secrets.token_urlsafe(12), "mission_id": str(near or "")}), errors=errors, said=said,
        reasons=reasons,
        limit=format_money(Money(policy.limit_minor, policy.limit_currency), language), drill=own.drill, request_words=words,
        # The page that this one is a part of belongs to a service that knows nothing of this one.
        back=f"/p/{token}?lang={language}" if "personal.show" in current_app.view_functions else "",
    )  # fmt: skip


def _line(session: Session, one: Remittance, language: str, now: datetime) -> Line:
    watched = one.duress in UNDER_WATCH
    place = _place(session, one, language, now) if one.state == READY and not watched else None
    code = codes.live(session, one.id) if place is not None else None
    return Line(
        one, shown.traveller_words(one), shown.steps_of(one), format_money(Money(one.wanted_minor, one.currency), language),
        shown.until_of(session, one) if one.state == READY else None, place, code.made_at if code is not None else None,
        code.expires_at if code is not None else None,
        code is not None and (code.locked_at is not None or code.expires_at <= now), watched,
    )  # fmt: skip


def _place(session: Session, one: Remittance, language: str, now: datetime) -> Place:
    mission = missions.get(session, one.mission_id)
    found = opening.at(session, mission.id, now)
    name = mission.name_ko if language == "ko" else mission.name_en
    return Place(name, mission.city, mission.phone, mission.zone, found.why != "unknown", found.open, found.until)


def _near(session: Session, own: Own) -> tuple[int | None, str]:
    """Return the mission that looks after the place of their case, and the zone in which times are told."""
    case = open_case_of(session, own)
    near = missions.in_charge(session, case.country, case.place) if case is not None else []
    return (near[0].id, near[0].zone) if near else (None, "Asia/Seoul")
