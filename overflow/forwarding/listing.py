"""The log of forwardings: announced calls and calls that came without a webhook, searched and page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.errors import NotFound
from overflow.forwarding.models import Forwarding

PAGE = 50
_LOG = """
SELECT * FROM (
  (SELECT f.received_at AS at, f.id AS forwarding_id, coalesce(f.call_id, r.call_id) AS call_id, f.mission_id, f.caller,
          f.called, f.reason, f.language, f.reference, f.decision, f.rule_kind, r.how
     FROM forwardings f LEFT JOIN forwarded_calls r ON r.forwarding_id = f.id
    WHERE (CAST(:mission AS bigint) IS NULL OR f.mission_id = :mission) AND f.received_at < :before
      AND (:digits = '' OR f.caller LIKE '%' || :digits || '%' OR f.called LIKE '%' || :digits || '%')
      AND (:reference = '' OR f.reference ILIKE :reference) AND (:how = '' OR coalesce(r.how, 'none') = :how)
    ORDER BY f.id DESC LIMIT :most)
  UNION ALL
  (SELECT r.at, NULL, r.call_id, r.mission_id, c.phone, c.forwarded_from, '', '', '', '', '', r.how
     FROM forwarded_calls r JOIN calls c ON c.id = r.call_id
    WHERE r.forwarding_id IS NULL AND (CAST(:mission AS bigint) IS NULL OR r.mission_id = :mission) AND r.at < :before
      AND (:digits = '' OR c.phone LIKE '%' || :digits || '%' OR c.forwarded_from LIKE '%' || :digits || '%')
      AND :reference = '' AND (:how = '' OR r.how = :how)
    ORDER BY r.id DESC LIMIT :most)
) log ORDER BY at DESC, forwarding_id DESC NULLS LAST LIMIT :most
"""
"""Each half is read from its newest row back, so that a page costs the same however long the log is."""


@dataclass(frozen=True)
class LogFilter:
    """What is looked for: `digits` of a number, a `reference`, a way of recognition (`none`: no call met it)."""

    mission_id: int | None = None
    digits: str = ""
    reference: str = ""
    how: str = ""
    before: datetime | None = None


def log(session: Session, wanted: LogFilter, now: datetime) -> tuple[list[Any], datetime | None]:
    """Return a page of the log, the latest first, and from when on the next one goes (None at the end)."""
    given = {
        "mission": wanted.mission_id, "digits": wanted.digits, "how": wanted.how, "most": PAGE + 1,
        "reference": _like(wanted.reference), "before": wanted.before or now + timedelta(days=1),
    }  # fmt: skip
    rows = list(session.execute(text(_LOG), given))
    return rows[:PAGE], rows[PAGE - 1].at if len(rows) > PAGE else None


def one(session: Session, forwarding_id: int) -> Forwarding:
    """Return one announced call; raises NotFound."""
    found = session.get(Forwarding, forwarding_id)
    if found is None:
        raise NotFound("forwarding", forwarding_id)
    return found


def _like(words: str) -> str:
    if not words:
        return ""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
