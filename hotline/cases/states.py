"""The lifecycle of a case, as one table of transitions, and how urgent a case is."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WORK, ASSIGN, ANSWER = "cases.read", "cases.work", "cases.assign", "cases.answer"
"""To see cases; to take, note and close one's own; to do so with those of colleagues; to answer for the ministry."""

OPEN, IN_HAND, WAITING, CLOSED = "open", "in_hand", "waiting", "closed"

CASE = Lifecycle(
    "case",
    [
        Transition(OPEN, "take", IN_HAND, WORK),
        Transition(OPEN, "assign", IN_HAND, ASSIGN),
        Transition(IN_HAND, "hand_over", IN_HAND, WORK),
        Transition(WAITING, "hand_over", IN_HAND, WORK),
        Transition(IN_HAND, "release", OPEN, WORK),
        Transition(WAITING, "release", OPEN, WORK),
        Transition(IN_HAND, "wait", WAITING, WORK),
        Transition(WAITING, "resume", IN_HAND, WORK),
        # What the person says wakes a case that waits, and is heard in every other state without changing it.
        Transition(OPEN, "hear", OPEN),
        Transition(IN_HAND, "hear", IN_HAND),
        Transition(WAITING, "hear", IN_HAND),
        Transition(OPEN, "close", CLOSED, WORK),
        Transition(IN_HAND, "close", CLOSED, WORK),
        Transition(WAITING, "close", CLOSED, WORK),
        # Within a bounded time after its end, by the person on their own page or by an officer for them.
        Transition(CLOSED, "reopen to its owner", IN_HAND),
        Transition(CLOSED, "reopen to anybody", OPEN),
    ],
)
"""open: nobody's yet · in_hand: somebody works on it · waiting: its owner waits for something · closed: over, unless the person
finds within a bounded time that it is not."""
CONTACT = Lifecycle("contact", [Transition(OPEN, "close", CLOSED)])
"""open: they are in touch, or the officer still writes · closed: what was heard is written down."""
ASKED, ANSWERED = "asked", "answered"
ESCALATION = Lifecycle(
    "escalation",
    [
        Transition(ASKED, "climb", ASKED),
        Transition(ASKED, "remind", ASKED),
        Transition(ASKED, "answer", ANSWERED, ANSWER),
    ],
)
"""asked: an official owes an answer · answered: it stands on the case and on the person's page. Nobody takes a question back."""
INCIDENT = Lifecycle(
    "abusive call",
    [
        Transition("warned", "warn again", "warned_again", WORK),
        Transition("warned_again", "end", "ended", WORK),
        Transition("ended", "uphold", "upheld", ASSIGN),
        Transition("ended", "overturn", "overturned", ASSIGN),
    ],
)
DISPOSITIONS = (
    "certificate", "visa", "passport", "general", "safety", "accident", "crime", "detention", "medical", "missing", "death",
    "money", "interpreting", "transferred", "wrong_number", "silent", "abuse", "spam", "other",
)  # fmt: skip
"""What a contact was about: the types of the yearly statistics, and those that are no request at all."""
OPEN_STATES = (OPEN, IN_HAND, WAITING)
STATES = (*OPEN_STATES, CLOSED)

MANY_PEOPLE, SOME_PEOPLE = 10, 3
LOWEST = 4


def priority(*, injured: bool | None, people: int | None, severity: str) -> int:
    """Return 1 (at once) to 4, so that the same facts always give the same rank, and anybody can see why.

    An injured person is always 1. Otherwise points are added: ten people or more 2, three or more 1; an extreme alert 2, a
    severe one 1. Three points make 1, two make 2, one makes 3.
    """
    if injured:
        return 1
    points = 2 if (people or 1) >= MANY_PEOPLE else 1 if (people or 1) >= SOME_PEOPLE else 0
    points += {"Extreme": 2, "Severe": 1}.get(severity, 0)
    return max(1, LOWEST - points)
