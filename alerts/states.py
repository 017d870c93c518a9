"""The lifecycle of an alert and of one message, as tables of transitions."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

WRITE, APPROVE, STOP = "alerts.write", "alerts.approve", "alerts.stop"

DRAFT, SUBMITTED, APPROVED, DISPATCHING = "draft", "submitted", "approved", "dispatching"
FINISHED, CANCELLED, REJECTED, EXPIRED = "finished", "cancelled", "rejected", "expired"
SUPERSEDED, PREPARED = "superseded", "prepared"

ALERT = Lifecycle(
    "alert",
    [
        Transition(DRAFT, "edit", DRAFT, WRITE),
        Transition(DRAFT, "submit", SUBMITTED, WRITE),
        Transition(DRAFT, "cancel", CANCELLED, WRITE),
        Transition(SUBMITTED, "return", DRAFT, APPROVE),
        Transition(SUBMITTED, "reject", REJECTED, APPROVE),
        Transition(SUBMITTED, "approve", APPROVED, APPROVE),
        Transition(SUBMITTED, "cancel", CANCELLED, STOP),
        Transition(APPROVED, "cancel", CANCELLED, STOP),
        Transition(APPROVED, "start", DISPATCHING),
        Transition(APPROVED, "expire", EXPIRED),
        Transition(DISPATCHING, "cancel", CANCELLED, STOP),
        Transition(DISPATCHING, "finish", FINISHED),
        Transition(DISPATCHING, "expire", EXPIRED),
        Transition(FINISHED, "resume", DISPATCHING),
        Transition(FINISHED, "cancel", CANCELLED, STOP),
        *(Transition(state, "supersede", SUPERSEDED) for state in (DRAFT, SUBMITTED, APPROVED, DISPATCHING)),
    ],
)
"""Anyone on duty may *stop* alone; nobody may *send* alone (FIELD: Hawaii 2018).

resume: somebody entered the area of an alert that everybody else has already got · supersede: a later alert of the same
chain (an update, a cancel) has begun to be sent, so that nothing of this one goes out any more.
"""
CORRECTION = Lifecycle("correction", [Transition(PREPARED, "release", APPROVED, STOP)])
"""A prepared correction was agreed to by two people together with its alert; whoever may stop the alert may let it go."""
SENDING_STATES = (APPROVED, DISPATCHING)
LIVE_STATES = (APPROVED, DISPATCHING, FINISHED)
"""States in which texts may still leave: everybody who enters the area of a finished alert gets it until it expires."""
FINAL_ALERT_STATES = (FINISHED, CANCELLED, REJECTED, EXPIRED, SUPERSEDED)
OPEN_ALERT_STATES = (DRAFT, SUBMITTED, APPROVED, DISPATCHING)
GOT_STATES = ("sending", "in_doubt", "sent", "delivered")
"""States of a message in which its text is, or may be, on the handset."""

QUEUED, SENDING, IN_DOUBT, SENT, DELIVERED = "queued", "sending", "in_doubt", "sent", "delivered"
FAILED, WITHDRAWN, LAPSED = "failed", "withdrawn", "lapsed"

MESSAGE_STATES = (QUEUED, SENDING, IN_DOUBT, SENT, DELIVERED, FAILED, WITHDRAWN, LAPSED)
"""queued: not yet handed over · sending: attempt on record, answer outstanding · in_doubt: the attempt's answer was lost and
must be looked up · sent: the provider accepted it · delivered: on the handset · failed: for good, with its reason ·
withdrawn: the alert was stopped or replaced first · lapsed: the alert expired first."""
