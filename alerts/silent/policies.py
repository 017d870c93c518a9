"""The policies: what stands now, changing it with a history, and the plan that an alert's approval froze.

A version is never changed and names the moment from which it stands. What holds for an alert is the version that stood when
it was approved, so a later change, well meant or not, moves nothing that two officers have agreed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.silent.models import SilentPlan, SilentPolicy
from alerts.silent.plan import SEVERITIES, USUAL, Step, policy_for, read_steps
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused

CHANGE, STOP = "silent.write", "alerts.stop"
HISTORY = 50
_WRITE_LOCK = 0x48_4F_54_0D


def steps_at(session: Session, severity: str, at: datetime) -> tuple[int, tuple[Step, ...]]:
    """Return version and steps of a policy as they stood at a moment; version 0 is the usual one."""
    row = session.scalar(
        select(SilentPolicy)
        .where(SilentPolicy.severity == severity, SilentPolicy.created_at <= at)
        .order_by(SilentPolicy.version.desc())
        .limit(1)
    )
    return (0, USUAL[severity]) if row is None else (row.version, read_steps(row.steps))


def plan_of(session: Session, alert: Alert, now: datetime) -> tuple[int, tuple[Step, ...]]:
    """Return version and steps that hold for an alert: frozen at its approval, today's before it."""
    at = alert.approval.at if alert.approval is not None else now
    return steps_at(session, policy_for(alert.severity), at)


def change(
    session: Session, clock: Clock, actor: Actor, severity: str, steps: object, *, seen_version: int
) -> SilentPolicy:
    """Put a new version of a policy in force for alerts approved from now on.

    `seen_version` is the one the officer had before them. Raises Forbidden, InvalidInput, Conflict.
    """
    if not actor.may(CHANGE) or actor.id is None:
        raise Forbidden(f"Changing what is done about the silent needs the permission {CHANGE}.")
    if severity not in SEVERITIES:
        raise InvalidInput("severity", severity, f"use one of {', '.join(SEVERITIES)}")
    chosen = read_steps(steps)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
    version, before = steps_at(session, severity, clock.now())
    if version != seen_version:
        raise Conflict("Somebody changed this policy meanwhile; read it again.", code="silent-changed")
    made = SilentPolicy(
        severity=severity, version=version + 1, steps=[step.to_json() for step in chosen], author_id=actor.id,
        created_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, clock, actor, "silent_policy.changed", "silent_policy", made.id,
        before={"severity": severity, "steps": [step.to_json() for step in before]},
        after={"severity": severity, "version": made.version, "steps": made.steps},
    )  # fmt: skip
    return made


def history(session: Session) -> Sequence[SilentPolicy]:
    """Return the latest changes, the newest first."""
    return session.scalars(select(SilentPolicy).order_by(SilentPolicy.id.desc()).limit(HISTORY)).all()


def stop_calls(session: Session, clock: Clock, actor: Actor, alert_id: int) -> SilentPlan:
    """Stop everything that is still due for an alert's silent; one person is enough.

    Raises Forbidden, NotFound where the alert has no plan (yet), Refused when they are stopped already.
    """
    if not actor.may(STOP):
        raise Forbidden(f"Stopping calls needs the permission {STOP}.")
    plan = session.get(SilentPlan, alert_id, with_for_update=True)
    if plan is None:
        raise NotFound("plan of calls for alert", alert_id)
    if plan.stopped_at is not None:
        raise Refused("The calls are stopped already.", code="silent-stopped")
    plan.stopped_at, plan.stopped_by_id = clock.now(), actor.id
    session.flush()
    audit.record(session, clock, actor, "alert.calls_stopped", "alert", alert_id)
    return plan
