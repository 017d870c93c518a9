"""What is wrong with missions' lines before anybody calls: gaps, circles of hand-backs, exchanges without a key or a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.missions import opening
from overflow.forwarding.decision import back_to
from overflow.forwarding.silence import silent
from overflow.forwarding.standing import FORWARDED

MAX_MISSIONS = 1_000
GRAVE = ("no_line", "no_pool", "still_forwarded", "our_number", "called_line", "no_key", "silent")
"""What needs mending; the others may be as they are meant to be."""

_LINES = """
SELECT m.id, m.code, m.name_ko, m.name_en, l.number, l.pool_number, l.return_number, l.technique,
       EXISTS (SELECT FROM exchange_keys k WHERE k.mission_id = m.id AND (k.valid_until IS NULL OR k.valid_until > :now)) AS key
  FROM missions m LEFT JOIN mission_lines l ON l.mission_id = m.id AND l.closed_at IS NULL
 WHERE m.closed_at IS NULL AND (CAST(:mission AS bigint) IS NULL OR m.id = :mission)
 ORDER BY m.country, m.code, l.id LIMIT :most
"""
_OURS = "SELECT pool_number FROM mission_lines WHERE pool_number IS NOT NULL UNION SELECT number FROM call_lines"
_PARTNERS = """
SELECT m.id, o.name_ko, o.name_en, o.closed_at IS NOT NULL AS ended, o.zone = m.zone AS near,
       (SELECT l.return_number FROM mission_lines l
         WHERE l.mission_id = o.id AND l.closed_at IS NULL AND l.return_number IS NOT NULL ORDER BY l.id LIMIT 1) AS number
  FROM missions m JOIN missions o ON o.id = m.partner_id
 WHERE m.closed_at IS NULL AND (CAST(:mission AS bigint) IS NULL OR m.id = :mission) LIMIT :most
"""


@dataclass(frozen=True)
class Warned:
    """One thing to look at: a message id of `words.WARNINGS` with its values, and whether it needs mending."""

    mission_id: int
    names: dict[str, str]
    message: str
    line: str = ""
    number: str = ""
    since: datetime | None = None
    calls: int = 0

    @property
    def grave(self) -> bool:
        """Say whether it needs mending."""
        return self.message in GRAVE


def of(session: Session, services: Services, mission_id: int | None = None) -> list[Warned]:
    """Return what is wrong, of one mission or of all that use their lines here; grave things first."""
    now = services.clock.now()
    ours = set(session.scalars(text(_OURS))) | {
        services.settings.hotline_number,
        services.settings.twilio_voice_from,
    } - {""}
    forwarded = set(session.scalars(text(FORWARDED)))
    rows = session.execute(text(_LINES), {"now": now, "mission": mission_id, "most": 4 * MAX_MISSIONS}).all()
    with_lines = {row.id for row in rows if row.number is not None}
    hours = opening.calendars(session, sorted(with_lines or {0}))
    known = {row.id: {"ko": row.name_ko, "en": row.name_en} for row in rows}
    found = [
        Warned(each.mission_id, known[each.mission_id], "silent", each.number, since=each.since, calls=each.calls)
        for each in silent(session, now, mission_id)
        if each.mission_id in known
    ]
    told: set[int] = set()
    for row in rows:
        names = {"ko": row.name_ko, "en": row.name_en}
        if row.number is None:
            if mission_id is not None:
                found.append(Warned(row.id, names, "no_line"))
            continue
        if row.id not in told:
            told.add(row.id)
            if row.technique == "webhook" and not row.key:
                found.append(Warned(row.id, names, "no_key"))
            if row.id in hours and hours[row.id].opening(now).why == "unknown":
                found.append(Warned(row.id, names, "no_hours"))
        if not row.pool_number:
            found.append(Warned(row.id, names, "no_pool", row.number))
        back = back_to(row.return_number or "", called=row.number, forwarded=forwarded, ours=ours)
        if back.fault:
            found.append(
                Warned(row.id, names, "no_return" if back.fault == "no_number" else back.fault, row.number, back.number)
            )
    found += _partners(session, mission_id, known, forwarded, ours)
    return sorted(found, key=lambda each: not each.grave)


def _partners(
    session: Session, mission_id: int | None, known: dict[int, dict[str, str]], forwarded: set[str], ours: set[str]
) -> list[Warned]:
    """Return the missions whose partner no call can be handed to."""
    found = []
    for row in session.execute(text(_PARTNERS), {"mission": mission_id, "most": MAX_MISSIONS}):
        if row.id not in known:
            continue
        back = back_to(row.number or "", called="", forwarded=forwarded, ours=ours)
        if row.ended or not row.near or back.fault:
            found.append(Warned(row.id, known[row.id], "partner_unreachable", number=back.number))
    return found
