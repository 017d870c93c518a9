"""Where a provider reports on second texts: an address of their own, so that no receipt can be taken for a first text's."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from alerts.silent import text_reports
from alerts.silent.reports import Report
from alerts.silent.texting import PATH
from hotline.core import live
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import SIGNED, permit
from hotline.people import reachability
from hotline.providers.twilio_signature import require_twilio_signature

blueprint = Blueprint("twilio_second_texts", __name__)

_NUMBERS = {"outreach": re.compile(r"[0-9]{1,18}"), "attempt": re.compile(r"[0-9]{1,4}")}
_FORMS = {
    "MessageSid": re.compile(r"[A-Za-z0-9]{1,64}"),
    "MessageStatus": re.compile(r"[a-z_-]{1,20}"),
    "ErrorCode": re.compile(r"[0-9]{1,10}"),
    "To": re.compile(r"[^\x00]{1,20}"),
}


@blueprint.post(PATH)
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in a delivery receipt; 204 once it is on the disk."""
    services = current()
    report = Report(
        _number("outreach"),
        _number("attempt"),
        _field("MessageSid"),
        _field("MessageStatus"),
        _field("To") if request.form.get("To") else None,
        # The provider sends 0 or nothing where there was no error.
        None if request.form.get("ErrorCode", "") in ("", "0") else _field("ErrorCode"),
    )
    with services.db.transaction() as session:
        moved = text_reports.apply(session, services.clock, report)
        if moved is not None:
            reachability.record(session, services.clock, "alert", moved.marks)
    if moved is not None:
        live.notify(services.redis, f"alert:{moved.alert_id}")
    return Response(status=204)


def _number(name: str) -> int:
    given = request.args.get(name, "")
    if not given.isascii() or not _NUMBERS[name].fullmatch(given):
        raise InvalidInput(name, given, "give the numbers as in our own callback address")
    return int(given)


def _field(name: str) -> str:
    value = request.form.get(name, "")
    if not _FORMS[name].fullmatch(value):
        raise InvalidInput(name, value, "send the field in the provider's documented form")
    return value
