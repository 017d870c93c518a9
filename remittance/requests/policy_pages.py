"""The page of the ministry's policy: what holds, the versions before it, and the form for the next."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.auth.identity import actor
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.explain import explain, explain_fields
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from remittance.money.amounts import Money
from remittance.money.wording import format_amount, parse_amount
from remittance.requests import policies, reading, words
from remittance.requests.models import Policy
from remittance.requests.policies import REASONS, Rules
from remittance.requests.states import READ, RULES

blueprint = Blueprint("remittance_policy", __name__, template_folder="templates")
FIELDS = (
    "limit", "limit_currency", "deposit_currency", "payout_currencies", "fee", "spread", "open_per_person", "quote_minutes",
    "rate_hours",
)  # fmt: skip


@blueprint.get("/remittances/policy")
@permit(READ)
def show() -> ResponseReturnValue:
    """Show the policy."""
    return _page()


@blueprint.post("/remittances/policy")
@permit(RULES)
def keep() -> ResponseReturnValue:
    """Keep a new version."""
    services, version = current(), request.form.get("version", "")
    try:
        rules = _read(request.form)
        with services.db.transaction() as session:
            policies.keep(
                session, services.clock, actor(), rules,
                version=int(version) if version.isascii() and version.isdigit() and len(version) < 19 else 0,
            )  # fmt: skip
    except HotlineError as error:
        return _page(error)
    flash(gettext("Kept. Requests from now on follow it; those from before keep theirs."), "good")
    return redirect(url_for("remittance_policy.show"))


def _page(error: HotlineError | None = None) -> ResponseReturnValue:
    services = current()
    with services.db.transaction() as session:
        holding = policies.current(session, services.clock.now())
        history = policies.history(session)
        names = reading.names_of(session, [each.kept_by_id for each in history])
    faults = error if isinstance(error, (InvalidInput, SeveralFaults)) else None
    given = {name: request.form.get(name, "") for name in FIELDS} | {"reasons": request.form.getlist("reasons")}
    page = render_template(
        "remittances/policy.html", holding=holding, history=history, names=names, words=words, reasons=REASONS,
        values=given if error is not None else _values(holding), bounds=policies.BOUNDS, percent=_percent,
        errors=explain_fields(faults, "policy") if faults is not None else {},
        error=explain(error, "policy") if error is not None and faults is None else None,
    )  # fmt: skip
    return page, error.status if error is not None else 200


def _values(policy: Policy) -> dict[str, Any]:
    """Return what the form shows of a policy; money as numbers alone."""
    return {
        "limit": format_amount(Money(policy.limit_minor, policy.limit_currency), "en"),
        "limit_currency": policy.limit_currency, "deposit_currency": policy.deposit_currency,
        "payout_currencies": " ".join(policy.payout_currencies),
        "fee": format_amount(Money(policy.fee_minor, policy.deposit_currency), "en"),
        "spread": _percent(policy.spread_basis_points), "open_per_person": policy.open_per_person,
        "quote_minutes": policy.quote_minutes, "rate_hours": policy.rate_hours, "reasons": policy.reasons,
    }  # fmt: skip


def _percent(basis_points: int) -> str:
    return f"{Decimal(basis_points) / 100:.2f}"


def _read(form: Any) -> Rules:
    """Read the form; raises SeveralFaults that name each field that cannot be read."""
    faults: list[dict[str, object]] = []

    def tried(read: Any, otherwise: Any) -> Any:
        try:
            return read()
        except InvalidInput as error:
            faults.append({"field": error.field, "value": error.shown_value, "mend": error.mend})
            return otherwise

    limit_currency, deposit_currency = (
        form.get(name, "").strip().upper() for name in ("limit_currency", "deposit_currency")
    )
    rules = Rules(
        limit=tried(lambda: _money(form, "limit", limit_currency, "limit_currency"), Money(1, "USD")),
        reasons=form.getlist("reasons"), deposit_currency=deposit_currency,
        payout_currencies=form.get("payout_currencies", "").replace(",", " ").upper().split()[: policies.MAX_CURRENCIES + 1],
        fee_minor=tried(lambda: _money(form, "fee", deposit_currency, "deposit_currency").minor, 0),
        spread_basis_points=tried(lambda: _basis_points(form.get("spread", "")), 0),
        **{name: tried(lambda name=name: _number(form, name), policies.BOUNDS[name][0]) for name in
           ("open_per_person", "quote_minutes", "rate_hours")},
    )  # fmt: skip
    if faults:
        raise SeveralFaults(faults)
    return rules


def _money(form: Any, name: str, currency: str, currency_field: str) -> Money:
    try:
        Money(0, currency)
    except InvalidInput as error:
        raise InvalidInput(currency_field, currency, error.mend) from None
    return parse_amount(form.get(name, ""), currency, field=name)


def _basis_points(text: str) -> int:
    try:
        points = Decimal(text.strip()) * 100
    except InvalidOperation:
        raise InvalidInput("spread", text, "write per cent, such as 0.50") from None
    if (
        not points.is_finite()
        or points != points.to_integral_value()
        or not 0 <= points <= policies.BOUNDS["spread"][1]
    ):
        raise InvalidInput("spread", text, "write per cent from 0 to 10.00, with two digits at most")
    return int(points)


def _number(form: Any, name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise InvalidInput(name, text, "use {} to {}".format(*policies.BOUNDS[name]))
    return int(text)
