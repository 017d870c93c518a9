"""What disaster mode tells partners: one text to each when it comes on, and one when it is over; never twice.

A text that was sent cannot be taken back: its reversal is the text that says it is over. In a drill only partners marked for
drills are told. Whoever is marked for English is told in English, everybody else in Korean.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.phone import parse_e164, readable
from hotline.core.registry import ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents import switching
from hotline.incidents.fields import refuse
from hotline.incidents.filling import fill, incident_of, texts_of
from hotline.incidents.models import Incident
from hotline.incidents.states import WAITING
from hotline.notices.models import Notice
from hotline.notices.store import publish

MAX_PARTNERS, MAX_NAME, MAX_TEXT = 60, 80, 600
KIND = "partners"
MOST_TIMES = 2
"""Taken back and done again by one person, the step tells partners once more and then no more."""
LIFE = timedelta(hours=12)
DRILL_MARKS, ENGLISH_MARKS = ("drill", "훈련"), ("en", "english", "영어")
DRILL, ENGLISH = "drill", "en"


def _check(_session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept: dict[str, Any] = texts_of(params, ("text_ko", "over_ko"), MAX_TEXT, faults)
    lines = params.get("partners") or []
    kept["partners"] = [_line(line, faults) for line in list(lines)[: MAX_PARTNERS + 1]]
    if not 1 <= len(lines) <= MAX_PARTNERS:
        faults.append(InvalidInput("partners", len(lines), f"give 1 to {MAX_PARTNERS} partners"))
    english = any(ENGLISH in _marks(line) for line in kept["partners"])
    for name in ("text_en", "over_en"):
        kept |= texts_of(params, (name,), MAX_TEXT, faults) if english or params.get(name) else {name: ""}
    numbers = [phone_of(line) for line in kept["partners"]]
    if len(set(numbers)) < len(numbers):
        faults.append(InvalidInput("partners", "", "give each number once"))
    refuse(faults, "The step has faults.")
    return kept


def _line(line: Any, faults: list[InvalidInput]) -> str:
    """Return `name, +number` with the marks `drill` and `en` where they are given, as it is kept."""
    parts = [part.strip() for part in str(line).split(",")]
    marks = {
        DRILL if part.lower() in DRILL_MARKS else ENGLISH if part.lower() in ENGLISH_MARKS else "" for part in parts[2:]
    }
    number = _number(parts[1]) if 2 <= len(parts) <= 4 and "" not in marks and len(marks) == len(parts) - 2 else ""
    if not number or not 1 <= len(parts[0]) <= MAX_NAME or not parts[0].isprintable():
        mend = (
            "write name, number; then 'en' for whoever is told in English, 'drill' for whoever is told in drills only"
        )
        faults.append(InvalidInput("partners", str(line)[:60], mend))
        return ""
    return ", ".join([parts[0], number, *(mark for mark in (ENGLISH, DRILL) if mark in marks)])


def _marks(line: str) -> list[str]:
    return line.split(", ")[2:]


def _number(written: str) -> str:
    try:
        return parse_e164(written, "KR", field="partners").e164
    except InvalidInput:
        return ""  # The line is refused as a whole, with what a line looks like.


def phone_of(line: str) -> str:
    """Return the number of a partner as the plan keeps it."""
    return line.split(", ")[1] if line else ""


def told(params: Mapping[str, Any], drill: bool) -> list[str]:
    """Return the numbers that are told: in a drill those marked for drills, else the others."""
    return [phone_of(line) for line in _of(params, drill)]


def _of(params: Mapping[str, Any], drill: bool) -> list[str]:
    return [line for line in params["partners"] if (DRILL in _marks(line)) == drill]


def _bodies(params: Mapping[str, Any], name: str, incident: Incident) -> dict[str, str]:
    """Return what each partner is told, by number: the text in Korean, or in English for those marked for it."""
    languages = {phone_of(line): "en" if ENGLISH in _marks(line) else "ko" for line in params["partners"]}
    bodies = {language: fill(params[f"{name}_{language}"], incident, language) for language in set(languages.values())}
    return {number: bodies[language] for number, language in languages.items()}


def _read_line(line: str) -> str:
    name, *rest = line.split(", ")
    return f"{name} {readable(rest[0])}" if rest and rest[0].startswith("+") else name


def names_only(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step without numbers, for those who only read."""
    lines = [[part for part in line.split(", ") if not part.startswith("+")] for line in params.get("partners", [])]
    return {**params, "partners": [", ".join(parts) for parts in lines]}


