"""Where alerts' messages are kept, for the rules that all kinds of texts share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hotline.core.services import Services
from hotline.providers import recordless
from hotline.providers.sms import SmsRequest
from hotline.providers.text_tables import TextTables

MESSAGES: Final = TextTables("messages", "attempts", "message_parts", "message_id")
"""An alert's end is its own and its chain's, so the sweep looks at that and not at the message's row."""


def write_leaving(services: Services, requests: Sequence[SmsRequest]) -> list[SmsRequest]:
    """Commit that these messages leave now and return those that may; see `hotline.providers.recordless`."""
    return recordless.write_leaving(services, MESSAGES, requests)
