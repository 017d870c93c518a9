"""What disaster mode does at missions: a bulletin for everybody who answers in the name of those that are concerned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents.fields import refuse
from hotline.incidents.filling import fill, incident_of, number_of, read_text, texts_of
from hotline.incidents.models import Incident
from hotline.missions import duty
from hotline.missions.models import Mission, MissionNotice
from hotline.missions.staff import WRITE

MAX_MISSIONS = 250
MAX_BULLETIN = 1_500
MAX_HOURS = 24 * 14
MISSIONS = ModeField(
    "missions", gettext_noop("Missions, by their codes"), "lines",
    gettext_noop("One on a line; none means those that look after the incident's countries"), most=4_000, optional=True,
)  # fmt: skip
HOURS = ModeField("hours", gettext_noop("For how many hours"), "number", most=MAX_HOURS)


def checked_missions(session: Session, params: Mapping[str, Any], faults: list[InvalidInput]) -> list[str]:
    """Return the codes of missions as they are kept; what is wrong is added to the faults."""
    given = params.get("missions") or []
    codes = list(dict.fromkeys(str(code).strip().lower() for code in given if str(code).strip()))[: MAX_MISSIONS + 1]
    known = set(session.scalars(select(Mission.code).where(Mission.code.in_(codes))))
    unknown = [code for code in codes if code not in known]
    if unknown or len(codes) > MAX_MISSIONS:
        faults.append(InvalidInput("missions", ", ".join(unknown)[:60], "give codes of missions that exist"))
    return codes


def chosen(session: Session, incident: Incident, params: Mapping[str, Any]) -> list[Mission]:
    """Return the open missions that a step is about; raises Refused where there is none."""
    statement = select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.id).limit(MAX_MISSIONS)
    codes = params.get("missions") or []
    if codes:
        statement = statement.where(Mission.code.in_(codes))
    else:
        statement = statement.where(Mission.countries.overlap(incident.countries))
    found = list(session.scalars(statement))
    if not found:
        raise Refused("No open mission looks after these countries.", code="mode-no-mission")
    return found


def missions_words(params: Mapping[str, Any]) -> str:
    """Return which missions a step is about, in the reader's language."""
    codes = params.get("missions") or []
    return ", ".join(codes) if codes else gettext("the missions that look after the incident's countries")


def _check(session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept: dict[str, Any] = texts_of(params, ("text_ko", "text_en"), MAX_BULLETIN, faults)
    kept |= {
        "missions": checked_missions(session, params, faults),
        "hours": number_of(params, "hours", 1, MAX_HOURS, faults),
    }
    refuse(faults, "The step has faults.")
    return kept


def _describe(_session: Session, params: Mapping[str, Any]) -> str:
    return gettext(
        "A bulletin for %(hours)s hours to %(missions)s: %(text)s",
        hours=params["hours"], missions=missions_words(params), text=read_text(params),
    )  # fmt: skip


def _apply(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    incident, who = incident_of(session, incident_id), actor.trusted_with(WRITE)
    until = services.clock.now() + timedelta(hours=params["hours"])
    texts = [fill(params[f"text_{language}"], incident, language) for language in ("ko", "en")]
    made = {
        str(mission.id): duty.add_notice(session, services.clock, who, mission.id, texts[0], texts[1], until).id
        for mission in chosen(session, incident, params)
    }
    return {"notices": made}


def _revert(
    session: Session, services: Services, actor: Actor, _incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    """Take the bulletins back; those that somebody took back already are as they should be."""
    for mission_id, notice_id in kept["notices"].items():
        if session.get(MissionNotice, notice_id) is not None:
            duty.withdraw_notice(session, services.clock, actor.trusted_with(WRITE), int(mission_id), notice_id)


BULLETINS = ModeStep(
    "bulletins", gettext_noop("Bulletin of missions"), 40, _describe, _apply, _revert, _check,
    (
        MISSIONS, HOURS, ModeField("text_ko", gettext_noop("Text in Korean"), most=MAX_BULLETIN),
        ModeField("text_en", gettext_noop("Text in English"), most=MAX_BULLETIN),
    ),
)  # fmt: skip
EXPLANATIONS = {
    "mode-no-mission": gettext_noop("No open mission looks after these countries."),
    "mode.missions": gettext_noop("Give codes of missions that exist, one on a line."),
    "mode.hours": gettext_noop("Give a whole number of hours, at most 336."),
    "mode.text_ko": gettext_noop(
        "Write a text that is not too long, with no other placeholders than {incident}, {place} and {countries}."
    ),
    "mode.text_en": gettext_noop(
        "Write a text that is not too long, with no other placeholders than {incident}, {place} and {countries}."
    ),
}
