"""The practice mail server: real SMTP on loopback, whose mails lie on the handset of whoever has the address.

An address nobody is known by gets a mailbox of its own in the list of handsets, so that a trainee's own address works too.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from hotline.sandbox.carrier import Carrier
from hotline.sandbox.handsets import Handset
from hotline.sandbox.journal import Entry
from hotline.sandbox.settings import BadInput

MAX_MAILS = 20_000
MAX_MAIL_BYTES = 256 * 1024
MAX_BODY_CHARS = 20_000
MAX_SUBJECT_CHARS = 300
IDLE_S = 60.0
_DIGITS = re.compile(r"(?:.*[^0-9])?([1-9][0-9]{6,14})@.*")


@dataclass(slots=True, eq=False)
class Mail:
    """One mail that was taken in; ``number`` is its handset's, or the address where nobody is known by it."""

    sid: str
    number: str
    to: str
    sender: str
    subject: str
    body: str
    message_id: str
    language: str
    at: float
    """Seconds since 1970 UTC."""


_NAMES = tuple(each.name for each in fields(Mail))


def mail_entry(mail: Mail) -> Entry:
    """Return the journal's line of a mail."""
    return {"mail": asdict(mail)}


def read_mail(row: object) -> Mail:
    """Turn a mail's line back into a mail; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, dict) or set(row) != set(_NAMES):
        raise ValueError("a mail in the journal has another shape")
    return Mail(**row)


class Mailroom:
    """All mails of one carrier, oldest first; used inside the event loop only."""

    def __init__(self, carrier: Carrier) -> None:
        """Make an empty mailroom."""
        self._carrier = carrier
        self._mails: deque[Mail] = deque()
        self._on_handset: dict[str, list[Mail]] = {}

    def __iter__(self) -> Iterator[Mail]:
        return iter(list(self._mails))

    def of(self, number: str) -> list[Mail]:
        """Return the mails on a handset, oldest first."""
        return self._on_handset.get(number, [])

    def handset_for(self, address: str) -> Handset:
        """Return the handset of an address: its owner's, else the one whose number the name part ends with, else its own."""
        handsets = self._carrier.handsets
        owner = handsets.by_email(address)
        if owner is not None:
            return owner
        digits = _DIGITS.fullmatch(address)
        known = handsets.get(f"+{digits[1]}") if digits else None
        if known is None and handsets.full and handsets.get(address) is None:
            raise BadInput("no further mailbox has room")
        return known or handsets.take(address)

    def take_in(self, mail: Mail) -> None:
        """Record a mail durably and put it on its handset. Raises ``OSError`` when it cannot be recorded."""
        carrier = self._carrier
        carrier.journal.note(mail_entry(mail))
        try:
            carrier.journal.flush()
        except OSError:
            carrier.journal.drop_last()
            raise
        self.remember(mail)
        handset = carrier.handsets.touch(mail.number)
        handset.unread += 1
        carrier.note_handset(handset)

    def remember(self, mail: Mail) -> None:
        """Keep a mail without recording it again; the oldest one goes when the bound is reached."""
        self._mails.append(mail)
        self._carrier.handsets.touch(mail.number)
        self._on_handset.setdefault(mail.number, []).append(mail)
        if len(self._mails) > MAX_MAILS:
            oldest = self._mails.popleft()
            self._on_handset[oldest.number].remove(oldest)

    def clear(self) -> None:
        """Forget every mail."""
        self._mails.clear()
        self._on_handset.clear()


class _Door:
    """What the SMTP server asks, with every fault that is set for the number."""

    def __init__(self, carrier: Carrier, mailroom: Mailroom) -> None:
        self._carrier, self._mailroom = carrier, mailroom

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Say whether a mailbox takes mail."""
        try:
            number = self._mailroom.handset_for(address).number
        except BadInput:
            return "452 4.3.1 No further mailbox has room"
        attempt = self._carrier.faults.next_attempt(number)
        if self._carrier.strike("http_429", number, attempt):
            return "451 4.7.1 Too many mails; try again later"
        if self._carrier.strike("refusal", number, attempt) or self._carrier.strike("error_code", number, attempt):
            return "550 5.1.1 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail in for each of its receivers."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for address in envelope.rcpt_tos:
            number = self._mailroom.handset_for(address).number
            if self._carrier.strike("http_500_before", number, 1):
                return "451 4.3.0 Something is wrong here; try again later"
            if self._carrier.strike("answer_lost_before", number, 1):
                return _hang_up(server)
            self._mailroom.take_in(read_content(content, number, address, envelope.mail_from or ""))
            late = self._carrier.strike("answer_delay", number, 1)
            if late:
                await asyncio.sleep(late.value / 1000)
            lost = self._carrier.strike("answer_lost_after", number, 1)
            if lost or self._carrier.strike("http_500_after", number, 1):
                return _hang_up(server)
        return "250 2.0.0 Taken"


def _hang_up(server: SMTP) -> str:
    """Cut the line, so that no answer gets through."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "421 4.4.2 Gone"


def read_content(content: bytes, number: str, address: str, sender: str) -> Mail:
    """Return what a mail's reader sees; what cannot be read as a mail is shown as it came."""
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    plain = parsed.get_body(("plain",))
    try:
        body = str(plain.get_content()) if plain is not None else content.decode("utf-8", "replace")
    except (LookupError, ValueError):
        body = content.decode("utf-8", "replace")
    return Mail(
        sid="ME" + secrets.token_hex(16), number=number, to=address, sender=str(parsed["From"] or sender)[:400],
        subject=str(parsed["Subject"] or "")[:MAX_SUBJECT_CHARS], body=body.replace("\r\n", "\n")[:MAX_BODY_CHARS],
        message_id=str(parsed["Message-ID"] or "")[:300], language=str(parsed["Content-Language"] or "")[:12],
        at=time.time(),
    )  # fmt: skip


async def open_mail_door(carrier: Carrier, mailroom: Mailroom, host: str, port: int) -> asyncio.Server:
    """Listen for SMTP; port 0 takes any free one. Raises ``OSError`` (port taken)."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            _Door(carrier, mailroom), hostname="practice.carrier", data_size_limit=MAX_MAIL_BYTES, timeout=IDLE_S, loop=loop
        )  # fmt: skip

    return await loop.create_server(protocol, host, port)
