"""The presence of an agent, as one table of transitions, and why somebody takes no calls."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

SELF, READ, MANAGE, WRITE = "agents.self", "agents.read", "agents.manage", "agents.write"
"""To choose one's own state; to see everybody's; to change that of others; to write skills, groups and limits."""

OFFLINE, NOT_READY, READY, RESERVED = "offline", "not_ready", "ready", "reserved"
RINGING, TALKING, WRAP_UP = "ringing", "talking", "wrap_up"

PRESENCE = Lifecycle(
    "agent",
    [
        Transition(OFFLINE, "sign_on", NOT_READY, SELF),
        Transition(NOT_READY, "be_ready", READY, SELF),
        Transition(NOT_READY, "rest", NOT_READY, SELF),
        Transition(READY, "rest", NOT_READY, SELF),
        Transition(READY, "sign_off", OFFLINE, SELF),
        Transition(NOT_READY, "sign_off", OFFLINE, SELF),
        Transition(READY, "reserve", RESERVED),
        Transition(RESERVED, "ring", RINGING),
        Transition(RESERVED, "answer", TALKING),
        Transition(RINGING, "answer", TALKING),
        # Freed: the caller hung up or went elsewhere. Missed: the agent did not come to the phone.
        Transition(RESERVED, "free", READY),
        Transition(RINGING, "free", READY),
        Transition(RESERVED, "miss", READY),
        Transition(RINGING, "miss", READY),
        Transition(RESERVED, "bench", NOT_READY),
        Transition(RINGING, "bench", NOT_READY),
        Transition(READY, "bench", NOT_READY),
        Transition(WRAP_UP, "bench", NOT_READY),
        # An agent who calls somebody is busy like one who was called.
        Transition(READY, "dial", TALKING),
        Transition(NOT_READY, "dial", TALKING),
        Transition(TALKING, "finish", WRAP_UP),
        Transition(WRAP_UP, "wrap", READY, SELF),
    ],
)
"""offline · not_ready(reason) · ready · reserved (a call is theirs, nothing rings yet) · ringing · talking · wrap_up."""

STATES = (OFFLINE, NOT_READY, READY, RESERVED, RINGING, TALKING, WRAP_UP)
ENGAGED = (RESERVED, RINGING, TALKING, WRAP_UP)
"""A choice made in one of these applies afterwards."""
ON_DUTY = (READY, *ENGAGED)
"""Who counts as staff when a wait is estimated."""
CHOICES = (READY, NOT_READY, OFFLINE)

BREAKS = ("break", "meal", "training", "meeting", "paperwork", "technical", "support")
"""Reasons a person gives for taking no calls; `support` is the rest after an abusive or hard call."""
GUARDED = "guarded"
BENCHED = ("signed_on", "misses", "dead_number", "duty_over", "wrap_up_over", "briefing_due", "hours_over", GUARDED)
"""Reasons the service itself gives; the last one stands for a guard (`Registry.ready_guards`) whose reason has no name here."""
