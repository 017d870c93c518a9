"""A senior beside every six volunteers on duty: found every few seconds, spread evenly, found anew when a senior leaves.

A senior is somebody of the house who may listen in on calls, or a volunteer whom an officer named one. Volunteers have nobody
while there are too few seniors; their desks say so, and the next one who comes on duty takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.agents.states import ON_DUTY
from hotline.auth.permissions import ROLES
from hotline.calls.states import MONITOR
from hotline.core import live
from hotline.core.clock import Clock
from hotline.core.services import Services
from overflow.briefing import listening

JOB = "briefing.buddies"
MOST_BESIDE = 6
"""Volunteers beside one senior."""
MAX_PEOPLE = 5_000
_LOCK = 0x48_4F_54_34
"""Key of the advisory lock under which one pass runs at a time."""

SENIORS = """
seniors AS (
  SELECT a.id, a.state, v.drill FROM agents a JOIN officers o ON o.id = a.officer_id LEFT JOIN volunteers v ON v.agent_id = a.id
   WHERE a.active AND a.state <> 'offline' AND o.disabled_at IS NULL
     AND CASE WHEN v.id IS NULL THEN o.roles && CAST(:roles AS text[]) ELSE v.senior AND v.state = 'approved' END
)
"""
"""Who can stand beside somebody now; `drill` is NULL for people of the house, who do in drills and out of them."""
_END = f"""
WITH {SENIORS}
UPDATE buddies b SET until = :now, why = CASE WHEN a.state = 'offline' OR NOT a.active THEN 'off_duty' ELSE 'senior_left' END
  FROM agents a
 WHERE b.until IS NULL AND a.id = b.agent_id
   AND (a.state = 'offline' OR NOT a.active OR NOT EXISTS (SELECT FROM seniors s WHERE s.id = b.senior_id))
RETURNING b.agent_id, b.senior_id
"""  # noqa: S608 - the inserted text is the constant above
_LOADS = f"""
WITH {SENIORS}
SELECT s.id, s.drill, (SELECT count(*) FROM buddies b WHERE b.senior_id = s.id AND b.until IS NULL) AS load
  FROM seniors s ORDER BY load, s.id LIMIT :most
"""  # noqa: S608 - as above
_ALONE = """
SELECT a.id, v.drill FROM agents a JOIN volunteers v ON v.agent_id = a.id
 WHERE a.active AND a.state = ANY(:on_duty) AND NOT v.senior
   AND NOT EXISTS (SELECT FROM buddies b WHERE b.agent_id = a.id AND b.until IS NULL)
 ORDER BY a.duty_since, a.id LIMIT :most
"""
_PAIR = """
INSERT INTO buddies (agent_id, senior_id, since) SELECT agent_id, senior_id, :now
  FROM unnest(CAST(:agents AS bigint[]), CAST(:seniors AS bigint[])) AS p(agent_id, senior_id)
ON CONFLICT DO NOTHING
"""
_BESIDE = """
SELECT a.id, o.display_name AS name, a.state FROM buddies b
  JOIN agents a ON a.id = b.agent_id JOIN officers o ON o.id = a.officer_id
 WHERE b.senior_id = :agent AND b.until IS NULL ORDER BY o.display_name, a.id LIMIT 50
"""
_SENIOR = """
SELECT a.id, o.display_name AS name, a.state FROM buddies b
  JOIN agents a ON a.id = b.senior_id JOIN officers o ON o.id = a.officer_id
 WHERE b.agent_id = :agent AND b.until IS NULL
"""


@dataclass(frozen=True)
class Beside:
    """Somebody who stands beside somebody, and what they are doing."""

    id: int
    name: str
    state: str


def monitors() -> list[str]:
    """Return the roles that may listen in."""
    return sorted(role for role, permissions in ROLES.items() if MONITOR in permissions)


def tend(services: Services) -> int:
    """End pairs that no longer hold, make new ones, and look after wishes for a listener; returns how many people it told."""
    with services.db.transaction() as session:
        touched = _pair(session, services.clock)
    touched |= listening.tend(services)
    for agent_id in sorted(touched):
        live.notify_desk(services.redis, agent_id)
    return len(touched)


def _pair(session: Session, clock: Clock) -> set[int]:
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
        return set()
    roles = monitors()
    ended = session.execute(text(_END), {"now": clock.now(), "roles": roles}).all()
    touched = {each for row in ended for each in row}
    alone = session.execute(text(_ALONE), {"on_duty": list(ON_DUTY), "most": MAX_PEOPLE}).all()
    if not alone:
        return touched
    seniors = session.execute(text(_LOADS), {"roles": roles, "most": MAX_PEOPLE}).all()
    pairs = spread([(row.id, row.drill) for row in alone], [(row.id, row.drill, row.load) for row in seniors])
    if pairs:
        values = {"now": clock.now(), "agents": [a for a, _ in pairs], "seniors": [s for _, s in pairs]}
        session.execute(text(_PAIR), values)
    return touched | {each for pair in pairs for each in pair}


def spread(alone: Sequence[tuple[int, bool]], seniors: Sequence[tuple[int, bool | None, int]]) -> list[tuple[int, int]]:
    """Return pairs (volunteer, senior): each goes to whoever has fewest beside them, and nobody gets more than MOST_BESIDE.

    A senior who is a volunteer (`drill` not None) stands beside volunteers of their own kind only.
    """
    loads = {senior: load for senior, _, load in seniors}
    pairs: list[tuple[int, int]] = []
    for volunteer, drill in alone:
        fitting = [each for each, kind, _ in seniors if kind in (None, drill) and loads[each] < MOST_BESIDE]
        if not fitting:
            continue
        chosen = min(fitting, key=lambda each: (loads[each], each))
        loads[chosen] += 1
        pairs.append((volunteer, chosen))
    assert all(
        load <= MOST_BESIDE or load == before for (_, _, before), load in zip(seniors, loads.values(), strict=True)
    )
    return pairs


def beside(session: Session, senior_id: int) -> list[Beside]:
    """Return the volunteers beside a senior."""
    return [Beside(**row) for row in session.execute(text(_BESIDE), {"agent": senior_id}).mappings()]


def senior_of(session: Session, agent_id: int) -> Beside | None:
    """Return the senior beside a volunteer, or None."""
    row = session.execute(text(_SENIOR), {"agent": agent_id}).mappings().first()
    return Beside(**row) if row is not None else None
