"""What the console calls things: actions and subjects of the audit trail, and faults by field, marked for translation."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import SubjectKind

ACTIONS = {
    "officer.added": gettext_noop("officer added"),
    "officer.signed_in": gettext_noop("signed in"),
    "officer.roles_changed": gettext_noop("roles changed"),
    "officer.disabled": gettext_noop("account closed"),
    "officer.enabled": gettext_noop("account reopened"),
    "officer.password_changed": gettext_noop("password changed"),
    "officer.preferences": gettext_noop("language or zone changed"),
    "officer.second_factor_on": gettext_noop("second factor on"),
    "officer.second_factor_off": gettext_noop("second factor off"),
    "token.created": gettext_noop("API token made"),
    "token.revoked": gettext_noop("API token revoked"),
    "traveller.added": gettext_noop("traveller added"),
    "traveller.changed": gettext_noop("traveller changed"),
    "traveller.placed": gettext_noop("place changed"),
    "traveller.checked_in": gettext_noop("said where they are"),
    "itinerary.added": gettext_noop("journey added"),
    "itinerary.changed": gettext_noop("journey changed"),
    "itinerary.deleted": gettext_noop("journey deleted"),
    "traveller.opted_out": gettext_noop("opted out"),
    "traveller.opted_in": gettext_noop("opted in"),
    "traveller.erased": gettext_noop("person erased"),
    "travellers.imported": gettext_noop("list taken over"),
    "mission.added": gettext_noop("mission added"),
    "mission.changed": gettext_noop("mission changed"),
    "mission.closed": gettext_noop("mission closed"),
    "sender.added": gettext_noop("sender added"),
    "sender.changed": gettext_noop("sender changed"),
    "route.added": gettext_noop("route added"),
    "route.changed": gettext_noop("route changed"),
    "provider.share_changed": gettext_noop("share of a provider moved"),
    "provider.region_on": gettext_noop("country switched on again"),
    "audit.verified": gettext_noop("audit trail checked"),
    "audit.exported": gettext_noop("audit trail exported"),
}
SUBJECTS = {
    "traveller": SubjectKind(gettext_noop("Traveller"), "travellers.show_traveller", "traveller_id", "travellers.read"),
    "mission": SubjectKind(gettext_noop("Mission"), "missions.show_mission", "mission_id", "missions.read"),
    "officer": SubjectKind(gettext_noop("Officer"), "auth.show_officer", "officer_id", "officers.read"),
    "provider": SubjectKind(gettext_noop("Provider")),
    "sender": SubjectKind(gettext_noop("Sender of texts"), "routes.edit_sender", "sender_id", "routes.write"),
    "route": SubjectKind(gettext_noop("Route"), "routes.edit_route", "route_id", "routes.write"),
    "audit": SubjectKind(gettext_noop("Audit trail")),
}
EXPLANATIONS = {
    "sender.provider": gettext_noop("Name a provider in small letters, such as twilio."),
    "sender.address": gettext_noop("Give a sender that is not on the list yet: a number, a short code or a name."),
    "sender.parts_per_s": gettext_noop("Write a whole number from 1 to 10000, or leave it empty."),
    "route.prefix": gettext_noop(
        "Write + and the first digits, or leave it empty; each sender has one route for the same numbers."
    ),
    "route.sender_id": gettext_noop("Choose a sender from the list."),
    "route.priority": gettext_noop("Write a whole number from 1 to 99."),
    "route.weight": gettext_noop("Write a whole number from 1 to 1000."),
    "route.cost_micros": gettext_noop("Write a whole number from 0 to 100000000, or leave it empty."),
    "traveller.name": gettext_noop("Give the name in 1 to 160 characters."),
    "traveller.phone": gettext_noop(
        "This number cannot be dialled; write it with the country's code, such as +82 10 1234 5678."
    ),
    "traveller.language": gettext_noop("Use a language code such as ko, en or zh-hant."),
    "traveller.email": gettext_noop("Write an address such as name@example.org, in Latin letters before the @."),
    "traveller.reference": gettext_noop("Use at most 80 characters."),
    "traveller.lat": gettext_noop("Write degrees from -90 to 90, such as 14.55."),
    "traveller.lon": gettext_noop("Write degrees from -180 to 180, such as 121.05."),
    "traveller.precision": gettext_noop("Choose how exactly the place is known."),
    "reference-taken": gettext_noop("Traveller %(id)s has this reference already."),
    "erased": gettext_noop("This person was erased; nothing can be added."),
    "journey.legs": gettext_noop("A journey has at least one leg."),
    "journey.companions": gettext_noop("A journey has at most 30 companions."),
    "journey.leg.from_date": gettext_noop("Give the first day; it must be a day that exists there."),
    "journey.leg.to_date": gettext_noop("Give the last day: not before the first one, and within three years."),
    "journey.leg.place": gettext_noop("This city is not known; choose its country too, or give the country alone."),
    "journey.leg.country": gettext_noop("Choose the country."),
    "journey.leg.means": gettext_noop("Use at most 80 characters."),
    "journey.companion.name": gettext_noop("Give the name in 1 to 160 characters."),
    "journey.companion.phone": gettext_noop(
        "This number cannot be used: it is the traveller's own, several people's, of a drill, or cannot be dialled."
    ),
    "too-many-journeys": gettext_noop("This traveller has too many journeys; delete old ones first."),
    "import.list": gettext_noop("Choose a file."),
    "import.file": gettext_noop("This file cannot be read; save it as CSV UTF-8."),
    "import.header": gettext_noop("The first line must name the columns; at least name and phone."),
    "import.line": gettext_noop("The line cannot be read: it has too many or too few columns, or is too long."),
    "import.name": gettext_noop("Check the name: 1 to 160 characters."),
    "import.phone": gettext_noop("Check the number: with the country's code, and not the same as in another row."),
    "import.language": gettext_noop("Use a language code such as ko, en or zh-hant."),
    "import.email": gettext_noop("Check the e-mail address: as name@example.org, in Latin letters before the @."),
    "import.reference": gettext_noop("Check the reference: at most 80 characters, and each person only once."),
    "import.lat": gettext_noop("Write degrees from -90 to 90, such as 14.55."),
    "import.lon": gettext_noop("Write degrees from -180 to 180, such as 121.05."),
    "import.precision": gettext_noop("Use exact, city or country."),
    "import.place": gettext_noop("The place is not known; give its country too, or degrees."),
    "import.country": gettext_noop("Use country codes of two letters, such as PH."),
    "import.from_date": gettext_noop("Write the first and the last day as 2026-11-21; each leg only once."),
    "import.to_date": gettext_noop(
        "Write the last day as 2026-11-21: not before the first one, and within three years."
    ),
    "import.means": gettext_noop("Use at most 80 characters."),
    "import.journey": gettext_noop("A journey has at most 60 legs, and a person 40 journeys."),
    "import.observed_at": gettext_noop("Write the time with its offset, and not in the future."),
    "import.valid_until": gettext_noop("Write the time with its offset, later than the time of observation."),
    "import.drill": gettext_noop("Write true or false."),
    "mission-code-taken": gettext_noop("There is already a mission with this code."),
    "mission.code": gettext_noop("Use 2 to 40 small letters, digits and hyphens."),
    "mission.name_en": gettext_noop("Give the name in 1 to 160 characters."),
    "mission.name_ko": gettext_noop("Give the name in 1 to 160 characters."),
    "mission.city": gettext_noop("Give the name in 1 to 120 characters."),
    "mission.country": gettext_noop("Choose the country the mission stands in."),
    "mission.countries": gettext_noop("Use country codes of two letters, such as PH; at most 30."),
    "mission.zone": gettext_noop("Choose a zone from the list, such as Asia/Seoul."),
    "mission.phone": gettext_noop(
        "This number cannot be dialled; write it with the country's code, such as +63 2 8856 9210."
    ),
    "mission.emergency_phone": gettext_noop(
        "This number cannot be dialled; write it with the country's code, such as +63 2 8856 9210."
    ),
    "mission.lat": gettext_noop("Write degrees from -90 to 90, such as 14.55."),
    "mission.lon": gettext_noop("Write degrees from -180 to 180, such as 121.05."),
    "audit.subject": gettext_noop("Write a kind, or a kind and a number such as officer:12."),
    "audit.since": gettext_noop("Write the time as a date and a time."),
    "audit.until": gettext_noop("Write the time as a date and a time."),
}
