"""A small client of the control API, for tests, chaos runs and drills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests

TIMEOUT_S = 30.0


class SandboxError(Exception):
    """The practice carrier refused a request; the text says why."""


class SandboxClient:
    """Talks to one running practice carrier by its address and the account's credentials."""

    def __init__(self, url: str, account_sid: str, auth_token: str) -> None:
        """``url`` is what the carrier printed when it started, as ``http://127.0.0.1:41234``."""
        self.url = url.rstrip("/")
        self.account_sid = account_sid
        self._session = requests.Session()
        self._session.auth = (account_sid, auth_token)
        # Proxies of the environment are for the outside; the carrier is on this machine.
        self._session.trust_env = False

    def _call(self, method: str, path: str, **options: Any) -> Any:
        response = self._session.request(method, self.url + path, timeout=TIMEOUT_S, **options)
        try:
            answer = response.json()
        except ValueError:
            answer = {"error": response.text[:200]}
        if response.status_code != 200:
            raise SandboxError(f"{method} {path}: {response.status_code} {answer.get('error', '')}")
        return answer

    def messages(
        self, to: str | None = None, *, since: float = 0.0, after: int = 0, direction: str = "outbound"
    ) -> Iterator[dict[str, Any]]:
        """Yield accepted texts, oldest first, over all pages; ``since`` is seconds since 1970, ``after`` a seq."""
        cursor: int | None = after
        while cursor is not None:
            query = {
                "since": since,
                "after": cursor,
                "limit": 5000,
                "direction": direction,
                **({"to": to} if to else {}),
            }
            page = self._call("GET", "/control/messages", params=query)
            yield from page["messages"]
            cursor = page["next_after"]

    def calls(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return the calls that were made, oldest first, with everything that was said (``lines``) and pressed (``#``)."""
        answer: list[dict[str, Any]] = self._call("GET", "/control/calls", params={"to": to} if to else {})["calls"]
        return answer

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return the mails that were taken in, oldest first; ``to`` is an address."""
        answer: list[dict[str, Any]] = self._call("GET", "/control/mails", params={"to": to} if to else {})["mails"]
        return answer

    def use_handset(self, number: str, act: str, words: str = "") -> dict[str, Any]:
        """Do what somebody does with their handset.

        ``act`` is dial (``words`` is the number), answer, decline, voicemail, press (the keys), talk (what is said) or hangup.
        """
        path = f"/page/handsets/{quote(number)}/call"
        answer: dict[str, Any] = self._call("POST", path, json={"act": act, "words": words})
        return answer

    def set_numbers(self, *entries: dict[str, str]) -> None:
        """Add or replace numbers that can be called: ``number, name, voice_url, fallback_url, status_callback, …``."""
        self._call("POST", "/control/numbers", json=list(entries))

    def set_habit(self, to: str = "*", way: str = "answer", **more: object) -> dict[str, Any]:
        """Let handsets act by themselves when they ring: answer, reject, busy, silent, voicemail, dead, person."""
        answer: dict[str, Any] = self._call("POST", "/control/habits", json={"to": to, "way": way, **more})
        return answer

    def start_bots(self, **plan: object) -> dict[str, Any]:
        """Have bots call: ``to, calls, per_s, at_once, first, keys, think_ms, patience_ms, talk_ms, words, longest_ms, seed``."""
        answer: dict[str, Any] = self._call("POST", "/control/bots", json=plan)
        return answer

    def bots(self) -> dict[str, Any]:
        """Return what the bots of the latest run met so far."""
        answer: dict[str, Any] = self._call("GET", "/control/bots")
        return answer

    def stop_bots(self) -> dict[str, Any]:
        """Stop the run; calls that are on hang up."""
        answer: dict[str, Any] = self._call("DELETE", "/control/bots")
        return answer

    def record(self, kind: str) -> list[dict[str, Any]]:
        """Return the judge's record of ``conferences``, ``recordings`` or ``alerts``, oldest first."""
        answer: list[dict[str, Any]] = self._call("GET", f"/control/{kind}")[kind]
        return answer

    def set_fault(
        self,
        kind: str,
        to: str = "*",
        *,
        value: int | None = None,
        share: float = 100,
        seed: int = 0,
        times: int | None = None,
    ) -> dict[str, Any]:
        """Set a fault for a number, a prefix such as ``+82*``, or all; raises ``SandboxError`` naming what is wrong."""
        rule: dict[str, Any] = {"kind": kind, "to": to, "share": share, "seed": seed}
        rule |= {} if value is None else {"value": value}
        rule |= {} if times is None else {"times": times}
        answer: dict[str, Any] = self._call("POST", "/control/faults", json=rule)
        return answer

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules in force."""
        rules: list[dict[str, Any]] = self._call("GET", "/control/faults")["faults"]
        return rules

    def clear_faults(self, *, to: str | None = None, kind: str | None = None) -> int:
        """Clear matching rules, all without arguments; return how many went."""
        query = {name: value for name, value in (("to", to), ("kind", kind)) if value is not None}
        return int(self._call("DELETE", "/control/faults", params=query)["cleared"])

    def summary(self, numbers: list[str] | None = None) -> dict[str, Any]:
        """Return totals, duplicates of (To, Body) and, for up to 500 ``numbers``, how many texts each got."""
        answer: dict[str, Any] = self._call("GET", "/control/summary", params={"numbers": ",".join(numbers or [])})
        return answer

    def counters(self) -> dict[str, Any]:
        """Return the totals alone."""
        answer: dict[str, Any] = self._call("GET", "/control/counters")
        return answer

    def behave(self, **values: object) -> dict[str, Any]:
        """Change ``sent_ms``, ``delivered_ms``, ``jitter_ms``, ``parts_per_s``, ``off_wait_ms``, ``inbound_url`` …"""
        answer: dict[str, Any] = self._call("PATCH", "/control/behaviour", json=values)
        return answer

    def add_handsets(self, entries: list[dict[str, str]]) -> None:
        """Name handsets, in portions that fit the carrier's body limit."""
        for start in range(0, len(entries), 200):
            self._call("POST", "/control/handsets", json=entries[start : start + 200])

    def reset(self) -> None:
        """Forget texts, faults and counts."""
        self._call("POST", "/control/reset")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
