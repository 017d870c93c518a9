"""From claimed messages to requests: each with its approved text, its sender and the address its receipts come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from alerts.dispatch.claims import Taken
from alerts.dispatch.recheck import Agreed
from alerts.dispatch.results import Settlement
from alerts.dispatch.terms import Terms
from alerts.states import FAILED
from hotline.providers.sms import SmsRequest

NO_TEXT = "no_text"
Batch = tuple[list[SmsRequest], list[float]]
"""Requests in the order in which they may leave, and when, in seconds after the claim."""


def batches_of(
    taken: Sequence[Taken], agreed: Agreed, terms: Terms, now: datetime, alert_id: int
) -> tuple[dict[str, Batch], list[Settlement]]:
    """Return the requests for each provider, and how the messages end for which no text was approved; pure."""
    validity_s = terms.validity_s(agreed.expires - now)
    batches: dict[str, Batch] = defaultdict(lambda: ([], []))
    textless = []
    for message, way, leaves_s in taken:
        body = agreed.texts.get(message.variant, {}).get(message.language)
        if body is None:
            textless.append(Settlement(message.id, message.attempt, alert_id, "refused", FAILED, code=NO_TEXT))
            continue
        callback_url = terms.callback_url(message.id, message.attempt)
        requests, leaves = batches[way.provider]
        requests.append(
            SmsRequest(message.id, message.attempt, message.phone, way.address, body, callback_url, validity_s)
        )
        leaves.append(leaves_s)
    return batches, textless
