"""What settlements' states, acts and refusals are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from remittance.settlement import states

STATES = {
    states.PREPARED: gettext_noop("waits for the second officer"),
    states.CONFIRMED: gettext_noop("confirmed and booked"),
    states.WITHDRAWN: gettext_noop("withdrawn"),
}
WAYS = {
    states.ALLOTMENT: gettext_noop("Counted against the allotment"),
    states.TRANSFER: gettext_noop("By bank transfer"),
}
KINDS = {states.PREPARED: "waiting", states.CONFIRMED: "done", states.WITHDRAWN: "ended"}
TRAIL = {
    "settlement.prepared": gettext_noop("Settlement with a mission prepared"),
    "settlement.confirmed": gettext_noop("Settlement with a mission confirmed"),
    "settlement.withdrawn": gettext_noop("Settlement with a mission withdrawn"),
    "settlement.paid": gettext_noop("Bank transfer of a settlement found"),
    "remittance.settle": gettext_noop("Remittance settled"),
}
EXPLANATIONS = {
    "settlement-waiting": gettext_noop("Another settlement of this mission waits. Have it confirmed or withdrawn first."),
    "nothing-to-settle": gettext_noop("Nothing of this mission waits to be settled up to that day."),
    "books-differ": gettext_noop("The books of the till do not have %(number)s as it was paid out. Find out why first."),
    "settlement-changed": gettext_noop("Something of it has changed since. Withdraw it and prepare it anew."),
    "no-transfer-awaited": gettext_noop("This settlement awaits no bank transfer."),
    "not-outgoing": gettext_noop("This entry did not go out to anybody. Choose another."),
    "settlement.way": gettext_noop("Choose one of the ways."),
    "settlement.last_day": gettext_noop("Give a day up to today, such as 2026-11-21."),
    "settlement.note": gettext_noop("Say in 1 to 300 characters why."),
    "settlement.mission_id": gettext_noop("Choose a mission."),
}  # fmt: skip
