"""The phone book, lines with their missions, caller ids and announcements: small tables that officers keep, all audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hotline.calls.models import CallAnnouncement, CallerIdRule, CallLine, PhoneBookEntry
from hotline.calls.states import BOOK, MENUS
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.phone import parse_e164, prefix_of_region
from hotline.geo.countries import countries
from hotline.missions.models import Mission

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{2,4})?")
MAX_LANGUAGES = 20
KINDS = ("partner", "mission", "interpreter")
MAX_ROWS, MAX_HOURS, MAX_ANNOUNCED = 500, 14 * 24, 1_000
PAGE_ROWS, MAX_WORDS, MIN_DIGITS = 25, 5, 3


def everybody(session: Session) -> Sequence[PhoneBookEntry]:
    """Return the phone book as a desk shows it, by kind and name, at most MAX_ROWS."""
    return session.scalars(
        select(PhoneBookEntry).order_by(PhoneBookEntry.kind, PhoneBookEntry.name_en).limit(MAX_ROWS)
    ).all()


def entries(session: Session, search: str = "", kind: str = "", page: int = 1) -> tuple[Sequence[PhoneBookEntry], int]:
    """Return one page of the phone book (from 1) and how many entries fit; `search` is words of names and notes, digits of
    the number, a language's code or a country's."""
    statement = select(PhoneBookEntry)
    if kind:
        statement = statement.where(PhoneBookEntry.kind == kind)
    for word in search.split()[:MAX_WORDS]:
        statement = statement.where(_fits(word))
    count = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    ordered = statement.order_by(PhoneBookEntry.kind, PhoneBookEntry.name_en, PhoneBookEntry.id)
    return session.scalars(ordered.offset((page - 1) * PAGE_ROWS).limit(PAGE_ROWS)).all(), count


def _fits(word: str) -> ColumnElement[bool]:
    texts = (PhoneBookEntry.name_ko, PhoneBookEntry.name_en, PhoneBookEntry.note)
    found = [each.icontains(word, autoescape=True) for each in texts]
    found += [PhoneBookEntry.languages.contains([word.lower()]), PhoneBookEntry.country == word.upper()]
    digits = "".join(each for each in word if each.isdigit())
    if len(digits) >= MIN_DIGITS:
        found.append(PhoneBookEntry.phone.contains(digits.lstrip("0"), autoescape=True))
    return or_(*found)


def save_entry(
    session: Session, clock: Clock, actor: Actor, entry_id: int | None, form: Mapping[str, str]
) -> PhoneBookEntry:
    """Add or change an entry; raises InvalidInput naming the field, Refused when the number is in the book already."""
    _may(actor, BOOK)
    row: PhoneBookEntry | None = _get(session, PhoneBookEntry, "phone book entry", entry_id)
    kind = form.get("kind", "")
    if kind not in KINDS:
        raise InvalidInput("kind", kind, "choose what kind it is")
    names = {name: _words(name, form.get(name, ""), 160) for name in ("name_ko", "name_en")}
    phone = parse_e164(form.get("phone", ""), "KR").e164
    other = session.scalar(select(PhoneBookEntry).where(PhoneBookEntry.phone == phone))
    if other is not None and other is not row:
        raise Refused("This number is in the book already.", code="phone-in-book", params={"name": other.name_en})
    values = {
        "kind": kind, **names, "phone": phone, "languages": _languages(form.get("languages", "")),
        "note": _at_most("note", form.get("note", ""), 300), "country": _country(form.get("country", "")),
    }  # fmt: skip
    if row is None:
        row = PhoneBookEntry(**values, updated_at=clock.now())
        session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    audit.record(session, clock, actor, "phonebook.saved", "phone_book", row.id, after={"kind": kind, "phone": phone})
    return row


def _languages(given: str) -> list[str]:
    codes = [each.strip().lower() for each in given.split(",") if each.strip()]
    if len(codes) > MAX_LANGUAGES or not all(_LANGUAGE.fullmatch(each) for each in codes):
        raise InvalidInput("languages", given, "write codes with commas between, such as vi, th")
    return list(dict.fromkeys(codes))


def _country(given: str) -> str:
    code = given.strip().upper()
    if code and code not in {country.code for country in countries()}:
        raise InvalidInput("country", given, "choose a country, or none")
    return code


def delete_entry(session: Session, clock: Clock, actor: Actor, entry_id: int) -> None:
    """Take an entry out."""
    _may(actor, BOOK)
    row = _get(session, PhoneBookEntry, "phone book entry", entry_id)
    session.delete(row)
    audit.record(session, clock, actor, "phonebook.deleted", "phone_book", entry_id)


def save_rule(session: Session, clock: Clock, actor: Actor, form: Mapping[str, str]) -> CallerIdRule:
    """Set which of our numbers is shown to a country's numbers or to those with a prefix (such as +81).

    An empty caller id takes the rule away. Raises InvalidInput naming the field.
    """
    _may(actor, BOOK)
    caller_id, prefix = form.get("caller_id", ""), form.get("prefix", "").strip().replace(" ", "")
    if not prefix and (region := _country(form.get("country", ""))):
        prefix = prefix_of_region(region)
    if not (prefix.startswith("+") and prefix[1:].isdigit() and prefix.isascii() and 2 <= len(prefix) <= 16):
        raise InvalidInput("prefix", prefix, "choose a country, or write a plus sign and the first digits, such as +81")
    row = session.scalar(select(CallerIdRule).where(CallerIdRule.prefix == prefix).with_for_update())
    before = row.caller_id if row is not None else None
    if not caller_id.strip():
        if row is None:
            raise NotFound("caller id rule", prefix)
        session.delete(row)
        audit.record(session, clock, actor, "callerid.deleted", "caller_id", row.id, before={"caller_id": before})
        return row
    number = parse_e164(caller_id, "KR", field="caller_id").e164
    if row is None:
        row = CallerIdRule(prefix=prefix, caller_id=number)
        session.add(row)
    row.caller_id = number
    session.flush()
    audit.record(
        session, clock, actor, "callerid.saved", "caller_id", row.id, before={"caller_id": before},
        after={"prefix": prefix, "caller_id": number},
    )  # fmt: skip
    return row


def save_line(session: Session, clock: Clock, actor: Actor, form: Mapping[str, str]) -> CallLine:
    """Say which mission is meant by a number that people call, with words of its own or the mission's name."""
    _may(actor, MENUS)
    number = parse_e164(form.get("number", ""), "KR", field="number").e164
    code = form.get("mission", "").strip()
    mission = session.scalar(select(Mission).where(Mission.code == code)) if code else None
    if code and mission is None:
        raise InvalidInput("mission", code, "choose a mission")
    greeting = {
        each: _at_most(f"greeting_{each}", form.get(f"greeting_{each}", ""), MAX_ANNOUNCED) for each in ("ko", "en")
    }
    if any(greeting.values()) and not all(greeting.values()):
        missing = "greeting_en" if greeting["ko"] else "greeting_ko"
        raise InvalidInput(missing, "", "write the greeting in Korean and in English, or in neither")
    row = session.scalar(select(CallLine).where(CallLine.number == number).with_for_update())
    if row is None:
        row = CallLine(number=number, greeting={}, drill=False)
        session.add(row)
    row.mission_id, row.drill = mission.id if mission is not None else None, form.get("drill") == "1"
    row.greeting = greeting if all(greeting.values()) else {}
    session.flush()
    audit.record(
        session, clock, actor, "callline.saved", "call_line", row.id,
        after={"number": number, "mission": code, "drill": row.drill},
    )  # fmt: skip
    return row


