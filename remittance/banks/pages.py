"""The pages of the ministry's bank accounts: all of them, and the form for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.banks import accounts, words
from remittance.banks.accounts import Wish
from remittance.banks.states import READ, WRITE
from remittance.money.amounts import Money
from remittance.money.wording import parse_amount

blueprint = Blueprint("banks", __name__, template_folder="templates")


@blueprint.get("/bank-accounts")
@permit(READ)
def index() -> ResponseReturnValue:
    """List bank accounts."""
    with current().db.transaction() as session:
        found = accounts.listed(session)
        numbers = {each for one in found for each in (one.entered_by_id, one.agreed_by_id) if each is not None}
        names = dict(
            session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(numbers))).tuples().all()
        )
    return render_template(
        "banks/list.html", found=found, names=names, words=words, state_of=accounts.state_of, me_id=actor().id
    )


@blueprint.get("/bank-accounts/new")
@permit(WRITE)
def new() -> ResponseReturnValue:
    """Show the form."""
    return _form({})


@blueprint.post("/bank-accounts")
@permit(WRITE)
def enter() -> ResponseReturnValue:
    """Enter an account."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            accounts.enter(session, services.clock, actor(), _wish(form))
    except HotlineError as error:
        return _form(form, error)
    flash(gettext("Written down. Another officer compares it with the bank's paper and agrees."), "good")
    return redirect(url_for("banks.index"))


@blueprint.post("/bank-accounts/<int:account_id>/agree")
@permit(WRITE)
def agree(account_id: int) -> ResponseReturnValue:
    """Agree to an account."""
    return _act(
        lambda session: accounts.agree(session, current().clock, actor(), account_id),
        gettext("Agreed. It can be chosen for new quotes."),
    )


@blueprint.post("/bank-accounts/<int:account_id>/choose")
@permit(WRITE)
def choose(account_id: int) -> ResponseReturnValue:
    """Have new quotes name an account."""
    return _act(
        lambda session: accounts.choose(session, current().clock, actor(), account_id), gettext("New quotes name it.")
    )


@blueprint.post("/bank-accounts/<int:account_id>/close")
@permit(WRITE)
def close(account_id: int) -> ResponseReturnValue:
    """Close an account."""
    return _act(
        lambda session: accounts.close(session, current().clock, actor(), account_id),
        gettext("Closed. No new quote names it."),
    )


def _act(act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    return act_from_page(act, done, about="bank", back=url_for("banks.index"))


def _wish(form: Any) -> Wish:
    currency = form.get("currency", "").strip().upper()
    opened = form.get("opened", "").strip()
    return Wish(
        code=form.get("code", "").strip(), bank_en=form.get("bank_en", ""), bank_ko=form.get("bank_ko", ""),
        holder=form.get("holder", ""), number=form.get("number", ""),
        opened=parse_amount(opened, currency, field="opened") if opened else Money(0, currency),
    )  # fmt: skip


def _form(values: Any, error: HotlineError | None = None) -> ResponseReturnValue:
    faults = error if isinstance(error, (InvalidInput, SeveralFaults)) else None
    page = render_template(
        "banks/new.html", values=values, errors=explain_fields(faults, "bank") if faults is not None else {},
        error=explain(error, "bank") if error is not None and faults is None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200
