"""The lives of a shift, of a swap and of a text about a shift, as one table each; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE, OWN = "shifts.read", "shifts.write", "agents.self"
"""To see the plan; to make it; to act on one's own shifts (a volunteer's own page acts with it too)."""

DRAFT, PUBLISHED, CANCELLED, DECLINED = "draft", "published", "cancelled", "declined"
SHIFT = Lifecycle(
    "shift",
    [
        Transition(DRAFT, "change", DRAFT, WRITE),
        Transition(DRAFT, "publish", PUBLISHED, WRITE),
        Transition(DRAFT, "cancel", CANCELLED, WRITE),
        Transition(PUBLISHED, "change", PUBLISHED, WRITE),
        Transition(PUBLISHED, "cancel", CANCELLED, WRITE),
        Transition(PUBLISHED, "decline", DECLINED, OWN),
        Transition(PUBLISHED, "offer", PUBLISHED, OWN),
        # A swap that was agreed to; the swap's own table says who may agree.
        Transition(PUBLISHED, "pass_on", PUBLISHED),
    ],
)
"""draft: planned, nobody was told · published: the person was told · cancelled: taken back by the planner · declined: the person
cannot come, and somebody else has to be found."""
STATES = (DRAFT, PUBLISHED, CANCELLED, DECLINED)
LIVE = (DRAFT, PUBLISHED)
"""What occupies a person: nothing else may be planned for them at that time."""

OFFERED, TAKEN, APPROVED, REFUSED, WITHDRAWN, LAPSED = "offered", "taken", "approved", "refused", "withdrawn", "lapsed"
SWAP = Lifecycle(
    "swap",
    [
        Transition(OFFERED, "take", TAKEN, OWN),
        Transition(OFFERED, "withdraw", WITHDRAWN, OWN),
        Transition(TAKEN, "withdraw", WITHDRAWN, OWN),
        Transition(TAKEN, "approve", APPROVED, WRITE),
        Transition(TAKEN, "refuse", REFUSED, WRITE),
        # No planner has to look where the house's rules ask for none (`swapping.must_be_approved`).
        Transition(TAKEN, "pass", APPROVED),
        Transition(OFFERED, "lapse", LAPSED),
        Transition(TAKEN, "lapse", LAPSED),
    ],
)
"""offered: open to anybody who could · taken: somebody would, a planner has to agree · approved: the shift is theirs · refused:
it stays with whom it was · withdrawn: by the one who offered it · lapsed: the shift began, moved or was cancelled before."""
SWAP_STATES = (OFFERED, TAKEN, APPROVED, REFUSED, WITHDRAWN, LAPSED)
OPEN_SWAPS = (OFFERED, TAKEN)

WAITING, SENT, DROPPED, UNREACHABLE = "waiting", "sent", "dropped", "unreachable"
TELLING_STATES = (WAITING, SENT, DROPPED, UNREACHABLE)
"""waiting: to be told at its time · sent: handed to the texts · dropped: no longer true or too late · unreachable: the person
has no number that could be texted, so somebody has to tell them."""

NEWS_PUBLISHED, NEWS_CHANGED, NEWS_CANCELLED, NEWS_TAKEN, NEWS_PASSED_ON, NEWS_REFUSED = NEWS = (
    "published", "changed", "cancelled", "taken", "passed_on", "refused",
)  # fmt: skip
REMIND_DAY, REMIND_HOUR = REMINDERS = ("remind_day", "remind_hour")
MISSED = "missed"
TELLING_KINDS = (*NEWS, *REMINDERS, MISSED)

EARLY, DAY, LATE, NIGHT = PARTS = ("early", "day", "late", "night")
"""Parts of the day that a shift is known by."""
