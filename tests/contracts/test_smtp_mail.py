"""The SMTP adapter against real servers: the practice carrier's, and one with TLS; what is known after every kind of ending."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hotline.core.clock import FrozenClock
from hotline.core.smtp_address import MailSender, SmtpAddress, read_sender, read_smtp_url
from hotline.providers.mail import MAX_MAIL_BYTES, MailRequest, compose
from hotline.providers.sms import Outcome
from hotline.providers.smtp_mail import SmtpMail
from tests.contracts.conftest import CarrierProcess

FROM = MailSender("영사콜센터", "alerts@mofa.example")
PHONE, ADDRESS = "+821099990001", "minjun@practice.example"
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)


def letter(
    number: int = 1, to: str = ADDRESS, subject: str = "긴급 안내", body: str = "대피하세요.\n.\n"
) -> MailRequest:
    return MailRequest(number, 1, to, subject, body, "ko", f"outreach.{number}@mofa.example")


def door(address: SmtpAddress, ca_file: str = "", timeout_s: float = 30.0) -> SmtpMail:
    return SmtpMail(address, FROM, FrozenClock(AT), timeout_s=timeout_s, ca_file=ca_file)


@pytest.fixture
def practice(carrier: CarrierProcess) -> SmtpMail:
    """A way to the practice carrier's mail server, where the address belongs to a handset."""
    carrier.control.add_handsets([{"number": PHONE, "name": "김민준", "email": ADDRESS}])
    return door(read_smtp_url(f"smtp://{carrier.mail}?tls=none"))


def send(through: SmtpMail, *requests: MailRequest, leaving: bool = True) -> list[tuple[Outcome, str | None]]:
    results = through.send(requests, lambda _: leaving)
    assert [each.message_id for each in results] == [each.message_id for each in requests]
    return [(each.outcome, each.error_code) for each in results]


def test_mails_arrive_whole_on_the_handset_of_whoever_has_the_address(
    practice: SmtpMail, carrier: CarrierProcess
) -> None:
    assert send(practice, letter(1), letter(2, to="somebody@else.example")) == [(Outcome.ACCEPTED, None)] * 2
    first, second = carrier.control.mails()
    assert (first["number"], first["subject"], first["body"]) == (PHONE, "긴급 안내", "대피하세요.\n.\n")
    assert (first["message_id"], first["language"]) == ("<outreach.1@mofa.example>", "ko")
    assert second["number"] == "somebody@else.example"


@pytest.mark.parametrize(
    ("fault", "value", "outcome", "code", "arrived"),
    [
        ("http_429", None, Outcome.RETRY_LATER, "4.7.1", 0), ("refusal", 21211, Outcome.REFUSED, "5.1.1", 0),
        ("http_500_before", None, Outcome.RETRY_LATER, "4.3.0", 0),
        ("answer_lost_before", None, Outcome.UNANSWERED, None, 0),
        ("answer_lost_after", None, Outcome.UNANSWERED, None, 1),
    ],
)  # fmt: skip
def test_every_ending_is_told_apart(
    practice: SmtpMail, carrier: CarrierProcess, fault: str, value: int | None, outcome: Outcome, code: str | None,
    arrived: int,
) -> None:  # fmt: skip
    carrier.control.set_fault(fault, PHONE, value=value)
    results = practice.send([letter()], lambda _: True)
    assert [(each.outcome, each.error_code, each.bad_address) for each in results] == [
        (outcome, code, fault == "refusal")
    ]
    assert len(carrier.control.mails(ADDRESS)) == arrived


def test_what_is_not_ours_any_more_is_kept_back_and_the_rest_goes(practice: SmtpMail, carrier: CarrierProcess) -> None:
    results = practice.send([letter(1), letter(2)], lambda request: request.message_id == 2)
    assert [each.outcome for each in results] == [Outcome.UNSENT, Outcome.ACCEPTED]
    assert len(carrier.control.mails()) == 1


