"""Bots that call the service: arrivals like a Poisson stream, keys by a plan, patience, talk, and what they met.

They live inside the carrier, so that thousands of them cost no connection of their own: the service is asked as for
any call, and everything is in the judge's record.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields

from hotline.sandbox.calls import IN_PROGRESS, NOTE, RINGING, Call
from hotline.sandbox.conferences import IN_PROGRESS as TALKING
from hotline.sandbox.conferences import Conference
from hotline.sandbox.exchange import KEYS, Exchange
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.rooms import Bridge, Rooms
from hotline.sandbox.settings import MAX_TEXT_CHARACTERS, BadInput

MAX_CALLS, MAX_AT_ONCE, MAX_PER_S = 50_000, 10_000, 1_000.0
MAX_MS = 3_600_000
LOOK_S = 0.05
"""How often the bots look at their calls."""
SHARES = (50, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What bots do. Times are milliseconds; ``patience_ms`` and ``talk_ms`` are means of exponential times.

    ``keys`` are pressed one after another, each when the service waits for keys; an empty one stays silent once.
    ``patience_ms`` 0 waits for ever, ``talk_ms`` 0 lets the other end hang up.
    """

    to: str
    calls: int
    per_s: float = 1.0
    at_once: int = 5_000
    first: str = "+8299000000000"
    keys: tuple[str, ...] = ()
    think_ms: int = 300
    patience_ms: int = 0
    talk_ms: int = 5_000
    words: str = ""
    longest_ms: int = 600_000
    seed: int = 0


