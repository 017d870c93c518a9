"""The port for sending e-mail: what is handed over, what comes back, and how a mail is put together.

The outcomes are those of texts (`hotline.providers.sms.Outcome`). A mail server keeps no record that we could ask, so a mail
whose last answer was lost stays unknown for good: it may have arrived, and it is never sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple, Protocol

from hotline.core.smtp_address import MailSender
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome

MAX_MAIL_BYTES = 64 * 1024
MAX_SUBJECT_CHARS = 150
_POLICY = SMTP.clone(cte_type="7bit")
"""Every server on the way can carry it, whatever it says of 8BITMIME."""


class MailRequest(NamedTuple):
    """One mail to hand over; `to` is an address that was checked, `language` a BCP 47 tag, `name` stays the same for a retry."""

    message_id: int
    attempt: int
    to: str
    subject: str
    body: str
    language: str
    name: str


class MailResult(NamedTuple):
    """What came of one request; `bad_address` is True when the server said that there is no such mailbox."""

    message_id: int
    attempt: int
    outcome: Outcome
    name: str | None = None
    error_code: str | None = None
    bad_address: bool = False


Leaving = Callable[[MailRequest], bool]
"""Called right before the content of a mail leaves; False keeps it back (its claim is not ours any more)."""


class MailDoor(Protocol):
    """Anything that takes mails."""

    name: str
    breaker: CircuitBreaker

    def send(self, requests: Sequence[MailRequest], leaving: Leaving) -> list[MailResult]:
        """Hand mails over one after another; each request gets exactly one result."""
        ...


def compose(request: MailRequest, sender: MailSender, at: datetime) -> bytes:
    """Return a mail as it goes over the wire (RFC 5322): plain text, marked as written by a machine (RFC 3834).

    Line breaks in a subject become blanks, so that no text can add a header. Raises ValueError above MAX_MAIL_BYTES.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(display_name=sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=request.to)
    mail["Subject"] = " ".join(request.subject.split())[:MAX_SUBJECT_CHARS]
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{request.name}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = "high"
    mail.set_content(request.body)
    mail["Content-Language"] = request.language
    whole = mail.as_bytes()
    if len(whole) > MAX_MAIL_BYTES:
        raise ValueError(f"a mail of {len(whole)} bytes is above the limit of {MAX_MAIL_BYTES}")
    return whole