def delete_line(session: Session, clock: Clock, actor: Actor, line_id: int) -> None:
    """Take a line away; its number is answered as the centre from then on."""
    _may(actor, MENUS)
    row = _get(session, CallLine, "line", line_id)
    session.delete(row)
    audit.record(session, clock, actor, "callline.deleted", "call_line", line_id, before={"number": row.number})


def announce(session: Session, clock: Clock, actor: Actor, form: Mapping[str, str]) -> CallAnnouncement:
    """Have everybody hear something before the menu, for some hours, on all lines or those of one country."""
    _may(actor, MENUS)
    texts = {each: _words(each, form.get(each, ""), MAX_ANNOUNCED) for each in ("ko", "en")}
    hours = form.get("hours", "")
    if not (hours.isascii() and hours.isdigit() and 1 <= int(hours[:6]) <= MAX_HOURS):
        raise InvalidInput("hours", hours, f"use 1 to {MAX_HOURS} hours")
    now = clock.now()
    row = CallAnnouncement(
        texts=texts, country=_country(form.get("country", "")), starts_at=now,
        ends_at=now + timedelta(hours=int(hours)), author_id=actor.id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "announcement.made", "announcement", row.id, after={"texts": texts, "country": row.country}
    )  # fmt: skip
    return row


def end_announcement(session: Session, clock: Clock, actor: Actor, row_id: int) -> None:
    """End an announcement now."""
    _may(actor, MENUS)
    row = _get(session, CallAnnouncement, "announcement", row_id)
    assert row is not None
    if row.ends_at > clock.now():
        row.ends_at = clock.now()
        audit.record(session, clock, actor, "announcement.ended", "announcement", row.id)


def _may(actor: Actor, permission: str) -> None:
    if not actor.may(permission):
        raise Forbidden(f"This needs the permission {permission}.")


def _get(session: Session, model: Any, kind: str, row_id: int | None) -> Any:
    if row_id is None:
        return None
    row = session.get(model, row_id, with_for_update=True)
    if row is None:
        raise NotFound(kind, row_id)
    return row


def _at_most(field: str, given: str, limit: int) -> str:
    words = given.strip()
    if len(words) > limit:
        raise InvalidInput(field, words, f"write at most {limit} characters")
    return words


def _words(field: str, given: str, limit: int) -> str:
    words = given.strip()
    if not words or len(words) > limit:
        raise InvalidInput(field, words, f"write 1 to {limit} characters")
    return words
