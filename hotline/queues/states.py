"""The lifecycles of somebody who waits and of a callback, and the permissions of the room."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE, WORK = "queues.read", "queues.write", "callbacks.work"
"""To see queues and the wallboard; to change rules of queues; to work on callbacks."""

WAITING, RESERVED, TAKEN, DONE, LEFT = "waiting", "reserved", "taken", "done", "left"
ENTRY = Lifecycle(
    "caller",
    [
        Transition(WAITING, "reserve", RESERVED),
        Transition(RESERVED, "miss", WAITING),
        Transition(RESERVED, "accept", TAKEN),
        Transition(TAKEN, "finish", DONE),
        Transition(WAITING, "leave", LEFT),
        Transition(RESERVED, "leave", LEFT),
    ],
)
"""waiting · reserved (an agent is kept for them) · taken (they talk) · done · left before anybody answered."""
REASONS = ("hangup", "menu", "voicemail", "transfer", "error", "callback")
"""Why somebody left; `callback` when they hung up and kept their place."""
MISSES = ("no_answer", "rejected", "busy", "dead_number", "expired")

PLANNED, QUEUED, CALLING = "planned", "queued", "calling"
CALLED, GIVEN_UP, CANCELLED = "done", "given_up", "cancelled"
CALLBACK = Lifecycle(
    "callback",
    [
        Transition(PLANNED, "fall_due", QUEUED),
        Transition(QUEUED, "call", CALLING),
        Transition(CALLING, "return", QUEUED),
        Transition(CALLING, "reach", CALLED),
        Transition(CALLING, "retry", PLANNED),
        Transition(CALLING, "give_up", GIVEN_UP),
        Transition(PLANNED, "cancel", CANCELLED, WORK),
        Transition(QUEUED, "cancel", CANCELLED, WORK),
        Transition(PLANNED, "settle", CALLED, WORK),
        Transition(QUEUED, "settle", CALLED, WORK),
        Transition(GIVEN_UP, "settle", CALLED, WORK),
        Transition(GIVEN_UP, "reopen", PLANNED, WORK),
    ],
)
"""planned · queued (waits for an agent like a caller) · calling (agent first, then the person) · done · given_up (every
attempt failed; a person decides) · cancelled. `settle` is for those whom somebody reached another way."""
OPEN = (PLANNED, QUEUED, CALLING)
RESULTS = ("reached", "no_answer", "busy", "dead_number", "failed")
