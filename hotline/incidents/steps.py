"""What officers do with one step of disaster mode: try it again, skip it, take it back, restore or leave what was changed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.incidents import opening, switching
from hotline.incidents.mode_models import ModeRun, ModeRunStep
from hotline.incidents.states import (
    BEGINNING_AGAIN,
    MODE_LIVE,
    RESTORING,
    REVERTING,
    STEP,
    SWITCH,
    WAITING,
)

EVENTS = ("retry", "again", "skip", "revert", "force", "leave")


def act(session: Session, clock: Clock, actor: Actor, incident_id: int, position: int, event: str) -> ModeRunStep:
    """Do one thing to one step. Raises NotFound, Forbidden, and Refused for what is not possible now."""
    run = _run(session, actor, incident_id)
    step = session.scalar(
        select(ModeRunStep)
        .where(ModeRunStep.run_id == run.id, ModeRunStep.position == position)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if step is None:
        raise NotFound("step", position)
    if event not in EVENTS:
        raise Refused(f"'{event}' is nothing that can be done to a step.", code="wrong-state")
    _move(session, clock, actor, run, step, event)
    if run.state == RESTORING:
        session.flush()
        switching.finish(session, clock, run)
    return step


def possible(run: ModeRun, step: ModeRunStep, actor: Actor) -> list[str]:
    """Return what an officer could do to a step now, in the order of the buttons."""
    if run.state not in MODE_LIVE:
        return []
    events = STEP.events_for(step.state, actor)
    return [
        event
        for event in EVENTS
        if event in events
        and not (run.state == RESTORING and event in BEGINNING_AGAIN)
        and not (event == "force" and step.reason.get("code") != "changed-by-hand")
    ]


def _move(session: Session, clock: Clock, actor: Actor, run: ModeRun, step: ModeRunStep, event: str) -> None:
    if run.state == RESTORING and event in BEGINNING_AGAIN:
        raise Refused("Everything is being taken back; nothing is begun again.", code="mode-restoring")
    before = step.state
    step.state = STEP.next_state(step.state, event, actor)
    step.by_id = actor.id
    if step.state in (WAITING, REVERTING):
        step.due_at, step.attempts = clock.now(), 0
    step.forced = event == "force"
    step.reason = {}
    audit.record(
        session, clock, actor, f"mode.step_{event}", "incident", run.incident_id, before={"state": before},
        after={"run": run.id, "step": step.position, "kind": step.kind, "state": step.state},
    )  # fmt: skip


def _run(session: Session, actor: Actor, incident_id: int) -> ModeRun:
    if not actor.may(SWITCH) or actor.id is None:
        raise Forbidden(f"Steps of disaster mode need the permission {SWITCH}.")
    opening.get(session, incident_id, lock=True)
    found = switching.current(session, incident_id)
    if found is None or found.state not in MODE_LIVE:
        raise Refused("Disaster mode is not on.", code="mode-not-on")
    return session.get_one(ModeRun, found.id, with_for_update=True, populate_existing=True)
