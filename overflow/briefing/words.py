"""What this room's things are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

_TEXT = gettext_noop("Write 1 to 300 characters.")
_OPTIONS = gettext_noop("Write 2 to 5 different answers, one a line, as many in both languages.")
_RIGHT = gettext_noop("Name the line of the right answer.")
_CHOOSE = gettext_noop("Choose one of the answers.")
_NUMBER = gettext_noop("Use a whole number within the bounds.")
_QUESTIONS = range(20)

TRAIL = {
    "briefing.saved": gettext_noop("briefing's draft saved"),
    "briefing.published": gettext_noop("briefing published"),
    "briefing.discarded": gettext_noop("briefing's draft thrown away"),
    "briefing.passed": gettext_noop("briefing passed"),
    "briefing.locked": gettext_noop("three tries at a briefing used up"),
    "briefing.lifted": gettext_noop("three more tries at a briefing given"),
    "listening.asked": gettext_noop("a senior asked to listen in"),
    "knowledge_test.saved": gettext_noop("knowledge test saved"),
    "volunteer.certified": gettext_noop("certificate given after a test"),
}
EXPLANATIONS = {
    "briefing-due": gettext_noop("A briefing has to be passed first; it stands on your own page."),
    "volunteer-not-approved": gettext_noop("This volunteer takes no calls at present."),
    "briefing-changed": gettext_noop("The briefing was changed meanwhile; read it again."),
    "briefing-locked": gettext_noop("The three tries are used up; a senior looks at it with you."),
    "briefing-not-locked": gettext_noop("This person has tries left, or has passed already."),
    "briefing-own-lift": gettext_noop("Somebody else looks at your own tries."),
    "briefing-form": gettext_noop("Open the page again."),
    "incident-closed": gettext_noop("The incident is closed."),
    "too-many-versions": gettext_noop("This briefing was changed too often; open a new incident."),
    "too-many-tests": gettext_noop("There are at most 100 tests."),
    "test-changed": gettext_noop("The test was changed meanwhile; begin again."),
    "nobody-to-listen": gettext_noop("Every senior is in a call; pass this one on if it is too hard."),
    "not-asked": gettext_noop("Somebody else was asked."),
    "wish-over": gettext_noop("This is over, or somebody else was asked meanwhile."),
    "test-wait": gettext_noop("The next try is possible later; your page says from when."),
    "briefing.body_ko": gettext_noop("Write 1 to 3,000 characters: what fits one page."),
    "briefing.body_en": gettext_noop("Write 1 to 3,000 characters: what fits one page."),
    "briefing.again": gettext_noop("Say whether everybody must pass again."),
    "briefing.note": gettext_noop("Say in 1 to 500 characters what you found."),
    "briefing.name_ko": gettext_noop("Write 1 to 120 characters."),
    "briefing.name_en": gettext_noop("Write 1 to 120 characters."),
    "briefing.skill": gettext_noop("Use small letters, digits and underscores; no test makes a senior."),
    **{f"briefing.{name}": _NUMBER for name in ("level", "pass_percent", "months", "wait_hours")},
    **{f"briefing.q{number}": _CHOOSE for number in _QUESTIONS},
    **{f"briefing.q{number}_{each}": _TEXT for number in _QUESTIONS for each in ("ko", "en")},
    **{f"briefing.q{number}_options_{each}": _OPTIONS for number in _QUESTIONS for each in ("ko", "en")},
    **{f"briefing.q{number}_right": _RIGHT for number in _QUESTIONS},
}
