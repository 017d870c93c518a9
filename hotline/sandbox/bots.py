"""Many calls for load: bots call a number at random moments and press keys by a plan, other bots answer as agents' phones.

The bots live in the carrier as habits of handsets; this only sets them, dials, and counts what the carrier's record says.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hotline.sandbox.client import SandboxClient, SandboxError

MAX_CALLS = 5_000
CALLERS, AGENTS = "+82191", "+82199"
"""How the numbers of bots begin."""
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the bots do: ``calls`` calls to ``to`` at ``per_s`` (a Poisson stream), each pressing ``keys`` one by one.

    ``talk_s`` after its last key a caller hangs up. An agent's phone rings ``agent_after_s``, presses ``agent_keys`` when asked.
    ``limit_s`` is how long to wait for the last call.
    """

    to: str
    calls: int = 100
    per_s: float = 5.0
    keys: str = "1"
    talk_s: float = 10.0
    agent_keys: str = "1"
    agent_after_s: float = 1.0
    seed: int = 1
    limit_s: float = 120.0


@dataclass
class Met:
    """What the bots met; ``first_word_s`` are the seconds from dialling to the first word."""

    placed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    alerts: Counter[int] = field(default_factory=Counter)
    first_word_s: list[float] = field(default_factory=list)
    agents_answered: int = 0

    def lines(self) -> list[str]:
        """Return the report, a line for each finding."""
        waits = sorted(self.first_word_s)
        found = [f"placed {self.placed}", f"agents' phones answered {self.agents_answered}"]
        found += [f"ended {status}: {count}" for status, count in sorted(self.statuses.items())]
        found += [f"refused ({words}): {count}" for words, count in self.refused.most_common()]
        found += [f"error {code}: {count}" for code, count in sorted(self.alerts.items())]
        if waits:
            middle, late = waits[len(waits) // 2], waits[min(len(waits) - 1, int(len(waits) * 0.99))]
            found.append(f"first word after {middle * 1000:.0f} ms (median), {late * 1000:.0f} ms (99 of 100)")
        return found


def run(client: SandboxClient, plan: Plan, sleep: Callable[[float], None] = time.sleep) -> Met:
    """Place the calls and wait for their end; raises ``ValueError`` for more calls than bots may place."""
    if not 1 <= plan.calls <= MAX_CALLS or not 0 < plan.per_s <= 200:
        raise ValueError(f"1 to {MAX_CALLS} calls, at most 200 a second")
    client.set_habit(f"{CALLERS}*", "caller", keys=plan.keys, talk_ms=int(plan.talk_s * 1000))
    client.set_habit(
        f"{AGENTS}*", "answer", keys=plan.agent_keys, after_ms=int(plan.agent_after_s * 1000), keys_after_ms=200
    )
    numbers = [f"{CALLERS}{index:07d}" for index in range(plan.calls)]
    client.add_handsets([{"number": number} for number in numbers])
    since, met = time.time(), Met()
    dice, due = random.Random(plan.seed), time.monotonic()  # noqa: S311 - spreads calls, guards nothing
    for number in numbers:
        due += dice.expovariate(plan.per_s)
        sleep(max(0.0, due - time.monotonic()))
        try:
            client.use_handset(number, "dial", plan.to)
            met.placed += 1
        except SandboxError as problem:
            met.refused[str(problem)[-80:]] += 1
    deadline = time.monotonic() + plan.limit_s
    while time.monotonic() < deadline and _count(client, since, met):
        sleep(LOOK_EVERY_S)
    return met


def _count(client: SandboxClient, since: float, met: Met) -> int:
    """Count anew what the record says; returns how many calls of bots are still on."""
    calls = [call for call in client.calls() if call["created"] >= since]
    callers = [call for call in calls if call["sender"].startswith(CALLERS) and call["direction"] == "inbound"]
    met.statuses = Counter(call["status"] for call in callers)
    met.agents_answered = sum(call["to"].startswith(AGENTS) and call["started"] is not None for call in calls)
    met.first_word_s = [
        first["at"] - call["created"]
        for call in callers
        if (first := next((line for line in call["heard"] if line["kind"] in ("say", "play")), None))
    ]
    met.alerts = Counter(each["code"] for each in client.record("alerts") if each["at"] >= since)
    return sum(call["ended"] is None for call in callers)
