"""An approved alert as a CAP message: only what two people agreed to, in CAP's own words.

The texts and the area come from the frozen approval, never from the draft's own description, which nobody approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts import wording
from alerts.cap.model import CapAlert, CapArea, CapCircle, CapInfo, CapReference
from alerts.publish.outline import public_rings

MAX_HEADLINE_CHARS = 160
"""CAP 1.2 section 3.2.2: headlines of 160 characters fit every display."""
NO_PLACE = {"ko": "지도에 표시된 지역", "en": "The area shown on the map"}
NO_EVENT = {"ko": "위험 상황", "en": "Danger"}
STOPPED = "발송이 중지되었습니다. 이 경보를 더 이상 사용하지 마십시오. / Sending was stopped; do not use this warning any more."
_PERSONAL_LINK = re.compile(r"\s*(?:https?://)?\{link\}\s*")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message of the same chain that was published before; references name it by these three."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one alert says to everybody. Times are aware; `texts` are final, by language code."""

    alert_id: int
    msg_type: str
    category: str
    urgency: str
    severity: str
    certainty: str
    onset: datetime | None
    expires: datetime
    texts: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]]
    """`{language: {"place": …, "event": …}}`; English and Korean stand in for languages without names."""
    areas: Sequence[Mapping[str, Any]]
    contact: str
    all_clear: bool = False
    """A Cancel because the danger is over; False for one because the warning was wrong."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, and in which hour: `zone` is an IANA zone, because CAP times carry the sender's own offset."""

    sender: str
    zone: str

    def at_home(self, moment: datetime) -> datetime:
        """Return a moment to the second in the publisher's own hour."""
        return moment.astimezone(ZoneInfo(self.zone)).replace(microsecond=0)


def identifier_of(alert_id: int, msg_type: str, sent: datetime) -> str:
    """Return our own identifier: readable, fit for addresses, and never used twice (each type once per alert)."""
    return f"AL-{alert_id:06d}-{msg_type.lower()}-{sent.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def compose(agreed: Agreed, publisher: Publisher, sent: datetime, earlier: Sequence[Earlier]) -> CapAlert:
    """Return the message that announces an alert, updates an earlier one, or ends it with an all-clear."""
    at = publisher.at_home(sent)
    return CapAlert(
        identifier=identifier_of(agreed.alert_id, agreed.msg_type, at),
        sender=publisher.sender,
        sent=at,
        status="Actual",
        msg_type=agreed.msg_type,
        scope="Public",
        references=_references(earlier, publisher),
        infos=tuple(_info(agreed, publisher, language) for language in sorted(agreed.texts, key=_reading_order)),
    )


def compose_stop(alert_id: int, publisher: Publisher, sent: datetime, earlier: Sequence[Earlier]) -> CapAlert:
    """Return the Cancel of an alert whose sending one officer stopped: no all-clear, only that it no longer holds."""
    at = publisher.at_home(sent)
    return CapAlert(
        identifier=identifier_of(alert_id, "Cancel", at),
        sender=publisher.sender,
        sent=at,
        status="Actual",
        msg_type="Cancel",
        scope="Public",
        note=STOPPED,
        references=_references(earlier, publisher),
    )


def _references(earlier: Sequence[Earlier], publisher: Publisher) -> tuple[CapReference, ...]:
    return tuple(CapReference(each.sender, each.identifier, publisher.at_home(each.sent), "") for each in earlier)


def _reading_order(language: str) -> tuple[int, str]:
    return {"ko": 0, "en": 1}.get(language, 2), language


def _info(agreed: Agreed, publisher: Publisher, language: str) -> CapInfo:
    kind = "ko" if language.split("-", maxsplit=1)[0] == "ko" else "en"
    place = _name(agreed, language, "place") or NO_PLACE[kind]
    event = _name(agreed, language, "event") or NO_EVENT[kind]
    return CapInfo(
        language=language,
        categories=(agreed.category,),
        event=event,
        response_types=("AllClear",) if agreed.all_clear else (),
        urgency="Past" if agreed.msg_type == "Cancel" else agreed.urgency,
        severity=agreed.severity,
        certainty=agreed.certainty,
        # An onset after the expiry would be read as a warning of nothing; the texts say when.
        onset=publisher.at_home(agreed.onset) if agreed.onset and agreed.onset < agreed.expires else None,
        expires=publisher.at_home(agreed.expires),
        sender_name=wording.SENDER[kind],
        headline=f"{event} - {place}"[:MAX_HEADLINE_CHARS],
        description=public_text(agreed.texts[language]),
        contact=agreed.contact,
        areas=tuple(_area(part, place) for part in agreed.areas),
    )


def public_text(text: str) -> str:
    """Return a text as everybody may read it: the place of a recipient's own link closes up."""
    return _PERSONAL_LINK.sub(" ", text).strip()


def _name(agreed: Agreed, language: str, what: str) -> str:
    for each in (language, language.split("-", maxsplit=1)[0], "en", "ko"):
        found = agreed.names.get(each, {}).get(what, "")
        if found:
            return found
    return ""


def _area(part: Mapping[str, Any], place: str) -> CapArea:
    rings = (tuple((float(lat), float(lon)) for lat, lon in ring) for ring in part["polygons"])
    return CapArea(
        description=part["description"] or place,
        polygons=tuple(outline for ring in rings for outline in public_rings(ring)),
        circles=tuple(
            CapCircle(float(circle["center"][0]), float(circle["center"][1]), float(circle["radius_km"]))
            for circle in part["circles"]
        ),
    )
