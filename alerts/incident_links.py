"""Alerts and incidents: what an incident that is opened from an alert begins with, and an incident's alerts in figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.feeds.models import FeedHazard
from alerts.models import Alert, Tally
from alerts.replies.models import AnswerTally
from alerts.states import DELIVERED, SENT
from hotline.core.i18n import gettext_noop
from hotline.core.registry import IncidentFigures
from hotline.geo.countries import NOWHERE, country_of
from hotline.incidents.models import Incident
from hotline.incidents.states import SEVERITIES
from hotline.missions.models import Mission

HAZARDS = {
    "earthquake": "earthquake", "tsunami": "tsunami", "cyclone": "storm", "typhoon": "storm", "storm": "storm", "flood": "flood",
    "volcan": "volcano", "wildfire": "fire", r"\bfire": "fire", "attack": "attack", "terror": "attack", "unrest": "unrest",
    r"\bwar\b": "war", "accident": "accident", "epidemic": "epidemic", "outbreak": "epidemic", "hurricane": "storm",
    "지진해일": "tsunami", "쓰나미": "tsunami", "지진": "earthquake", "태풍": "storm", "허리케인": "storm", "사이클론": "storm",
    "폭풍": "storm", "홍수": "flood", "호우": "flood", "폭우": "flood", "침수": "flood", "화산": "volcano", "산불": "fire",
    "화재": "fire", "테러": "attack", "총격": "attack", "피습": "attack", "소요": "unrest", "시위": "unrest", "폭동": "unrest",
    "쿠데타": "unrest", "전쟁": "war", "무력 충돌": "war", "공습": "war", "감염병": "epidemic", "전염병": "epidemic",
    "추락": "accident", "충돌": "accident", "침몰": "accident", "사고": "accident",
}  # fmt: skip
"""Which kind of incident a hazard of a feed, or a word in an alert's event, stands for: expressions, the first that is found."""
MAX_RADIUS_KM = 2_000.0
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def values(session: Session, alert_id: int) -> Mapping[str, object] | None:
    """Return what an incident that is opened from an alert begins with; None where there is no such alert."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        return None
    found: dict[str, object] = {
        "name_ko": alert.headline[:120], "name_en": _name_en(alert), "kind": _kind(session, alert),
        "severity": alert.severity if alert.severity in SEVERITIES else "Unknown", "place": alert.place[:160],
        "summary": alert.description[:4_000], "drill": alert.drill, "began_at": alert.onset or alert.created_at,
    }  # fmt: skip
    circles = [circle for part in alert.areas or [] for circle in part.get("circles", [])]
    if len(circles) == 1:
        lat, lon = circles[0]["center"]
        radius_km = min(float(circles[0]["radius_km"]), MAX_RADIUS_KM)
        found |= {"lat": round(lat, 4), "lon": round(lon, 4), "radius_km": radius_km}
    return found | {"countries": _countries(session, alert, circles)}


def _name_en(alert: Alert) -> str:
    """Return a name that an English announcement can say, or nothing, so that whoever opens the incident writes one.

    What the alert is called in English goes before a headline, which is in the officer's own language.
    """
    named = (alert.names_by_language or {}).get("en", {})
    parts = [str(named[key]) for key in ("event", "place") if named.get(key)]
    said = ", ".join(parts) if named.get("event") else alert.headline
    return "" if _HANGUL.search(said) else said[:120]


def _kind(session: Session, alert: Alert) -> str:
    hazard = session.scalar(select(FeedHazard.kind).where(FeedHazard.alert_id == alert.id))
    event = f"{hazard or ''} {alert.event} {alert.headline}".lower()
    return next((kind for word, kind in HAZARDS.items() if re.search(word, event)), "other")


def _countries(session: Session, alert: Alert, circles: list[dict[str, Any]]) -> tuple[str, ...]:
    mission = session.get(Mission, alert.mission_id) if alert.mission_id is not None else None
    if mission is not None:
        return (mission.country,)
    places = [circle["center"] for circle in circles[:1]]
    if not places:
        return ()
    codes = country_of([lat for lat, _ in places], [lon for _, lon in places])
    return tuple(str(code) for code in codes if code != NOWHERE)


def alerts_of(session: Session, incident_id: int) -> list[int]:
    """Return the alerts of an incident: what it was opened from, its drafts, and what followed these; at most 200."""
    source = session.scalar(select(Incident.source).where(Incident.id == incident_id)) or ""
    kind, _, number = source.partition(":")
    first = int(number) if kind == "alert" and number.isdigit() and len(number) < 19 else 0
    own = select(Alert.id).where((Alert.id == first) | (Alert.source == f"incident:{incident_id}"))
    ids = list(session.scalars(own.limit(100)))
    followers = select(Alert.id).where(Alert.chain_id.in_(ids) | Alert.id.in_(ids))
    return sorted(session.scalars(followers.limit(200)))


def _read(session: Session, incident_id: int) -> list[tuple[str, int]]:
    ids = alerts_of(session, incident_id)
    messages = dict(
        session.execute(
            select(Tally.state, func.sum(Tally.messages)).where(Tally.alert_id.in_(ids)).group_by(Tally.state)
        )
        .tuples()
        .all()
    )
    people = dict(
        session.execute(
            select(AnswerTally.status, func.sum(AnswerTally.people))
            .where(AnswerTally.alert_id.in_(ids))
            .group_by(AnswerTally.status)
        )
        .tuples()
        .all()
    )
    return [
        (gettext_noop("Alerts"), len(ids)), (gettext_noop("Texts sent"), messages.get(SENT, 0) + messages.get(DELIVERED, 0)),
        (gettext_noop("Texts delivered"), messages.get(DELIVERED, 0)), (gettext_noop("Answered: safe"), people.get("safe", 0)),
        (gettext_noop("Answered: need help"), people.get("help", 0)),
    ]  # fmt: skip


FIGURES = IncidentFigures(gettext_noop("Alerts"), 10, _read)
