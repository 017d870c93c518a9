"""What a handset answers: to the service's webhook, signed, or back over the link that its last text came over.

The HTTP provider obeys stop words by itself; behind a link that is the service's own duty, and this carrier leaves it to it.
"""

from __future__ import annotations

import asyncio

from lxml import etree

from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.carrier import Carrier, Order
from hotline.sandbox.handsets import Handset
from hotline.sandbox.messages import OUTBOUND, REPLY, Message
from hotline.sandbox.settings import API_VERSION, CALLBACK_TIMEOUT_S, MAX_TEXT_CHARACTERS, BadInput

STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "end", "quit", "revoke", "optout", "cancel"})
START_WORDS = frozenset({"start", "yes", "unstop"})
"""Twilio's default opt-out and opt-in words for a whole text, in any case."""

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = "You have successfully been re-subscribed to messages from this number. Reply STOP to unsubscribe."

MAX_REPLIES = 5
OVER_LINK = "smpp:"
"""How the address for reports begins on a text that came over the message centre's link."""


async def answer(carrier: Carrier, number: str, body: str) -> dict[str, object]:
    """Send what was typed on a handset and wait for the service; says plainly what came of it.

    Raises ``BadInput`` for an empty or overlong text.
    """
    if not body.strip() or len(body) > MAX_TEXT_CHARACTERS:
        raise BadInput(f"body: must have 1 to {MAX_TEXT_CHARACTERS} characters")
    if not body.isprintable() and any("\ud800" <= character <= "\udfff" for character in body):
        raise BadInput("body: holds half of a surrogate pair")
    handset = carrier.handsets.take(number)
    if handset.off:
        raise BadInput("the handset is switched off")
    last = next((text for text in reversed(handset.texts) if text.direction == OUTBOUND), None)
    sender = last.sender if last is not None else carrier.service_number
    message = carrier.receive(number, body, sender)
    if last is not None and last.callback_url.startswith(OVER_LINK) and carrier.post_text is not None:
        account = last.callback_url.removeprefix(OVER_LINK).partition("?")[0]
        return {"sid": message.sid, **await carrier.post_text(account, message)}
    opt_out = _obey_carrier_words(carrier, handset, sender, body)
    if not carrier.inbound_url:
        return {"sid": message.sid, "reached": False, "reason": "no_url"}
    status, text = await _post(carrier, handset, message, opt_out)
    if status == 0:
        return {
            "sid": message.sid,
            "reached": False,
            "reason": "no_answer",
            "detail": text.decode("utf-8", "replace")[:300],
        }
    if status >= 400:
        return {"sid": message.sid, "reached": False, "reason": "status", "detail": str(status)}
    for reply in parse_replies(text):
        carrier.accept(Order(to=number, sender=sender, body=reply, direction=REPLY))
    return {"sid": message.sid, "reached": True}


def _obey_carrier_words(carrier: Carrier, handset: Handset, sender: str, body: str) -> str:
    """Opt the number out or in as the carrier does before the service hears of it; returns Twilio's OptOutType."""
    word = body.strip().lower()
    if word in STOP_WORDS and not handset.opted_out:
        carrier.accept(Order(to=handset.number, sender=sender, body=STOPPED, direction=REPLY))
        carrier.set_handset(handset, opted_out=True)
        return "STOP"
    if word in START_WORDS and handset.opted_out:
        carrier.set_handset(handset, opted_out=False)
        carrier.accept(Order(to=handset.number, sender=sender, body=STARTED, direction=REPLY))
        return "START"
    return ""


async def _post(carrier: Carrier, handset: Handset, message: Message, opt_out: str) -> tuple[int, bytes]:
    """Queue the webhook and wait for its end; status 0 means that no answer came."""
    fields = {
        "AccountSid": carrier.settings.account_sid,
        "ApiVersion": API_VERSION,
        "Body": message.body,
        "From": message.sender,
        "MessageSid": message.sid,
        "NumMedia": "0",
        "NumSegments": str(message.segments),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if handset.country:
        fields["FromCountry"] = handset.country
    if opt_out:
        fields["OptOutType"] = opt_out
    ended: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def done(status: int, text: bytes) -> None:
        if not ended.done():
            ended.set_result((status, text))

    carrier.callbacks.post(Webhook(carrier.inbound_url, fields, done))
    try:
        return await asyncio.wait_for(ended, 2 * CALLBACK_TIMEOUT_S)
    except TimeoutError:
        return 0, b"the queue of webhooks is too long"


def parse_replies(text: bytes) -> list[str]:
    """Return the texts of a TwiML answer's Message verbs; anything that is not plain TwiML holds none.

    Nothing is fetched, and an answer with a document type is refused, so that no entity is ever expanded.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError:
        return []
    if root.tag != "Response" or root.getroottree().docinfo.internalDTD is not None:
        return []
    found = []
    for verb in root.findall("Message")[:MAX_REPLIES]:
        body = verb.find("Body")
        words = str((verb if body is None else body).xpath("string()")).strip()
        if words:
            found.append(words[:MAX_TEXT_CHARACTERS])
    return found
