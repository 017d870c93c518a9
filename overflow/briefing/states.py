"""The lifecycles of a briefing's version and of a wish for a listener; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE, LIFT = "briefings.read", "briefings.write", "briefings.lift"
"""To see briefings and who passed them; to write and publish them and the tests; to give somebody three more tries."""

DRAFT, PUBLISHED = "draft", "published"
VERSION = Lifecycle("briefing", [Transition(DRAFT, "publish", PUBLISHED, WRITE)])
"""draft: being written, at most one of an incident · published: never changed again; the latest one is what is read."""

QUESTIONS = 3
MAX_TRIES = 3
"""So many tries, and then a senior looks before there are more."""

ASKED, JOINED, OVER = "asked", "joined", "over"
LISTENING = Lifecycle(
    "wish for a listener",
    [
        Transition(ASKED, "join", JOINED),
        Transition(ASKED, "pass_over", ASKED),
        Transition(ASKED, "end", OVER),
        Transition(JOINED, "end", OVER),
    ],
)
"""asked: the senior's desk shows it · joined: the senior's telephone was rung · over: the call ended, it was taken back, or
nobody was left to ask. `pass_over`: another senior is asked."""
OPEN_WISHES = (ASKED, JOINED)
