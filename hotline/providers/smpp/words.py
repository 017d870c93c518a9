"""What a message centre's status codes and receipts mean, in the words the house speaks: Twilio's codes and statuses.

Sources: SMPP v3.4, table 5-2 (command_status), table 5-6 (message_state) and appendix B (the text of a receipt, which every
carrier writes a little differently).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import smpp34

from hotline.providers.smpp.wire import MESSAGE_STATE, RECEIPTED_MESSAGE_ID
from hotline.providers.sms import Outcome

_TRANSLATED: Final = {
    0x0B: "21211",  # invalid destination address
    0x14: "30001",  # message queue full
    0x58: "20429",  # throttled
    0x0A: "21606",  # invalid source address
    0x0D: "20003",  # bind failed
    0x0E: "20003",  # wrong password
    0x0F: "20003",  # wrong system id
    0x04: "20006",  # bound otherwise than the command needs
}
"""command_status → code, where the house knows one; others keep their own number."""
_LATER: Final = frozenset({0x14, 0x58, 0x08, 0x45, 0x64, 0x65})
"""Not taken, and not for good: full, throttled, system error, submit failed, temporary application errors."""
_OURS: Final = frozenset({0x0A, 0x0D, 0x0E, 0x0F, 0x04})

_STATES: Final = {
    "ENROUTE": ("sent", None),
    "ACCEPTD": ("sent", None),
    "DELIVRD": ("delivered", None),
    "EXPIRED": ("undelivered", "30003"),
    "UNDELIV": ("undelivered", "30008"),
    "REJECTD": ("undelivered", "30007"),
    "DELETED": ("undelivered", "30008"),
    "UNKNOWN": ("sent", None),
}
_STATE_NAMES: Final = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
_ID = re.compile(r"\bid:\s*([0-9A-Za-z_.-]{1,40})", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Za-z]{3,10})", re.IGNORECASE)
_RECEIPT_TYPES: Final = 0x3C
"""The bits of esm_class that say what kind of message a deliver_sm is; 0x04 is a receipt, 0 an ordinary text."""


@dataclass(frozen=True)
class ReceiptWord:
    """What one receipt says: the centre's id of the message, and status and code in the house's words."""

    message_id: str
    status: str
    code: str | None
    recipient: str


def outcome_of(status: int) -> tuple[Outcome, str | None]:
    """Return what an answer to submit_sm means, and its code."""
    if status == 0:
        return Outcome.ACCEPTED, None
    code = _TRANSLATED.get(status, f"smpp{status:x}"[:10])
    if status in _OURS:
        return Outcome.BLOCKED, code
    return (Outcome.RETRY_LATER if status in _LATER else Outcome.REFUSED), code


def plain_id(message_id: str) -> str:
    """Return an id as it is compared: carriers pad them with noughts and change their case between answer and receipt."""
    return message_id.strip().lower().lstrip("0") or "0"


def is_receipt(deliver: smpp34.DeliverSm) -> bool:
    """Say whether a deliver_sm is a delivery receipt and not a text from somebody."""
    return deliver.esm_class & _RECEIPT_TYPES != 0


def read_receipt(deliver: smpp34.DeliverSm) -> ReceiptWord | None:
    """Return what a receipt says, from its parameters where it has them, else from its text; None when it says nothing."""
    fields: Mapping[int, smpp34.Tlv] = {tlv.tag: tlv for tlv in deliver.tlvs}
    text = deliver.short_message.decode("latin-1")
    named = fields.get(RECEIPTED_MESSAGE_ID)
    found = _ID.search(text)
    message_id = (named.as_string() if named is not None else None) or (found[1] if found else "")
    state = fields.get(MESSAGE_STATE)
    said = _STAT.search(text)
    number = state.as_int() if state is not None else None
    name = _STATE_NAMES.get(number or 0) or (said[1].upper()[:7] if said else "")
    if not message_id or name not in _STATES or not re.fullmatch(r"[0-9A-Za-z_.-]{1,40}", message_id):
        return None
    status, code = _STATES[name]
    # The receipt travels the other way: its source is the handset.
    return ReceiptWord(plain_id(message_id), status, code, _with_plus(deliver.source_addr))


def _with_plus(address: str) -> str:
    digits = address.lstrip("+")
    return f"+{digits}"[:20] if digits.isascii() and digits.isdigit() else address[:20]
