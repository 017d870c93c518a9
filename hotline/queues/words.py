"""What pages and the audit trail call queues, their rules and callbacks."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STRATEGIES = {
    "longest_idle": gettext_noop("who has been free longest"),
    "most_skilled": gettext_noop("who is most skilled"),
    "round_robin": gettext_noop("one after the other"),
}
OVERFLOWS = {
    "none": gettext_noop("they go on waiting"),
    "callback": gettext_noop("they are offered a callback"),
    "voicemail": gettext_noop("they may leave a message"),
    "queue": gettext_noop("they go to another queue"),
}
CALLBACK_KINDS = {
    "place": gettext_noop("kept the place"),
    "time": gettext_noop("reserved a time"),
    "promise": gettext_noop("was promised it"),
    "abandoned": gettext_noop("hung up while waiting"),
}
CALLBACK_STATES = {
    "planned": gettext_noop("planned"),
    "queued": gettext_noop("waits for an agent"),
    "calling": gettext_noop("is being called"),
    "done": gettext_noop("done"),
    "given_up": gettext_noop("not reached, a person must decide"),
    "cancelled": gettext_noop("cancelled"),
}
CALLBACK_STATE_KINDS = {
    "planned": "draft", "queued": "waiting", "calling": "running", "done": "done", "given_up": "fault",
    "cancelled": "ended",
}  # fmt: skip
RESULTS = {
    "": "",
    "reached": gettext_noop("reached"),
    "no_answer": gettext_noop("no answer"),
    "busy": gettext_noop("busy"),
    "dead_number": gettext_noop("number does not work"),
    "failed": gettext_noop("call failed"),
}
ATTENTION = {
    "soon": gettext_noop("Promised callback is due soon"),
    "overdue": gettext_noop("Callback is overdue"),
    "given_up": gettext_noop("Callback given up: a person must decide"),
    "number_dead": gettext_noop("An agent's number does not work"),
}
ADDRESSED = {
    "owner": gettext_noop("its owner"),
    "seniors": gettext_noop("senior agents"),
    "everybody": gettext_noop("everybody"),
}
ACTIONS = {
    "attention.acknowledged": gettext_noop("acknowledged that it needs attention"),
    "queue.kept": gettext_noop("rules of a queue changed"),
    "callback.promised": gettext_noop("callback promised"),
    "callback.reserved": gettext_noop("callback reserved"),
    "callback.given": gettext_noop("callback given to somebody else"),
    "callback.cancel": gettext_noop("callback cancelled"),
    "callback.settle": gettext_noop("callback settled another way"),
    "callback.reopen": gettext_noop("callback tried again"),
}
EXPLANATIONS = {
    "attention-not-yours": gettext_noop("This is addressed to somebody else."),
    "attention-nobody": gettext_noop("Only a named officer can acknowledge."),
    "queue-full": gettext_noop("The queue is full."),
    "queue-changed": gettext_noop("Somebody changed this queue meanwhile; look at it again."),
    "not-waiting": gettext_noop("This call waits no more."),
    "callback-open": gettext_noop("This number is being called back already; settle the earlier one instead."),
    "stale-reservation": gettext_noop("This call is somebody else's by now."),
    "queue.code": gettext_noop("Use small letters, digits and dashes that no other queue has."),
    "queue.name_ko": gettext_noop("Use 1 to 80 characters."),
    "queue.name_en": gettext_noop("Use 1 to 80 characters."),
    "queue.strategy": gettext_noop("Choose who is next."),
    "queue.steps": gettext_noop("Steps begin at 0 seconds, each later than the one before; levels are 1 to 5."),
    "queue.group_ids": gettext_noop("Name groups that exist, each once."),
    "queue.overflow_queue_id": gettext_noop("Choose another queue, so that callers do not go round in a circle."),
    "callback.phone": gettext_noop("Write the number in international form, for example +821012345678."),
    "callback.zone": gettext_noop("Choose a time zone of the list, such as Asia/Seoul."),
    "callback.language": gettext_noop("Use a code of a language, such as ko or en."),
    "callback.whom": gettext_noop("Choose one of the list, or write a number."),
    "callback.due_at": gettext_noop("Choose a time within the next 30 days."),
    "callback.owner_id": gettext_noop("Choose an officer who works here."),
}
NUMBERS = {
    "priority_s": gettext_noop("One point of priority counts as so many seconds of waiting"),
    "sticky_s": gettext_noop("Repeat callers wait for their own agent for so many seconds"),
    "ring_s": gettext_noop("A phone rings for so many seconds"),
    "wrap_up_s": gettext_noop("Longest wrap-up, in seconds"),
    "max_waiting": gettext_noop("Most callers at once"),
    "service_level_s": gettext_noop("Service level: answered within so many seconds"),
    "short_abandon_s": gettext_noop("Hung up at once: within so many seconds"),
    "usual_talk_s": gettext_noop("Usual length of a call, in seconds"),
}
LIMITS = {
    "callback_after_s": gettext_noop("Offer a callback when the expected wait is longer than so many seconds"),
    "overflow_wait_s": gettext_noop("Overflow after so many seconds of waiting"),
    "overflow_expected_s": gettext_noop("Overflow when so many seconds of waiting are expected"),
}
