"""Words of screening for people: findings, lists, rules, and what the service says when it refuses."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

KINDS = {
    "list": gettext_noop("Name on a list"),
    "depositor_many": gettext_noop("One depositor for many travellers"),
    "payer_phone_many": gettext_noop("One relative's number for many travellers"),
    "payee_again": gettext_noop("One payee as several people"),
    "same_device": gettext_noop("One device for many travellers"),
    "cluster": gettext_noop("Many requests at one mission"),
    "cluster_place": gettext_noop("Many requests from one place"),
    "country_jump": gettext_noop("Many requests from one country"),
    "far_mission": gettext_noop("The mission is far from the case"),
}
MEANINGS = {
    "depositor_many": gettext_noop(
        "The same account, or the same name, deposited for %(count)s travellers within %(days)s days."
    ),
    "payer_phone_many": gettext_noop(
        "The same number of a relative stands with %(count)s travellers within %(days)s days."
    ),
    "payee_again": gettext_noop(
        "The same name was asked for under another person within %(days)s days; with the same birth %(births)s times."
    ),
    "same_device": gettext_noop("%(count)s travellers asked from one address with one browser within %(days)s days."),
    "cluster": gettext_noop(
        "%(count)s people asked at this mission within %(hours)s hours; usual are %(usual)s, and no incident is declared."
    ),
    "cluster_place": gettext_noop(
        "%(count)s people asked from within %(km)s km, or from a place of one name, within %(hours)s hours; usual are "
        "%(usual)s, and no incident is declared."
    ),
    "country_jump": gettext_noop(
        "%(count)s people asked from this country within %(hours)s hours; usual are %(usual)s, and no incident is declared."
    ),
    "far_mission": gettext_noop("The case is in %(country)s, which this mission does not look after."),
}
STATES = {
    "open": gettext_noop("Not decided"), "cleared": gettext_noop("Cleared"), "confirmed": gettext_noop("Confirmed"),
    "all": gettext_noop("All of them"),
}  # fmt: skip
STATE_KINDS = {"open": "waiting", "cleared": "done", "confirmed": "fault"}
SEVERITIES = {
    "off": gettext_noop("Off"), "note": gettext_noop("To look at"), "hold": gettext_noop("Holds the money"),
}  # fmt: skip
SEVERITY_TAGS = {"note": "info", "hold": "warn"}
ROLES = {
    "payee": gettext_noop("Traveller"), "payer": gettext_noop("Relative"), "depositor": gettext_noop("Depositor"),
}  # fmt: skip
BORN = {
    "same": gettext_noop("the same day"), "near": gettext_noop("within a year or two"), "other": gettext_noop("different"),
    "unknown": gettext_noop("not known on both sides"),
}  # fmt: skip
NUMBERS = {
    "count": gettext_noop("From so many people on"), "days": gettext_noop("Within days"),
    "hours": gettext_noop("Within hours"), "times": gettext_noop("Times what is usual"),
    "incident": gettext_noop("Of one incident, from so many people on"),
    "km": gettext_noop("Within kilometres"),
}  # fmt: skip
EXPLANATIONS = {
    "screening.file": gettext_noop("Choose a file."),
    "screening.code": gettext_noop("Use 1 to 20 small letters, digits and hyphens, such as ofac-sdn."),
    "screening.reason": gettext_noop("Say in 1 to 500 characters why."),
    "under-check": gettext_noop("This remittance is being checked; the duty chief knows more."),
    "own-finding": gettext_noop("Whoever raised or confirmed it does not decide it again. Ask a colleague."),
    "list-shrinks": gettext_noop(
        "The list would shrink from %(before)s entries to %(after)s. If that is meant, say so and send it again."
    ),
}
TRAIL = {
    "screening.raised": gettext_noop("Finding about a remittance raised"),
    "screening.cleared": gettext_noop("Finding about a remittance cleared"),
    "screening.confirmed": gettext_noop("Finding about a remittance confirmed"),
    "screening.list_taken": gettext_noop("Sanctions list taken over"),
    "screening.rules_kept": gettext_noop("Rules of screening changed"),
}
