"""The steps of disaster mode are done and taken back: each in one transaction with its own row, so that none is done twice.

A worker that dies in the middle leaves a step as it was, and the next round goes on there. A step that fails for a reason that
passes is tried again a few times; what is refused by name waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import case, select
from sqlalchemy.exc import OperationalError, PendingRollbackError
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core import audit, jobs
from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import HotlineError, Refused, Unavailable
from hotline.core.i18n import gettext_noop
from hotline.core.registry import ModeStep
from hotline.core.services import Services
from hotline.incidents import log as incident_log
from hotline.incidents import switching, telling
from hotline.incidents.mode_models import ModeRun, ModeRunStep
from hotline.incidents.models import Incident
from hotline.incidents.states import MODE_LIVE, RESTORING, REVERTING, STEP, SWITCH, WAITING

log = structlog.get_logger(__name__)

JOB = "incidents.mode"
MAX_STEPS = 200
"""Steps that one round of the job does at most."""
MAX_ATTEMPTS = 5
BACK_OFF_S = 10
_DONE = gettext_noop("Done: %(step)s")
_FAILED = gettext_noop("Not done: %(step)s")
_REVERTED = gettext_noop("Taken back: %(step)s")
_HELD = gettext_noop("Not taken back, somebody must look: %(step)s")


@dataclass(frozen=True)
class _Due:
    incident_id: int
    step_id: int


def carry_out(services: Services) -> int:
    """Do what is due, end what is settled, and let go what nobody answered; the job `incidents.mode`. How many steps."""
    done = 0
    for _ in range(MAX_STEPS):
        due = _next(services)
        if due is None:
            break
        if not _one(services, due):
            break
        telling.tell(services, due.incident_id)
        done += 1
    _settle(services)
    return done


def wake(services: Services) -> None:
    """Have it done now; call it after the commit."""
    jobs.enqueue(services, JOB)


def _next(services: Services) -> _Due | None:
    """Return the step that comes next: in the plan's order when it is done, in the opposite order when it is taken back."""
    with services.db.transaction() as session:
        found = session.execute(
            select(ModeRun.incident_id, ModeRunStep.id)
            .join(ModeRun, ModeRun.id == ModeRunStep.run_id)
            .where(
                ModeRun.state.in_(MODE_LIVE), ModeRunStep.state.in_((WAITING, REVERTING)),
                ModeRunStep.due_at <= services.clock.now(),
            )
            .order_by(ModeRun.id, _order(), ModeRunStep.id)
            .limit(1)
        ).first()  # fmt: skip
    return _Due(found[0], found[1]) if found is not None else None


def _order() -> Any:
    return case((ModeRunStep.state == WAITING, ModeRunStep.position), else_=-ModeRunStep.position)


def _one(services: Services, due: _Due) -> bool:
    """Do or take back one step; False when somebody else has it in hand or the database cannot be used now."""
    try:
        with services.db.transaction() as session:
            # In the order in which officers' acts lock, so that the two never wait for each other.
            locked = session.scalar(
                select(Incident).where(Incident.id == due.incident_id).with_for_update(skip_locked=True)
            )
            if locked is None:
                return False
            step = session.get_one(ModeRunStep, due.step_id, with_for_update=True)
            run = session.get_one(ModeRun, step.run_id, with_for_update=True)
            if run.state not in MODE_LIVE or step.due_at > services.clock.now():
                return True
            if step.state == WAITING:
                _do(session, services, run, step)
            elif step.state == REVERTING:
                _revert(session, services, run, step)
            switching.finish(session, services.clock, run)
    except (OperationalError, PendingRollbackError) as error:
        log.warning("mode.database_away", step=due.step_id, error=type(error).__name__)
        return False
    return True


def _do(session: Session, services: Services, run: ModeRun, step: ModeRunStep) -> None:
    try:
        with session.begin_nested():
            actor = _actor(session, run, step, run.agreed_by_id)
            _check_agreed(session, run)
            kept = kind_of(step).apply(session, services, actor, run.incident_id, step.params)
    except Exception as error:  # noqa: BLE001  # the outermost line of a step: recorded on its row, and logged where it is no rule
        _fall(session, services, run, step, error, "fail", _FAILED)
        return
    step.state, step.kept, step.done_at = STEP.next_state(step.state, "do", SYSTEM), kept, services.clock.now()
    step.reason, step.attempts, step.forced, step.reverted_at = {}, 0, False, None
    _tell(session, services, run, step, actor, _DONE, "mode.step_done")


