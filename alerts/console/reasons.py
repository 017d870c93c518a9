"""What the carrier's error codes mean for a duty officer, and what can be done; codes as Twilio documents them."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.core.i18n import gettext, gettext_noop


@dataclass(frozen=True)
class Reason:
    """One reason for which texts were not delivered: its short name and what it means."""

    code: str
    name: str
    help: str


_REASONS = {
    "21211": (
        gettext_noop("Not a telephone number"),
        gettext_noop("The number is written wrongly. Correct the person's entry."),
    ),
    "21408": (
        gettext_noop("Country switched off"),
        gettext_noop(
            "The account may not send to this country. "
            "An administrator must switch the country on with the carrier, at once."
        ),
    ),
    "21610": (
        gettext_noop("Opted out"),
        gettext_noop(
            "The person once answered STOP, and the carrier blocks our texts. "
            "Reach them by telephone or through relatives."
        ),
    ),
    "21612": (
        gettext_noop("No route"),
        gettext_noop("The carrier has no way from our number to this one. Reach them by telephone."),
    ),
    "21614": (
        gettext_noop("Not a mobile phone"),
        gettext_noop("The number cannot take texts, for example a landline. Call it."),
    ),
    "20429": (
        gettext_noop("Too fast"),
        gettext_noop("We sent faster than the carrier allows. It is tried again by itself."),
    ),
    "30001": (
        gettext_noop("Queue full"),
        gettext_noop("The carrier's queue was full. It is not the person's fault; it is tried again by itself."),
    ),
    "30002": (
        gettext_noop("Account suspended"),
        gettext_noop("The carrier has stopped our account. Call the carrier at once."),
    ),
    "30003": (
        gettext_noop("Handset off"),
        gettext_noop(
            "The phone is off, without network or out of coverage. The text may still arrive when it is on again."
        ),
    ),
    "30004": (
        gettext_noop("Blocked"),
        gettext_noop("The person or their carrier blocks such texts. Reach them by telephone."),
    ),
    "30005": (
        gettext_noop("Number does not exist"),
        gettext_noop("The number is not in use any more. Ask relatives for the new one."),
    ),
    "30006": (
        gettext_noop("Landline or unreachable carrier"),
        gettext_noop("The number is a landline, or its carrier takes no texts. Call it."),
    ),
    "30007": (
        gettext_noop("Filtered as spam"),
        gettext_noop("A carrier took the text for spam. Change the wording or the sender, then send a new alert."),
    ),
    "30008": (
        gettext_noop("Failed without a reason"),
        gettext_noop("The carrier gives no reason. Try to reach the person by telephone."),
    ),
    "30010": (
        gettext_noop("Too expensive"),
        gettext_noop("The text costs more than the limit that is set with the carrier."),
    ),
    "30034": (
        gettext_noop("Sender not registered"),
        gettext_noop("The sender's number is not registered for this country. Tell an administrator."),
    ),
    "63016": (
        gettext_noop("Outside the window"),
        gettext_noop("The channel only takes prepared texts at this time."),
    ),
    "attempts": (
        gettext_noop("Given up after several attempts"),
        gettext_noop("The carrier did not take the text in any of the attempts. Reach these people by telephone."),
    ),
    "lost": (
        gettext_noop("Never cleared up"),
        gettext_noop(
            "The carrier's answer was lost and could not be looked up for a day. The text may have arrived; it is not sent again."
        ),
    ),
    "no_text": (
        gettext_noop("No text in this language"),
        gettext_noop("The approved alert has no text for these people. Tell an administrator."),
    ),
    "not_drill": (
        gettext_noop("Not a drill person"),
        gettext_noop("A drill must not reach the public, so these texts were held back. Tell an administrator."),
    ),
}


def reason(code: str) -> Reason:
    """Return what a code means in the reader's language; an unknown code keeps its number so that it can be looked up."""
    if code in _REASONS:
        name, text = _REASONS[code]
        return Reason(code, gettext(name), gettext(text))
    if code in ("", "unknown"):
        return Reason("", gettext("No code given"), gettext("The carrier said no more than that it failed."))
    return Reason(
        code, gettext("Code %(code)s", code=code), gettext("Look the code up in the carrier's documentation.")
    )
