"""The lifecycles of a call-out, of each person who is asked, and of one telephone call to them; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

CALL, SEE = "surge.call", "volunteers.read"
"""To call volunteers out and stand them down; to see what became of it."""

ASKING, PAUSED, SATISFIED, EXHAUSTED = "asking", "paused", "satisfied", "exhausted"
CANCELLING, DRAINING, CANCELLED, FINISHED = "cancelling", "draining", "cancelled", "finished"
_GOING_ON = (ASKING, PAUSED, SATISFIED, EXHAUSTED)
CALLOUT = Lifecycle(
    "call-out",
    [
        Transition(ASKING, "pause", PAUSED, CALL),
        Transition(SATISFIED, "pause", PAUSED, CALL),
        Transition(EXHAUSTED, "pause", PAUSED, CALL),
        Transition(PAUSED, "resume", ASKING, CALL),
        Transition(ASKING, "satisfy", SATISFIED),
        Transition(EXHAUSTED, "satisfy", SATISFIED),
        Transition(SATISFIED, "go_on", ASKING),
        Transition(EXHAUSTED, "go_on", ASKING),
        Transition(ASKING, "exhaust", EXHAUSTED),
        *(Transition(state, "cancel", CANCELLING, CALL) for state in _GOING_ON),
        *(Transition(state, "stand_down", DRAINING, CALL) for state in _GOING_ON),
        Transition(CANCELLING, "close", CANCELLED),
        Transition(DRAINING, "close", FINISHED),
    ],
)
"""asking: people are asked in waves · paused: nobody new is asked, answers still count · satisfied: as many as needed are ready;
somebody who drops out makes it go on · exhausted: everybody who could be asked was · cancelling, draining: nobody is asked any
more, whoever is in a call finishes it · cancelled, finished: everybody is released and the report is complete."""
CALLOUT_STATES = (*_GOING_ON, CANCELLING, DRAINING, CANCELLED, FINISHED)
OPEN_CALLOUTS = _GOING_ON
ENDING = (CANCELLING, DRAINING)
OVER = (CANCELLED, FINISHED)

ASKED, CALLING, CONFIRMED, LATER, RESERVE = "asked", "calling", "confirmed", "later", "reserve"
DECLINED, SILENT, UNREACHABLE, NOT_NEEDED = "declined", "silent", "unreachable", "not_needed"
BRIEFED, READY, DROPPED, LEAVING, RELEASED = "briefed", "ready", "dropped", "leaving", "released"
_MAY_ANSWER = (ASKED, CALLING, CONFIRMED, LATER, RESERVE, DECLINED, SILENT, UNREACHABLE, NOT_NEEDED, DROPPED)
_COMING = (CONFIRMED, LATER, BRIEFED)
PERSON = Lifecycle(
    "asked person",
    [
        Transition(ASKED, "call", CALLING),
        Transition(CALLING, "call", CALLING),
        *(Transition(state, "say_now", CONFIRMED) for state in _MAY_ANSWER),
        *(Transition(state, "say_later", LATER) for state in _MAY_ANSWER),
        *(Transition(state, "keep", RESERVE) for state in (*_MAY_ANSWER, BRIEFED)),
        *(Transition(state, "say_no", DECLINED) for state in (*_MAY_ANSWER, BRIEFED) if state != DROPPED),
        Transition(RESERVE, "promote", CONFIRMED),
        Transition(LATER, "come", CONFIRMED),
        *(Transition(state, "fall_silent", SILENT) for state in (ASKED, CALLING)),
        *(Transition(state, "lose", UNREACHABLE) for state in (ASKED, CALLING)),
        *(Transition(state, "spare", NOT_NEEDED) for state in (ASKED, CALLING, *_COMING, RESERVE)),
        Transition(CONFIRMED, "pass_briefing", BRIEFED),
        *(Transition(state, "be_ready", READY) for state in (*_MAY_ANSWER, BRIEFED)),
        *(Transition(state, "drop", DROPPED) for state in (*_COMING, READY)),
        *(Transition(state, "ask_again", ASKED) for state in (SILENT, DROPPED, NOT_NEEDED)),
        Transition(READY, "drain", LEAVING),
        Transition(LEAVING, "release", RELEASED),
    ],
)
"""asked: a text is out · calling: their telephone is rung, or will be again · confirmed: they said "now" and what was agreed was
written to them · later: they said "in two hours" · reserve: they said yes when enough had · declined · silent: neither text nor
telephone was answered · unreachable: neither got through · not_needed: enough came before they answered, or the call-out ended ·
briefed: they passed the briefing · ready: they have signed on (whether they take calls at this moment is their agent's presence)
· dropped: they left, or never came · leaving: stood down, finishing their call · released: thanked, their hours are counted."""
PERSON_STATES = (
    ASKED, CALLING, CONFIRMED, LATER, RESERVE, DECLINED, SILENT, UNREACHABLE, NOT_NEEDED, BRIEFED, READY, DROPPED, LEAVING,
    RELEASED,
)  # fmt: skip
PENDING = (ASKED, CALLING)
MAY_COME = (*_MAY_ANSWER, BRIEFED)
"""Whoever of these signs on, with the briefing passed, has come, whatever they had said."""
COMING = (CONFIRMED, BRIEFED, LATER)
ON_IT = (READY, LEAVING)
DESK = (*COMING, *ON_IT)
"""Whoever is in one of these may sit at a desk: they are waited for, or there."""
IN_ORDER = (
    READY, LEAVING, BRIEFED, CONFIRMED, LATER, RESERVE, CALLING, ASKED, DROPPED, DECLINED, NOT_NEEDED, SILENT, UNREACHABLE,
    RELEASED,
)  # fmt: skip
"""How lists show people: who is there, who comes, who is asked, then the others."""
ENGAGED = (*PENDING, *COMING, RESERVE, *ON_IT)
"""Whoever is in one of these in an open call-out is asked by no other."""
ACCEPTED = (CONFIRMED, LATER, RESERVE, BRIEFED, READY, LEAVING, RELEASED)
ASKABLE_AGAIN = (SILENT, DROPPED, NOT_NEEDED)

NOW, IN_TWO_HOURS, NO = "now", "later", "no"
ANSWERS = (NOW, IN_TWO_HOURS, NO)
CHANNELS = ("link", "voice", "text", "desk")

PLACING, DOUBT, RINGING, TALKING, DONE = "placing", "doubt", "ringing", "talking", "done"
TELEPHONE = Lifecycle(
    "call to a volunteer",
    [
        *(Transition(state, "lose", DOUBT) for state in (PLACING, RINGING, TALKING)),
        *(Transition(state, "ring", RINGING) for state in (PLACING, DOUBT)),
        *(Transition(state, "talk", TALKING) for state in (PLACING, DOUBT, RINGING)),
        *(Transition(state, "end", DONE) for state in (PLACING, DOUBT, RINGING, TALKING)),
    ],
)
"""placing: handed to the provider, on record before · doubt: no answer or no last word came, it is looked up · ringing ·
talking: picked up · done."""
TELEPHONE_STATES = (PLACING, DOUBT, RINGING, TALKING, DONE)
OPEN_CALLS = (PLACING, DOUBT, RINGING, TALKING)
