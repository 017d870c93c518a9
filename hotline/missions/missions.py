"""Missions kept: embassies and consulates with the numbers and names that texts carry, and who looks after which country."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, SeveralFaults
from hotline.core.phone import parse_e164
from hotline.geo.countries import countries
from hotline.missions.models import Mission

MAX_COUNTRIES = 30
"""Countries one mission looks after; the largest real jurisdictions have about fifteen."""
MAX_IN_COUNTRY = 40
"""Missions looked at for one country; a country with the most of one sender has about a dozen."""
_NAMES = re.compile(r"[가-힣]{2,}|[^\W\d가-힣][^\W가-힣]+(?:[ '-][^\W가-힣]+)*")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
MAX_REGIONS = 60
MAX_SERVICES = 2000
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_DETAILS = frozenset({"kind", "languages", "regions", "services_ko", "services_en", "email", "partner"})
_TEXTS = {"name_en": 160, "name_ko": 160, "city": 120}


@dataclass(frozen=True, kw_only=True)
class MissionFields:
    """Everything that is known of a mission.

    `code` names it for good (`manila`); `country` is where it stands and `countries` are those it looks after (ISO 3166
    codes); degrees; `zone` is an IANA time zone; the numbers are written in any usual form. What is None stays as it was: `kind`
    (embassy or consulate), `languages` (ISO 639), `regions` (parts of its country, by any name), `services` in both languages,
    `email` for the morning's hand-over, `partner` (another mission's code; empty takes it away).
    """

    code: str
    name_en: str
    name_ko: str
    country: str
    city: str
    lat: float
    lon: float
    zone: str
    phone: str
    emergency_phone: str
    countries: tuple[str, ...] = ()
    kind: str | None = None
    languages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    services_ko: str | None = None
    services_en: str | None = None
    email: str | None = None
    partner: str | None = None


@dataclass(frozen=True, kw_only=True)
class MissionChanges:
    """What shall change of a mission; None leaves a value as it is."""

    name_en: str | None = None
    name_ko: str | None = None
    country: str | None = None
    city: str | None = None
    lat: float | None = None
    lon: float | None = None
    zone: str | None = None
    phone: str | None = None
    emergency_phone: str | None = None
    countries: tuple[str, ...] | None = None
    kind: str | None = None
    languages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    services_ko: str | None = None
    services_en: str | None = None
    email: str | None = None
    partner: str | None = None


def save(session: Session, clock: Clock, actor: Actor, given: MissionFields) -> Mission:
    """Add a mission, or bring the one with this code up to date (and reopen it if it was closed).

    Raises SeveralFaults naming every field that cannot be used.
    """
    asked = {field.name: getattr(given, field.name) for field in fields(given)}
    values = _checked({name: value for name, value in asked.items() if value is not None})
    values["countries"] = values["countries"] or [values["country"]]
    _find_partner(session, values, given.code, given.zone)
    known = session.scalar(select(Mission).where(Mission.code == values["code"]).with_for_update())
    if known is not None:
        return _change(session, clock, actor, known, values | {"closed_at": None})
    now = clock.now()
    mission = Mission(**values, created_at=now, updated_at=now)
    mission.fresh = True
    session.add(mission)
    session.flush()
    audit.record(session, clock, actor, "mission.added", "mission", mission.id, after=values)
    return mission


def update(session: Session, clock: Clock, actor: Actor, mission_id: int, changes: MissionChanges) -> Mission:
    """Change some values of a mission; raises NotFound, and SeveralFaults naming every field that cannot be used."""
    given = {field.name: getattr(changes, field.name) for field in fields(changes)}
    mission = get(session, mission_id, lock=True)
    values = _checked({k: v for k, v in given.items() if v is not None})
    _find_partner(session, values, mission.code, changes.zone or mission.zone)
    return _change(session, clock, actor, mission, values)


def close(session: Session, clock: Clock, actor: Actor, mission_id: int) -> Mission:
    """Close a mission: it stays on record and is proposed for nothing any more; raises NotFound."""
    mission = get(session, mission_id, lock=True)
    if mission.closed_at is None:
        mission.closed_at = mission.updated_at = clock.now()
        audit.record(
            session, clock, actor, "mission.closed", "mission", mission.id, after={"closed_at": mission.closed_at}
        )
    return mission


def reopen(session: Session, clock: Clock, actor: Actor, mission_id: int) -> Mission:
    """Open a closed mission again; raises NotFound."""
    mission = get(session, mission_id, lock=True)
    return _change(session, clock, actor, mission, {"closed_at": None})


def get(session: Session, mission_id: int, *, lock: bool = False) -> Mission:
    """Return a mission; raises NotFound. `lock` keeps others from changing it until commit."""
    mission = session.get(Mission, mission_id, with_for_update=lock)
    if mission is None:
        raise NotFound("mission", mission_id)
    return mission


def list_missions(session: Session, *, country: str | None = None, with_closed: bool = False) -> list[Mission]:
    """Return missions by country and code: all open ones (about 190), or those that look after one country."""
    statement = select(Mission).order_by(Mission.country, Mission.code)
    if country:
        statement = statement.where(Mission.countries.contains([country.upper()]))
    if not with_closed:
        statement = statement.where(Mission.closed_at.is_(None))
    return list(session.scalars(statement))


def in_charge(session: Session, country: str, place: str = "") -> list[Mission]:
    """Return the open missions that look after a place of a country, at most five, the one in charge first.

    One with a region or a city that `place` (free text) names comes before others; then one that stands in the country, then
    those that look after it from elsewhere. A region may be named in two scripts ("상하이 Shanghai"); either is enough.
    """
    found = select(Mission).where(Mission.countries.contains([country.upper()]), Mission.closed_at.is_(None))
    order = (Mission.country != country.upper(), Mission.id)
    rows = session.scalars(found.order_by(*order).limit(MAX_IN_COUNTRY)).all()
    return sorted(rows, key=lambda mission: not any(_names(part, place) for part in (*mission.regions, mission.city)))[
        :5
    ]


def _names(region: str, place: str) -> bool:
    """Whether a text names a region: its name in Latin letters as whole words, in Hangul anywhere, since particles follow it."""
    return any(
        re.search(name if name[0] >= "가" else rf"\b{re.escape(name)}\b", place, re.IGNORECASE)
        for name in _NAMES.findall(region)
    )


def _change(session: Session, clock: Clock, actor: Actor, mission: Mission, values: dict[str, object]) -> Mission:
    before = {name: getattr(mission, name) for name in values}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return mission
    for name, value in changed.items():
        setattr(mission, name, value)
    mission.updated_at = clock.now()
    audit.record(
        session, clock, actor, "mission.changed", "mission", mission.id,
        before={name: before[name] for name in changed}, after=changed,
    )  # fmt: skip
    return mission


def _checked(values: dict[str, object]) -> dict[str, object]:
    """Return the values as they are kept; raises SeveralFaults with every fault at once."""
    faults: list[dict[str, object]] = []
    kept: dict[str, object] = {}
    for name, value in values.items():
        try:
            kept[name] = _checked_value(name, value)
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    if faults:
        raise SeveralFaults(faults, "Some fields of the mission cannot be used; each is named.")
    return kept


def _checked_value(name: str, value: object) -> object:
    if name in _TEXTS:
        return _text(name, value)
    if name in ("phone", "emergency_phone"):
        return parse_e164(str(value), field=name).e164
    if name in _DETAILS:
        return _detail(name, value)
    if name in ("lat", "lon"):
        return _degrees(name, value)
    if name == "countries":
        assert isinstance(value, list | tuple)
        if len(value) > MAX_COUNTRIES:
            raise InvalidInput(name, f"{len(value)} countries", f"use at most {MAX_COUNTRIES}")
        return list(dict.fromkeys(_iso(name, code) for code in value))
    return _iso(name, value) if name == "country" else _name(name, value)


def _detail(name: str, value: object) -> object:
    if name in ("languages", "regions"):
        assert isinstance(value, list | tuple)
        if len(value) > MAX_REGIONS:
            raise InvalidInput(name, f"{len(value)} of them", f"use at most {MAX_REGIONS}")
        return list(dict.fromkeys((_language if name == "languages" else _region)(str(one)) for one in value))
    text = str(value).replace("\r\n", "\n").strip()
    if name == "kind" and text not in ("embassy", "consulate"):
        raise InvalidInput(name, value, "use embassy or consulate")
    if name.startswith("services") and (len(text) > MAX_SERVICES or "\x00" in text):
        raise InvalidInput(name, value, f"use at most {MAX_SERVICES} characters")
    if name == "email" and text:
        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            raise InvalidInput(name, value, "use an address such as duty@example.org") from None
    return text


def _language(code: str) -> str:
    if not _LANGUAGE.fullmatch(code.strip().casefold()):
        raise InvalidInput("languages", code, "use ISO 639 codes such as ko, en, zh")
    return code.strip().casefold()


def _region(text: str) -> str:
    tidy = " ".join(text.split())
    if not 1 <= len(tidy) <= 80 or not tidy.isprintable():
        raise InvalidInput("regions", text, "use names of 1 to 80 characters")
    return tidy


def _find_partner(session: Session, values: dict[str, object], code: str, zone: str) -> None:
    """Replace the partner's code by its id; raises SeveralFaults when there is no such mission or it keeps another zone."""
    if "partner" not in values:
        return
    named = str(values.pop("partner"))
    values["partner_id"] = None
    if not named:
        return
    partner = session.scalar(select(Mission).where(Mission.code == named, Mission.code != code))
    if partner is None or partner.zone != zone:
        mend = "give the code of another mission that keeps the same time zone"
        raise SeveralFaults([{"field": "partner", "value": named, "mend": mend}], "The partner mission cannot be used.")
    values["partner_id"] = partner.id


def _text(name: str, value: object) -> str:
    text = " ".join(str(value).split())
    if not 1 <= len(text) <= _TEXTS[name] or not text.isprintable():
        raise InvalidInput(name, value, f"use 1 to {_TEXTS[name]} characters")
    return text


def _degrees(name: str, value: object) -> float:
    assert isinstance(value, int | float)
    limit = 90 if name == "lat" else 180
    if not -limit <= value <= limit:
        raise InvalidInput(name, value, f"lies between -{limit} and {limit} degrees")
    return float(value)


def _iso(name: str, value: object) -> str:
    code = str(value).strip().upper()
    if code not in {country.code for country in countries()}:
        raise InvalidInput(name, value, "use ISO 3166 codes of two letters, such as PH")
    return code


def _name(name: str, value: object) -> str:
    if name == "zone" and value not in available_timezones():
        raise InvalidInput(name, value, "use an IANA zone such as Asia/Manila")
    if name == "code" and not _CODE.fullmatch(str(value)):
        raise InvalidInput(name, value, "use 2 to 40 small letters, digits and hyphens")
    return str(value)
