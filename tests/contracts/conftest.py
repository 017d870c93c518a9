"""One practice carrier process with its API and its message centre, and every adapter that can talk to it."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.smpp.address import read_addresses
from hotline.providers.smpp.incoming import LinkText
from hotline.providers.smpp.smpp_sms import SmppSms
from hotline.providers.smpp.words import ReceiptWord
from hotline.providers.sms import SmsProvider, SmsRequest, SmsResult
from hotline.providers.twilio_sms import TwilioSms
from hotline.sandbox.client import SandboxClient

START_LIMIT_S = 60.0
SENDER = "+15005550006"
ANSWER_S = 5.0


def wait_until(condition: Callable[[], object], what: str, limit_s: float = 20.0) -> None:
    """Poll real processes until the condition holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {what}"
        time.sleep(0.02)


@dataclass
class CarrierProcess:
    """The running practice carrier and how to reach it."""

    url: str
    smsc: str
    mail: str
    account_sid: str
    auth_token: str
    control: SandboxClient


@pytest.fixture(scope="package")
def carrier() -> Iterator[CarrierProcess]:
    """Start the practice carrier with all of its doors."""
    account_sid, auth_token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
    environment = {**os.environ, "TWILIO_ACCOUNT_SID": account_sid, "TWILIO_AUTH_TOKEN": auth_token}
    command = [
        sys.executable,
        "-m",
        "hotline.sandbox",
        "--smsc-port",
        "0",
        "--mail-port",
        "0",
        "--sent-ms",
        "5",
        "--delivered-ms",
        "20",
    ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str] = queue.Queue()
    stdout = process.stdout
    assert stdout is not None
    threading.Thread(target=lambda: [lines.put(line.strip()) for line in stdout], daemon=True).start()
    try:
        url = lines.get(timeout=START_LIMIT_S).removeprefix("SANDBOX ")
        smsc = lines.get(timeout=START_LIMIT_S).removeprefix("SMSC ")
        mail = lines.get(timeout=START_LIMIT_S).removeprefix("MAIL ")
        control = SandboxClient(url, account_sid, auth_token)
        yield CarrierProcess(url, smsc, mail, account_sid, auth_token, control)
        control.close()
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(autouse=True)
def clean(carrier: CarrierProcess) -> None:
    """Each test begins with a carrier that knows of nothing."""
    carrier.control.reset()


@dataclass
class Adapter:
    """A provider under test, with the receipts that came to it."""

    provider: SmsProvider
    receipts: list[ReceiptWord] = field(default_factory=list)


def bind(
    carrier: CarrierProcess,
    *options: str,
    on_receipt: Callable[[str, ReceiptWord], None],
    on_text: Callable[[str, LinkText], None] | None = None,
) -> SmppSms:
    """Bind to the message centre as `desk`."""
    query = "&".join(("window=20", f"sender={SENDER.replace('+', '%2B')}", *options))
    (address,) = read_addresses(f"smpp://desk:secret@{carrier.smsc}?{query}", "")
    provider = SmppSms(address, answer_s=ANSWER_S, on_receipt=on_receipt, on_text=on_text or (lambda _, text: None))
    provider.start()
    wait_until(lambda: provider.link.bound, "the bind")
    return provider


@pytest.fixture(params=["twilio", "smpp-payload", "smpp-udh"])
def adapter(request: pytest.FixtureRequest, carrier: CarrierProcess) -> Iterator[Adapter]:
    """Return each adapter in turn."""
    receipts: list[ReceiptWord] = []
    if request.param == "twilio":
        made = Adapter(
            TwilioSms(
                base_url=carrier.url,
                account_sid=carrier.account_sid,
                auth_token=carrier.auth_token,
                sender=SENDER,
                timeout_s=ANSWER_S,
                breaker=CircuitBreaker(failures_to_open=1000),
            )
        )
    else:
        long_texts = request.param.removeprefix("smpp-")
        provider = bind(carrier, f"long={long_texts}", on_receipt=lambda _, word: receipts.append(word))
        made = Adapter(provider, receipts)
    yield made
    made.provider.close()


class Feed:
    """Gives its requests out and keeps the results."""

    def __init__(self, requests: Sequence[SmsRequest]) -> None:
        self._left = list(requests)
        self.results: list[SmsResult] = []

    def take(self, most: int) -> list[SmsRequest]:
        taken, self._left = self._left[:most], self._left[most:]
        return taken

    def give(self, result: SmsResult) -> None:
        self.results.append(result)

    def finished(self) -> bool:
        return not self._left

    def on_more(self, wake: Callable[[], None]) -> None:
        """Nothing is ever added."""


def texts_for(numbers: Sequence[str], body: str = "Flood in Manila. Go to high ground.") -> list[SmsRequest]:
    """Make one request for each number."""
    return [SmsRequest(index, 1, to, SENDER, body, "", 3600) for index, to in enumerate(numbers, start=1)]


def send(provider: SmsProvider, requests: Sequence[SmsRequest]) -> dict[str, SmsResult]:
    """Hand the requests over; the result for each number."""
    feed = Feed(requests)
    provider.stream(feed, in_flight=50)
    numbers = {request.message_id: request.to for request in requests}
    assert len(feed.results) == len(requests), "every request gets exactly one result"
    return {numbers[result.message_id]: result for result in feed.results}
