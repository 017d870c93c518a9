"""Disaster mode switched on and off, each as one act of two people: one asks, another one agrees to exactly what they read."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, NotFound, Refused
from hotline.core.i18n import gettext_noop
from hotline.incidents import log, opening, plans
from hotline.incidents.digests import digest_of
from hotline.incidents.mode_models import ModeRun, ModeRunStep
from hotline.incidents.models import Incident
from hotline.incidents.states import (
    ASKED,
    DECLINED,
    DONE,
    FAILED,
    HELD,
    MODE,
    OFF,
    OFF_ASKED,
    OPEN,
    RESTORING,
    STEP,
    SWITCH,
    UNSETTLED,
    WAITING,
)

ANSWER_WITHIN = timedelta(minutes=30)
"""A request that nobody agrees to lapses: what was right half an hour ago is asked for again."""
_ASKED_WORDS = gettext_noop("Disaster mode asked for: %(plan)s, version %(version)s")


def ask(session: Session, clock: Clock, actor: Actor, incident_id: int, plan_id: int) -> ModeRun:
    """Ask for disaster mode by a plan, whose steps are frozen now.

    Raises NotFound, Forbidden, and Refused when the incident is closed, the plan is retired, or it is asked for or on already.
    """
    _demand(actor)
    incident = opening.get(session, incident_id, lock=True)
    if incident.state != OPEN:
        raise Refused("The incident is closed; reopen it first.", code="incident-closed")
    lapse(session, clock, incident_id)
    if current(session, incident_id) is not None:
        raise Refused("Disaster mode is asked for or on already.", code="mode-on-already")
    plan = plans.get(session, plan_id)
    if plan.retired:
        raise Refused("This plan is retired.", code="plan-retired")
    steps = [(each["kind"], each["params"]) for each in plans.version_of(session, plan_id, plan.version).steps]
    now = clock.now()
    run = ModeRun(
        incident_id=incident_id, plan_id=plan_id, plan_version=plan.version, drill=incident.drill, state=ASKED,
        asked_by_id=actor.id, asked_at=now,
        digest=digest_of(incident_id, facts_of(incident), incident.drill, plan_id, plan.version, steps),
    )  # fmt: skip
    session.add(run)
    session.flush()
    for position, (kind, params) in enumerate(steps, start=1):
        session.add(ModeRunStep(run_id=run.id, position=position, kind=kind, params=params, state=WAITING, due_at=now))
    session.flush()
    log.write(
        session, clock, incident_id, actor, _ASKED_WORDS, plan=plan.name_en, plan_ko=plan.name_ko, version=plan.version
    )
    _audit(session, clock, actor, run, "mode.asked", plan=plan_id, version=plan.version, digest=run.digest)
    return run


def agree(session: Session, clock: Clock, actor: Actor, incident_id: int, digest: str) -> ModeRun:
    """Agree to what was asked for, as another person, naming the digest of what was read; its steps are then carried out.

    Raises NotFound, Forbidden, Conflict when it is another one now, and Refused when nothing is asked for or one asked oneself.
    """
    run = _locked(session, incident_id)
    _demand_other(actor, run.asked_by_id)
    state = MODE.next_state(run.state, "agree", actor)
    if clock.now() > run.asked_at + ANSWER_WITHIN:
        raise Refused("The request is too old; ask for it again.", code="mode-lapsed")
    _check_digest(session, run, digest)
    run.state, run.agreed_by_id, run.agreed_at = state, actor.id, clock.now()
    words = gettext_noop("Disaster mode is on") if not run.drill else gettext_noop("Disaster mode is on, as a drill")
    log.write(session, clock, incident_id, actor, words)
    _audit(session, clock, actor, run, "mode.agreed", digest=run.digest)
    return run


def decline(session: Session, clock: Clock, actor: Actor, incident_id: int) -> ModeRun:
    """Decline what was asked for, or take one's own request back. Raises NotFound, Forbidden, Refused."""
    run = _locked(session, incident_id)
    if run.state == OFF_ASKED:
        return _decline_off(session, clock, actor, run)
    run.state, run.ended_at = MODE.next_state(run.state, "decline", actor), clock.now()
    log.write(session, clock, incident_id, actor, gettext_noop("The request for disaster mode was declined"))
    _audit(session, clock, actor, run, "mode.declined")
    return run