def parse_plan(values: dict[str, object]) -> Plan:
    """Read a plan from JSON; raises ``BadInput`` naming the field that is wrong."""
    if unknown := set(values) - {each.name for each in fields(Plan)}:
        raise BadInput(f"{sorted(unknown)[0]}: not a field of a plan")
    for name in ("to", "first"):
        number = values.get(name, Plan.first if name == "first" else None)
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise BadInput(f"{name}: must be E.164, as +821012345678")
    for name, bounds in {
        "calls": (1, MAX_CALLS), "at_once": (1, MAX_AT_ONCE), "seed": (0, 2**53), "think_ms": (0, MAX_MS),
        "patience_ms": (0, MAX_MS), "talk_ms": (0, MAX_MS), "longest_ms": (1_000, MAX_MS),
    }.items():  # fmt: skip
        number = values.get(name, getattr(Plan, name, None))
        if isinstance(number, bool) or not isinstance(number, int) or not bounds[0] <= number <= bounds[1]:
            raise BadInput(f"{name}: must be a whole number from {bounds[0]} to {bounds[1]}")
    rate = values.get("per_s", 1.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.001 <= rate <= MAX_PER_S:
        raise BadInput(f"per_s: must be a number from 0.001 to {MAX_PER_S:g}")
    keys, words = values.get("keys", []), values.get("words", "")
    if not isinstance(keys, list) or len(keys) > 20:
        raise BadInput("keys: must be a list of at most 20 texts")
    if not all(isinstance(each, str) and len(each) <= 20 and set(each) <= KEYS for each in keys):
        raise BadInput("keys: each must be keys of a telephone, or empty")
    if not isinstance(words, str) or len(words) > MAX_TEXT_CHARACTERS:
        raise BadInput(f"words: must be a text of at most {MAX_TEXT_CHARACTERS} characters")
    return Plan(**{**values, "keys": tuple(keys)})  # type: ignore[arg-type]  # checked just above, field by field


@dataclass(eq=False)
class Bot:
    """One caller. Times are seconds of the monotonic clock."""

    call: Call
    began: float
    patience_s: float
    talk_s: float
    keys: list[str]
    first_word_s: float | None = None
    talked_at: float | None = None
    press_at: float | None = None
    abandoned: bool = False


@dataclass
class Findings:
    """What the bots of one run met; times are seconds."""

    placed: int = 0
    refused: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    abandoned: int = 0
    connected: int = 0
    keys_pressed: int = 0
    application_errors: int = 0
    first_word_s: list[float] = field(default_factory=list)
    connected_after_s: list[float] = field(default_factory=list)


class Fleet:
    """The bots of one carrier: one run at a time."""

    def __init__(self, exchange: Exchange, rooms: Rooms) -> None:
        """Start without any."""
        self._exchange, self._rooms = exchange, rooms
        self._bots: list[Bot] = []
        self._task: asyncio.Task[None] | None = None
        self._plan: Plan | None = None
        self._found = Findings()

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._task is not None and not self._task.done()

    def start(self, plan: Plan) -> None:
        """Begin a run; raises ``BadInput`` while another one is under way or when nothing answers at the number."""
        if self.running:
            raise BadInput("a run is under way; stop it first")
        line = self._exchange.numbers.get(plan.to)
        if line is None:
            raise BadInput(f"to: the number {plan.to} is not in service")
        self._plan, self._found, self._bots = plan, Findings(), []
        self._task = asyncio.get_running_loop().create_task(self._run(plan))

    async def stop(self) -> None:
        """End the run: no further calls, and those that are on hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for bot in self._bots:
            self._exchange.finish(bot.call)
            self._close(bot)
        self._bots = []

    def report(self) -> dict[str, object]:
        """Return the plan and what was met so far; shares of the times in milliseconds."""
        found = self._found
        return {
            "running": self.running,
            "plan": asdict(self._plan) if self._plan is not None else None,
            "on": len(self._bots),
            "placed": found.placed,
            "refused": found.refused,
            "ends": dict(found.ends),
            "connected": found.connected,
            "abandoned": found.abandoned,
            "keys_pressed": found.keys_pressed,
            "application_errors": found.application_errors,
            "first_word_ms": _shares(found.first_word_s),
            "connected_after_ms": _shares(found.connected_after_s),
        }

    async def _run(self, plan: Plan) -> None:
        draw = random.Random(plan.seed)  # noqa: S311 - a practice stream that must repeat, no secret
        numbers = _numbers(plan)
        due, left = time.monotonic() + draw.expovariate(plan.per_s), plan.calls
        while left or self._bots:
            now = time.monotonic()
            while left and due <= now:
                self._place(plan, next(numbers), draw)
                left, due = left - 1, due + draw.expovariate(plan.per_s)
            self._bots = [bot for bot in self._bots if not self._attend(plan, bot, now)]
            await asyncio.sleep(min(LOOK_S, max(0.0, due - time.monotonic())) if left else LOOK_S)

    def _place(self, plan: Plan, number: str, draw: random.Random) -> None:
        # Drawn also for those who find no room, so that the same seed is the same stream whatever the load.
        patience_s = draw.expovariate(1000 / plan.patience_ms) if plan.patience_ms else float("inf")
        talk_s = draw.expovariate(1000 / plan.talk_ms) if plan.talk_ms else float("inf")
        if len(self._bots) >= plan.at_once:
            self._found.refused += 1
            return
        try:
            call = self._exchange.call_in(number, plan.to)
        except (BadInput, OSError):
            self._found.refused += 1
            return
        self._found.placed += 1
        self._bots.append(Bot(call, time.monotonic(), patience_s, talk_s, list(plan.keys)))

    def _attend(self, plan: Plan, bot: Bot, now: float) -> bool:
        """Let a bot do what is due; returns whether its call is over."""
        call, found = bot.call, self._found
        if bot.first_word_s is None and (said := next((each for each in call.heard if each.kind != NOTE), None)):
            bot.first_word_s = max(0.0, said.at - call.created)
            found.first_word_s.append(bot.first_word_s)
        if call.final:
            self._close(bot)
            return True
        if bot.talked_at is None and self._talks(call):
            bot.talked_at = now
            found.connected += 1
            found.connected_after_s.append(now - bot.began)
            if plan.words:
                self._act(call, "talk", plan.words)
        if bot.talked_at is None and call.wants_key and bot.keys:
            self._think(plan, bot, now)
        self._give_up_if_due(plan, bot, now)
        return False

    def _think(self, plan: Plan, bot: Bot, now: float) -> None:
        if bot.press_at is None:
            bot.press_at = now + plan.think_ms / 1000
        if now < bot.press_at:
            return
        bot.press_at = None
        if keys := bot.keys.pop(0):
            self._found.keys_pressed += 1
            self._act(bot.call, "press", keys)

    def _give_up_if_due(self, plan: Plan, bot: Bot, now: float) -> None:
        tired = bot.talked_at is None and now - bot.began >= bot.patience_s
        done = bot.talked_at is not None and now - bot.talked_at >= bot.talk_s
        if (tired or done or now - bot.began >= plan.longest_ms / 1000) and bot.call.status in (RINGING, IN_PROGRESS):
            bot.abandoned = tired
            self._exchange.finish(bot.call)

    def _act(self, call: Call, act: str, words: str) -> None:
        # The service may have ended the call in this very moment, which is no mistake of the bot.
        with contextlib.suppress(BadInput):
            self._exchange.act(call.handset, act, words)

    def _talks(self, call: Call) -> bool:
        place = self._rooms.of(call)
        if isinstance(place, Conference):
            return place.status == TALKING and len(place.parties) > 1
        return isinstance(place, Bridge)

    def _close(self, bot: Bot) -> None:
        found = self._found
        found.ends[bot.call.status] += 1
        found.abandoned += bot.abandoned
        found.application_errors += any("application error has occurred" in line.text for line in bot.call.heard)


def _numbers(plan: Plan) -> Iterator[str]:
    """Yield callers' numbers upwards from the first one, so that no two calls of a run share a handset."""
    number = int(plan.first.lstrip("+"))
    while True:
        yield f"+{number}"
        number += 1


def _shares(times_s: list[float]) -> dict[str, int]:
    """Return how long the given shares of the times were at most, in milliseconds."""
    ordered = sorted(times_s)
    return {f"p{share}": round(1000 * ordered[(len(ordered) - 1) * share // 100]) for share in SHARES if ordered}
