"""What is done about the silent, as data: steps by severity, checked here once; pure.

A step names a channel, how many minutes after a text was sent it comes, and whom it is for. A second text is only for those
whom the first did not reach: nobody gets the same alert on their handset twice by our wish (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hotline.core.errors import InvalidInput

SMS, VOICE, MAIL = "sms", "voice", "mail"
CHANNELS = (SMS, VOICE, MAIL)
"""sms: a second text by another provider or sender · voice: a call with the text spoken · mail: an e-mail."""
NOT_DELIVERED, NOT_ANSWERED, OPTED_OUT, NUMBER_BAD = "not_delivered", "not_answered", "opted_out", "number_bad"
WHOM = (NOT_DELIVERED, NOT_ANSWERED, OPTED_OUT, NUMBER_BAD)
"""not_delivered: the text was handed over or failed, and is not known to be on the handset · not_answered: it may be on the
handset, and nothing was answered · opted_out: inside the area and wants no texts, so that no text was sent · number_bad:
inside the area with a number that is known to be dead, so that no text was sent."""
FOR = {NOT_DELIVERED: (SMS, VOICE, MAIL), NOT_ANSWERED: (VOICE, MAIL), OPTED_OUT: (VOICE, MAIL), NUMBER_BAD: (MAIL,)}
"""Which channels make sense for whom: no second text to somebody who has it or wants none, no call to a dead number."""
SEVERITIES = ("Extreme", "Severe", "Other")
"""CAP 1.2 severity; Moderate, Minor and Unknown share one policy."""
MAX_STEPS = sum(map(len, FOR.values()))
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
    "Extreme": (
        Step(VOICE, 1, OPTED_OUT), Step(MAIL, 1, OPTED_OUT), Step(MAIL, 1, NUMBER_BAD), Step(SMS, 3, NOT_DELIVERED),
        Step(VOICE, 5, NOT_DELIVERED), Step(MAIL, 10, NOT_DELIVERED), Step(VOICE, 15, NOT_ANSWERED),
        Step(MAIL, 20, NOT_ANSWERED),
    ),
    "Severe": (),
    "Other": (),
}  # fmt: skip
"""In force until somebody decides otherwise: danger to life is worth every channel, and nothing else is."""


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
    return tuple(sorted(steps, key=_order))


def _order(step: Step) -> tuple[int, int, int]:
    return step.after_minutes, WHOM.index(step.whom), CHANNELS.index(step.channel)


def _read(number: int, given: object) -> Step:
    values = given if isinstance(given, Mapping) else {}
    channel, minutes, whom = values.get("channel"), values.get("after_minutes"), values.get("whom")
    if channel not in CHANNELS:
        raise InvalidInput(f"step{number}", channel, f"use one of {', '.join(CHANNELS)}", code="silent-channel")
    if whom not in WHOM:
        raise InvalidInput(f"step{number}", whom, f"use one of {', '.join(WHOM)}", code="silent-whom")
    if channel not in FOR[whom]:
        mend = f"for these people use one of {', '.join(FOR[whom])}"
        raise InvalidInput(f"step{number}", channel, mend, code="silent-not-for-them")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not MIN_MINUTES <= minutes <= MAX_MINUTES:
        mend = f"use {MIN_MINUTES} to {MAX_MINUTES} minutes"
        raise InvalidInput(f"step{number}", minutes, mend, code="silent-minutes")
    return Step(str(channel), minutes, str(whom))
