"""Each person's own link in the text they get: filled in at the last moment, so that no text is stored per person.

What was approved holds a stand-in of the same length (`hotline.links.tokens.BLANK_TOKEN`). The link follows from the person,
the alert and the moment of approval alone, so the text handed over once more, or looked up at the provider after its answer
was lost, is the same to the letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.links.tokens import BLANK_TOKEN, PATH, Claims, LinkMaker, to_minute
from hotline.providers.sms import SmsQuery, SmsRequest

Named = TypeVar("Named", SmsRequest, SmsQuery)

_WHOSE = """
SELECT m.id, m.traveller_id, m.alert_id, p.at
  FROM messages m JOIN approvals p ON p.alert_id = m.alert_id
 WHERE m.id = ANY (%s)
"""
_STAND_IN = PATH + BLANK_TOKEN


def personal(settings: Settings, body: str, traveller_id: int, alert_id: int, approved_at: datetime) -> str:
    """Return one approved text with the recipient's own link, as every text of this alert to them carries it."""
    if _STAND_IN not in body:
        return body
    claims = Claims(traveller_id, alert_id, to_minute(approved_at))
    return body.replace(_STAND_IN, PATH + LinkMaker.of(settings).token(claims))


def with_links(services: Services, requests: Sequence[Named]) -> list[Named]:
    """Return requests, or questions to the provider, with each recipient's own link where the approved text has one.

    One statement for the whole batch, and none where no text has a link. A message that is gone keeps its stand-in.
    """
    wanting = [each.message_id for each in requests if _STAND_IN in each.body]
    if not wanting:
        return list(requests)
    maker = LinkMaker.of(services.settings)
    with services.db.connection() as connection:
        rows = connection.execute(_WHOSE, (wanting,)).fetchall()
    tokens = {
        message_id: maker.token(Claims(traveller_id, alert_id, to_minute(approved_at)))
        for message_id, traveller_id, alert_id, approved_at in rows
    }
    return [
        each._replace(body=each.body.replace(_STAND_IN, PATH + tokens[each.message_id]))
        if each.message_id in tokens
        else each
        for each in requests
    ]
