"""A small client for embassies' exchanges, with the standard library alone: announce a call, or check the whole way.

    python -m overflow.forwarding.client announce --url https://… --mission beijing --key-id … --caller +86… --reason closed
    python -m overflow.forwarding.client check --url https://… --mission beijing --key-id …

The secret comes from the environment (HOTLINE_EXCHANGE_SECRET), so that it stands in no list of processes. The file imports
nothing of the house and can be copied to the exchange as it is (Python 3.9 or newer).
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

TIMEOUT_S = 3.0
"""A caller waits meanwhile; without an answer the exchange sends the call to the number it knows."""
MAX_ANSWER_BYTES = 65_536
SLOW_S = 1.0
CLOCK_OFF_S = 30


@dataclass(frozen=True)
class Exchange:
    """Who calls whom, with which key."""

    url: str
    mission: str
    key_id: str
    secret: str


@dataclass(frozen=True)
class Answer:
    """What came back: the status (0 for nothing), the body (an object, or empty), the time it took, and where it leads on to."""

    status: int
    told: dict[str, Any]
    took_s: float
    trouble: str = ""
    leads_to: str = ""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow nobody: an announcement that is led on would arrive without its body, or at somebody else's."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Let the redirection be the answer."""
        return None


_OPENER = urllib.request.build_opener(_Stay)


