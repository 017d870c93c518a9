"""The lifecycles of a call and of each of its legs, as one table each, and what the provider's words about a leg mean.

Words of the provider arrive late, twice and out of order. So a word only ever moves a leg forward (`rank`), and the end of a
leg is final; the state that a call is left in does not depend on the order in which its events came.
"""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition
from hotline.providers.voice import RINGING_WORDS, STATUS_RANK, TALKING_WORD

DESK, MONITOR, READ = "calls.take", "calls.monitor", "calls.read"
"""To take and make calls; to listen, whisper and join as a supervisor; to read calls and hear recordings."""
MENUS, BOOK = "menus.write", "phonebook.write"
NUMBERS = "persons.phone"
"""To see the whole number of somebody who called or was called."""

DIALLING, MENU, WAITING, TALKING, FORWARDED, VOICEMAIL, PARTING, ENDED = (
    "dialling", "menu", "waiting", "talking", "forwarded", "voicemail", "parting", "ended",
)  # fmt: skip

CALL = Lifecycle(
    "call",
    [
        Transition(MENU, "queue", WAITING),
        Transition(MENU, "forward", FORWARDED),
        Transition(MENU, "record", VOICEMAIL),
        Transition(MENU, "part", PARTING),
        Transition(MENU, "end", ENDED),
        Transition(WAITING, "connect", TALKING),
        Transition(WAITING, "record", VOICEMAIL),
        Transition(WAITING, "part", PARTING),
        Transition(WAITING, "forward", FORWARDED),
        Transition(WAITING, "end", ENDED),
        Transition(TALKING, "queue", WAITING),
        Transition(TALKING, "record", VOICEMAIL),
        Transition(TALKING, "forward", FORWARDED),
        Transition(TALKING, "part", PARTING),
        Transition(TALKING, "end", ENDED),
        Transition(FORWARDED, "queue", WAITING),
        Transition(FORWARDED, "record", VOICEMAIL),
        Transition(FORWARDED, "part", PARTING),
        Transition(FORWARDED, "end", ENDED),
        Transition(VOICEMAIL, "part", PARTING),
        Transition(VOICEMAIL, "end", ENDED),
        Transition(PARTING, "end", ENDED),
        Transition(DIALLING, "connect", TALKING),
        Transition(DIALLING, "end", ENDED),
    ],
)
"""menu: chooses · waiting: in the queue · talking: with an agent in the bridge · forwarded: with a telephone outside · voicemail:
speaks a message · parting: hears the last sentence · dialling: we call them · ended: for good."""
OPEN_CALLS = (DIALLING, MENU, WAITING, TALKING, FORWARDED, VOICEMAIL, PARTING)

PLANNED, PLACING, DOUBT, RINGING, ANSWERED, JOINED, OVER = (
    "planned", "placing", "doubt", "ringing", "answered", "joined", "over",
)  # fmt: skip

LEG = Lifecycle(
    "leg",
    [
        Transition(PLANNED, "place", PLACING),
        Transition(PLANNED, "end", OVER),
        Transition(PLACING, "lose", DOUBT),
        Transition(PLACING, "postpone", PLANNED),
        *(Transition(state, "ring", RINGING) for state in (PLACING, DOUBT)),
        *(Transition(state, "answer", ANSWERED) for state in (PLACING, DOUBT, RINGING)),
        *(Transition(state, "join", JOINED) for state in (PLACING, DOUBT, RINGING, ANSWERED)),
        *(Transition(state, "end", OVER) for state in (PLACING, DOUBT, RINGING, ANSWERED, JOINED)),
        Transition(DOUBT, "prove_absent", PLANNED),
    ],
)
"""planned: to be dialled · placing: handed to the provider · doubt: no answer came, it is looked up · ringing · answered: picked
up, not yet in the bridge · joined: in the bridge · over: for good."""
OPEN_LEGS = (PLANNED, PLACING, DOUBT, RINGING, ANSWERED, JOINED)
LIVE_LEGS = (RINGING, ANSWERED, JOINED)

_ORDER = {PLANNED: 0, PLACING: 1, DOUBT: 1, RINGING: 2, ANSWERED: 3, JOINED: 4, OVER: 9}


def event_of_word(word: str) -> str:
    """Return the event of a leg that the provider's word about a call means."""
    if word in RINGING_WORDS:
        return "ring"
    return "answer" if word == TALKING_WORD else "end"


def is_forward(state: str, event: str) -> bool:
    """Say whether an event leads a leg on; what comes late or twice does not, and is left alone."""
    target = {"ring": RINGING, "answer": ANSWERED, "join": JOINED, "end": OVER}[event]
    return _ORDER[target] > _ORDER[state]


def rank(word: str) -> int:
    """Return where in a call's life a word of the provider stands."""
    return STATUS_RANK[word]


MISSED_WHY = {"busy": "busy", "no-answer": "no_answer", "failed": "dead_number", "canceled": "expired"}
"""What the provider's last word about an agent's leg that was never taken means to the queue."""