def _revert(session: Session, services: Services, run: ModeRun, step: ModeRunStep) -> None:
    try:
        with session.begin_nested():
            actor = _actor(session, run, step, run.off_agreed_by_id)
            kept = {**step.kept, "force": step.forced}
            kind_of(step).revert(session, services, actor, run.incident_id, step.params, kept)
    except Exception as error:  # noqa: BLE001  # as above
        _fall(session, services, run, step, error, "hold", _HELD)
        return
    step.state, step.reverted_at = STEP.next_state(step.state, "restore", SYSTEM), services.clock.now()
    step.reason, step.attempts, step.forced = {}, 0, False
    _tell(session, services, run, step, actor, _REVERTED, "mode.step_reverted")


def kind_of(step: ModeRunStep) -> ModeStep:
    """Return what knows how to do a step; raises Refused where the house cannot do it any more."""
    found = jobs.registry().mode_steps.get(step.kind)
    if found is None:
        raise Refused("This house does not know how to do this step.", code="mode-step-unknown")
    return found


def _actor(session: Session, run: ModeRun, step: ModeRunStep, agreed_by_id: int | None) -> Actor:
    """Return in whose name a step is done: who touched it by hand last, else who agreed; with what they may do now."""
    officer = session.get(Officer, step.by_id or agreed_by_id or run.asked_by_id)
    if officer is None:
        raise Refused("Nobody is known who agreed to this.", code="mode-not-agreed")
    return actor_of(officer, "mode")


def _check_agreed(session: Session, run: ModeRun) -> None:
    """Check at the moment of doing what was checked when it was agreed to: still the same, by two people who still may."""
    if switching.digest_now(session, run) != run.digest:
        raise Refused("The steps or the incident are not those that two people agreed to.", code="mode-digest")
    for officer_id in (run.asked_by_id, run.agreed_by_id):
        officer = session.get(Officer, officer_id) if officer_id is not None else None
        if officer is None or officer.disabled_at is not None or not actor_of(officer, "mode").may(SWITCH):
            raise Refused("One of those who agreed may not switch disaster mode any more.", code="mode-not-authorised")


def _fall(
    session: Session, services: Services, run: ModeRun, step: ModeRunStep, error: Exception, event: str, words: str
) -> None:
    """Try again later what may pass; else leave the step to a person, with the reason."""
    step.attempts += 1
    known = isinstance(error, HotlineError) and not isinstance(error, Unavailable)
    if not known:
        log.error("mode.step_failed", step=step.id, kind=step.kind, attempt=step.attempts, exc_info=error)
    step.reason = _reason(error)
    if not known and step.attempts < MAX_ATTEMPTS:
        step.due_at = services.clock.now() + timedelta(seconds=BACK_OFF_S * 2 ** (step.attempts - 1))
        return
    step.state, step.attempts, step.forced = STEP.next_state(step.state, event, SYSTEM), 0, False
    _tell(session, services, run, step, SYSTEM, words, f"mode.step_{event}")


def _reason(error: Exception) -> dict[str, Any]:
    if not isinstance(error, HotlineError):
        return {"code": "mode-step-error", "message": type(error).__name__, "params": {}}
    params = {name: value for name, value in error.params.items() if isinstance(value, (str, int, float))}
    return {"code": error.code, "message": error.message[:500], "params": params}


def _tell(
    session: Session, services: Services, run: ModeRun, step: ModeRunStep, actor: Actor, words: str, action: str
) -> None:
    known = jobs.registry().mode_steps.get(step.kind)
    label = known.label if known is not None else step.kind
    incident_log.write(session, services.clock, run.incident_id, actor, words, step=label)
    after = {
        "run": run.id,
        "step": step.position,
        "kind": step.kind,
        "state": step.state,
        **({"why": step.reason} if step.reason else {}),
    }
    audit.record(session, services.clock, actor, action, "incident", run.incident_id, after=after)


def _settle(services: Services) -> None:
    """End runs whose last step was settled by hand, and let requests lapse."""
    with services.db.transaction() as session:
        restoring = list(session.scalars(select(ModeRun.incident_id).where(ModeRun.state == RESTORING).limit(100)))
        unanswered = switching.unanswered(session, services.clock)
    for incident_id in restoring + unanswered:
        with services.db.transaction() as session:
            locked = select(Incident.id).where(Incident.id == incident_id).with_for_update(skip_locked=True)
            if session.scalar(locked) is None:
                continue
            run = switching.current(session, incident_id)
            changed = switching.lapse(session, services.clock, incident_id)
            if run is not None and run.state == RESTORING:
                changed = switching.finish(session, services.clock, run)
        if changed:
            telling.tell(services, incident_id)
