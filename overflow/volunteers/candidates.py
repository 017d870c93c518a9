"""Who can be asked to come now: one statement over the whole roster.

Every volunteer is judged by their own clock (`AT TIME ZONE`): quiet hours that run over midnight, hours of the week that run into
the next day, days away. All of these are what a clock on their wall shows, so a change to summer time lengthens or shortens
nothing that they said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.agents.skills import check_languages, check_skills
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from overflow.volunteers.worked import WORKED_SQL

LEAST_MINUTES = 30
"""Nobody is asked to come for less."""
MOST = 5_000
LONGEST_AHEAD = timedelta(days=14)

_CANDIDATES = f"""
WITH roster AS (
    SELECT v.id, v.agent_id, v.phone, v.speaks, v.zone, v.max_hours_day, v.max_hours_week,
           local.at::date AS today, extract(isodow FROM local.at)::int - 1 AS weekday,
           extract(hour FROM local.at)::int * 60 + extract(minute FROM local.at)::int AS minute,
           v.quiet_from, v.quiet_to
      FROM volunteers v, LATERAL (SELECT CAST(:now AS timestamptz) AT TIME ZONE v.zone AS at) local
     WHERE v.state = 'approved' AND v.drill = :drill AND v.phone_verified_at IS NOT NULL AND v.consent_at IS NOT NULL
       AND (v.not_before IS NULL OR v.not_before <= :now)
       AND v.languages @> CAST(:languages AS text[])
       AND NOT EXISTS (
           SELECT 1 FROM jsonb_each_text(CAST(:skills AS jsonb)) wanted
            WHERE coalesce((v.skills ->> wanted.key)::int, 0) < wanted.value::int
               OR (EXISTS (SELECT 1 FROM certified_skills s WHERE s.skill = wanted.key)
                   AND NOT EXISTS (
                       SELECT 1 FROM volunteer_certificates c
                        WHERE c.volunteer_id = v.id AND c.skill = wanted.key AND c.level >= wanted.value::int
                          AND c.withdrawn_at IS NULL AND c.issued_at <= :now AND c.expires_at > :until)))
)
SELECT v.id AS volunteer_id, v.agent_id, v.phone, v.speaks, hours.minutes AS hours_left_minutes
  FROM roster v
  JOIN agents a ON a.id = v.agent_id AND a.active AND a.state = 'offline'
  JOIN officers o ON o.id = a.officer_id AND o.disabled_at IS NULL
 CROSS JOIN LATERAL ({WORKED_SQL}) worked
 CROSS JOIN LATERAL (SELECT least(v.max_hours_day * 60 - worked.day, v.max_hours_week * 60 - worked.week) AS minutes) hours
 WHERE NOT CASE WHEN v.quiet_from <= v.quiet_to THEN v.minute >= v.quiet_from AND v.minute < v.quiet_to
                ELSE v.minute >= v.quiet_from OR v.minute < v.quiet_to END
   AND NOT EXISTS (SELECT 1 FROM volunteer_away w WHERE w.volunteer_id = v.id AND v.today BETWEEN w.first AND w.last)
   AND (NOT EXISTS (SELECT 1 FROM volunteer_hours h WHERE h.volunteer_id = v.id)
        OR EXISTS (
            SELECT 1 FROM volunteer_hours h, (VALUES (0), (1)) back (days)
             WHERE h.volunteer_id = v.id AND h.weekday = (v.weekday + 7 - back.days) % 7
               AND v.minute + back.days * 1440 >= h.starts AND v.minute + back.days * 1440 < h.starts + h.minutes))
   AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.phone = v.phone AND c.state <> 'ended')
   AND hours.minutes >= :least
 ORDER BY worked.week, v.id
 LIMIT :most
"""  # noqa: S608  # made of constants of this package


@dataclass(frozen=True)
class Candidate:
    """Somebody who can be asked: `phone` in E.164, `speaks` what we write to them, minutes they may work from now on."""

    volunteer_id: int
    agent_id: int
    phone: str
    speaks: str
    hours_left_minutes: int


def candidates(
    session: Session, clock: Clock, *, skills: Mapping[str, int], languages: Sequence[str], drill: bool, until: datetime,
    most: int,
) -> list[Candidate]:  # fmt: skip
    """Return who can be asked now, at most `most`, who worked least in the last seven days first.

    They hold every skill at its level or above, where a skill needs a certificate with one that is valid until the aware moment
    `until` (the end of what they are asked for), speak all of the languages (ISO 639), and are neither on duty nor on the phone
    with us. `drill` asks made-up people and nobody else. Raises InvalidInput naming the field.
    """
    now = clock.now()
    if not 1 <= most <= MOST:
        raise InvalidInput("most", most, f"use 1 to {MOST}")
    if not now <= until <= now + LONGEST_AHEAD:
        raise InvalidInput("until", until.isoformat(), f"use a moment within {LONGEST_AHEAD.days} days from now")
    values: dict[str, Any] = {
        "now": now, "until": until, "drill": drill, "most": most, "least": LEAST_MINUTES,
        "languages": check_languages(languages), "skills": json.dumps(check_skills(skills)),
    }  # fmt: skip
    session.flush()  # a statement of one's own does not write down by itself what the session still holds
    return [Candidate(**row) for row in session.execute(text(_CANDIDATES), values).mappings()]
