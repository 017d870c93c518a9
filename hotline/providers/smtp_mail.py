"""E-mail over SMTP (RFC 5321) with the standard library's client: one connection for a batch, one mail after another.

What is known of a mail depends on how far the conversation got. Before its content leaves nothing can have arrived; once it
has left, only the server's last answer tells, and without that nobody ever knows.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Sequence

import structlog

from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.core.smtp_address import MailSender, SmtpAddress, read_sender, read_smtp_url
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import NotConfigured
from hotline.providers.mail import Leaving, MailRequest, MailResult, compose
from hotline.providers.sms import Outcome

log = structlog.get_logger(__name__)

ROOM = "mail_door"
_ENHANCED = re.compile(rb"^([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""RFC 3463: bad mailbox, bad system, bad syntax, moved without address; RFC 7505: the domain takes no mail.
A bare 550 may as well mean that we are not liked, so it says nothing about the address."""
_LEADING_DOT = re.compile(rb"(?m)^\.")


class _Down(Exception):
    """The conversation is over; `outcome` is what holds for every mail that has not been handed over."""

    def __init__(self, outcome: Outcome, code: str | None = None) -> None:
        super().__init__(str(outcome))
        self.outcome, self.code = outcome, code


class SmtpMail:
    """Hands mails to one server; `timeout_s` bounds connecting and every single answer."""

    name = "smtp"

    def __init__(
        self, address: SmtpAddress, sender: MailSender, clock: Clock, *, timeout_s: float, ca_file: str = "",
        breaker: CircuitBreaker | None = None,
    ) -> None:  # fmt: skip
        self._address, self.sender, self._clock, self._timeout_s = address, sender, clock, timeout_s
        self._tls = None if address.tls == "none" else ssl.create_default_context(cafile=ca_file or None)
        self.breaker = breaker or CircuitBreaker()

    def send(self, requests: Sequence[MailRequest], leaving: Leaving) -> list[MailResult]:
        """Hand mails over; when the conversation ends early, the rest never left."""
        results: list[MailResult] = []
        server: smtplib.SMTP | None = None
        try:
            server = self._greeted()
            for request in requests:
                results.append(self._hand_over(server, request, leaving))
        except _Down as down:
            rest = requests[len(results) :]
            results += [MailResult(each.message_id, each.attempt, down.outcome, error_code=down.code) for each in rest]
        finally:
            if server is not None:
                _leave(server)
        self._tell_breaker(results)
        return results

    def _greeted(self) -> smtplib.SMTP:
        """Connect, secure the line, and say who we are; raises _Down."""
        address = self._address
        server: smtplib.SMTP | None = None
        try:
            if self._tls is not None and address.tls == "tls":
                server = smtplib.SMTP_SSL(
                    address.host, address.port, self.sender.domain, timeout=self._timeout_s, context=self._tls
                )  # fmt: skip
            else:
                server = smtplib.SMTP(address.host, address.port, self.sender.domain, timeout=self._timeout_s)
                if self._tls is not None:
                    server.starttls(context=self._tls)
            if address.user:
                server.login(address.user, address.password)
            server.ehlo_or_helo_if_needed()
        except smtplib.SMTPAuthenticationError as refused:
            raise self._ended(server, Outcome.BLOCKED, f"auth-{refused.smtp_code}"[:10]) from refused
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as problem:
            # Without TLS, or with a certificate that is not to be trusted, nothing goes over this line.
            log.warning("mail.not_secure", problem=str(problem)[:200])
            raise self._ended(server, Outcome.BLOCKED, "tls") from problem
        except (OSError, smtplib.SMTPException) as problem:
            log.warning("mail.no_connection", problem=type(problem).__name__)
            raise self._ended(server, Outcome.UNSENT) from problem
        return server

    def _ended(self, server: smtplib.SMTP | None, outcome: Outcome, code: str | None = None) -> _Down:
        if server is not None:
            server.close()
        return _Down(outcome, code)

    def _hand_over(self, server: smtplib.SMTP, request: MailRequest, leaving: Leaving) -> MailResult:
        """Hand one mail over; raises _Down when neither it nor the rest can go now."""
        content = _LEADING_DOT.sub(b"..", compose(request, self.sender, self._clock.now()))
        try:
            refused = self._envelope(server, request)
            if refused is None and not leaving(request):
                refused = MailResult(request.message_id, request.attempt, Outcome.UNSENT)
            if refused is None:
                code, words = server.docmd("DATA")
                refused = None if code == 354 else self._judged(request, code, words)
        except (OSError, smtplib.SMTPException) as problem:
            raise _Down(Outcome.UNSENT) from problem
        if refused is not None:
            # A server that does not take this any more meets the next mail, which then never left.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.rset()
            return refused
        try:
            server.send(content + b".\r\n")
            return self._judged(request, *server.getreply())
        except (OSError, smtplib.SMTPException):
            return MailResult(request.message_id, request.attempt, Outcome.UNANSWERED)

    def _envelope(self, server: smtplib.SMTP, request: MailRequest) -> MailResult | None:
        """Name sender and receiver; the result where the server refuses them."""
        code, words = server.mail(self.sender.address)
        if code >= 500:
            raise _Down(Outcome.BLOCKED, _code(code, words))
        if code != 250:
            return self._judged(request, code, words)
        code, words = server.rcpt(request.to)
        if code not in (250, 251, 252):
            bad = code >= 500 and _code(code, words) in NO_SUCH_MAILBOX
            return self._judged(request, code, words)._replace(bad_address=bad)
        return None

    def _judged(self, request: MailRequest, code: int, words: bytes) -> MailResult:
        if 200 <= code < 300:
            return MailResult(request.message_id, request.attempt, Outcome.ACCEPTED, request.name)
        outcome = Outcome.REFUSED if code >= 500 else Outcome.RETRY_LATER
        return MailResult(request.message_id, request.attempt, outcome, error_code=_code(code, words))

    def _tell_breaker(self, results: Sequence[MailResult]) -> None:
        for result in results:
            if result.outcome in (Outcome.UNSENT, Outcome.UNANSWERED):
                self.breaker.failed()
            else:
                self.breaker.succeeded()


