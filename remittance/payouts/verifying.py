"""The public page that says whether a printed voucher is genuine; it tells no name, and nobody may ask it very often."""

from __future__ import annotations

import hashlib

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from redis.exceptions import RedisError

from hotline.core.errors import TooMany
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from remittance.payouts import vouchers
from remittance.requests.states import DISPUTED, PAID, SETTLED

blueprint = Blueprint("voucher_check", __name__, template_folder="templates")
ASKED_AT_MOST, WINDOW_S = 30, 600
"""So often within so long from one network address: a whole office checks a day's vouchers within it."""


@blueprint.get("/verify/<token>")
@permit(PUBLIC)
def check(token: str) -> ResponseReturnValue:
    """Say whether the voucher is genuine."""
    services = current()
    count(services, request.remote_addr or "")
    with services.db.transaction() as session:
        found = vouchers.verify(session, token)
    holds = found is not None and found.state in (PAID, SETTLED)
    page = render_template(
        "payouts/verify.html", found=found, holds=holds, disputed=found is not None and found.state == DISPUTED,
        place=found.mission[0 if str(get_locale()) == "ko" else 1] if found is not None else "",
    )  # fmt: skip
    return page, 200 if found is not None else 404


def count(services: Services, address: str) -> None:
    """Count a question from a network address; raises TooMany after many.

    Without Redis nobody is slowed down: a token of 256 bits is not found by asking.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:24]
    key = f"voucher-checks:{name}:{int(services.clock.now().timestamp()) // WINDOW_S}"
    try:
        asked = services.redis.incr(key)
        services.redis.expire(key, WINDOW_S)
    except RedisError:
        return
    if isinstance(asked, int) and asked > ASKED_AT_MOST:
        raise TooMany("Vouchers were checked very often from this network. Wait ten minutes.", WINDOW_S)
