"""`SMPP_URL`: one address for each bind, separated by blanks or commas.

`smpp://SYSTEM_ID:PASSWORD@HOST:PORT?name=smpp-kt&sender=%2B8215441234&window=10&long=payload`; `smpps` for TLS. `name` begins
with `smpp` and names the provider in routes (`smpp` alone where there is one bind). `long` says how a long text goes:
`payload` (one submit_sm, the centre cuts it) or `udh` (one submit_sm a part, joined by headers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

MAX_BINDS = 16
_NAME = re.compile(r"smpp(-[a-z0-9]{1,15})?")
_OPTIONS = {"name", "sender", "window", "long", "system_type"}


@dataclass(frozen=True)
class BindAddress:
    """One bind as the settings name it."""

    name: str
    host: str
    port: int
    system_id: str
    password: str
    sender: str
    window: int = 10
    payload: bool = True
    system_type: str = ""
    tls: bool = False


def read_addresses(text: str, sender: str) -> list[BindAddress]:
    """Read `SMPP_URL`; `sender` stands in where an address names none.

    Raises ValueError that says what is wrong, without the password.
    """
    binds = [_read_one(each, sender) for each in re.split(r"[\s,]+", text.strip()) if each]
    if len(binds) > MAX_BINDS:
        raise ValueError(f"at most {MAX_BINDS} binds")
    if len({bind.name for bind in binds}) < len(binds):
        raise ValueError("every bind needs a name of its own: add ?name=smpp-…")
    return binds


def _read_one(text: str, sender: str) -> BindAddress:
    parts = urlsplit(text)
    if parts.scheme not in ("smpp", "smpps") or not parts.hostname or not parts.username:
        raise ValueError("write smpp://SYSTEM_ID:PASSWORD@HOST:PORT")
    options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    if unknown := sorted(options.keys() - _OPTIONS):
        raise ValueError(f"unknown option {unknown[0]}; known are {', '.join(sorted(_OPTIONS))}")
    name, long_texts, window = options.get("name", "smpp"), options.get("long", "payload"), options.get("window", "10")
    if not _NAME.fullmatch(name):
        raise ValueError("name must be smpp or smpp- and up to 15 small letters and digits")
    if long_texts not in ("payload", "udh"):
        raise ValueError("long must be payload or udh")
    if not window.isascii() or not window.isdigit() or not 1 <= int(window) <= 500:
        raise ValueError("window must be a whole number from 1 to 500")
    chosen = options.get("sender", sender)
    if not chosen:
        raise ValueError("name the sender with ?sender=")
    return BindAddress(
        name=name, host=parts.hostname, port=parts.port or 2775, system_id=unquote(parts.username)[:15],
        password=unquote(parts.password or "")[:8], sender=chosen[:20], window=int(window),
        payload=long_texts == "payload", system_type=options.get("system_type", "")[:12], tls=parts.scheme == "smpps",
    )  # fmt: skip
