"""The part of a remittance's page that quotes it: what it would come to, the quote that holds, and those before."""

from __future__ import annotations

from fractions import Fraction

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError
from hotline.core.explain import explain
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from remittance.banks import accounts
from remittance.quotes import qr, quoting, words
from remittance.quotes.quoting import Offer
from remittance.quotes.rate_pages import SEOUL, source_name
from remittance.quotes.standing import quotes_of
from remittance.quotes.wording import shown_rate
from remittance.requests import access, reading
from remittance.requests.models import Policy, Remittance
from remittance.requests.reference import shown
from remittance.requests.states import APPROVED, QUOTE, QUOTED, READ

blueprint = Blueprint("quotes", __name__, template_folder="templates")


@blueprint.get("/remittances/<int:remittance_id>/quote")
@permit(READ)
def panel(remittance_id: int) -> str:
    """Return the part of a remittance's page about its quote; empty before there can be one."""
    services = current()
    with services.db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        found = quotes_of(session, one.id)
        may_quote = actor().may(QUOTE) and one.state in (APPROVED, QUOTED)
        offer, hindrance = _offer(session, one) if may_quote else (None, "")
        if not found and not may_quote:
            return ""
        bank = accounts.get(session, found[0].bank_account_id) if found else None
        names = reading.names_of(session, [each.quoted_by_id for each in found])
        mission = missions.get(session, one.mission_id)
        limit_currency = session.get_one(Policy, one.policy_id).limit_currency
    code = (
        qr.svg(found[0], bank, one.reference, gettext("QR code of the deposit")) if found and bank is not None else ""
    )
    return render_template(
        "quotes/_of_remittance.html", one=one, found=found, bank=bank, names=names, mission=mission, offer=offer,
        hindrance=hindrance, may_quote=may_quote, now=services.clock.now(), rate_of=_rate_of, source_name=source_name,
        reference=shown(one.reference), seoul=SEOUL.key, words=words, limit_currency=limit_currency,
        code=Markup(code) if one.state == QUOTED else "",  # noqa: S704  # drawn by segno; its title is escaped there
    )  # fmt: skip


def _offer(session: Session, one: Remittance) -> tuple[Offer | None, str]:
    """Return what a quote would come to now, or why there can be none, in the reader's language."""
    try:
        return quoting.preview(session, current().clock.now(), one), ""
    except HotlineError as error:
        return None, explain(error, "remittance")


def _rate_of(rate: str | Fraction) -> str:
    return shown_rate(Fraction(rate), str(get_locale() or DEFAULT_LANGUAGE))


@blueprint.post("/remittances/<int:remittance_id>/quote")
@permit(QUOTE)
def ask(remittance_id: int) -> ResponseReturnValue:
    """Quote what was read on the page."""
    services, given = current(), request.form.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    return act_from_page(
        lambda session: quoting.quote(session, services.clock, actor(), remittance_id, version=version),
        gettext("Quoted. Tell the relative the amount, the account and the reference."),
        about="remittance", back=url_for("remittances.show", remittance_id=remittance_id),
    )  # fmt: skip
