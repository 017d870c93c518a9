"""A provider that lets calls come in at a steady rate, from a process of its own, and times every webhook of theirs.

`python -m benchmarks.voice_load ORIGIN TOKEN FIRST CALLS PER_S SIGNED_PATH WAITING ROUNDS` begins PER_S calls a second, whether
or not the ones before are answered (so that a slow answer is not hidden by a late question). Each call is greeted, chooses
Korean, chooses passports and so enters the queue, comes round once, and hangs up; with a SIGNED_PATH every webhook goes there
instead. Beside them WAITING callers, who are in the database already, come round ROUNDS times a second together.
It prints one JSON object: milliseconds of every webhook by step.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import sys
import time

import aiohttp
from yarl import URL

PATH = "/webhooks/twilio/voice"
RUN_LIMIT_S = 200.0
STEPS = ("inbound", "menu", "wait", "status", "round")
_ACTION = re.compile(r'(?:action="|<Redirect[^>]*>)([^"<]+)')


class Caller:
    """One call."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, token: str, number: int, signed_path: str) -> None:
        self.session, self.origin, self.token, self.signed_path = session, origin, token, signed_path
        self.base = {
            "CallSid": f"CA{number:032x}", "AccountSid": "AC" + "0" * 32, "From": f"+8210{number * 7_654_321 % 100_000_000:08d}",
            "To": "+82232100404",            "Direction": "inbound", "ApiVersion": "2010-04-01",
        }  # fmt: skip

    async def post(self, address: str, times: dict[str, list[float]], step: str, **fields: str) -> str:
        """Post one webhook and time it; raises when it is not answered as documented."""
        url = self.origin + self.signed_path if self.signed_path else address
        form = self.base | fields
        content = url + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.digest(self.token.encode(), content.encode(), "sha1")).decode()
        started = time.perf_counter()
        async with self.session.post(
            URL(url, encoded=True), data=form, headers={"X-Twilio-Signature": signature}
        ) as answer:
            text = await answer.text()
        times[step].append((time.perf_counter() - started) * 1000)
        if answer.status >= 300:
            raise RuntimeError(f"{step}: {answer.status} {text[:200]}")
        return text

    async def live(self, times: dict[str, list[float]]) -> None:
        """Go through the call."""
        page = f"{self.origin}{PATH}"
        text = await self.post(f"{page}/inbound", times, "inbound", CallStatus="ringing")
        for step, fields in (("menu", {"Digits": "1"}), ("menu", {"Digits": "2"}), ("wait", {})):
            target = self.following(text, page)
            if not target:
                times["fallback"].append(0.0)
                break
            text = await self.post(target, times, step, CallStatus="in-progress", **fields)
        await self.post(f"{page}/status", times, "status", CallStatus="completed", SequenceNumber="3")

    def following(self, text: str, page: str) -> str:
        """Return where the document leads; a comparison has no document."""
        found = _ACTION.search(text)
        if self.signed_path:
            return page
        if found is None or "fallback" in text:
            return ""  # the emergency document: the house was too slow
        return found[1].replace("&amp;", "&")


class Rounds:
    """Callers who wait: each follows its own last document, one after another."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, token: str, waiting: int, signed_path: str) -> None:
        self.callers = []
        self.page = f"{origin}{PATH}"
        for number in range(1, waiting + 1):
            caller = Caller(session, origin, token, number, signed_path)
            caller.base |= {"CallSid": f"CAbe{number:030x}", "From": f"+8270{number * 7919:08d}"}
            # A later run goes on with turns that no earlier one used.
            self.callers.append((caller, f"{self.page}/wait?call={number}&turn={time.time_ns() // 1_000_000}&round=1"))
        self.next = 0

    async def come_round(self, times: dict[str, list[float]]) -> None:
        """Let the next caller ask again."""
        at = self.next % len(self.callers)
        self.next += 1
        caller, target = self.callers[at]
        text = await caller.post(target, times, "round", CallStatus="in-progress")
        if target := caller.following(text, self.page):
            self.callers[at] = (caller, target)
        else:
            times["fallback"].append(0.0)


async def run(
    origin: str, token: str, first: int, calls: int, per_s: float, signed_path: str, waiting: int, rounds_per_s: float
) -> dict[str, list[float]]:
    """Let the calls come in; milliseconds by step."""
    times: dict[str, list[float]] = {step: [] for step in (*STEPS, "fallback")}
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        rounds = Rounds(session, origin, token, waiting, signed_path)
        started, tasks = time.perf_counter(), []
        wanted = [(nth / per_s, False) for nth in range(calls)]
        wanted += [(nth / rounds_per_s, True) for nth in range(int(calls / per_s * rounds_per_s))] if waiting else []
        nth = 0
        for at, is_round in sorted(wanted):
            await asyncio.sleep(max(0.0, started + at - time.perf_counter()))
            if is_round:
                tasks.append(asyncio.create_task(rounds.come_round(times)))
            else:
                tasks.append(asyncio.create_task(Caller(session, origin, token, first + nth, signed_path).live(times)))
                nth += 1
        await asyncio.wait_for(asyncio.gather(*tasks), RUN_LIMIT_S)
    return times


if __name__ == "__main__":
    origin, token, first, calls, per_s, path, waiting, rounds = sys.argv[1:]
    work = run(origin, token, int(first), int(calls), float(per_s), path, int(waiting), float(rounds))
    print(json.dumps(asyncio.run(work)))
