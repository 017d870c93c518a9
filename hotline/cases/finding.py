"""Finding persons: by name in any script with its misspellings, by digits of a number, by passport."""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.cases.passports import passport_hash
from hotline.core.config import Settings
from hotline.core.errors import InvalidInput

MAX_TEXT_CHARS, MAX_FOUND = 100, 200
MIN_LAST_DIGITS = 4
ALIKE = 0.3
"""How much a name must have in common with what was typed, 0 to 1; pg_trgm's own measure."""
_DIGITS = re.compile(r"\+?[0-9]{4,15}")
_PART = re.compile(r"\+?[0-9]{3,15}")
"""What any search of ours takes for a part of a number; travellers are found by three digits."""
_SIGNS = re.compile(r"[\s().-]+")
_BY_NAME = """
WITH typed AS MATERIALIZED (SELECT name_grams(:words) AS grams)
SELECT id FROM (
    SELECT coalesce(p.merged_into_id, p.id) AS id,
           max(same.grams / (cardinality(p.grams) + cardinality(typed.grams) - same.grams)::real) AS alike
      FROM typed JOIN persons p ON p.grams && typed.grams,
           LATERAL (SELECT count(*) AS grams FROM unnest(p.grams) AS x(gram) WHERE gram = ANY(typed.grams)) AS same
     WHERE p.erased_at IS NULL GROUP BY 1) found
 WHERE alike >= :alike ORDER BY alike DESC, id LIMIT :most
"""
"""As `grams_alike`, written out: a common surname shares letters with a third of everybody, and calls would cost most."""
_BY_PHONE = """
SELECT DISTINCT coalesce(p.merged_into_id, p.id) AS id FROM person_phones f JOIN persons p ON p.id = f.person_id
 WHERE p.erased_at IS NULL AND (f.phone LIKE :beginning OR reverse(f.phone) LIKE :ending) ORDER BY id LIMIT :most
"""
_BY_PASSPORT = """
SELECT DISTINCT coalesce(merged_into_id, id) AS id FROM persons WHERE passport_hash = :hash AND erased_at IS NULL LIMIT :most
"""


def find_persons(
    session: Session, settings: Settings | None, typed: str, *, passports: bool, phones: bool, limit: int = 50
) -> list[int]:
    """Return the ids of persons that fit what was typed, the likeliest first.

    With `phones` four digits or more also match the beginning or the end of a number, and with `passports` a whole passport's
    number is tried: each is for those who may see it, because what is hidden could else be found out digit by digit.
    """
    wanted = typed.strip()[:MAX_TEXT_CHARS].replace("\x00", "")
    if not wanted:
        return []
    most = min(limit, MAX_FOUND)
    found: dict[int, None] = {}
    if passports and settings is not None:
        try:
            given = {"hash": passport_hash(settings, wanted), "most": most}
            found |= dict.fromkeys(session.scalars(text(_BY_PASSPORT), given))
        except InvalidInput:
            given = {}  # what was typed is no passport's number
    digits = _SIGNS.sub("", wanted)
    if is_number(wanted) and not phones:
        return list(found)[:most]
    if _DIGITS.fullmatch(digits):
        bare = digits.removeprefix("+")
        start = f"+82{bare[1:]}%" if digits.startswith("0") else f"+{bare}%"
        ending = bare.lstrip("0")[::-1]
        last = f"{ending}%" if len(ending) >= MIN_LAST_DIGITS and not digits.startswith("+") else ""
        given = {"beginning": start, "ending": last, "most": most}
        found |= dict.fromkeys(session.scalars(text(_BY_PHONE), given))
    else:
        given = {"words": wanted, "alike": ALIKE, "most": most}
        found |= dict.fromkeys(session.scalars(text(_BY_NAME), given))
    return list(found)[:most]


def is_number(typed: str) -> bool:
    """Say whether what was typed is a part of a telephone number."""
    return _PART.fullmatch(_SIGNS.sub("", typed.strip())) is not None
