"""The lifecycles of a hand-over and of each thing in it, and in whose hand a thing is; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, OWN, WATCH = "missions.read", "missions.own", "handovers.watch"
"""To see hand-overs; to answer for a mission that one is staff of; to act on those that nobody acknowledged."""

COMPOSING, EMPTY, SENT, ACKNOWLEDGED, ESCALATED = "composing", "empty", "sent", "acknowledged", "escalated"
HANDOVER = Lifecycle(
    "hand-over",
    [
        Transition(COMPOSING, "find_nothing", EMPTY),
        Transition(COMPOSING, "send", SENT),
        Transition(SENT, "escalate", ESCALATED),
        Transition(SENT, "finish", ACKNOWLEDGED),
        Transition(ESCALATED, "finish", ACKNOWLEDGED),
        Transition(EMPTY, "add", SENT),
        Transition(SENT, "add", SENT),
        Transition(ESCALATED, "add", ESCALATED),
        Transition(ACKNOWLEDGED, "add", SENT),
    ],
)
"""composing: the opening was seen, its summary is being written · empty: there was nothing · sent: it is on the mission's page ·
escalated: not acknowledged in time, the duty officer has it as well · acknowledged: everything in it was decided. `add` is what
became known only after the opening: a call that was still on, a case that was opened late."""
STATES = (COMPOSING, EMPTY, SENT, ACKNOWLEDGED, ESCALATED)
OPEN = (SENT, ESCALATED)

WAITING, TAKEN, RETURNED = "waiting", "acknowledged", "returned"
ITEM = Lifecycle(
    "item",
    [
        Transition(WAITING, "acknowledge", TAKEN, OWN),
        Transition(WAITING, "return", RETURNED, OWN),
        Transition(TAKEN, "return", RETURNED, OWN),
        Transition(WAITING, "recall", RETURNED, WATCH),
    ],
)
"""waiting: on its way to the mission · acknowledged: the mission has it · returned: the centre's again, by the mission's word or
because the duty officer took it back."""
ITEM_STATES = (WAITING, TAKEN, RETURNED)
LIVE_ITEMS = (WAITING, TAKEN)

CASE, PROMISE, UNHELPED = "case", "promise", "unhelped"
KINDS = (CASE, PROMISE, UNHELPED)
URGENT = 2
"""Up to this urgency (1 is at once, 4 usual) a thing is urgent."""

CENTRE, ON_ITS_WAY, MISSION = "centre", "on_its_way", "mission"


def hand_of(live_states: tuple[str, ...]) -> str:
    """Return in whose hand a thing is, by the states of its rows in hand-overs; there is never more than one live row.

    Without a live row it is the centre's: it was not handed over yet, or came back.
    """
    live = [state for state in live_states if state in LIVE_ITEMS]
    assert len(live) <= 1, "a thing is in two hands"
    if not live:
        return CENTRE
    return MISSION if live[0] == TAKEN else ON_ITS_WAY


def is_urgent(urgency: int) -> bool:
    """Say whether somebody must look at once."""
    return urgency <= URGENT
