"""Finding travellers as officers look for them: by words of the name, by digits of the number, by reference.

Every condition is answered by an index, also with a million people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput
from hotline.people.models import Position, Traveller

MAX_PAGE = 200
MAX_TEXT_CHARS = 100
MAX_WORDS = 6
HOME_CALLING_CODE = "82"
"""Officers type numbers of their own country without its code: 010-1234-5678."""

_WORD_ENDS = re.compile(r"[][\s,.()'-]+")
"""The same as in the SQL function `name_keys`."""
_NUMBER_SIGNS = re.compile(r"[\s().-]+")
_DIGITS = re.compile(r"\+?[0-9]{3,15}")
MIN_LAST_DIGITS = 4


@dataclass(frozen=True)
class Found:
    """A traveller and where they are held to be (None when that is not known)."""

    traveller: Traveller
    position: Position | None


@dataclass(frozen=True)
class TravellerPage:
    """One page, the latest added first; `next_cursor` continues, None ends."""

    found: list[Found]
    next_cursor: int | None


def search(session: Session, text: str = "", *, cursor: int | None = None, limit: int = 50) -> TravellerPage:
    """Find travellers who are not erased; an empty text lists all.

    Words match the beginnings of the name's words in any order, and any part of a Korean word. Three digits or more match
    the first digits of the number (with the country's code, or from 0 as written at home), four or more also the last ones.
    The whole text also matches a reference. Raises InvalidInput for a page larger than MAX_PAGE.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = (
        select(Traveller, Position)
        .outerjoin(Position, and_(Position.traveller_id == Traveller.id, Position.lat.isnot(None)))
        .where(Traveller.erased_at.is_(None))
        .order_by(Traveller.id.desc())
        .limit(limit + 1)
    )
    wanted = text.strip()[:MAX_TEXT_CHARS].replace("\x00", "")
    if wanted:
        statement = statement.where(or_(Traveller.reference == wanted, *_conditions(wanted)))
    if cursor is not None:
        statement = statement.where(Traveller.id < cursor)
    rows = [Found(traveller, position) for traveller, position in session.execute(statement)]
    more = len(rows) > limit
    return TravellerPage(rows[:limit], rows[limit - 1].traveller.id if more else None)


def _conditions(wanted: str) -> list[ColumnElement[bool]]:
    digits = _NUMBER_SIGNS.sub("", wanted)
    if _DIGITS.fullmatch(digits):
        return _number_conditions(digits)
    words = [word for word in _WORD_ENDS.split(wanted) if word][:MAX_WORDS]
    if not words:
        return []
    query = " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
    # In small letters by the database, which made the index: its idea of them depends on its locale.
    return [func.name_keys(Traveller.name).op("@@")(cast(func.lower(query), TSQUERY))]


def _number_conditions(digits: str) -> list[ColumnElement[bool]]:
    bare = digits.removeprefix("+")
    beginnings = [f"+{bare}"]
    if digits.startswith("0"):
        beginnings = [f"+{HOME_CALLING_CODE}{bare[1:]}"]
    conditions = [_begins(Traveller.phone, beginning) for beginning in beginnings]
    if len(bare) >= MIN_LAST_DIGITS and not digits.startswith("+"):
        conditions.append(_begins(func.reverse(Traveller.phone), bare[::-1]))
    return conditions


def _begins(column: ColumnElement[str] | object, beginning: str) -> ColumnElement[bool]:
    """Compare bytewise, as the indexes are sorted: unlike LIKE this needs no look at the value to be planned."""
    expression: ColumnElement[str] = column  # type: ignore[assignment]  # a mapped column is one too
    after = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    return and_(expression.op("~>=~")(literal(beginning)), expression.op("~<~")(literal(after)))
