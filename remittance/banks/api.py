"""`/api/v1/bank-accounts`: where relatives deposit, to read; entering and agreeing are the pages' alone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from hotline.core.services import current
from hotline.core.web import permit
from remittance.banks import accounts
from remittance.banks.states import READ

blueprint = APIBlueprint("api_banks", __name__, url_prefix="/api/v1", tag="Bank accounts")


class BankAccountShown(BaseModel):
    """One account; `code` is its reference in the books, `opened_minor` what it held when it was entered (minor units).

    `main`: new quotes in its currency name it.
    """

    id: int
    code: str
    bank_en: str
    bank_ko: str
    holder: str
    number: str
    currency: str
    opened_minor: int
    main: bool
    state: Literal["waiting", "open", "closed"]
    created_at: datetime
    closed_at: datetime | None


class BankAccountList(BaseModel):
    """Every account; closed ones last."""

    bank_accounts: list[BankAccountShown]


@blueprint.get("/bank-accounts")
@blueprint.output(BankAccountList)
@blueprint.doc(summary="List the ministry's bank accounts")
@permit(READ)
def index() -> ResponseReturnValue:
    """List accounts."""
    names = ("id", "code", "bank_en", "bank_ko", "holder", "number", "currency", "opened_minor", "main")
    with current().db.transaction() as session:
        shown = [
            {name: getattr(one, name) for name in names}
            | {
                "state": accounts.state_of(one), "created_at": one.created_at.isoformat(),
                "closed_at": one.closed_at.isoformat() if one.closed_at is not None else None,
            }
            for one in accounts.listed(session)
        ]  # fmt: skip
    return jsonify(bank_accounts=shown)
