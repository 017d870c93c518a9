"""A provider that lets calls come in at a steady rate, from a process of its own, and times every webhook of theirs.

`python -m benchmarks.voice_load ORIGIN TOKEN FIRST CALLS PER_S SIGNED_PATH` begins PER_S calls a second, whether or not the
ones before are answered (so that a slow answer is not hidden by a late question). Each call is greeted, chooses Korean, chooses
passports and so enters the queue, comes round once, and hangs up; with a SIGNED_PATH every webhook goes there instead.
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
_ACTION = re.compile(r'(?:action="|<Redirect[^>]*>)([^"<]+)')


class Caller:
    """One call."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, token: str, number: int, signed_path: str) -> None:
        self.session, self.origin, self.token, self.signed_path = session, origin, token, signed_path
        self.base = {
            "CallSid": f"CA{number:032x}", "AccountSid": "AC" + "0" * 32, "From": f"+8210{number:08d}", "To": "+82232100404",
            "Direction": "inbound", "ApiVersion": "2010-04-01",
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
        for key in ("1", "2"):
            text = await self.post(self.following(text, page), times, "menu", Digits=key, CallStatus="in-progress")
        await self.post(self.following(text, page), times, "wait", CallStatus="in-progress")
        await self.post(f"{page}/status", times, "status", CallStatus="completed", SequenceNumber="3")

    def following(self, text: str, page: str) -> str:
        """Return where the document leads; a comparison has no document."""
        found = _ACTION.search(text)
        if self.signed_path:
            return page
        if found is None or "fallback" in text:
            raise RuntimeError(f"the answer leads nowhere: {text[:300]}")
        return found[1].replace("&amp;", "&")


async def run(
    origin: str, token: str, first: int, calls: int, per_s: float, signed_path: str
) -> dict[str, list[float]]:
    """Let the calls come in; milliseconds by step."""
    times: dict[str, list[float]] = {step: [] for step in ("inbound", "menu", "wait", "status")}
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        started, tasks = time.perf_counter(), []
        for nth in range(calls):
            await asyncio.sleep(max(0.0, started + nth / per_s - time.perf_counter()))
            caller = Caller(session, origin, token, first + nth, signed_path)
            tasks.append(asyncio.create_task(caller.live(times)))
        await asyncio.wait_for(asyncio.gather(*tasks), RUN_LIMIT_S)
    return times


if __name__ == "__main__":
    path = sys.argv[6] if len(sys.argv) > 6 else ""
    print(
        json.dumps(
            asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), path))
        )
    )
