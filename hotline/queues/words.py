"""What pages and the audit trail call queues and callbacks."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STRATEGIES = {
    "longest_idle": gettext_noop("Longest idle first"),
    "most_skilled": gettext_noop("Most skilled first"),
    "round_robin": gettext_noop("By turns"),
}
CALLBACK_KINDS = {
    "place": gettext_noop("kept the place"),
    "reserved": gettext_noop("reserved a time"),
    "promised": gettext_noop("promised"),
    "abandoned": gettext_noop("hung up while waiting"),
}
CALLBACK_STATES = {
    "planned": gettext_noop("planned"),
    "queued": gettext_noop("in the queue"),
    "done": gettext_noop("done"),
    "failed": gettext_noop("not reached"),
    "cancelled": gettext_noop("cancelled"),
}
CALLBACK_KINDS_OF_BADGE = {
    "planned": "waiting", "queued": "running", "done": "done", "failed": "fault", "cancelled": "ended",
}  # fmt: skip
ACTIONS = {
    "queue.added": gettext_noop("queue added"),
    "queue.changed": gettext_noop("queue changed"),
    "callback.place": gettext_noop("place kept for a callback"),
    "callback.reserved": gettext_noop("callback reserved"),
    "callback.promised": gettext_noop("callback promised"),
    "callback.abandoned": gettext_noop("callback after hanging up"),
    "callback.moved": gettext_noop("callback moved"),
    "callback.escalated": gettext_noop("callback escalated"),
    "callback.ended": gettext_noop("callback ended"),
}
EXPLANATIONS = {
    "queue-full": gettext_noop("The queue is full."),
    "stale-reservation": gettext_noop("This call has gone to somebody else or is over."),
    "not-waiting": gettext_noop("This call does not wait any more."),
    "callback-over": gettext_noop("This callback is over already."),
    "callback-running": gettext_noop("This callback is being made right now."),
}
