"""What this room's things are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

CALLOUT_STATES = {
    "asking": gettext_noop("asking"),
    "paused": gettext_noop("paused"),
    "satisfied": gettext_noop("enough are ready"),
    "exhausted": gettext_noop("everybody was asked"),
    "cancelling": gettext_noop("being cancelled"),
    "draining": gettext_noop("standing down"),
    "cancelled": gettext_noop("cancelled"),
    "finished": gettext_noop("finished"),
}
CALLOUT_KINDS = {
    "asking": "running", "satisfied": "done", "paused": "waiting", "exhausted": "fault", "cancelling": "waiting",
    "draining": "waiting", "cancelled": "ended", "finished": "ended",
}  # fmt: skip
PERSON_STATES = {
    "asked": gettext_noop("asked by text"),
    "calling": gettext_noop("being called"),
    "confirmed": gettext_noop("coming"),
    "later": gettext_noop("coming later"),
    "reserve": gettext_noop("on reserve"),
    "declined": gettext_noop("cannot come"),
    "silent": gettext_noop("no answer"),
    "unreachable": gettext_noop("not reached"),
    "not_needed": gettext_noop("not needed"),
    "briefed": gettext_noop("briefed"),
    "ready": gettext_noop("ready"),
    "dropped": gettext_noop("dropped out"),
    "leaving": gettext_noop("finishing"),
    "released": gettext_noop("released"),
}
PERSON_KINDS = {
    "asked": "waiting", "calling": "waiting", "confirmed": "agreed", "later": "agreed", "reserve": "agreed",
    "briefed": "agreed", "ready": "running", "leaving": "waiting", "released": "done", "dropped": "fault",
    "unreachable": "fault", "declined": "ended", "silent": "ended", "not_needed": "ended",
}  # fmt: skip
REASONS = {
    "dead_number": gettext_noop("the number cannot be reached"),
    "not_placed": gettext_noop("the carrier took no call"),
    "no_volunteer": gettext_noop("no volunteer any more, or not now"),
    "no_show": gettext_noop("did not come"),
    "left": gettext_noop("went off duty"),
    "misses": gettext_noop("did not pick up calls"),
    "away": gettext_noop("away too long"),
}
CHANNELS = {
    "link": gettext_noop("by link"),
    "voice": gettext_noop("by telephone"),
    "text": gettext_noop("by text"),
    "desk": gettext_noop("by an officer"),
}
EVENTS = {
    "start": gettext_noop("Call-out begun"),
    "wave": gettext_noop("A wave was asked"),
    "need": gettext_noop("The number needed was changed"),
    "ask_more": gettext_noop("More people are to be asked"),
    "pause": gettext_noop("Paused"),
    "resume": gettext_noop("Resumed"),
    "satisfy": gettext_noop("As many as needed are ready"),
    "go_on": gettext_noop("Asking goes on"),
    "exhaust": gettext_noop("Everybody who could be asked was asked"),
    "cancel": gettext_noop("Cancelled"),
    "stand_down": gettext_noop("Everybody is stood down"),
    "stand_down_some": gettext_noop("Some are stood down"),
    "close": gettext_noop("Everybody is released"),
}
TRAIL = {
    "callout.started": gettext_noop("call-out of volunteers begun"),
    "callout.needed": gettext_noop("number needed in a call-out changed"),
    "callout.ask_more": gettext_noop("more people asked in a call-out"),
    "callout.released": gettext_noop("volunteers stood down"),
    "callout.pause": gettext_noop("call-out paused"),
    "callout.resume": gettext_noop("call-out resumed"),
    "callout.cancel": gettext_noop("call-out cancelled"),
    "callout.stand_down": gettext_noop("call-out stood down"),
}
EXPLANATIONS = {
    "incident-closed": gettext_noop("This incident is closed."),
    "callout-open": gettext_noop("A call-out of this incident goes on; change how many it needs."),
    "callout-over": gettext_noop("This call-out is ending or over."),
    "callout-satisfied": gettext_noop("As many as needed are ready; need more of them first."),
    "callout-nobody": gettext_noop("Nobody of this call-out is there."),
    "callout-briefing-missing": gettext_noop(
        "The briefing of this incident is not published yet. You are told as soon as it is; nothing is lost."
    ),
    "callout.needed": gettext_noop("Write a number from 1 to 500."),
    "callout.by_at": gettext_noop("Choose a moment from now to two days ahead."),
    "callout.until_at": gettext_noop("End one to 24 hours after people are to be ready."),
    "callout.task": gettext_noop("Write at most 120 characters on one line."),
    "callout.skills": gettext_noop("Write each skill by its name, a colon and a level from 1 to 5, such as visa:3."),
    "callout.languages": gettext_noop("Write codes such as ko, en or zh, with blanks between them."),
    "survey-over": gettext_noop("There are no questions to answer any more."),
    **{
        f"own_callout.{question}": gettext_noop("Choose an answer for each of the three questions.")
        for question in ("prepared", "supported", "again")
    },
    "own_callout.answer": gettext_noop("Choose one of the buttons."),
    "own_callout.state": gettext_noop("Choose one of the buttons."),
    "callout.count": gettext_noop("Write a number within the limits."),
    "callout.incident_id": gettext_noop("Choose an open incident."),
}
