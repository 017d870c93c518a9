"""What is done about the silent, as data: steps by severity, checked here once; pure.

A step names a channel, how many minutes after a text was sent it comes, and whom it is for. Voice is the only channel that
exists: a second text by another route is not offered, and no addresses for e-mail are kept (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hotline.core.errors import InvalidInput

VOICE = "voice"
CHANNELS = (VOICE,)
NOT_DELIVERED, NOT_ANSWERED, OPTED_OUT = "not_delivered", "not_answered", "opted_out"
WHOM = (NOT_DELIVERED, NOT_ANSWERED, OPTED_OUT)
"""not_delivered: the text was handed over or failed, and is not known to be on the handset · not_answered: it may be on the
handset, and nothing was answered · opted_out: inside the area and wants no texts, so that no text was sent."""
SEVERITIES = ("Extreme", "Severe", "Other")
"""CAP 1.2 severity; Moderate, Minor and Unknown share one policy."""
MAX_STEPS = 6
MIN_MINUTES, MAX_MINUTES = 1, 24 * 60
"""A whole minute at least: what is recorded late by a worker is then still seen in its turn."""


class Step(NamedTuple):
    """One step; `after_minutes` count from the moment at which the person's text was sent (or the alert began)."""

    channel: str
    after_minutes: int
    whom: str

    def to_json(self) -> dict[str, Any]:
        """Return the step as it is kept."""
        return self._asdict()


USUAL: Mapping[str, tuple[Step, ...]] = {
    "Extreme": (Step(VOICE, 1, OPTED_OUT), Step(VOICE, 5, NOT_DELIVERED), Step(VOICE, 15, NOT_ANSWERED)),
    "Severe": (),
    "Other": (),
}
"""In force until somebody decides otherwise: danger to life is worth a call, and nothing else is."""


def policy_for(severity: str) -> str:
    """Return which policy an alert's CAP severity falls under."""
    return severity if severity in SEVERITIES else "Other"


def read_steps(given: object) -> tuple[Step, ...]:
    """Return steps in the order of their time; raises InvalidInput naming the step that is wrong."""
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)) or len(given) > MAX_STEPS:
        raise InvalidInput("steps", given, f"use a list of at most {MAX_STEPS} steps")
    steps = [_read(number, each) for number, each in enumerate(given, 1)]
    if len({(step.channel, step.whom) for step in steps}) != len(steps):
        raise InvalidInput("steps", len(steps), "use each channel once for the same people", code="silent-same-step")
    return tuple(sorted(steps, key=lambda step: (step.after_minutes, WHOM.index(step.whom))))


def _read(number: int, given: object) -> Step:
    values = given if isinstance(given, Mapping) else {}
    channel, minutes, whom = values.get("channel"), values.get("after_minutes"), values.get("whom")
    if channel not in CHANNELS:
        raise InvalidInput(f"step{number}", channel, f"use one of {', '.join(CHANNELS)}", code="silent-channel")
    if whom not in WHOM:
        raise InvalidInput(f"step{number}", whom, f"use one of {', '.join(WHOM)}", code="silent-whom")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not MIN_MINUTES <= minutes <= MAX_MINUTES:
        mend = f"use {MIN_MINUTES} to {MAX_MINUTES} minutes"
        raise InvalidInput(f"step{number}", minutes, mend, code="silent-minutes")
    return Step(str(channel), minutes, str(whom))
