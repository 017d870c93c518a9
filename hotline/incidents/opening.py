"""Opening an incident, changing, closing and reopening it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, NotFound, Refused
from hotline.core.i18n import gettext_noop
from hotline.incidents import log
from hotline.incidents.fields import IncidentFields, changed, checked
from hotline.incidents.mode_models import ModeRun
from hotline.incidents.models import Incident
from hotline.incidents.states import DECLINED, INCIDENT, OFF, OPEN, WRITE

_SOURCE_LOCK = 0x48_4F_54_1C


def open_incident(session: Session, clock: Clock, actor: Actor, given: IncidentFields) -> Incident:
    """Open an incident and begin its log.

    Raises Forbidden, SeveralFaults, and Refused where one that was opened from the same source is open.
    """
    if not actor.may(WRITE) or actor.id is None:
        raise Forbidden(f"Opening an incident needs the permission {WRITE}.")
    now = clock.now()
    values = checked(given, now)
    _refuse_second(session, str(values["source"]))
    made = Incident(**values, state=OPEN, opened_at=now, opened_by_id=actor.id, updated_at=now, version=1)
    session.add(made)
    session.flush()
    words = gettext_noop("Drill opened") if made.drill else gettext_noop("Incident opened")
    log.write(session, clock, made.id, actor, words)
    audit.record(session, clock, actor, "incident.opened", "incident", made.id, after=values)
    return made


def change(
    session: Session, clock: Clock, actor: Actor, incident_id: int, version: int, given: IncidentFields
) -> Incident:
    """Change an open incident as it stood in `version`; whether it is a drill, and its source, stay as they were.

    Raises NotFound, Forbidden, Refused when it is closed, Conflict, and SeveralFaults.
    """
    found = get(session, incident_id, lock=True)
    if not actor.may(WRITE):
        raise Forbidden(f"Changing an incident needs the permission {WRITE}.")
    if found.state != OPEN:
        raise Refused("The incident is closed; reopen it first.", code="incident-closed")
    if found.version != version:
        raise Conflict("Somebody else changed the incident meanwhile; read it again.", code="incident-changed")
    values = checked(replace(given, drill=found.drill, source=found.source), clock.now())
    before = {name: getattr(found, name) for name in values}
    after = changed(before, values)
    if not after:
        return found
    for name, value in after.items():
        setattr(found, name, value)
    found.version += 1
    found.updated_at = clock.now()
    if "severity" in after:
        log.write(
            session, clock, found.id, actor, gettext_noop("Severity changed to %(severity)s"), severity=found.severity
        )
    else:
        log.write(session, clock, found.id, actor, gettext_noop("What is known of the incident was changed"))
    audit.record(
        session, clock, actor, "incident.changed", "incident", found.id, before={name: before[name] for name in after},
        after=after,
    )  # fmt: skip
    return found


def close(session: Session, clock: Clock, actor: Actor, incident_id: int) -> Incident:
    """Close an incident; raises NotFound, Forbidden, and Refused while disaster mode is asked for or on."""
    found = get(session, incident_id, lock=True)
    state = INCIDENT.next_state(found.state, "close", actor)
    if session.scalar(
        select(ModeRun.id).where(ModeRun.incident_id == incident_id, ModeRun.state.not_in((OFF, DECLINED)))
    ):
        raise Refused("Disaster mode is asked for or on; switch it off first.", code="mode-is-on")
    found.state, found.closed_at, found.updated_at = state, clock.now(), clock.now()
    log.write(session, clock, found.id, actor, gettext_noop("Incident closed"))
    audit.record(session, clock, actor, "incident.closed", "incident", found.id)
    return found


def reopen(session: Session, clock: Clock, actor: Actor, incident_id: int) -> Incident:
    """Open a closed incident again; raises NotFound, Forbidden, Refused."""
    found = get(session, incident_id, lock=True)
    state = INCIDENT.next_state(found.state, "reopen", actor)
    _refuse_second(session, found.source)
    found.state, found.closed_at, found.updated_at = state, None, clock.now()
    log.write(session, clock, found.id, actor, gettext_noop("Incident reopened"))
    audit.record(session, clock, actor, "incident.reopened", "incident", found.id)
    return found


def get(session: Session, incident_id: int, *, lock: bool = False) -> Incident:
    """Return an incident; raises NotFound. `lock` keeps others from changing it until commit."""
    found = session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("incident", incident_id)
    return found


def of_source(session: Session, source: str) -> Incident | None:
    """Return the open incident that was opened from a source such as `alert:12`."""
    if not source:
        return None
    return session.scalar(select(Incident).where(Incident.source == source, Incident.state == OPEN))


def _refuse_second(session: Session, source: str) -> None:
    if not source:
        return
    # Two officers press the same button at the same time: the second is told, instead of failing on the index.
    session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_SOURCE_LOCK, source))
    known = of_source(session, source)
    if known is not None:
        raise Refused(
            f"An incident is open for this already (number {known.id}).", code="incident-open-already",
            params={"number": known.id},
        )  # fmt: skip
