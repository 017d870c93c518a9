"""How the roles are called and explained to people."""

from __future__ import annotations

from hotline.auth.permissions import ROLES
from hotline.core.i18n import gettext_noop

ROLE_LABELS = {
    "author": gettext_noop("Author"),
    "approver": gettext_noop("Approver"),
    "agent": gettext_noop("Agent"),
    "senior_agent": gettext_noop("Senior agent"),
    "duty_chief": gettext_noop("Duty chief"),
    "volunteer": gettext_noop("Volunteer"),
    "official": gettext_noop("Responsible official"),
    "mission_officer": gettext_noop("Mission officer"),
    "cashier": gettext_noop("Cashier"),
    "finance_officer": gettext_noop("Finance officer"),
    "auditor": gettext_noop("Auditor"),
    "administrator": gettext_noop("Administrator"),
}
ROLE_NOTES = {
    "author": gettext_noop("Writes alerts and submits them; keeps travellers up to date"),
    "approver": gettext_noop("Approves, returns or rejects alerts that somebody else wrote"),
    "agent": gettext_noop("Answers calls; sees alerts and travellers"),
    "senior_agent": gettext_noop("As an agent; may also stop an alert"),
    "duty_chief": gettext_noop("Leads an incident: disaster mode, volunteers, shifts and the call-out"),
    "volunteer": gettext_noop("Answers calls of the first level while an incident lasts"),
    "official": gettext_noop("Answers for the ministry what the centre asks about a case, by a deadline"),
    "mission_officer": gettext_noop("Works at an embassy or consulate; sees alerts"),
    "cashier": gettext_noop("Pays out emergency remittances at a mission"),
    "finance_officer": gettext_noop("Confirms deposits and settles with missions"),
    "auditor": gettext_noop("Reads everything, changes nothing"),
    "administrator": gettext_noop("Manages officers, missions and the system; sends no alerts"),
}
assert set(ROLE_LABELS) == set(ROLE_NOTES) == set(ROLES), "every role has a name and an explanation"