def sign(secret: str, timestamp: str, body: bytes, name: str) -> str:
    """Return the value of X-Hotline-Signature: HMAC-SHA256 over timestamp LF name LF body, in hex."""
    text = f"{timestamp}\n{name}\n".encode() + body
    return "v2=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def announce(exchange: Exchange, call: dict[str, Any], *, name: str = "", ahead_s: int = 0, secret: str = "") -> Answer:
    """Announce a call (see docs/overflow.md) and return the answer; `name` is the call's own, the same for a repetition."""
    body, name = json.dumps(call).encode(), name or str(uuid.uuid4())
    timestamp = str(int(time.time()) + ahead_s)
    if not exchange.url.startswith(("https://", "http://")):
        return Answer(0, {}, 0.0, "the address does not begin with https://")
    started = time.monotonic()
    try:
        request = urllib.request.Request(  # noqa: S310  # the scheme is checked above
            f"{exchange.url.rstrip('/')}/webhooks/overflow/{quote(exchange.mission, safe='')}",
            data=body,
            headers={
                "Content-Type": "application/json",
                "X-Hotline-Key": exchange.key_id,
                "X-Hotline-Timestamp": timestamp,
                "X-Hotline-Signature": sign(secret or exchange.secret, timestamp, body, name),
                "Idempotency-Key": name,
            },
        )
        with _OPENER.open(request, timeout=TIMEOUT_S) as response:
            return Answer(response.status, _object(response.read(MAX_ANSWER_BYTES)), time.monotonic() - started)
    except urllib.error.HTTPError as error:
        took_s, leads_to = time.monotonic() - started, error.headers.get("Location", "")
        return Answer(error.code, _object(error.read(MAX_ANSWER_BYTES)), took_s, leads_to=leads_to)
    except (OSError, ValueError, http.client.HTTPException) as error:
        # The last of them is whatever is no HTTP: another program's port, or an address that cannot be read.
        trouble = str(getattr(error, "reason", error)).strip() or type(error).__name__
        return Answer(0, {}, time.monotonic() - started, trouble)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: whether it is well, what was found, and how it is mended."""

    what: str
    well: bool
    found: str
    mend: str = ""


def check(exchange: Exchange, *, called: str = "") -> list[Finding]:
    """Go the whole way with test announcements and return what was found; ends at the first thing without which nothing works."""
    name, call = f"check-{uuid.uuid4()}", {"version": 1, "reason": "test", "reference": "conformance check"}
    if called:
        call["called"] = called
    first = announce(exchange, call, name=name)
    findings = [_reached(first)]
    if not findings[-1].well:
        return findings
    findings.append(_signed(first))
    if first.status == 403 and first.told.get("code") == "clock-wrong":
        return [findings[0], _clock_wrong(first)]
    if not findings[-1].well:
        return findings
    findings += [
        _in_time(first),
        _forgery(exchange, call),
        _replay(exchange, call),
        _repetition(exchange, call, name, first),
    ]
    findings += [_decision(first), _number(first), *_notices(first)]
    return findings


def _reached(answer: Answer) -> Finding:
    if answer.status == 0:
        mend = "Check the address, the name server, the firewall (HTTPS, port 443, outwards) and the certificate store."
        return Finding("reachability", False, f"No answer: {answer.trouble}.", mend)
    if answer.status in (404, 405) or answer.status >= 500:
        return Finding(
            "reachability", False, f"Status {answer.status}.", "Check the address; ask the centre when it is right."
        )
    if 300 <= answer.status < 400:
        mend = "Use the address to which it leads, if it is the centre's; announcements are led on nowhere."
        return Finding("reachability", False, f"The address leads on to {answer.leads_to or 'nowhere'}.", mend)
    if "decision" not in answer.told and "code" not in answer.told:
        mend = "Check the address; a proxy, or a page to sign in to the network, may answer in the centre's place."
        return Finding("reachability", False, f"Something else answers there (status {answer.status}).", mend)
    return Finding("reachability", True, f"Answered in {answer.took_s * 1000:.0f} ms.")


def _signed(answer: Answer) -> Finding:
    code = answer.told.get("code")
    if answer.status == 200:
        return Finding("signature", True, "The key and the signature are right.")
    mends = {
        "bad-signature": "Check the mission's code in the address, the key's name, the secret (64 hexadecimal digits, no "
        "blank or line end), and that exactly the bytes that are sent are signed: timestamp, line feed, Idempotency-Key, "
        "line feed, body.",
        "key-ended": "Ask the centre for a new key (`hotline overflow key MISSION`).",
    }
    return Finding(
        "signature", False, str(answer.told.get("detail", f"Status {answer.status}.")), mends.get(str(code), "")
    )


def _clock_wrong(answer: Answer) -> Finding:
    off = answer.told.get("off_by_s")
    return Finding(
        "clock", False, f"The clock of this machine is off by {off} seconds (our time: {answer.told.get('server_time')}).",
        "Let NTP set the clock, for example: timedatectl set-ntp true",
    )  # fmt: skip


def _in_time(answer: Answer) -> Finding:
    return Finding(
        "time", answer.took_s <= SLOW_S, f"The answer took {answer.took_s * 1000:.0f} ms.",
        "" if answer.took_s <= SLOW_S else "Callers hear silence meanwhile; look at the line, the name server, a proxy.",
    )  # fmt: skip


def _forgery(exchange: Exchange, call: dict[str, Any]) -> Finding:
    answer = announce(exchange, call, secret="0" * 64)
    well = answer.status == 403 and answer.told.get("code") == "bad-signature"
    return Finding("forgery", well, "A wrong signature is refused." if well else f"A wrong signature got {answer.status}.",
                   "" if well else "Something between answers in our place; ask the centre.")  # fmt: skip


def _replay(exchange: Exchange, call: dict[str, Any]) -> Finding:
    answer = announce(exchange, call, ahead_s=-600)
    well, off = answer.told.get("code") == "clock-wrong", answer.told.get("off_by_s")
    if not well or not isinstance(off, int):
        return Finding("clock", False, f"A signature of ten minutes ago got {answer.status}.", "Ask the centre.")
    drift = off + 600
    if abs(drift) > CLOCK_OFF_S:
        return Finding("clock", False, f"This machine's clock is off by {drift} seconds; at most 300 are taken.",
                       "Let NTP set the clock, for example: timedatectl set-ntp true")  # fmt: skip
    return Finding("clock", True, f"The clock is right to {abs(drift)} seconds, and an old signature is refused.")


def _repetition(exchange: Exchange, call: dict[str, Any], name: str, first: Answer) -> Finding:
    again = announce(exchange, call, name=name)
    well = again.told == first.told
    return Finding("idempotency", well, "A repetition gets the very same answer." if well else "A repetition got another answer.",
                   "" if well else "Send the same Idempotency-Key for the same call; ask the centre when you do.")  # fmt: skip


def _decision(answer: Answer) -> Finding:
    decision, why = answer.told.get("decision"), answer.told.get("why", "")
    if decision == "refuse":
        mend = "The centre turns this line's calls away by a rule of its own; ask the centre whether that is meant."
        return Finding("decision", False, f"{decision}: {why}", mend)
    return Finding("decision", decision in ("take", "return"), f"{decision}: {why}")


def _number(answer: Answer) -> Finding:
    where = answer.told.get("destination") or {}
    if where.get("sip"):
        return Finding(
            "number to dial", True, f"Dial {where['sip'].split('?')[0]} with the token, or {where.get('number')}."
        )
    if where.get("number"):
        return Finding(
            "number to dial", True, f"Dial {where['number']}; the call is recognised by the caller's number."
        )
    return Finding(
        "number to dial", False, "There is no number to dial.", "Ask the centre to give the line a number of ours."
    )


def _notices(answer: Answer) -> list[Finding]:
    grave = ("called-unknown", "called-malformed", "no-line", "not-recorded")
    return [
        Finding(f"notice {each.get('code')}", each.get("code") not in grave, str(each.get("text")),
                "Mend what the notice says." if each.get("code") in grave else "")
        for each in answer.told.get("notices", [])
    ]  # fmt: skip


def show(findings: list[Finding]) -> bool:
    """Print what was found, a line each and the mend below; whether all is well."""
    for each in findings:
        sys.stdout.write(f"{'ok  ' if each.well else 'MEND'}  {each.what}: {each.found}\n")
        if each.mend:
            sys.stdout.write(f"      -> {each.mend}\n")
    well = all(each.well for each in findings)
    if well:
        sys.stdout.write("All is well.\n")
    else:
        sys.stdout.write(
            "Something is to be mended. Meanwhile send calls to the number you were given; they are taken.\n"
        )
    return well


def main(words: list[str]) -> int:
    """Announce a call and print the answer as JSON, or check the way; 0 when all is well."""
    parser = argparse.ArgumentParser(
        prog="python -m overflow.forwarding.client", description="Announce forwarded calls."
    )
    parser.add_argument("act", choices=("announce", "check"))
    for name in ("--url", "--mission", "--key-id"):
        parser.add_argument(name, required=True)
    for name in ("--caller", "--called", "--language", "--reference", "--name"):
        parser.add_argument(name, default="")
    parser.add_argument("--reason", default="all")
    given = parser.parse_args(words)
    secret = os.environ.get("HOTLINE_EXCHANGE_SECRET", "")
    if not secret:
        parser.error("set HOTLINE_EXCHANGE_SECRET to the key's secret")
    exchange = Exchange(given.url, given.mission, given.key_id, secret)
    if given.act == "check":
        return 0 if show(check(exchange, called=given.called)) else 1
    fields = {name: getattr(given, name) for name in ("caller", "called", "reason", "language", "reference")}
    call: dict[str, Any] = {"version": 1, **{name: value for name, value in fields.items() if value}}
    answer = announce(exchange, call, name=given.name)
    sys.stdout.write(json.dumps(answer.told or {"status": answer.status, "trouble": answer.trouble}) + "\n")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
