"""What a forecast and an advice rest on, read set-based: calls by minute, usual hours, alerts' people, staff, callers' ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import ON_DUTY
from hotline.core.config import Settings
from hotline.core.db import psycopg_of
from hotline.core.registry import Registry
from overflow.staffing.counting import minute_of
from overflow.staffing.foreseeing import AHEAD, SLOT_MINUTES, Sent, Stream
from overflow.staffing.formulas import Calls
from overflow.volunteers.models import Volunteer

LIVE = timedelta(hours=4)
WEEKS = 8
ALERTS_FOR = timedelta(hours=6)
MEASURED_OVER = timedelta(hours=1)
ENOUGH_CALLS, ENOUGH_LOST = 10, 20
PATIENCE_S = (15.0, 1800.0)
QUIET_AGO = 30
"""Minutes that do not count for what is usual where there is no history: they may be the crisis."""

LIVE_MINUTES = """
SELECT country, minute, first FROM staffing_minutes
 WHERE drill = %(drill)s AND minute >= %(since)s AND minute < %(until)s
"""
USUAL = """
WITH sums AS (
    SELECT h.h AS hour, w.w AS week, m.country, sum(m.first) AS calls
      FROM generate_series(-5, 5) AS h(h) CROSS JOIN generate_series(1, %(weeks)s) AS w(w)
      JOIN staffing_minutes m
        ON m.drill = %(drill)s
       AND m.minute >= %(base)s::timestamptz + h.h * interval '1 hour' - w.w * interval '7 days'
       AND m.minute < %(base)s::timestamptz + (h.h + 1) * interval '1 hour' - w.w * interval '7 days'
     GROUP BY 1, 2, 3
)
SELECT country, hour, sum(calls)::float8, max(calls)::float8 FROM sums GROUP BY 1, 2
"""
"""Eleven hours of the week in up to eight weeks, each a short stretch of the primary key."""
OLDEST = "SELECT min(minute) FROM staffing_minutes WHERE drill = %(drill)s"
HANDLING = """
SELECT count(*), avg(extract(epoch FROM coalesce(r.wrapped_at, r.finished_at) - r.accepted_at))::float8,
       (SELECT avg(usual_talk_s)::float8 FROM queues WHERE active)
  FROM queues q JOIN reservations r ON r.queue_id = q.id
 WHERE q.active AND r.finished_at > %(since)s AND r.accepted_at IS NOT NULL
"""
PATIENCE = """
SELECT count(*) FILTER (WHERE e.left_reason = 'hangup'),
       sum(extract(epoch FROM coalesce(e.taken_at, e.left_at, %(now)s) - e.enqueued_at))::float8
  FROM queues q JOIN queue_entries e ON e.queue_id = q.id
 WHERE q.active AND e.enqueued_at > %(since)s AND e.kind = 'call' AND e.drill = %(drill)s
"""


@dataclass(frozen=True)
class Staff:
    """Who is on duty: when the duty of each agent ends at the latest, how many of them are volunteers, and the shifts planned.

    `planned` tells whose shift holds a moment; without planned shifts everybody stays until their duty must end.
    """

    ends: Mapping[int, datetime]
    volunteers: int
    planned: Callable[[datetime], set[int]]

    def at(self, now: datetime, moments: Sequence[datetime]) -> list[int]:
        """Return how many are on duty now and at each later moment: who is planned, and who is here and not to go before."""
        here, on_shift = set(self.ends), self.planned(now)
        counts = [len(here)]
        for moment in moments:
            then = self.planned(moment)
            stays = {agent for agent in here if self.ends[agent] > moment and (agent in then or agent not in on_shift)}
            counts.append(len(stays | then))
        return counts


@dataclass(frozen=True)
class Callers:
    """How calls are, and whether that was measured in the last hour or is assumed."""

    calls: Calls
    handling_measured: bool
    patience_measured: bool


def slot_of(moment: datetime) -> datetime:
    """Return when the quarter hour of a moment began; quarter hours are those of UTC."""
    return minute_of(moment) - timedelta(minutes=moment.minute % SLOT_MINUTES)


def streams(session: Session, now: datetime, *, drill: bool) -> dict[str, Stream]:
    """Return what is known of the calls of each country; the empty country is the centre's own line and always there."""
    until = minute_of(now)
    live = _live(session, until, drill=drill)
    usual = _usual(session, until, live, drill=drill)
    minutes = int(LIVE.total_seconds()) // 60
    first = (slot_of(now) - until).total_seconds() / 60
    behind = np.arange(-minutes, 0) + 0.5
    # The present quarter hour is asked for as it is now, the others for their middle.
    ahead = np.array([0.0, *(first + (slot + 0.5) * SLOT_MINUTES for slot in range(1, AHEAD + 1))])
    found = {}
    for country in {"", *live, *usual}:
        times, rates = usual.get(country, (np.zeros(1), np.zeros(1)))
        found[country] = Stream(
            live.get(country, [0] * minutes), np.interp(behind, times, rates).tolist(),
            (np.interp(ahead, times, rates) * 60).tolist(),
        )  # fmt: skip
    return found