def ask_off(session: Session, clock: Clock, actor: Actor, incident_id: int) -> ModeRun:
    """Ask for disaster mode to be switched off. Raises NotFound, Forbidden, Refused."""
    _demand(actor)
    opening.get(session, incident_id, lock=True)
    lapse(session, clock, incident_id)
    run = _locked(session, incident_id)
    run.state = MODE.next_state(run.state, "ask_off", actor)
    run.off_asked_by_id, run.off_asked_at = actor.id, clock.now()
    log.write(session, clock, incident_id, actor, gettext_noop("Asked to switch disaster mode off"))
    _audit(session, clock, actor, run, "mode.off_asked")
    return run


def agree_off(session: Session, clock: Clock, actor: Actor, incident_id: int) -> ModeRun:
    """Agree, as another person, that it ends: every step that was done is taken back, what was not done is skipped.

    Raises NotFound, Forbidden, Refused.
    """
    run = _locked(session, incident_id)
    _demand_other(actor, run.off_asked_by_id)
    state, now = MODE.next_state(run.state, "agree_off", actor), clock.now()
    if run.off_asked_at is None or now > run.off_asked_at + ANSWER_WITHIN:
        raise Refused("The request is too old; ask for it again.", code="mode-lapsed")
    run.state = state
    run.off_agreed_by_id, run.off_agreed_at = actor.id, now
    for step in steps_of(session, run.id, lock=True):
        if step.state in (WAITING, FAILED):
            step.state = STEP.next_state(step.state, "skip", actor)
        elif step.state in (DONE, HELD):
            step.state, step.due_at, step.attempts = STEP.next_state(step.state, "revert", actor), now, 0
            step.by_id = actor.id
    log.write(session, clock, incident_id, actor, gettext_noop("Disaster mode is being taken back"))
    _audit(session, clock, actor, run, "mode.off_agreed")
    return run


def _decline_off(session: Session, clock: Clock, actor: Actor, run: ModeRun) -> ModeRun:
    run.state = MODE.next_state(run.state, "decline_off", actor)
    run.off_asked_by_id = run.off_asked_at = None
    log.write(session, clock, run.incident_id, actor, gettext_noop("Disaster mode stays on"))
    _audit(session, clock, actor, run, "mode.off_declined")
    return run


def lapse(session: Session, clock: Clock, incident_id: int) -> bool:
    """Let a request go that nobody answered within half an hour; whether there was one. The caller has locked the incident."""
    run, now = current(session, incident_id), clock.now()
    if run is None or run.state not in (ASKED, OFF_ASKED):
        return False
    asked_at = run.asked_at if run.state == ASKED else run.off_asked_at
    if asked_at is None or now <= asked_at + ANSWER_WITHIN:
        return False
    if run.state == ASKED:
        run.state, run.ended_at = MODE.next_state(run.state, "lapse", SYSTEM), now
    else:
        run.state = MODE.next_state(run.state, "lapse_off", SYSTEM)
        run.off_asked_by_id = run.off_asked_at = None
    words = gettext_noop("Nobody agreed within half an hour; the request lapsed")
    log.write(session, clock, incident_id, SYSTEM, words)
    _audit(session, clock, SYSTEM, run, "mode.lapsed")
    session.flush()
    return True


