"""What Twilio's answers to a create request mean; pure, so that every line can be tested. The codes are in `codes`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hotline.providers.bulk_http import HttpAnswer
from hotline.providers.codes import CODES
from hotline.providers.sms import Outcome, SmsRequest, SmsResult

MEANINGS: dict[str, Outcome] = {
    code: Outcome.BLOCKED if meaning.ours else Outcome.RETRY_LATER
    for code, meaning in CODES.items()
    if meaning.ours or meaning.later
}
"""Meaning of a code in a 4xx answer; every code that is not here refuses this one text for good."""

SID_FORM = re.compile(r"[A-Za-z0-9]{1,64}")
STATUS_FORM = re.compile(r"[a-z_-]{1,20}")
"""The documented forms, as in the webhooks: one odd character must not spoil the record of a whole batch."""

BLOCKING_STATUS = frozenset({401, 403, 404, 405, 407})
"""Without a code that says otherwise, these speak of our account or address and not of one text."""


def read_create(answer: HttpAnswer, meanings: Mapping[str, Outcome] = MEANINGS) -> SmsResult:
    """Say what an answer to a create request means; `answer.key` is the SmsRequest, `meanings` the table of its codes."""
    request: SmsRequest = answer.key
    if answer.status == 0:
        outcome = Outcome.UNANSWERED if answer.sent else Outcome.UNSENT
        return SmsResult(request.message_id, request.attempt, outcome)
    fields = _fields(answer.body)
    if 200 <= answer.status < 300:
        return _read_accepted(request, fields)
    code = _code(fields) or {401: "20003", 429: "20429"}.get(answer.status, f"http{answer.status}")
    return SmsResult(
        request.message_id,
        request.attempt,
        _meaning(answer.status, code, meanings),
        error_code=code,
        retry_after_s=answer.retry_after_s,
    )


def _read_accepted(request: SmsRequest, fields: dict[str, Any]) -> SmsResult:
    sid, status = fields.get("sid"), fields.get("status")
    if not isinstance(sid, str) or not SID_FORM.fullmatch(sid):
        # The provider took the text but did not say under which name: only its record can tell.
        return SmsResult(request.message_id, request.attempt, Outcome.UNANSWERED)
    status = status if isinstance(status, str) and STATUS_FORM.fullmatch(status) else None
    return SmsResult(request.message_id, request.attempt, Outcome.ACCEPTED, provider_sid=sid, provider_status=status)


def _meaning(status: int, code: str, meanings: Mapping[str, Outcome]) -> Outcome:
    if status >= 500 or status == 408:
        # Twilio may have accepted the text before it failed, and creating one cannot be repeated safely.
        return Outcome.UNANSWERED
    if status == 429:
        return Outcome.RETRY_LATER
    if code in meanings:
        return meanings[code]
    if status == 401 or status < 400 or (code.startswith("http") and status in BLOCKING_STATUS):
        return Outcome.BLOCKED
    return Outcome.REFUSED


def _fields(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _code(fields: dict[str, Any]) -> str | None:
    code = fields.get("code")
    return str(code) if isinstance(code, int) and not isinstance(code, bool) and 0 < code < 10**9 else None
