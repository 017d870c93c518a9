"""What this room's things are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "planned": gettext_noop("planned"),
    "placing": gettext_noop("being placed"),
    "doubt": gettext_noop("being looked up"),
    "ringing": gettext_noop("under way"),
    "arrived": gettext_noop("arrived, being confirmed"),
    "passed": gettext_noop("passed"),
    "failed": gettext_noop("failed"),
}
KINDS = {
    "passed": "done",
    "failed": "fault",
    "planned": "draft",
    "placing": "running",
    "ringing": "running",
    "arrived": "running",
}
REASONS = {
    "not_placed": gettext_noop(
        "The call could not be placed: the carrier refused the number, or calls are not set up here."
    ),
    "not_arrived": gettext_noop("The line rang and no call came here: it is not forwarded."),
    "answered_elsewhere": gettext_noop(
        "Somebody or something picked up, and no call with our number came here: the line is answered at the mission, goes to a"
        " mailbox, or the exchange hides the caller's number."
    ),
    "busy": gettext_noop("The mission's line was busy."),
    "no_answer": gettext_noop("The mission's line rang and nobody picked up: it is not forwarded."),
    "unreachable": gettext_noop("The mission's number cannot be reached."),
    "wrong_mission": gettext_noop("The call came here and was taken for another mission, or for none."),
    "wrong_greeting": gettext_noop("The call came here; the greeting of the line does not name the mission."),
    "late": gettext_noop("The call came here later than 90 seconds after it was placed."),
    "unconfirmed": gettext_noop("A call came here; the carrier did not confirm that it was the one we placed."),
    "line_closed": gettext_noop("The line was closed before it was tested."),
}
TRAINING_STATES = {
    "scheduled": gettext_noop("scheduled"),
    "calling": gettext_noop("called, not scored yet"),
    "held": gettext_noop("held"),
    "cancelled": gettext_noop("cancelled"),
}
AREAS = {
    "reachability": gettext_noop("Reachability"),
    "greeting": gettext_noop("Greeting"),
    "attitude": gettext_noop("Attitude"),
    "competence": gettext_noop("Competence"),
    "closing": gettext_noop("Closing"),
}
AREA_NOTES = {
    "reachability": gettext_noop("Picked up soon, at the first try, clearly heard"),
    "greeting": gettext_noop("Name of the mission and of the person, offer to help"),
    "attitude": gettext_noop("Listened, calm, courteous, took the worry seriously"),
    "competence": gettext_noop("Asked what is needed; right, complete and clear answer"),
    "closing": gettext_noop("Summed up, next step and time agreed, good-bye"),
}
TRAIL = {
    "line_test.started": gettext_noop("test call of a line started"),
    "line_alarm.raised": gettext_noop("line failed its test twice"),
    "line_alarm.resolved": gettext_noop("line passes its test again"),
    "training.planned": gettext_noop("training call planned"),
    "training.called": gettext_noop("training call placed"),
    "training.scored": gettext_noop("training call scored"),
    "training.cancelled": gettext_noop("training call cancelled"),
    "training.scenario_saved": gettext_noop("training scenario saved"),
}
EXPLANATIONS = {
    "line-closed": gettext_noop("This line is closed."),
    "line-test-on": gettext_noop("A test of this line is under way."),
    "line-test-recent": gettext_noop("This line was tested by hand within the last ten minutes; wait a little."),
    "too-many-scenarios": gettext_noop("There are at most 100 scenarios."),
    "training.mission_id": gettext_noop("Choose a mission."),
    "training.trainee_id": gettext_noop("Choose somebody who works at this mission."),
    "training.scenario_id": gettext_noop("Choose a scenario of the list."),
    "training.scheduled_at": gettext_noop("Choose a time within the next year."),
    "training.phone": gettext_noop("Write the number in international form, for example +821012345678."),
    **{
        f"training.{area}": gettext_noop("Give 0 to 5 points.")
        for area in ("reachability", "greeting", "attitude", "competence", "closing")
    },
    **{
        f"training.{area}_note": gettext_noop("Write at most 500 characters.")
        for area in ("reachability", "greeting", "attitude", "competence", "closing")
    },
    "training.follow_up": gettext_noop("Write at most 2,000 characters."),
    "scenario.code": gettext_noop("Use small letters, digits and dashes that no other scenario has."),
    "scenario.title_ko": gettext_noop("Write 1 to 120 characters."),
    "scenario.title_en": gettext_noop("Write 1 to 120 characters."),
    "scenario.text_ko": gettext_noop("Write 1 to 4,000 characters."),
    "scenario.text_en": gettext_noop("Write 1 to 4,000 characters."),
}
