"""Errors as a duty officer reads them: in their own language, each with its mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alerts.cap.faults import MESSAGES as CAP_MESSAGES
from alerts.console.labels import field_name, state_name
from alerts.follow.chain import MESSAGES as CHAIN_MESSAGES
from alerts.placeholders import FAULTS as PLACEHOLDER_MESSAGES
from alerts.texts import MESSAGES as TEXT_MESSAGES
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.i18n import gettext, gettext_noop

BY_CODE = {
    "second-person": gettext_noop("A second person must approve: you wrote, changed or submitted this alert yourself."),
    "version-conflict": gettext_noop("Somebody else changed this draft while you were working on it."),
    "cap-refused": gettext_noop(
        "The CAP file cannot be used. Every fault is named below; mend them and send it again."
    ),
    "cap-not-warning": gettext_noop(
        "This CAP message is about other messages and warns of nothing; no alert was made of it."
    ),
    "cap-cancel": gettext_noop("This CAP message cancels an earlier one, and no alert here came from that."),
    "changed-since-submission": gettext_noop(
        "What would be sent is not what was submitted any more. Load the page again and read it before you approve."
    ),
    "no-permission": gettext_noop("Your roles do not allow this."),
    "csrf": gettext_noop("The page was open too long. Load it again."),
    "forbidden": gettext_noop("Your roles do not allow this."),
    "nameless": gettext_noop("Only a named officer can draft an alert."),
    "unavailable": gettext_noop(
        "The database cannot be reached right now; nothing was changed. Try again in a moment."
    ),
}
BY_CODE |= {
    "template-conflict": gettext_noop(
        "A colleague wrote a version of this template meanwhile. Look at it in the history, then take your change over."
    ),
    "too-many-templates": gettext_noop("There are too many templates already; retire or revise one instead."),
    "too-many-versions": gettext_noop("This template has too many versions; write a new one."),
    "template-name-taken": gettext_noop("Another template has this name; choose another one."),
    "template-name": gettext_noop("Give the template a name of at most 120 characters."),
}
BY_CODE |= {
    "follows-other-kind": gettext_noop("An exercise follows only an exercise, and a real alert only a real one."),
    "chain-too-long": gettext_noop("This chain of alerts is full; write a new alert."),
    "superseded": gettext_noop("A later alert stands in its place; go on from that one."),
    "not-sent": gettext_noop("Nothing of this alert was sent, so nothing can follow it."),
    "no-correction": gettext_noop("This alert carries no prepared correction."),
}
_FAULTS = {
    "no_area": gettext_noop("Draw the area; nothing is sent without one."),
    "expired": gettext_noop("The time has passed; set one in the future."),
    "not_public_scope": gettext_noop(
        "The CAP message is not meant for the public; write an alert of your own instead."
    ),
    "no_text": gettext_noop("Write a text in at least one language."),
}
_MENDS = {
    "reason": gettext_noop("Say in a sentence what is wrong, so that the author can mend it."),
    "typed_count": gettext_noop("The number does not fit the people inside now; type that number."),
    "headline": gettext_noop("Write a headline of at most 300 characters."),
    "file": gettext_noop("Choose a CAP file."),
    "expires": gettext_noop("Give a date and a time."),
    "onset": gettext_noop("Give a date and a time."),
    "mission_id": gettext_noop("Choose a mission that exists."),
    "texts": gettext_noop("The text is too long, or there are too many languages."),
    "areas": gettext_noop("The area cannot be used; check its corners and its size."),
}


@dataclass(frozen=True)
class ShownFault:
    """One fault: the field's path and name, the line of a file where there is one, what stands there and the mend."""

    field: str
    name: str
    text: str
    line: int | None = None
    value: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for a page's script."""
        return {"field": self.name, "path": self.field, "mend": self.text, "line": self.line}


@dataclass(frozen=True)
class ShownError:
    """What a page says about an error."""

    text: str
    faults: tuple[ShownFault, ...] = ()


def explain(error: HotlineError) -> ShownError:
    """Return an error in the reader's language, with every fault it names."""
    if isinstance(error, SeveralFaults):
        text = gettext(BY_CODE[error.code]) if error.code in BY_CODE else gettext("This is not complete yet:")
        return ShownError(text, tuple(shown_fault(fault) for fault in error.faults))
    if isinstance(error, InvalidInput):
        head = error.field.partition(".")[0].partition("[")[0]
        mend = gettext(_MENDS[head]) if head in _MENDS else error.mend
        if error.code in BY_CODE:
            mend = gettext(BY_CODE[error.code])
        elif error.code in _FAULTS:
            mend = gettext(_FAULTS[error.code])
        fault = ShownFault(error.field, field_name(head), mend, value=error.shown_value)
        return ShownError(gettext("A value cannot be used."), (fault,))
    if error.code == "wrong-state":
        state = state_name(str(error.params.get("state", "")))
        return ShownError(gettext("This is not possible any more: the alert is now “%(state)s”.", state=state))
    if error.code == "cap-cancel-other-sender":
        return ShownError(
            gettext(
                "This CAP message cancels an earlier one. Only the identifier fits %(alerts)s, and another sender wrote "
                "that. If it is about that alert, write the all-clear from that alert's page.",
                alerts=str(error.params["alerts"]),
            )
        )
    if error.code == "type-the-number":
        return ShownError(
            gettext(
                "This alert goes to about %(count)s people: type that number.", count=f"{error.params['estimate']:,}"
            )
        )
    return ShownError(gettext(BY_CODE[error.code]) if error.code in BY_CODE else error.message)


def shown_fault(fault: dict[str, Any]) -> ShownFault:
    """Return one fault of a list as pages show it."""
    problem, field = str(fault.get("problem", "")), str(fault.get("field", ""))
    line = fault.get("line")
    value = str(fault.get("value") or "")
    if "line" in fault:
        return ShownFault(field, field, problem_text(problem, fault), line if isinstance(line, int) else None, value)
    return ShownFault(field, field_name(field), problem_text(problem, fault), value=value)


def problem_text(problem: str, fault: dict[str, Any]) -> str:
    """Return the message behind a problem's code with its values filled in; else the mend as it came."""
    params = dict(fault.get("params") or {})
    # The names of a file's faults and those of a draft overlap: `no_area` of a file is mended elsewhere.
    tables = (CAP_MESSAGES,) if "line" in fault else (_FAULTS, CHAIN_MESSAGES, TEXT_MESSAGES, PLACEHOLDER_MESSAGES)
    for table in tables:
        if problem in table:
            return str(gettext(table[problem])) % params if params else str(gettext(table[problem])).replace("%%", "%")
    return str(fault.get("mend") or problem)
