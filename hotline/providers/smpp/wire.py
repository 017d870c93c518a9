"""SMPP 3.4 on the wire: the 16-octet header, the few PDUs of a session, and smpp34's codec for what carries texts.

Source: SMPP Protocol Specification v3.4, issue 1.2, chapters 3 to 5. Why the library's own client is not used:
docs/decisions/0018-smpp.md.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final, NamedTuple

import smpp34

GENERIC_NACK: Final = 0x80000000
BIND_TRANSCEIVER: Final = 0x00000009
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
ENQUIRE_LINK: Final = 0x00000015
ALERT_NOTIFICATION: Final = 0x00000102
RESPONSE: Final = 0x80000000
"""Set in the command id of every answer."""
INTERFACE_VERSION: Final = 0x34
ROK: Final = 0
RINVCMDID: Final = 0x03
RSYSERR: Final = 0x08
HEADER: Final = struct.Struct(">IIII")
RECEIPTED_MESSAGE_ID: Final = 0x001E
MESSAGE_PAYLOAD: Final = 0x0424
MESSAGE_STATE: Final = 0x0427
"""Tags of the optional parameters that matter here."""
MAX_PDU_BYTES: Final = 64 * 1024
"""Far above any PDU of a text; a longer one ends the session, because nothing after it could be trusted."""


class Pdu(NamedTuple):
    """A PDU as it came: header fields, and all of its octets for the codec."""

    command: int
    status: int
    sequence: int
    raw: bytes

    @property
    def body(self) -> bytes:
        """Everything after the header."""
        return self.raw[HEADER.size :]


class Garbled(Exception):
    """What came over the link is no SMPP."""


async def read_pdu(reader: asyncio.StreamReader) -> Pdu:
    """Read the next PDU; raises Garbled, and IncompleteReadError at the end of the link."""
    head = await reader.readexactly(HEADER.size)
    length, command, status, sequence = HEADER.unpack(head)
    if not HEADER.size <= length <= MAX_PDU_BYTES:
        raise Garbled(f"a PDU of {length} octets")
    return Pdu(command, status, sequence, head + await reader.readexactly(length - HEADER.size))


def pdu(command: int, sequence: int, body: bytes = b"", status: int = ROK) -> bytes:
    """Return the octets of a PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def c_string(text: str) -> bytes:
    """Return a C-octet string."""
    return text.encode("ascii", "replace") + b"\0"


def read_c_string(body: bytes, most: int = 65) -> str:
    """Return the C-octet string a body begins with; empty when there is none."""
    found, end, _ = body[:most].partition(b"\0")
    return found.decode("ascii", "replace") if end or len(body) < most else ""


def bind(sequence: int, system_id: str, password: str, system_type: str) -> bytes:
    """Return a bind_transceiver: texts go out and receipts come in over one link."""
    body = c_string(system_id) + c_string(password) + c_string(system_type)
    return pdu(BIND_TRANSCEIVER, sequence, body + bytes([INTERFACE_VERSION, 0, 0]) + c_string(""))


def read_deliver(raw: bytes) -> smpp34.DeliverSm:
    """Return a deliver_sm; raises Garbled."""
    try:
        found = smpp34.decode(raw)
    except smpp34.SmppError as error:
        raise Garbled(str(error)) from error
    if not isinstance(found, smpp34.DeliverSm):
        raise Garbled("no deliver_sm")
    return found
