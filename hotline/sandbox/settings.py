"""What the practice carrier can be told from outside, with the limits it keeps."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path

API_VERSION = "2010-04-01"

MAX_BODY_BYTES = 64 * 1024
"""Largest request body that is read at all; Twilio's own forms stay far below it."""

MAX_TEXT_CHARACTERS = 1600
"""Longest message body (Twilio error 21617 above it)."""

MAX_PAGE_SIZE = 1000
"""Largest page of Twilio's list, as in Twilio's documentation."""

CALLBACK_TIMEOUT_S = 15.0
"""Total time a webhook may take, as Twilio grants it."""


class BadInput(ValueError):
    """A value from outside makes no sense; the text names it and says what would."""


def _fresh_account_sid() -> str:
    return "AC" + secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """How one practice carrier is started.

    Delays are milliseconds. ``port`` 0 takes any free port; ``smsc_port`` and ``mail_port`` None open no SMPP and
    no SMTP port.
    ``data_dir`` holds the folder ``sandbox`` with the journal; ``None`` keeps everything in memory only.
    ``inbound_url`` is where a handset's answer goes, ``public_url`` where the service takes calls in.
    """

    host: str = "127.0.0.1"
    port: int = 0
    smsc_port: int | None = None
    mail_port: int | None = None
    account_sid: str = field(default_factory=_fresh_account_sid)
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    data_dir: Path | None = None
    vendor_dir: Path | None = None
    inbound_url: str = ""
    public_url: str = ""
    service_number: str = "+15005550006"
    behaviour: Behaviour = field(default_factory=lambda: Behaviour())  # noqa: PLW0108 - defined below
    max_messages: int = 1_000_000
    max_handsets: int = 1_000_000
    max_callbacks_waiting: int = 200_000
    callbacks_in_flight: int = 128


@dataclass(kw_only=True)
class Behaviour:
    """What a carrier does when nothing is wrong; may be changed while it runs.

    ``sent_ms`` and ``delivered_ms`` count from acceptance and from ``sent``; ``jitter_ms`` spreads the latter.
    ``parts_per_s`` paces the sender (0 is unlimited). ``off_wait_ms`` is how long a text waits for a handset
    that is switched off before the carrier gives up with 30003. ``char_ms`` is how long a character takes to say, ``play_ms``
    how long a sound lasts that cannot be fetched (0: none takes any time). ``webhook_ms`` is the patience with the service.
    """

    sent_ms: int = 40
    delivered_ms: int = 250
    jitter_ms: int = 0
    parts_per_s: int = 0
    off_wait_ms: int = 20_000
    char_ms: int = 40
    play_ms: int = 4_000
    webhook_ms: int = round(1000 * CALLBACK_TIMEOUT_S)

    def change(self, values: dict[str, object]) -> None:
        """Take over whole numbers from ``values``.

        Raises ``BadInput`` naming the field when one is unknown or outside 0 to 86,400,000.
        """
        known = {each.name for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise BadInput(f"{name}: not a setting; known are {', '.join(sorted(known))}")
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 86_400_000:
                raise BadInput(f"{name}: must be a whole number from 0 to 86400000")
        for name, value in values.items():
            setattr(self, name, value)
