"""The pages of statements: the accounts and whether they agree, taking a file over after a look, and where each entry went."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.banks.models import BankAccount
from remittance.deposits import candidates, checking, importing, listing, words
from remittance.deposits.listing import PAGE_ROWS
from remittance.deposits.models import BankEntry
from remittance.deposits.planning import Planned, plan
from remittance.deposits.statement import MAX_BYTES, Entry, demand_size
from remittance.deposits.states import IMPORT, NEW, READ

blueprint = Blueprint("statements", __name__, template_folder="templates")
MAX_SHOWN = 200
"""Entries of the preview that are shown; all are taken over."""


@dataclass(frozen=True)
class Foreseen:
    """An entry of the preview, and what would become of it as things stand."""

    entry: Entry
    currency: str
    why: str
    event: str
    remittance_id: int | None


@blueprint.get("/remittances/statements")
@permit(READ)
def index() -> ResponseReturnValue:
    """List our bank accounts with what the bank and the books say, and the statements, the latest first."""
    before, wanted = number_of("before"), number_of("account")
    with current().db.transaction() as session:
        balances = checking.bank_balances(session)
        found = listing.statements(session, bank_account_id=wanted or None, before=before, limit=PAGE_ROWS + 1)
        accounts = {each.id: each for each in session.scalars(select(BankAccount))}
        waiting = listing.in_suspense(session)
    kept: dict[str, Any] = {"account": wanted} if wanted else {}
    older = url_for(".index", before=found[PAGE_ROWS - 1].id, **kept) if len(found) > PAGE_ROWS else None
    return render_template(
        "deposits/statements.html", balances=balances, found=found[:PAGE_ROWS], accounts=accounts, waiting=waiting,
        wanted=wanted, older=older, newer=url_for(".index", **kept) if before else None,
    )  # fmt: skip


@blueprint.get("/remittances/statements/<int:statement_id>")
@permit(READ)
def show(statement_id: int) -> ResponseReturnValue:
    """Show one statement with its entries and where each went."""
    after = number_of("after")
    with current().db.transaction() as session:
        one = listing.get_statement(session, statement_id)
        account = session.get_one(BankAccount, one.bank_account_id)
        found = listing.entries_of(session, one.id, after=after, limit=PAGE_ROWS + 1)
        numbers = listing.numbers_of(session, actor(), [each.remittance_id for each in found])
    more = url_for(".show", statement_id=one.id, after=found[PAGE_ROWS - 1].nth) if len(found) > PAGE_ROWS else None
    return render_template(
        "deposits/statement.html", one=one, account=account, found=found[:PAGE_ROWS], numbers=numbers, words=words,
        older=more, newer=url_for(".show", statement_id=one.id) if after else None,
    )  # fmt: skip


@blueprint.get("/remittances/statements/import")
@permit(IMPORT)
def import_form() -> ResponseReturnValue:
    """Show the form."""
    return _form()


@blueprint.post("/remittances/statements/import")
@permit(IMPORT)
def import_file() -> ResponseReturnValue:
    """Say what taking a file over would do; with the look confirmed, take it over."""
    services, confirmed = current(), request.form.get("step") == "take"
    account = _id(request.form.get("account", "")) or None
    try:
        name, data = _carried() if confirmed else _uploaded()
        if confirmed:
            taken = importing.take(services, actor(), data, name=name, bank_account_id=account)
        else:
            return _preview(name, data, account)
    except (InvalidInput, SeveralFaults) as error:
        return _form(faults=faults_of(error), status=error.status)
    except HotlineError as error:
        return _form(fault=explain(error, "statement"), status=error.status)
    if taken.new:
        flash(
            gettext("Taken over: %(new)s new entries, %(known)s known.", new=taken.entries, known=taken.known), "good"
        )
    else:
        flash(gettext("This file was taken over before; nothing was changed."), "note")
    return redirect(url_for("statements.index"))


def _preview(name: str, data: bytes, account: int | None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        reading = importing.read(session, actor(), data, name=name, bank_account_id=account)
        bank = session.get(BankAccount, account) if account is not None else None
        planned = plan(session, current().clock.now(), reading, bank, data)
        accounts = {each.id: each for each in session.scalars(select(BankAccount))}
        foreseen = _foresee(session, planned, accounts)
        numbers = listing.numbers_of(session, actor(), [each.remittance_id for each in foreseen])
    return render_template(
        "deposits/import.html", planned=planned, accounts=accounts, foreseen=foreseen, numbers=numbers, words=words, name=name,
        data=base64.b64encode(data).decode(), account=account or "", form=reading.form, max_shown=MAX_SHOWN, faults={}, fault="",
    )  # fmt: skip


def _foresee(session: Session, planned: Sequence[Planned], accounts: dict[int, BankAccount]) -> list[Foreseen]:
    """Judge the first entries as placing will, each by itself; what earlier ones change shows only when they are taken over."""
    rows = [(entry, accounts[each.bank_account_id]) for each in planned for entry in each.new][:MAX_SHOWN]
    made = [
        BankEntry(
            line=entry.line, amount_minor=entry.amount, currency=bank.currency, booked_on=entry.booked_on, payer=entry.payer,
            value_on=entry.value_on, details=entry.details, reference=entry.reference, bank_reference=entry.bank_reference,
            taken_back=entry.returned, state=NEW, bank_account_id=bank.id,
        )
        for entry, bank in rows
    ]  # fmt: skip
    found = candidates.find(session, made)
    foreseen = list[Foreseen]()
    for (entry, bank), row in zip(rows, made, strict=True):
        match = candidates.judge(row, found)
        likely = match.remittance_id or next(iter(match.suggestions), None)
        foreseen.append(Foreseen(entry, bank.currency, match.why, match.event, likely))
    return foreseen


def _uploaded() -> tuple[str, bytes]:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidInput("file", "", "choose a file")
    data = upload.stream.read(MAX_BYTES + 1)
    demand_size(len(data))
    return upload.filename[-importing.MAX_NAME_CHARS :], data


def _carried() -> tuple[str, bytes]:
    try:
        data = base64.b64decode(request.form.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("file", "", "choose the file again") from None
    return request.form.get("name", ""), data


def _form(*, fault: str = "", faults: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    with current().db.transaction() as session:
        offered = session.scalars(
            select(BankAccount)
            .where(BankAccount.agreed_by_id.is_not(None))
            .order_by(BankAccount.closed_at.desc(), BankAccount.code)
        ).all()
    page = render_template(
        "deposits/import.html", planned=None, offered=offered, fault=fault, faults=faults or {},
        max_mb=MAX_BYTES // 1_000_000, account=request.form.get("account", ""),
    )  # fmt: skip
    return page, status


def faults_of(error: InvalidInput | SeveralFaults) -> dict[str, str]:
    """Return what to mend by where it stands: the exact words in English, in other languages those for the field."""
    if isinstance(error, InvalidInput):
        return explain_fields(error, "statement")
    if str(get_locale()) == DEFAULT_LANGUAGE:
        return {f"{fault['field']} · {fault['value']}": str(fault["mend"]) for fault in error.faults}
    told: dict[str, str] = {}
    for fault in error.faults:
        name = str(fault["field"]).partition(" (line")[0]
        known = words.FAULTS.get(name) or words.FAULTS.get(name.rstrip(":").lstrip(":"))
        where = gettext("Line %(line)s", line=fault["line"])
        told[f"{where} · {fault['value']}"] = gettext(known) if known else str(fault["mend"])
    return told


def number_of(name: str) -> int:
    """Return a parameter of the address that is an id, or 0."""
    return _id(request.args.get(name, ""))


def _id(given: Any) -> int:
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
