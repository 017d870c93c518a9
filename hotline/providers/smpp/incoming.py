"""A text from somebody's handset as deliver_sm carries it: alphabet, octets, and what joins a long one's parts.

Rules: SMPP v3.4, 5.2.19 (data_coding) and 5.3.2.22 to 24 (sar parameters); 3GPP TS 23.040, 9.2.3.24 (user data header). Nothing
here refuses a text: what cannot be read for certain is kept as well as it can be, for a person to look at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import gsm0338
import smpp34

from hotline.core.errors import InvalidInput
from hotline.core.phone import parse_e164
from hotline.providers.smpp.wire import MESSAGE_PAYLOAD

GSM7, ASCII, LATIN1, UCS2 = 0, 1, 3, 8
MAX_CHARS: Final = 4_000
"""Longest text that is kept; nobody types more on a handset."""
HOME_REGION: Final = "KR"
"""Where a number without a country's code is from: a carrier writes its own subscribers so."""
MISSING: Final = "[…]"
"""Stands where a part of a text never came."""
_UDH_FLAG: Final = 0x40
_CONCATENATED, _CONCATENATED_16 = 0x00, 0x08
_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER, _USER_REFERENCE = 0x020C, 0x020E, 0x020F, 0x0204
_INTERNATIONAL, _NATIONAL, _UNKNOWN = 1, 2, 0
_SHORTEST_NATIONAL: Final = 9
_CODEC: Final = gsm0338.Codec()


class Joint(NamedTuple):
    """Which part of which long text this is; `reference` tells the texts of one handset apart, for a while."""

    reference: int
    total: int
    number: int


class Piece(NamedTuple):
    """The octets of a text or of one of its parts, with their alphabet."""

    coding: int
    octets: bytes


@dataclass(frozen=True)
class LinkText:
    """One deliver_sm that is a text: who sent it to which number of ours, and what it carries.

    `user_reference` is the handset's own number for it, where the centre passes that on.
    """

    sender: str
    recipient: str
    piece: Piece
    joint: Joint | None = None
    user_reference: int | None = None


def read_text(deliver: smpp34.DeliverSm) -> LinkText:
    """Return what a deliver_sm carries that is no receipt; never raises."""
    fields = {tlv.tag: tlv.value for tlv in deliver.tlvs}
    octets = bytes(fields.get(MESSAGE_PAYLOAD) or deliver.short_message)
    joint = None
    if deliver.esm_class & _UDH_FLAG:
        joint, octets = _without_header(octets)
    joint = joint or _sar(fields)
    reference = fields.get(_USER_REFERENCE)
    return LinkText(
        sender=_number(deliver.source_addr, deliver.source_addr_ton),
        recipient=_own_number(deliver.destination_addr, deliver.dest_addr_ton),
        piece=Piece(deliver.data_coding, octets),
        joint=joint if joint is not None and joint.total > 1 else None,
        user_reference=int.from_bytes(reference, "big") if reference else None,
    )


def body_of(pieces: Iterable[Piece | None]) -> str:
    """Return the words of a text from its parts in their order; None stands for one that never came.

    Octets of one alphabet are put together before they are read, because a character may straddle two parts.
    """
    runs: list[Piece | None] = []
    for piece in pieces:
        last = runs[-1] if runs else None
        if piece is not None and last is not None and last.coding == piece.coding:
            runs[-1] = Piece(piece.coding, last.octets + piece.octets)
        else:
            runs.append(piece)
    words = "".join(MISSING if run is None else decode(run) for run in runs)
    # PostgreSQL has no NUL in texts, and nobody typed one.
    return words.replace("\x00", "")[:MAX_CHARS]


def decode(piece: Piece) -> str:
    """Return the words of octets in their alphabet; what is no character of it becomes U+FFFD, and nothing is left out.

    Coding 0 is the centre's own alphabet: GSM-7, one septet an octet, unless an octet says that it must be Latin-1.
    """
    coding, octets = _alphabet(piece.coding), piece.octets
    if coding == UCS2:
        return octets.decode("utf-16-be", "replace")
    if coding == GSM7 and max(octets, default=0) < 0x80:
        try:
            text, used = _CODEC.decode(octets)
        except UnicodeError:
            return octets.decode("latin-1")
        return str(text) if used == len(octets) else octets.decode("latin-1")
    return octets.decode("latin-1")


def fingerprint(provider: str, text: LinkText, pieces: Iterable[Piece]) -> str:
    """Return what a text that is delivered again has in common with the first time: all that a centre repeats."""
    said = hashlib.sha256()
    for value in (provider, text.sender, text.recipient, str(text.user_reference)):
        said.update(value.encode() + b"\0")
    for piece in pieces:
        said.update(bytes([piece.coding & 0xFF]) + hashlib.sha256(piece.octets).digest())
    return said.hexdigest()


def _alphabet(coding: int) -> int:
    """Return the alphabet of a data_coding; message classes (0xF0 and up) are GSM-7 or octets (3GPP TS 23.038, 4)."""
    if coding & 0xF0 == 0xF0:
        return LATIN1 if coding & 0x04 else GSM7
    return coding if coding in (GSM7, UCS2) else LATIN1


def _without_header(octets: bytes) -> tuple[Joint | None, bytes]:
    """Take the user data header off; the part it names, and the text itself. A header that is none stays in the text."""
    length = octets[0] if octets else 0
    if not octets or len(octets) < 1 + length:
        return None, octets
    header, joint, at = octets[1 : 1 + length], None, 0
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if kind == _CONCATENATED and len(value) == 3:
            joint = _joint(value[0], value[1], value[2])
        elif kind == _CONCATENATED_16 and len(value) == 4:
            joint = _joint(int.from_bytes(value[:2], "big"), value[2], value[3])
        at += 2 + size
    return joint, octets[1 + length :]


def _sar(fields: dict[int, bytes]) -> Joint | None:
    reference, total, number = (fields.get(tag) for tag in (_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER))
    if not reference or not total or not number:
        return None
    return _joint(int.from_bytes(reference[:2], "big"), total[0], number[0])


def _joint(reference: int, total: int, number: int) -> Joint | None:
    return Joint(reference, total, number) if 1 <= number <= total else None


def _number(address: str, kind: int) -> str:
    """Return a handset's number in E.164 where it is one; a short code or a name as it came."""
    digits = address.strip().lstrip("+")
    if not digits.isascii() or not digits.isdigit():
        return address.replace("\x00", "")[:20]
    if kind in (_NATIONAL, _UNKNOWN) and digits.startswith("0") and len(digits) >= _SHORTEST_NATIONAL:
        try:
            return parse_e164(digits, HOME_REGION).e164
        except InvalidInput:
            return digits[:20]
    return f"+{digits}"[:20]


def _own_number(address: str, kind: int) -> str:
    digits = address.strip().replace("\x00", "").lstrip("+")
    return (f"+{digits}" if kind == _INTERNATIONAL and digits.isdigit() else digits)[:20]
