"""The counter's pages, for slow lines and without script: what is ready, code, identity and notes, witness, voucher."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from hotline.auth.identity import actor
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions import missions
from hotline.missions.models import Mission
from remittance.ledger.months import BOOKS_ZONE
from remittance.money.amounts import Money
from remittance.money.denominations import notes, pieces
from remittance.payouts import paying, reading, vouchers, words
from remittance.payouts.counting import suggested
from remittance.payouts.paying import Checked
from remittance.payouts.states import DOCUMENTS, PREPARED, PREPARED_FOR, WITHOUT_NUMBER, voucher_kept_until
from remittance.quotes.standing import quote_of
from remittance.requests import access
from remittance.requests.reading import names_of
from remittance.requests.states import PAY, READ, WITNESS

blueprint = Blueprint("payouts", __name__, template_folder="templates")
MAX_DIGITS = 7
"""Of a count of notes, as typed."""


def name_of(mission: Mission) -> str:
    """Return a mission's name for the reader."""
    return mission.name_ko if str(get_locale()) == "ko" else mission.name_en


@blueprint.get("/remittances/payouts")
@permit(WITNESS)
def index() -> ResponseReturnValue:
    """Show what is ready at the missions where the reader works, and the field for code and number."""
    return _index()


def _index(error: HotlineError | None = None) -> ResponseReturnValue:
    before = _id(request.args.get("before", ""))
    with current().db.transaction() as session:
        found = reading.waiting(session, actor(), before=before)
        places = reading.missions_of(session, actor())
        names = names_of(session, [each.prepared.prepared_by_id for each in found if each.prepared is not None])
    more = found[reading.PAGE_ROWS - 1].one.id if len(found) > reading.PAGE_ROWS else None
    page = render_template(
        "payouts/list.html", found=found[: reading.PAGE_ROWS], places=places, names=names, name_of=name_of,
        older=url_for("payouts.index", before=more) if more else None, newer=url_for("payouts.index") if before else None,
        pays=actor().may(PAY), values=request.form, error=explain(error, "payout") if error is not None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/remittances/payouts/open")
@permit(PAY)
def open_one() -> ResponseReturnValue:
    """Take number and code, and show the form for identity and notes."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            one = paying.find(session, actor(), form.get("number", ""))
            standing = paying.standing_of(session, one.id)
        if standing is not None and standing.state == PREPARED:
            return redirect(url_for("payouts.show", payout_id=standing.id))
        paying.identify(services, actor(), one.id, form.get("code", ""))
    except HotlineError as error:
        return _index(error)
    return _form(one.id)


def _form(remittance_id: int, error: InvalidInput | SeveralFaults | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        one = access.demand(session, actor(), remittance_id)
        quote, mission = quote_of(session, one.id), missions.get(session, one.mission_id)
    if quote is None:
        raise Refused("It is not ready to be paid out.", code="not-ready")
    paid = Money(quote.paid_minor, quote.currency)
    faults = explain_fields(error, "payout") if error is not None else {}
    kinds = [kind for kind in DOCUMENTS if kind not in WITHOUT_NUMBER or one.identity == kind]
    page = render_template(
        "payouts/form.html", one=one, paid=paid, mission=mission, name_of=name_of, kinds=kinds, words=words,
        notes=notes(paid.currency), coins=[each for each in pieces(paid.currency) if each not in notes(paid.currency)],
        proposal=(proposal := suggested(paid)), given=request.form, again="document_name" in request.form,
        coins_used="notes" in faults or bool(set(proposal) - set(notes(paid.currency))),
        errors=faults, needs_number=not set(kinds) & set(WITHOUT_NUMBER),
    )  # fmt: skip
    return page, error.status if error is not None else 200


@blueprint.post("/remittances/payouts/of/<int:remittance_id>")
@permit(PAY)
def prepare(remittance_id: int) -> ResponseReturnValue:
    """Write the payout down for the witness."""
    try:
        payout = paying.prepare(current(), actor(), remittance_id, _checked(request.form))
    except NotFound:
        raise
    except (InvalidInput, SeveralFaults) as error:
        return _form(remittance_id, error)
    except HotlineError as error:
        return _index(error)
    flash(gettext("Prepared. Now the witness confirms on a screen of their own."), "good")
    return redirect(url_for("payouts.show", payout_id=payout.id))


def _checked(form: Any) -> Checked:
    counts = list[tuple[int, int]]()
    for field, value in form.items():
        if not field.startswith("note-") or not value.strip():
            continue
        note, count = field.removeprefix("note-"), value.strip()
        if not (note.isascii() and note.isdigit() and count.isascii() and count.isdigit() and len(count) <= MAX_DIGITS):
            raise InvalidInput("notes", count, "write whole numbers of notes")
        if int(count):
            counts.append((int(note[:18]), int(count)))
    return Checked(
        code=form.get("code", ""), document_kind=form.get("document_kind", ""), notes=counts,
        document_name=form.get("document_name", ""), document_number=form.get("document_number", ""),
    )  # fmt: skip


@blueprint.get("/remittances/payouts/<int:payout_id>")
@permit(READ)
def show(payout_id: int) -> ResponseReturnValue:
    """Show one payout, to the witness above all."""
    services = current()
    with services.db.transaction() as session:
        payout = paying.get(session, actor(), payout_id)
        one = access.demand(session, actor(), payout.remittance_id)
        mission = missions.get(session, payout.mission_id)
        names = names_of(session, [payout.prepared_by_id, payout.witness_id])
    too_old = payout.prepared_at + PREPARED_FOR <= services.clock.now()
    return render_template(
        "payouts/show.html", payout=payout, one=one, mission=mission, names=names, name_of=name_of, words=words,
        may_confirm=actor().may(WITNESS) and actor().id != payout.prepared_by_id, own=actor().id == payout.prepared_by_id,
        kept_until=voucher_kept_until(payout.paid_at.astimezone(BOOKS_ZONE).date()) if payout.paid_at else None,
        too_old=too_old, paid=Money(payout.paid_minor, payout.currency), witness=actor().may(WITNESS),
    )  # fmt: skip


@blueprint.post("/remittances/payouts/<int:payout_id>/confirm")
@permit(WITNESS)
def confirm(payout_id: int) -> ResponseReturnValue:
    """Confirm as the witness; the cash may be handed out."""
    return act_from_page(
        lambda session: paying.confirm(session, current().clock, actor(), payout_id),
        gettext("Paid. Hand out the cash and have the voucher signed."),
        about="payout", back=url_for("payouts.show", payout_id=payout_id),
    )  # fmt: skip


@blueprint.post("/remittances/payouts/<int:payout_id>/withdraw")
@permit(WITNESS)
def withdraw(payout_id: int) -> ResponseReturnValue:
    """Give a prepared payout up."""
    services = current()
    try:
        with services.db.transaction() as session:
            paying.withdraw(session, services.clock, actor(), payout_id)
    except NotFound:
        raise
    except HotlineError as error:
        flash(explain(error, "payout"), "warn")
        return redirect(url_for("payouts.show", payout_id=payout_id))
    flash(gettext("Withdrawn. The code stays valid."), "good")
    return redirect(url_for("payouts.index"))


@blueprint.get("/remittances/payouts/<int:payout_id>/voucher.pdf")
@permit(READ)
def voucher(payout_id: int) -> ResponseReturnValue:
    """Hand out the voucher, the same bytes every time."""
    services = current()
    with services.db.transaction() as session:
        payout = paying.get(session, actor(), payout_id)
        number = access.demand(session, actor(), payout.remittance_id).number
    kept = vouchers.of_payout(services, payout_id)
    answer = Response(kept.content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{number}-voucher.pdf"'
    return answer


def _id(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
