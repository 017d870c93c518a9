"""An arriving call is recognised: by its token, its number, its moment, else by the number called, forwarded or diverted.

In this order, and how it was known is recorded. Each announcement is used by one call only: it is taken by a conditional UPDATE,
so that of two calls that come at once only one has it, and the other is still known by the numbers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from overflow.forwarding.decision import TEST
from overflow.forwarding.keys import token_hash

NUMBER_REACH, WINDOW_REACH = timedelta(seconds=120), timedelta(seconds=60)
SAME_MOMENT = timedelta(seconds=5)
"""An announcement comes before its call; clocks of two of our machines may differ by so much."""
TOKEN_REACH = timedelta(minutes=10)
"""Longer than the token is promised to live: a call that waits at the exchange is still ours."""

_OPEN = "call_id IS NULL AND decision = 'take'"
_BY_TOKEN = (
    f"SELECT id FROM forwardings WHERE token_hash = :token AND {_OPEN} AND received_at BETWEEN :since AND :until"  # noqa: S608
)
_BY_NUMBER = f"""
SELECT id FROM forwardings WHERE caller = :phone AND {_OPEN} AND received_at BETWEEN :since AND :until
   AND (pool = :called OR (called <> '' AND called IN (:forwarded, :diverted)))
 ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608  # a constant of this file
_BY_MOMENT = f"""
SELECT id FROM forwardings WHERE pool = :called AND {_OPEN} AND received_at BETWEEN :since AND :until AND reason <> 'test'
   AND pool IN (SELECT pool_number FROM mission_lines WHERE closed_at IS NULL) LIMIT 2
"""  # noqa: S608
_TAKE = """
UPDATE forwardings SET call_id = :call, matched_at = :now WHERE id = :id AND call_id IS NULL
RETURNING id, mission_id, line_id, reason, language
"""
_IS_LINE = "SELECT EXISTS (SELECT FROM mission_lines WHERE number = :phone AND closed_at IS NULL)"
_BY_CALLED = "SELECT mission_id, id FROM mission_lines WHERE pool_number = :number AND closed_at IS NULL"
_BY_OUR_LINE = "SELECT mission_id, NULL FROM call_lines WHERE number = :number AND mission_id IS NOT NULL"
_BY_FORWARDED = "SELECT mission_id, id FROM mission_lines WHERE number = :number AND closed_at IS NULL"
_BY_MISSION = """
SELECT id, NULL FROM missions WHERE :number IN (phone, emergency_phone) AND closed_at IS NULL ORDER BY id LIMIT 1
"""
_RECORD = """
INSERT INTO forwarded_calls (call_id, mission_id, line_id, how, forwarding_id, at)
VALUES (:call, :mission, :line, :how, :forwarding, :came) ON CONFLICT (call_id) DO NOTHING
"""


class _Known(NamedTuple):
    how: str
    mission_id: int
    line_id: int | None
    forwarding_id: int | None = None
    reason: str = ""
    language: str = ""


def recognise(session: Session, services: Services, call: IncomingCall) -> Recognised | None:
    """Tell which mission a call is for, and record how that is known; None leaves it to others."""
    # By the call's own time: one of an outage is written down later, and must not take what was announced meanwhile.
    came: datetime | None = session.scalar(
        text("SELECT started_at FROM calls WHERE id = :call"), {"call": call.call_id}
    )
    assert came is not None, "a call is written down before it is recognised"
    known = _announced(session, services, call, came) or _by_numbers(session, call)
    if known is None:
        return None
    session.execute(
        text(_RECORD),
        {
            "call": call.call_id, "mission": known.mission_id, "line": known.line_id, "how": known.how,
            "forwarding": known.forwarding_id, "came": came,
        },
    )  # fmt: skip
    spoken = known.language.split("-", maxsplit=1)[0]
    return Recognised(known.mission_id, language=spoken, test=known.reason == TEST)


def _announced(session: Session, services: Services, call: IncomingCall, came: datetime) -> _Known | None:
    until = came + NUMBER_REACH
    if call.context:
        given = {"token": token_hash(call.context), "since": came - TOKEN_REACH, "until": until}
        found = session.scalar(text(_BY_TOKEN), given)
        if found is not None and (known := _take(session, services, call, found, "token")) is not None:
            return known
    numbers = {"called": call.called, "forwarded": call.forwarded_from, "diverted": call.diversion}
    # Many exchanges show their own number instead of the caller's: such a call is as good as anonymous.
    nameless = not call.phone or bool(session.scalar(text(_IS_LINE), {"phone": call.phone}))
    if not nameless:
        given = numbers | {"phone": call.phone, "since": came - NUMBER_REACH, "until": until}
        found = session.scalar(text(_BY_NUMBER), given)
        return _take(session, services, call, found, "number") if found is not None else None
    if not call.called:
        return None
    found_ids = session.scalars(
        text(_BY_MOMENT), {"called": call.called, "since": came - WINDOW_REACH, "until": came + SAME_MOMENT}
    ).all()
    # Two announcements and no number: either could be it, and the wrong language or reference would be worse than none.
    return _take(session, services, call, found_ids[0], "window") if len(found_ids) == 1 else None


def _take(session: Session, services: Services, call: IncomingCall, found: int, how: str) -> _Known | None:
    given = {"call": call.call_id, "now": services.clock.now(), "id": found}
    row = session.execute(text(_TAKE), given).one_or_none()
    if row is None:
        return None  # another call has taken it in this moment
    return _Known(how, row.mission_id, row.line_id, row.id, row.reason, row.language)


def _by_numbers(session: Session, call: IncomingCall) -> _Known | None:
    for how, number, statements in (
        ("called", call.called, (_BY_CALLED, _BY_OUR_LINE)),
        ("forwarded_from", call.forwarded_from, (_BY_FORWARDED, _BY_MISSION)),
        ("diversion", call.diversion, (_BY_FORWARDED, _BY_MISSION)),
    ):
        if not number:
            continue
        for statement in statements:
            row = session.execute(text(statement), {"number": number}).one_or_none()
            if row is not None:
                return _Known(how, row[0], row[1])
    return None
