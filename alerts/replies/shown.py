"""What a person sees on their page: the alert as they got it, whom to call, their latest word, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import wording
from alerts.models import Alert, Message
from alerts.replies.models import Relative, Standing
from alerts.replies.recording import OUTSIDE_ANY_ALERT, source_of
from alerts.states import CANCELLED, EXPIRED, SUPERSEDED
from hotline.cases.escalating import may_reopen_until, questions_of
from hotline.cases.reading import latest_of_person
from hotline.cases.states import ASKED
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.ids import reference
from hotline.core.phone import readable
from hotline.links.opening import Opened
from hotline.links.tokens import BLANK_TOKEN, PATH
from hotline.missions.models import Mission


@dataclass(frozen=True)
class Line:
    """A telephone line to call: its name, the number to dial, and the number to read."""

    name: str
    dial: str
    read: str


@dataclass(frozen=True)
class Shown:
    """Everything the page shows of a person's matter; words are chosen by its template."""

    text: str
    over: bool
    drill: bool
    lines: tuple[Line, ...]
    status: str | None
    said_at: str
    case_reference: str
    case_state: str
    case_answers: tuple[str, ...]
    """What responsible officials have answered about the case, the latest first."""
    case_asked: bool
    """An official was asked and owes an answer."""
    may_reopen: bool
    relative_known: bool
    opted_out: bool


def what_is_shown(session: Session, clock: Clock, settings: Settings, opened: Opened, language: str) -> Shown:
    """Gather the page's content; a few rows, each found by its key."""
    alert = session.get(Alert, opened.alert_id) if opened.alert_id is not None else None
    mission = session.get(Mission, alert.mission_id) if alert is not None and alert.mission_id else None
    person = opened.traveller
    standing = session.get(Standing, (opened.alert_id or OUTSIDE_ANY_ALERT, person.id))
    case = latest_of_person(
        session, person.id, source_of(opened.alert_id, alert.chain_id if alert is not None else None)
    )
    questions = questions_of(session, case.id) if case is not None else []
    until = may_reopen_until(case) if case is not None else None
    return Shown(
        text=_text(session, alert, opened, language) if alert is not None else "",
        over=alert is not None and _is_over(alert, clock),
        drill=person.drill or (alert is not None and alert.drill),
        lines=_lines(settings, mission, language),
        status=standing.status if standing is not None else None,
        said_at=_local(standing.said_at, mission) if standing is not None else "",
        case_reference=reference("CS", case.id) if case is not None else "",
        case_state=case.state if case is not None else "",
        case_answers=tuple(each.answer for each in questions if each.answer),
        case_asked=any(each.state == ASKED for each in questions),
        may_reopen=until is not None and clock.now() <= until,
        relative_known=session.get(Relative, person.id) is not None,
        opted_out=person.opted_out_at is not None,
    )


def hotline_line(settings: Settings) -> Line:
    """Return the centre's own line, for pages that know nobody; the template names it."""
    return Line("", settings.hotline_number, readable(settings.hotline_number))


def _lines(settings: Settings, mission: Mission | None, language: str) -> tuple[Line, ...]:
    centre = hotline_line(settings)
    if mission is None:
        return (centre,)
    name = mission.name_ko if language == "ko" else mission.name_en
    return (Line(name, mission.emergency_phone, readable(mission.emergency_phone)), centre)


def _text(session: Session, alert: Alert, opened: Opened, language: str) -> str:
    """Return the text that the person got, in the page's language where there is one; without the way to this page."""
    if alert.approval is None:
        return ""
    got = session.execute(
        select(Message.variant, Message.language).where(
            Message.alert_id == alert.id, Message.phone == opened.traveller.phone
        )
    ).first()
    by_language = alert.approval.texts.get(got.variant if got else alert.main_variant) or {}
    for wanted in (language, got.language if got else "", "en", *by_language):
        if wanted in by_language:
            return wording.without_link(str(by_language[wanted]), PATH + BLANK_TOKEN)
    return ""


def _is_over(alert: Alert, clock: Clock) -> bool:
    """Say whether a warning holds no more: it expired, was stopped, or a later text stands in its place."""
    return (
        alert.state in (CANCELLED, EXPIRED, SUPERSEDED)
        or alert.superseded_by_id is not None
        or alert.expires <= clock.now()
    )


def _local(moment: datetime, mission: Mission | None) -> str:
    """Write a moment in the hour of the place where the person probably is, and say which hour it is."""
    local = moment.astimezone(ZoneInfo(mission.zone) if mission is not None else ZoneInfo("UTC"))
    offset = local.strftime("%z")
    zone = "UTC" if offset in ("+0000", "") else f"UTC{offset[:3]}:{offset[3:]}"
    return f"{local:%Y-%m-%d %H:%M} ({zone})"