def test_nobody_listening_means_that_nothing_left() -> None:
    assert send(door(SmtpAddress("127.0.0.1", 9, "", "", "none")), letter()) == [(Outcome.UNSENT, None)]


class _Keeps:
    """Keeps what comes; a user must be signed in where users are wanted."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.contents.append(envelope.content)
        return "250 2.0.0 OK"


def _known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"right", handled=False)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "practice mail")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[int, _Keeps, str]]:
    """A server that speaks only over TLS (STARTTLS) to users it knows: its port, what came, and its certificate."""
    cert_file, key_file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    keeps = _Keeps()
    controller = Controller(
        keeps, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, authenticator=_known,
        auth_required=True,
    )  # fmt: skip
    controller.start()
    yield port, keeps, str(cert_file)
    controller.stop()


@pytest.mark.parametrize(
    ("password", "trusted", "outcome", "code"),
    [
        ("right", True, Outcome.ACCEPTED, None), ("right", False, Outcome.BLOCKED, "tls"),
        ("wrong", True, Outcome.BLOCKED, "auth-535"),
    ],
)  # fmt: skip
def test_nothing_leaves_but_over_a_trusted_line_and_signed_in(
    secured: tuple[int, _Keeps, str], password: str, trusted: bool, outcome: Outcome, code: str | None
) -> None:
    port, keeps, cert_file = secured
    through = door(SmtpAddress("127.0.0.1", port, "desk", password, "starttls"), cert_file if trusted else "")
    assert send(through, letter()) == [(outcome, code)]
    assert len(keeps.contents) == (outcome is Outcome.ACCEPTED)


@pytest.mark.parametrize(
    ("url", "faults"),
    [
        ("smtp://user:p%40ss@mail.example", None), ("smtps://mail.example:4650", None),
        ("smtp://127.0.0.1:2525?tls=none", None), ("smtp://mail.example?tls=none", "this machine"),
        ("smtps://mail.example?tls=none", "only with smtp"), ("http://mail.example", "write smtp"),
        ("smtp://user@mail.example", "both"), ("smtp://mail.example?verify=no", "no option"), ("", "write smtp"),
        ("smtp://mail.example:99999", "port"),
    ],
)  # fmt: skip
def test_the_address_of_the_server_is_read_strictly(url: str, faults: str | None) -> None:
    if faults is None:
        assert read_smtp_url(url).host in ("mail.example", "127.0.0.1")
        return
    with pytest.raises(ValueError, match=faults):
        read_smtp_url(url)


def test_user_port_and_tls_follow_from_the_address() -> None:
    assert read_smtp_url("smtp://user:p%40ss@mail.example") == ("mail.example", 587, "user", "p@ss", "starttls")
    assert read_smtp_url("smtps://mail.example") == ("mail.example", 465, "", "", "tls")
    assert read_sender("영사콜센터 <a@mofa.example>") == ("영사콜센터", "a@mofa.example")
    for bad in ("", "nobody", "a@b\r\nBcc: c@d.example", "x" * 90 + " <a@mofa.example>"):
        with pytest.raises(ValueError, match="write an address"):
            read_sender(bad)


def test_no_text_can_add_a_header_or_end_the_mail_early() -> None:
    sly = letter(subject="Alert\r\nBcc: everybody@example.org\n\nBody", body="One\r\n.\r\nTwo\nFrom here\n")
    read: Any = message_from_bytes(compose(sly, FROM, AT), policy=policy.default)
    assert read["Bcc"] is None and read["To"] == ADDRESS
    assert read["Subject"] == "Alert Bcc: everybody@example.org Body"
    assert read["Auto-Submitted"] == "auto-generated" and read["Message-ID"] == "<outreach.1@mofa.example>"
    assert read.get_content().replace("\r\n", "\n") == "One\n.\nTwo\nFrom here\n"
    assert compose(letter(body="\U0001f30a" * 500), FROM, AT).isascii()
    with pytest.raises(ValueError, match="above the limit"):
        compose(letter(body="x" * MAX_MAIL_BYTES), FROM, AT)
