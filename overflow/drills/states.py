"""The lifecycles of one test of a line and of one training call, as one table each."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

TRAIN = "training.write"
"""To plan training calls, place them and score them."""

PLANNED, PLACING, DOUBT, RINGING, ARRIVED, PASSED, FAILED = (
    "planned", "placing", "doubt", "ringing", "arrived", "passed", "failed",
)  # fmt: skip

TEST = Lifecycle(
    "line test",
    [
        Transition(PLANNED, "place", PLACING),
        Transition(PLACING, "postpone", PLANNED),
        Transition(PLACING, "lose", DOUBT),
        Transition(DOUBT, "prove_absent", PLANNED),
        *(Transition(state, "ring", RINGING) for state in (PLACING, DOUBT)),
        *(Transition(state, "arrive", ARRIVED) for state in (PLACING, DOUBT, RINGING)),
        Transition(ARRIVED, "pass", PASSED),
        *(Transition(state, "fail", FAILED) for state in (PLANNED, PLACING, DOUBT, RINGING, ARRIVED)),
    ],
)
"""planned: to be placed · placing: handed to the provider · doubt: no answer came, it is looked up · ringing: under way to the
mission's number · arrived: came in as a call of ours, and our own end is yet to be confirmed · passed, failed: for good."""
IN_FLIGHT = (PLACING, DOUBT, RINGING, ARRIVED)
OPEN = (PLANNED, *IN_FLIGHT)

SCHEDULED, CALLING, HELD, CANCELLED = "scheduled", "calling", "held", "cancelled"
TRAINING = Lifecycle(
    "training call",
    [
        Transition(SCHEDULED, "call", CALLING, TRAIN),
        Transition(CALLING, "call", CALLING, TRAIN),
        Transition(SCHEDULED, "score", HELD, TRAIN),
        Transition(CALLING, "score", HELD, TRAIN),
        Transition(HELD, "score", HELD, TRAIN),
        Transition(SCHEDULED, "cancel", CANCELLED, TRAIN),
        Transition(CALLING, "cancel", CANCELLED, TRAIN),
    ],
)
"""scheduled: agreed · calling: the trainer has called, perhaps more than once · held: the sheet is filled in; it may be
corrected, and each correction stands on the trail · cancelled: for good."""

AREAS = ("reachability", "greeting", "attitude", "competence", "closing")
"""The five areas of the national quality index."""
MAX_SCORE = 5

# Why a test failed.
(
    NOT_PLACED, NOT_ARRIVED, ANSWERED_ELSEWHERE, BUSY, NO_ANSWER, UNREACHABLE, WRONG_MISSION, WRONG_GREETING, LATE,
    UNCONFIRMED, LINE_CLOSED,
) = REASONS = (
    "not_placed", "not_arrived", "answered_elsewhere", "busy", "no_answer", "unreachable", "wrong_mission",
    "wrong_greeting", "late", "unconfirmed", "line_closed",
)  # fmt: skip
LEG_FAULTS = {"busy": BUSY, "no-answer": NO_ANSWER, "failed": UNREACHABLE, "canceled": UNREACHABLE}
"""What the provider's last word about our own end means where nobody picked up."""
PICKED_UP = frozenset({"in-progress", "completed"})