def finish(session: Session, clock: Clock, run: ModeRun) -> bool:
    """End a run whose steps are all settled; whether it ended now. The caller has locked the run."""
    if run.state != RESTORING or any(step.state in UNSETTLED for step in steps_of(session, run.id)):
        return False
    run.state, run.ended_at = MODE.next_state(run.state, "finish", SYSTEM), clock.now()
    log.write(session, clock, run.incident_id, SYSTEM, gettext_noop("Disaster mode is off; everything is settled"))
    _audit(session, clock, SYSTEM, run, "mode.off")
    return True


def unanswered(session: Session, clock: Clock) -> list[int]:
    """Return incidents with a request that nobody answered within half an hour; at most 100."""
    before = clock.now() - ANSWER_WITHIN
    too_old = ((ModeRun.state == ASKED) & (ModeRun.asked_at < before)) | (
        (ModeRun.state == OFF_ASKED) & (ModeRun.off_asked_at < before)
    )
    return list(session.scalars(select(ModeRun.incident_id).where(too_old).order_by(ModeRun.id).limit(100)))


def current(session: Session, incident_id: int) -> ModeRun | None:
    """Return the run that is asked for, on or being taken back."""
    return session.scalar(
        select(ModeRun).where(ModeRun.incident_id == incident_id, ModeRun.state.not_in((OFF, DECLINED)))
    )


def latest(session: Session, incident_id: int) -> ModeRun | None:
    """Return the run that is on or was last, but for those that never came on."""
    statement = select(ModeRun).where(ModeRun.incident_id == incident_id, ModeRun.state != DECLINED)
    return session.scalar(statement.order_by(ModeRun.id.desc()).limit(1))


def steps_of(session: Session, run_id: int, *, lock: bool = False) -> list[ModeRunStep]:
    """Return a run's steps in order."""
    statement = select(ModeRunStep).where(ModeRunStep.run_id == run_id).order_by(ModeRunStep.position)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(statement))


def digest_now(session: Session, run: ModeRun) -> str:
    """Return the digest of a run's steps as its rows stand now, for the incident as it stands now."""
    steps = [(each.kind, each.params) for each in steps_of(session, run.id)]
    facts = facts_of(opening.get(session, run.incident_id))
    return digest_of(run.incident_id, facts, run.drill, run.plan_id, run.plan_version, steps)


def facts_of(incident: Incident) -> list[Any]:
    """Return what steps take from an incident; another value of any needs another agreement."""
    circle = [None if each is None else float(each) for each in (incident.lat, incident.lon, incident.radius_km)]
    words = [incident.name_ko, incident.name_en, list(incident.countries), incident.place]
    return [*words, *circle, incident.kind, incident.severity]


def _check_digest(session: Session, run: ModeRun, digest: str) -> None:
    same = hmac.compare_digest(run.digest.encode(), digest.encode())
    if not same or digest_now(session, run) != run.digest:
        raise Conflict("This is not what you have read; read it again.", code="mode-digest")


def _locked(session: Session, incident_id: int) -> ModeRun:
    opening.get(session, incident_id, lock=True)
    run = current(session, incident_id)
    if run is None:
        raise Refused("Disaster mode is neither asked for nor on.", code="mode-not-on")
    locked = session.get(ModeRun, run.id, with_for_update=True, populate_existing=True)
    if locked is None:
        raise NotFound("disaster mode", run.id)
    return locked


def _demand(actor: Actor) -> None:
    if not actor.may(SWITCH) or actor.id is None or actor.kind != "officer":
        raise Forbidden(f"Disaster mode needs the permission {SWITCH}.")


def _demand_other(actor: Actor, first_id: int | None) -> None:
    _demand(actor)
    if actor.id == first_id:
        raise Refused("A second person must agree; you asked for it yourself.", code="mode-same-person")


def _audit(session: Session, clock: Clock, actor: Actor, run: ModeRun, action: str, **more: object) -> None:
    audit.record(
        session, clock, actor, action, "incident", run.incident_id, after={"run": run.id, "drill": run.drill, **more}
    )