def _live(session: Session, until: datetime, *, drill: bool) -> dict[str, list[int]]:
    since, minutes = until - LIVE, int(LIVE.total_seconds()) // 60
    rows = psycopg_of(session).execute(LIVE_MINUTES, {"drill": drill, "since": since, "until": until})
    found: dict[str, list[int]] = defaultdict(lambda: [0] * minutes)
    for country, minute, first in rows:
        found[country][int((minute - since).total_seconds()) // 60] = first
    return dict(found)


def _usual(session: Session, until: datetime, live: dict[str, list[int]], *, drill: bool) -> dict[str, tuple[Any, Any]]:
    """Return usual calls a minute by country, as points in minutes from now; the busiest week counts for nothing.

    So a week of crisis does not become usual, and after two of them it does.
    """
    base = until.replace(minute=0)
    (oldest,) = psycopg_of(session).execute(OLDEST, {"drill": drill}).fetchone() or (None,)
    # Only weeks that are known from the first of the hours on; half a week would look like a quiet one.
    weeks = min(WEEKS, (base - timedelta(hours=5) - oldest) // timedelta(days=7)) if oldest is not None else 0
    if weeks < 1:
        return {country: _of_today(counts, oldest, until) for country, counts in live.items()}
    rows = psycopg_of(session).execute(USUAL, {"drill": drill, "base": base, "weeks": weeks})
    hours: dict[str, list[float]] = defaultdict(lambda: [0.0] * 11)
    for country, hour, total, most in rows:
        kept = (total - most) / (weeks - 1) if weeks >= 3 else total / weeks
        hours[country][hour + 5] = kept / 60
    times = np.array([(hour + 0.5) * 60 - until.minute for hour in range(-5, 6)])
    return {country: (times, np.array(rates)) for country, rates in hours.items()}


def _of_today(counts: list[int], oldest: datetime | None, until: datetime) -> tuple[Any, Any]:
    """Return what is usual where there is no week of history: the mean of today, without the last half hour."""
    known = min(len(counts), int((until - oldest).total_seconds()) // 60) if oldest is not None else 0
    before = counts[len(counts) - known : len(counts) - QUIET_AGO]
    return np.zeros(1), np.array([sum(before) / len(before) if before else 0.0])


def alerts(session: Session, settings: Settings, registry: Registry, now: datetime, *, drill: bool) -> list[Sent]:
    """Return the alerts of the last hours with their people and the calls these are expected to make."""
    if registry.people_in_alerts is None:
        return []
    return [
        Sent(
            max(0.0, (now - each.at).total_seconds() / 60),
            each.people,
            each.people * settings.staffing_calls_per_1000 / 1000,
        )
        for each in registry.people_in_alerts(session, now - ALERTS_FOR, drill)
    ]


def staff(session: Session, registry: Registry, now: datetime, *, drill: bool) -> Staff:
    """Return who is on duty and planned; in a drill only volunteers of drills, otherwise everybody but them."""
    of_drills = set(session.scalars(select(Volunteer.agent_id).where(Volunteer.drill, Volunteer.agent_id.is_not(None))))
    rows = session.execute(
        select(Agent.id, Agent.duty_since, Agent.max_duty_minutes, Volunteer.id)
        .outerjoin(Volunteer, Volunteer.agent_id == Agent.id)
        .where(Agent.active, Agent.state.in_(ON_DUTY))
    ).tuples()
    ends, volunteers = {}, 0
    for agent_id, duty_since, minutes, volunteer_id in rows:
        if (agent_id in of_drills) == drill:
            ends[agent_id] = (duty_since or now) + timedelta(minutes=minutes)
            volunteers += volunteer_id is not None

    def planned(moment: datetime) -> set[int]:
        if registry.on_shift is None:
            return set()
        found = registry.on_shift(session, moment)
        return found & of_drills if drill else found - of_drills

    return Staff(ends, volunteers, planned)


def callers(session: Session, settings: Settings, now: datetime, *, drill: bool) -> Callers:
    """Return how long calls and patience are: measured over the last hour where there was enough, else as settings say.

    Patience is the maximum-likelihood mean of exponential times of which most are cut off by an answer: all waiting over all
    who hung up. A drill's calls are handled by few people for a short while, so that they are measured like all others.
    """
    values = {"since": now - MEASURED_OVER, "now": now, "drill": drill}
    count, mean, usual = psycopg_of(session).execute(HANDLING, values).fetchone() or (0, None, None)
    lost, waited = psycopg_of(session).execute(PATIENCE, values).fetchone() or (0, None)
    measured = count >= ENOUGH_CALLS and mean is not None and mean > 1
    patient = lost >= ENOUGH_LOST and waited is not None and waited > 0
    handling_s = float(mean) if measured else float(usual or 240.0)
    patience_s = min(PATIENCE_S[1], max(PATIENCE_S[0], waited / lost)) if patient else settings.staffing_patience_s
    calls = Calls(float(round(handling_s)), float(round(patience_s)), settings.staffing_redial)
    return Callers(calls, measured, patient)
