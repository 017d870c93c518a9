"""What this room's things are called, and its errors in plain words."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

KINDS = {
    "earthquake": gettext_noop("Earthquake"),
    "tsunami": gettext_noop("Tsunami"),
    "storm": gettext_noop("Storm"),
    "flood": gettext_noop("Flood"),
    "volcano": gettext_noop("Volcano"),
    "fire": gettext_noop("Fire"),
    "attack": gettext_noop("Attack"),
    "unrest": gettext_noop("Unrest"),
    "war": gettext_noop("War"),
    "accident": gettext_noop("Accident"),
    "epidemic": gettext_noop("Epidemic"),
    "other": gettext_noop("Other"),
}
SEVERITIES = {
    "Extreme": gettext_noop("Extreme"),
    "Severe": gettext_noop("Severe"),
    "Moderate": gettext_noop("Moderate"),
    "Minor": gettext_noop("Minor"),
    "Unknown": gettext_noop("Unknown"),
}
STATES = {"open": (gettext_noop("being handled"), "running"), "closed": (gettext_noop("dealt with"), "ended")}
PARTS = {
    "lead": gettext_noop("Leads"),
    "deputy": gettext_noop("Deputy"),
    "alerts": gettext_noop("Alerts"),
    "calls": gettext_noop("Calls"),
    "volunteers": gettext_noop("Volunteers"),
    "missions": gettext_noop("Missions"),
    "partners": gettext_noop("Partners"),
    "press": gettext_noop("Press"),
    "log": gettext_noop("Keeps the log"),
}
MODE_STATES = {
    "asked": (gettext_noop("waits for a second person"), "waiting"),
    "on": (gettext_noop("switched on"), "running"),
    "off_asked": (gettext_noop("on; its end waits for a second person"), "waiting"),
    "restoring": (gettext_noop("being taken back"), "running"),
    "off": (gettext_noop("switched off"), "ended"),
    "declined": (gettext_noop("declined"), "ended"),
}
STEP_STATES = {
    "waiting": (gettext_noop("waiting"), "waiting"),
    "done": (gettext_noop("done"), "done"),
    "failed": (gettext_noop("failed"), "fault"),
    "skipped": (gettext_noop("skipped"), "ended"),
    "reverting": (gettext_noop("being taken back"), "running"),
    "reverted": (gettext_noop("taken back"), "ended"),
    "held": (gettext_noop("somebody must look"), "fault"),
    "left": (gettext_noop("left as it is"), "ended"),
}
STEP_EVENTS = {
    "retry": gettext_noop("Try again"),
    "again": gettext_noop("Do it again"),
    "skip": gettext_noop("Skip"),
    "revert": gettext_noop("Take back"),
    "force": gettext_noop("Restore all the same"),
    "leave": gettext_noop("Leave as it is"),
}
TRAIL = {
    "incident.opened": gettext_noop("incident opened"),
    "incident.changed": gettext_noop("incident changed"),
    "incident.closed": gettext_noop("incident closed"),
    "incident.reopened": gettext_noop("incident reopened"),
    "incident.noted": gettext_noop("note in an incident's log"),
    "incident.team_added": gettext_noop("officer joined an incident's team"),
    "incident.team_removed": gettext_noop("officer left an incident's team"),
    "mode_plan.saved": gettext_noop("disaster plan saved"),
    "mode_plan.retired": gettext_noop("disaster plan retired"),
    "mode_plan.restored": gettext_noop("disaster plan used again"),
    "mode.asked": gettext_noop("disaster mode asked for"),
    "mode.agreed": gettext_noop("disaster mode agreed to"),
    "mode.declined": gettext_noop("disaster mode declined"),
    "mode.lapsed": gettext_noop("request for disaster mode lapsed"),
    "mode.off_asked": gettext_noop("end of disaster mode asked for"),
    "mode.off_agreed": gettext_noop("end of disaster mode agreed to"),
    "mode.off_declined": gettext_noop("end of disaster mode declined"),
    "mode.off": gettext_noop("disaster mode off"),
    "mode.step_done": gettext_noop("step of disaster mode done"),
    "mode.step_reverted": gettext_noop("step of disaster mode taken back"),
    "mode.step_fail": gettext_noop("step of disaster mode failed"),
    "mode.step_hold": gettext_noop("step of disaster mode could not be taken back"),
    "mode.step_retry": gettext_noop("step of disaster mode to be tried again"),
    "mode.step_again": gettext_noop("step of disaster mode to be done again"),
    "mode.step_skip": gettext_noop("step of disaster mode skipped"),
    "mode.step_revert": gettext_noop("step of disaster mode to be taken back"),
    "mode.step_force": gettext_noop("step of disaster mode to be restored all the same"),
    "mode.step_leave": gettext_noop("step of disaster mode left as it is"),
}
EXPLANATIONS = {
    "incident-closed": gettext_noop("The incident is closed; reopen it first."),
    "incident-changed": gettext_noop("Somebody else changed the incident meanwhile; read it again."),
    "incident-open-already": gettext_noop("An incident is open for this already (number %(number)s)."),
    "line-corrected": gettext_noop("This line was corrected already; correct the correction."),
    "team-full": gettext_noop("A team has at most 60 members."),
    "mode-is-on": gettext_noop("Disaster mode is asked for or on; switch it off first."),
    "mode-on-already": gettext_noop("Disaster mode is asked for or on already."),
    "mode-not-on": gettext_noop("Disaster mode is neither asked for nor on."),
    "mode-same-person": gettext_noop("A second person must agree; you asked for it yourself."),
    "mode-lapsed": gettext_noop("The request is too old; ask for it again."),
    "mode-digest": gettext_noop(
        "The steps or the incident are not what was read and agreed to; ask for disaster mode anew."
    ),
    "mode-not-authorised": gettext_noop("One of those who agreed may not switch disaster mode any more."),
    "mode-not-agreed": gettext_noop("Nobody is known who agreed to this."),
    "mode-restoring": gettext_noop("Everything is being taken back; nothing is begun again."),
    "mode-held-elsewhere": gettext_noop(
        "Disaster mode of incident %(incident)s holds the same; try again when it has ended, or skip this step."
    ),
    "mode-step-unknown": gettext_noop("This house does not know how to do this step."),
    "mode-step-error": gettext_noop("Something went wrong here; it is in the service's own records."),
    "changed-by-hand": gettext_noop(
        "Somebody changed this by hand since; look at it, then restore it all the same or leave it."
    ),
    "plan-retired": gettext_noop("This plan is retired."),
    "plan-changed": gettext_noop("Somebody else changed the plan meanwhile; read it again."),
    "too-many-plans": gettext_noop("There are at most 100 plans; retire one first."),
    "plan.name_ko": gettext_noop("Write 1 to 120 characters."),
    "plan.name_en": gettext_noop("Write 1 to 120 characters."),
    "plan.kinds": gettext_noop("Choose kinds of the list."),
    "plan.countries": gettext_noop("Choose at most 30 countries."),
    "plan.steps": gettext_noop("A plan has 1 to 30 steps."),
    "incident.name_ko": gettext_noop("Write 1 to 120 characters."),
    "incident.name_en": gettext_noop("Write 1 to 120 characters."),
    "incident.kind": gettext_noop("Choose a kind of the list."),
    "incident.severity": gettext_noop("Choose a severity of the list."),
    "incident.countries": gettext_noop("Choose 1 to 30 countries."),
    "incident.place": gettext_noop("Write at most 160 characters in one line."),
    "incident.lat": gettext_noop("Give latitude (-90 to 90), longitude and radius together, or none."),
    "incident.lon": gettext_noop("Give latitude, longitude (-180 to 180) and radius together, or none."),
    "incident.radius_km": gettext_noop("Give latitude, longitude and radius (0.1 to 2,000 km) together, or none."),
    "incident.summary": gettext_noop("Write at most 4,000 characters."),
    "incident.began_at": gettext_noop("Choose a time at most 366 days ago or 31 days ahead."),
    "incident.words": gettext_noop("Write 1 to 2,000 characters."),
    "incident.part": gettext_noop("Choose a part of the list."),
    "incident.officer_id": gettext_noop("Choose an officer who can sign in."),
}
