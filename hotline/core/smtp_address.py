"""Reading `HOTLINE_SMTP_URL` and `HOTLINE_MAIL_FROM`: the mail server we hand over to, and whom mails come from.

    smtp://USER:PASSWORD@HOST:587                 STARTTLS, and nothing without it
    smtps://USER:PASSWORD@HOST:465                TLS from the first byte
    smtp://127.0.0.1:2525?tls=none                this machine only, for practice

User and password are percent-encoded; a server that knows us by our address needs neither.
"""

from __future__ import annotations

import ipaddress
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

Tls = Literal["starttls", "tls", "none"]
_PORTS = {"smtp": 587, "smtps": 465}


class MailSender(NamedTuple):
    """Whom mails come from: a name that may be empty, and an address that was checked."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


class SmtpAddress(NamedTuple):
    """One mail server; `user` is empty where none is needed."""

    host: str
    port: int
    user: str
    password: str
    tls: Tls


def read_smtp_url(url: str) -> SmtpAddress:
    """Return the server of an address in the module's form; raises ValueError saying what is wrong and how to mend it."""
    parts = urlsplit(url.strip())
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise ValueError("the port is a number up to 65535") from None
    query = parse_qs(parts.query, keep_blank_values=True)
    if set(query) - {"tls"}:
        raise ValueError(f"{sorted(set(query) - {'tls'})[0]} is no option; there is only tls")
    tls: Tls = "tls" if parts.scheme == "smtps" else "starttls"
    if "tls" in query:
        if query["tls"] != ["none"] or parts.scheme != "smtp":
            raise ValueError("tls may only be none, and only with smtp://; leave it away for TLS")
        if not _is_loopback(parts.hostname):
            raise ValueError("tls=none is for a server on this machine; leave it away for any other")
        tls = "none"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("give both user and password, or neither")
    return SmtpAddress(parts.hostname, port, user, password, tls)


def read_sender(text: str) -> MailSender:
    """Return whom mails come from, of `name@example.org` or `Consular centre <name@example.org>`; raises ValueError."""
    name, address = parseaddr(text.strip())
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email
        Address(display_name=name, addr_spec=checked or "")
    except (EmailNotValidError, ValueError):
        checked = None
    if not checked or len(name) > 80:
        raise ValueError("write an address such as alerts@example.org, or a name of up to 80 characters and <address>")
    return MailSender(name, checked)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