def _describe(_session: Session, params: Mapping[str, Any]) -> str:
    names = ", ".join(_read_line(line) for line in params["partners"][:10])
    return gettext(
        "%(count)s partners get a text (in a drill those %(drill)s marked for it): %(names)s. %(text)s",
        count=len(_of(params, False)), drill=len(_of(params, True)), names=names, text=params["text_ko"],
    )  # fmt: skip


def _apply(
    session: Session, services: Services, _actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    incident, times = incident_of(session, incident_id), _times(session, incident_id, params)
    if times >= MOST_TIMES:
        raise Refused("Partners were told of this twice; they are not told again.", code="mode-partners-told")
    numbers = told(params, incident.drill)
    # Done once more after it was taken back, they are told once more; a repeated attempt finds the same count and tells nobody.
    round_number = _rounds(session, incident_id) + 1
    bodies = _bodies(params, "text", incident)
    for number in numbers:
        _publish(session, services, number, bodies[number], f"partner:{incident_id}:{round_number}:{number}")
    return {"told": numbers, "round": round_number, "rehearsed": incident.drill and not numbers, "times": times + 1}


def _revert(
    session: Session, services: Services, _actor: Actor, incident_id: int, params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    bodies = _bodies(params, "over", incident_of(session, incident_id))
    for number in kept["told"]:
        _publish(session, services, number, bodies[number], f"partner:{incident_id}:{kept['round']}:{number}:over")


def _times(session: Session, incident_id: int, params: Mapping[str, Any]) -> int:
    """Return how often this step of what is on was done already; two people who agree anew begin anew."""
    run = switching.current(session, incident_id)
    steps = switching.steps_of(session, run.id) if run is not None else []
    own = (each for each in steps if each.kind == KIND and each.state == WAITING and each.params == params)
    return next((int(each.kept.get("times", 0)) for each in own), 0)


def _rounds(session: Session, incident_id: int) -> int:
    """Return how often partners were told of this incident; several such steps of one plan count one after the other."""
    written = select(func.max(func.split_part(Notice.dedupe_key, ":", 3).cast(Integer)))
    return session.scalar(written.where(Notice.dedupe_key.like(f"partner:{int(incident_id)}:%"))) or 0


def _publish(session: Session, services: Services, number: str, body: str, key: str) -> None:
    publish(
        session, services.clock, phone=number, body=body, purpose="partner", dedupe_key=key,
        expires_at=services.clock.now() + LIFE,
    )  # fmt: skip


PARTNERS = ModeStep(
    KIND, gettext_noop("Partners are told"), 60, _describe, _apply, _revert, _check,
    (
        ModeField(
            "partners", gettext_noop("Partners"), "lines",
            gettext_noop(
                "Name, number – one on a line; then “en” for English, “drill” for those told in drills only"
            ),
            most=6_000,
        ),
        ModeField("text_ko", gettext_noop("Text when it comes on, in Korean"), most=MAX_TEXT),
        ModeField("text_en", gettext_noop("Text when it comes on, in English"), most=MAX_TEXT, optional=True),
        ModeField("over_ko", gettext_noop("Text when it is over, in Korean"), most=MAX_TEXT),
        ModeField("over_en", gettext_noop("Text when it is over, in English"), most=MAX_TEXT, optional=True),
    ),
    names_only,
)  # fmt: skip
EXPLANATIONS = {
    "mode-partners-told": gettext_noop("Partners were told of this twice; they are not told again."),
    "mode.partners.partners": gettext_noop(
        "Write name and number, parted by a comma, one partner on a line; each number once."
    ),
    "mode.partners.text_en": gettext_noop("Some partners are told in English: write the text for them too."),
    "mode.partners.over_en": gettext_noop("Some partners are told in English: write the text for them too."),
    "mode.partners.over_ko": gettext_noop(
        "Write 1 to 600 characters, with no other placeholders than {incident}, {place} and {countries}."
    ),
}