def _code(code: int, words: bytes) -> str:
    """Return the server's enhanced code (RFC 3463) where it gave one, else its three digits."""
    found = _ENHANCED.match(words)
    return (found[1].decode() if found else str(code))[:10]


def _leave(server: smtplib.SMTP) -> None:
    """Say good-bye; whatever fails there, every mail has its result already."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def mail_door(services: Services) -> SmtpMail:
    """Return this process's way to the mail server, made on first use; raises NotConfigured."""
    door: SmtpMail | None = services.rooms.get(ROOM)
    if door is None:
        door = services.rooms[ROOM] = make_mail_door(services.settings, services.clock)
    return door


def make_mail_door(settings: Settings, clock: Clock) -> SmtpMail:
    """Make the way that the settings name, without connecting; raises NotConfigured naming what is missing or wrong."""
    url = settings.smtp_url.get_secret_value()
    missing = [
        name for name, value in (("HOTLINE_SMTP_URL", url), ("HOTLINE_MAIL_FROM", settings.mail_from)) if not value
    ]
    if missing:
        raise NotConfigured(f"{', '.join(missing)} not set")
    try:
        address = read_smtp_url(url)
    except ValueError as problem:
        raise NotConfigured(f"HOTLINE_SMTP_URL: {problem}") from problem
    try:
        sender = read_sender(settings.mail_from)
    except ValueError as problem:
        raise NotConfigured(f"HOTLINE_MAIL_FROM: {problem}") from problem
    try:
        return SmtpMail(
            address, sender, clock, timeout_s=settings.dispatch_timeout_s, ca_file=settings.smtp_ca_file
        )  # fmt: skip
    except (OSError, ssl.SSLError) as problem:
        raise NotConfigured(f"HOTLINE_SMTP_CA_FILE: {problem}") from problem
