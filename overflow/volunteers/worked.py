"""Minutes that somebody worked in the last 24 hours and the last seven days, out of their changes of presence.

The spans are counted back from now and not from midnight: who works over midnight has worked as long as anybody else.
A break or a meal is no work; neither is the time in which the service itself let somebody rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.agents.states import NOT_READY, ON_DUTY

DAY_HOURS, WEEK_HOURS = 24, 7 * 24
AT_WORK = ("training", "meeting", "paperwork", "technical", "support")
"""Reasons for taking no calls that are work all the same."""

_STATES = ", ".join(f"'{state}'" for state in ON_DUTY)
_REASONS = ", ".join(f"'{reason}'" for reason in AT_WORK)
WORKED_SQL = f"""
SELECT coalesce(floor(sum(extract(epoch FROM till - greatest(at, :now - interval '{DAY_HOURS} hours')))
                FILTER (WHERE till > :now - interval '{DAY_HOURS} hours') / 60), 0)::int AS day,
       coalesce(floor(sum(extract(epoch FROM till - greatest(at, :now - interval '{WEEK_HOURS} hours'))) / 60), 0)::int
           AS week
  FROM (SELECT at, after, reason, lead(at, 1, :now) OVER (ORDER BY at, id) AS till
          FROM ((SELECT id, at, after, reason FROM presence_changes
                  WHERE agent_id = a.id AND at <= :now - interval '{WEEK_HOURS} hours' ORDER BY at DESC, id DESC LIMIT 1)
                UNION ALL
                (SELECT id, at, after, reason FROM presence_changes
                  WHERE agent_id = a.id AND at > :now - interval '{WEEK_HOURS} hours' AND at <= :now)) changes) spans
 WHERE after IN ({_STATES}) OR (after = '{NOT_READY}' AND reason IN ({_REASONS}))
"""  # noqa: S608  # made of this module's own constants
"""One row (day, week: whole minutes worked) for the agent `a` at the aware moment `:now`; for LATERAL. The index by agent and
time serves it: it reads one change before the week and those within."""


@dataclass(frozen=True)
class Worked:
    """Whole minutes worked in the last 24 hours and in the last seven days."""

    day: int
    week: int


def minutes_worked(session: Session, now: datetime, agent_ids: Sequence[int]) -> dict[int, Worked]:
    """Return what each of these agents has worked up to the aware moment `now`; who never worked has zero."""
    session.flush()  # changes of presence that the caller has just made count
    rows = session.execute(
        text(f"SELECT a.id, w.day, w.week FROM agents a, LATERAL ({WORKED_SQL}) w WHERE a.id = ANY(:ids)"),  # noqa: S608
        {"now": now, "ids": list(agent_ids)},
    )
    return {row.id: Worked(row.day, row.week) for row in rows}
