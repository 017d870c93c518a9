"""How many are needed, and what to do about it: the advice of a moment, and the row of every minute that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.core import jobs, live, services
from hotline.core.clock import Clock
from hotline.core.registry import Registry
from hotline.core.services import Services
from hotline.incidents.models import Incident
from overflow.staffing import counting, deciding, foreseeing, reading
from overflow.staffing.deciding import SLOT, Need, Reason, Standing
from overflow.staffing.foreseeing import AHEAD, Foreseen
from overflow.staffing.formulas import Target
from overflow.staffing.models import StaffingAdvice

log = structlog.get_logger(__name__)

JOB = "staffing.advise"
TOPIC = "staffing"
EVERY_S = 60
RECENT = timedelta(minutes=10)
"""An older advice says nothing about whether one is calling or has people to spare."""
KEPT = timedelta(days=400)
LEAD_MINUTES = (5.0, 240.0)


@dataclass(frozen=True)
class Advice:
    """What to do at a moment (UTC): people needed now and on duty, how many to call out and by when, how many may go, and why.

    `slots` are the quarter hours ahead, the present one first; each reason of `why` is a code with its numbers, said in words
    by `overflow.staffing.words.sentence`.
    """

    needed_now: int
    on_duty: int
    call_out: int
    release: int
    by: datetime | None
    why: tuple[Reason, ...]
    at: datetime
    drill: bool
    per_hour: float
    usual_per_hour: float
    slots: tuple[Need, ...]
    spare_since: datetime | None


def advise(session: Session, clock: Clock, *, drill: bool) -> Advice:
    """Return the advice of this moment for the real centre or the drill's; writes nothing."""
    settings, registry, now = services.current().settings, jobs.registry(), clock.now()
    streams = reading.streams(session, now, drill=drill)
    sent = reading.alerts(session, settings, registry, now, drill=drill)
    total, countries = foreseeing.foresee_all(list(streams.values()), sent)
    parts, first = dict(zip(streams, countries, strict=True)), reading.slot_of(now)
    staff, callers = (
        reading.staff(session, registry, now, drill=drill),
        reading.callers(session, settings, now, drill=drill),
    )
    target = Target(level=settings.staffing_level, within_s=settings.staffing_within_s)
    on_duty = staff.at(now, [first + slot * SLOT for slot in range(1, AHEAD + 1)])
    found = deciding.needs(total, first, callers.calls, target, on_duty)
    last = _last(session, now, drill=drill)
    standing = Standing(
        on_duty[0], staff.volunteers, registry.volunteers_coming(session, drill) if registry.volunteers_coming else 0,
        _lead(session, registry, settings.staffing_lead_minutes, drill=drill),
        last is not None and last.call_out > 0, last.spare_since if last is not None else None,
    )  # fmt: skip
    decision = deciding.decide(found, now, standing)
    why = (*decision.why, *_of_calls(parts, total), _assumed(callers, target))
    return Advice(
        decision.needed_now, decision.on_duty, decision.call_out, decision.release, decision.by, why, now, drill,
        total.now_per_hour, total.usual_per_hour, found, decision.spare_since,
    )  # fmt: skip


def _lead(session: Session, registry: Registry, usual: float, *, drill: bool) -> float:
    measured = registry.minutes_to_come(session, drill) if registry.minutes_to_come else None
    return min(LEAD_MINUTES[1], max(LEAD_MINUTES[0], usual if measured is None else measured))


def _of_calls(parts: dict[str, Foreseen], total: Foreseen) -> Sequence[Reason]:
    """Return what is special about the calls: the country where they have jumped, and the alert that brings more."""
    reasons = []
    jumped = {country: part for country, part in parts.items() if part.jump is not None}
    if jumped:
        country = max(jumped, key=lambda name: jumped[name].now_per_hour)
        jump = jumped[country].jump
        reasons.append(Reason("jump", {
            "country": country, "minutes": jump.minutes_ago if jump else 0,
            "per_hour": round(jumped[country].now_per_hour), "usual": round(jumped[country].usual_per_hour),
        }))  # fmt: skip
    if total.alert_people and total.alert_calls >= 1:
        reasons.append(Reason("alert", {"people": total.alert_people, "calls": round(total.alert_calls)}))
    if not reasons:
        reasons.append(Reason("usual", {"per_hour": round(total.now_per_hour), "usual": round(total.usual_per_hour)}))
    return reasons


def _assumed(callers: reading.Callers, target: Target) -> Reason:
    measured = {(True, True): "measured", (True, False): "measured_call", (False, True): "measured_patience"}
    code = measured.get((callers.handling_measured, callers.patience_measured), "assumed")
    return Reason(code, {
        "handling": round(callers.calls.handling_s), "patience": round(callers.calls.patience_s),
        "redial": round(callers.calls.redial * 100), "level": round((target.level or 0) * 100),
        "within": round(target.within_s),
    })  # fmt: skip


def latest(session: Session, *, drill: bool) -> StaffingAdvice | None:
    """Return the advice that was kept last."""
    return session.scalar(
        select(StaffingAdvice).where(StaffingAdvice.drill == drill).order_by(StaffingAdvice.at.desc()).limit(1)
    )


def _last(session: Session, now: datetime, *, drill: bool) -> StaffingAdvice | None:
    found = latest(session, drill=drill)
    return found if found is not None and found.at > now - RECENT else None


def keep(services: Services) -> int:
    """Count the calls of the last minutes and keep the advice for the centre, and for drills while one is open.

    Returns how many were kept; the job of that name. A second run in the same minute keeps nothing.
    """
    now = services.clock.now()
    with services.db.transaction() as session:
        counting.count_up(session, now)
    kept = 0
    for drill in (False, True):
        with services.db.transaction() as session:
            if not drill or _drill_open(session):
                kept += _keep(session, services, now, drill=drill)
    if kept:
        live.notify(services.redis, TOPIC)
    return kept


def _drill_open(session: Session) -> bool:
    return session.scalar(select(Incident.id).where(Incident.state == "open", Incident.drill).limit(1)) is not None


def _keep(session: Session, services: Services, now: datetime, *, drill: bool) -> int:
    before = latest(session, drill=drill)
    if before is not None and before.at >= counting.minute_of(now):
        return 0
    found = advise(session, services.clock, drill=drill)
    session.add(
        StaffingAdvice(
            at=now, drill=drill, per_hour=found.per_hour, usual_per_hour=found.usual_per_hour,
            needed_now=found.needed_now, on_duty=found.on_duty, call_out=found.call_out, release=found.release,
            by_at=found.by, spare_since=found.spare_since,
            why=[[reason.code, reason.numbers] for reason in found.why], slots=[need.plain() for need in found.slots],
        )
    )  # fmt: skip
    session.execute(delete(StaffingAdvice).where(StaffingAdvice.drill == drill, StaffingAdvice.at < now - KEPT))
    if found.call_out and (before is None or not before.call_out):
        log.warning("staffing.call_out", drill=drill, people=found.call_out, on_duty=found.on_duty)
    return 1
