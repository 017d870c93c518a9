"""From a warning to a draft: read from CAP or written by hand, edited under a version, every change on the audit trail."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from hotline.geo.countries import countries_of
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.cap.faults import CapFault, CapRefused
from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.models import Alert, AlertText
from alerts.reading import get_alert
from alerts.states import ALERT, DRAFT, FINAL_ALERT_STATES
from alerts.texts import suggest_texts
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, Refused, SeveralFaults
from hotline.geo.area import Area
from hotline.missions.models import Mission

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
CATEGORIES = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
MAX_TEXT_CHARS = 1600
MAX_LANGUAGES = 12
DEFAULT_VALIDITY = timedelta(hours=6)
DRAFT_LANGUAGES = ("ko", "en")
_CAP_LOCK = 0x41_4C


class DraftChanges(BaseModel):
    """What an officer may change in a draft; fields that are left out stay as they are.

    Times are aware; `areas` is Area JSON (latitude first); `texts` maps a language code to the text with placeholders,
    and a language that is missing from a given map is removed.
    """

    model_config = ConfigDict(extra="forbid")

    headline: str | None = Field(None, min_length=1, max_length=300)
    event: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=20_000)
    instruction: str | None = Field(None, max_length=20_000)
    place: str | None = Field(None, max_length=200)
    status: str | None = None
    category: str | None = None
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    onset: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    areas: list[dict[str, Any]] | None = None
    texts: dict[str, str] | None = None
    mission_id: int | None = None


class DraftFields(DraftChanges):
    """A draft written by hand: at least a headline."""

    headline: str = Field(min_length=1, max_length=300)


_CHOICES = {
    "status": STATUSES,
    "category": CATEGORIES,
    "urgency": URGENCIES,
    "severity": SEVERITIES,
    "certainty": CERTAINTIES,
}
_PLAIN = ("headline", "event", "description", "instruction", "place", "onset", "expires", *_CHOICES)


def draft_by_hand(
    session: Session,
    clock: Clock,
    actor: Actor,
    fields: DraftFields,
    *,
    source: str = "hand",
    idempotency_key: str | None = None,
) -> Alert:
    """Write a new draft; the same `idempotency_key` again returns the draft it made the first time.

    Raises InvalidInput or SeveralFaults for bad fields, Forbidden when the actor may not write alerts.
    """
    _may_write(actor)
    _lock_key(session, f"key:{idempotency_key}" if idempotency_key else None)
    if idempotency_key:
        known = session.scalar(select(Alert).where(Alert.idempotency_key == idempotency_key))
        if known is not None:
            return known
    now = clock.now()
    alert = Alert(
        state=DRAFT,
        source=source,
        idempotency_key=idempotency_key,
        headline=fields.headline,
        event="",
        expires=now + DEFAULT_VALIDITY,
        author_id=_officer_id(actor),
        created_at=now,
        updated_at=now,
    )
    session.add(alert)
    changed = _apply(session, alert, fields)
    _guess_mission(session, alert)
    session.flush()
    audit.record(session, clock, actor, "alert.drafted", "alert", alert.id, after=changed | {"source": source})
    return alert


def draft_from_cap(
    session: Session, clock: Clock, actor: Actor, data: bytes, *, source: str, idempotency_key: str | None = None
) -> list[Alert]:
    """Read a CAP file and make a draft of each alert in it; a message that is already an open alert is returned as it is.

    Raises SeveralFaults naming every fault with its line, and Refused for messages that announce nothing new
    (Cancel, Ack, Error): making a *new* alert of a Cancel is a mistake that others have made in public.
    """
    _may_write(actor)
    try:
        reading = read_cap(data)
    except CapRefused as refused:
        raise cap_faults(refused.faults) from refused
    if reading.refused:
        raise cap_faults(reading.refused)
    warnings = [fault_json(fault) for fault in reading.warnings]
    document = data.decode("utf-8", "replace").replace("\x00", "")
    drafts = []
    for cap in reading.alerts:
        _refuse_non_warnings(session, cap)
        _lock_key(session, f"cap:{cap.sender}:{cap.identifier}:{cap.sent.isoformat()}")
        known = _known_cap(session, cap)
        drafts.append(known or _draft_of(session, clock, actor, cap, source, document, warnings))
    if idempotency_key and len(drafts) == 1 and drafts[0].idempotency_key is None:
        drafts[0].idempotency_key = idempotency_key
    return drafts


def edit(session: Session, clock: Clock, actor: Actor, alert_id: int, version: int, changes: DraftChanges) -> Alert:
    """Change a draft that is still at `version`.

    Raises Conflict when somebody changed it meanwhile, Refused when it is no longer a draft.
    """
    alert = get_alert(session, alert_id, lock=True)
    ALERT.next_state(alert.state, "edit", actor)
    if alert.version != version:
        raise Conflict(
            f"The draft was changed by somebody else meanwhile (it is at version {alert.version}, you edited {version}).",
            code="version-conflict",
            params={"current": alert.version},
        )
    before = {name: getattr(alert, name) for name in _PLAIN} | {"texts": {t.language: t.body for t in alert.texts}}
    changed = _apply(session, alert, changes)
    if not changed:
        return alert
    alert.version += 1
    alert.updated_at = clock.now()
    session.flush()
    audit.record(
        session, clock, actor, "alert.edited", "alert", alert.id,
        before={name: before[name] for name in changed if name in before}, after=changed | {"version": alert.version},
    )  # fmt: skip
    return alert


def _apply(session: Session, alert: Alert, changes: DraftChanges) -> dict[str, Any]:
    """Write the given fields into the alert and return what really changed, fit for the audit trail."""
    given = changes.model_dump(exclude_unset=True)
    changed: dict[str, Any] = {}
    for name in _PLAIN:
        value = given.get(name)
        if name == "onset" and name in given and value is None and alert.onset is not None:
            alert.onset = changed[name] = None
        if value is None:
            continue
        if name in _CHOICES and value not in _CHOICES[name]:
            raise InvalidInput(name, value, f"use one of {', '.join(_CHOICES[name])}")
        if getattr(alert, name) != value:
            setattr(alert, name, value)
            changed[name] = value
    if given.get("areas") is not None:
        areas = Area.from_json(given["areas"], "areas").to_json()
        if areas != alert.areas:
            alert.areas = areas
            changed["areas"] = summary_of_areas(areas)
    if given.get("texts") is not None:
        changed |= _apply_texts(alert, given["texts"])
    if "mission_id" in given and given["mission_id"] != alert.mission_id:
        if given["mission_id"] is not None and session.get(Mission, given["mission_id"]) is None:
            raise InvalidInput("mission_id", given["mission_id"], "choose a mission that exists")
        alert.mission_id = changed["mission_id"] = given["mission_id"]
    return changed


def _apply_texts(alert: Alert, texts: dict[str, str]) -> dict[str, Any]:
    if len(texts) > MAX_LANGUAGES:
        raise InvalidInput("texts", f"{len(texts)} languages", f"use at most {MAX_LANGUAGES} languages")
    kept = {language: body.strip() for language, body in texts.items() if body.strip()}
    for language, body in kept.items():
        if not (2 <= len(language) <= 8 and language.replace("-", "").isalnum()):
            raise InvalidInput("texts", language, "name languages by codes such as ko or en")
        if len(body) > MAX_TEXT_CHARS:
            raise InvalidInput(f"texts.{language}", body, f"a text has at most {MAX_TEXT_CHARS} characters")
    current = {row.language: row for row in alert.texts}
    if {language: row.body for language, row in current.items()} == kept:
        return {}
    for language, row in current.items():
        if language not in kept:
            alert.texts.remove(row)
    for language, body in kept.items():
        if language in current:
            current[language].body = body
        else:
            alert.texts.append(AlertText(language=language, body=body))
    return {"texts": kept}


def summary_of_areas(areas: list[Any]) -> dict[str, int | str]:
    """Return what the audit trail keeps of an area: its digest and its size, not ten thousand corners."""
    return {
        "digest": Area.from_json(areas).digest(),
        "parts": len(areas),
        "polygons": sum(len(part["polygons"]) for part in areas),
        "circles": sum(len(part["circles"]) for part in areas),
    }


def _draft_of(
    session: Session,
    clock: Clock,
    actor: Actor,
    cap: CapAlert,
    source: str,
    document: str,
    warnings: list[dict[str, Any]],
) -> Alert:
    info, now = cap.best_info(), clock.now()
    alert = Alert(
        state=DRAFT,
        source=source,
        headline=((info and (info.headline or info.event)) or cap.note or cap.identifier)[:300],
        event=(info.event if info else "")[:200],
        description=((info and info.description) or "")[:20_000],
        instruction=((info and info.instruction) or "")[:20_000],
        place=_place_of(cap),
        cap_identifier=cap.identifier[:300],
        cap_sender=cap.sender[:300],
        cap_sent=cap.sent,
        cap_document=document,
        cap_warnings=warnings,
        cap_references=[reference.raw for reference in cap.references],
        status=cap.status,
        msg_type=cap.msg_type,
        scope=cap.scope,
        category=info.categories[0] if info and info.categories else "Other",
        urgency=info.urgency if info else "Unknown",
        severity=info.severity if info else "Unknown",
        certainty=info.certainty if info else "Unknown",
        onset=info.onset if info else None,
        expires=(info.expires if info else None) or now + DEFAULT_VALIDITY,
        areas=Area.from_json(cap.area_json(), "areas").to_json(),
        author_id=_officer_id(actor),
        created_at=now,
        updated_at=now,
    )
    if info is not None:
        suggested = suggest_texts(cap, DRAFT_LANGUAGES, drill=alert.drill)
        alert.texts = [AlertText(language=language, body=body) for language, body in suggested.items()]
    session.add(alert)
    _guess_mission(session, alert)
    session.flush()
    audit.record(
        session, clock, actor, "alert.drafted", "alert", alert.id,
        after={"source": source, "cap": [cap.sender, cap.identifier, cap.sent.isoformat()],
               "headline": alert.headline, "areas": summary_of_areas(alert.areas)},
    )  # fmt: skip
    return alert


def _place_of(cap: CapAlert) -> str:
    descriptions = [part["description"] for part in cap.area_json() if part["description"]]
    return ", ".join(dict.fromkeys(descriptions))[:200]


def _guess_mission(session: Session, alert: Alert) -> None:
    """Choose the mission that is responsible where the area lies; the officer can choose another."""
    area = Area.from_json(alert.areas) if alert.areas else None
    if alert.mission_id is not None or area is None or area.is_empty:
        return
    for country in countries_of(area):
        mission_id = session.scalar(
            select(Mission.id)
            .where(Mission.countries.any(country), Mission.closed_at.is_(None))
            .order_by((Mission.country != country), Mission.id)
            .limit(1)
        )
        if mission_id is not None:
            alert.mission_id = mission_id
            return


def _refuse_non_warnings(session: Session, cap: CapAlert) -> None:
    """Refuse CAP messages that announce nothing; name the alert that a Cancel is about, so that it can be stopped."""
    if cap.msg_type in ("Alert", "Update"):
        return
    if cap.msg_type != "Cancel":
        raise Refused(
            f"This CAP message is an {cap.msg_type}: it is about messages and warns of nothing.", code="cap-not-warning"
        )
    ours = [alert.id for alert in _referenced(session, cap)]
    named = (
        f" It is about alert {', '.join(map(str, ours))}: stop it there."
        if ours
        else " No alert here came from what it cancels."
    )
    raise Refused(
        f"This CAP message cancels an earlier one; no new alert is made of it.{named}",
        code="cap-cancel",
        params={"alerts": ours},
    )


def _referenced(session: Session, cap: CapAlert) -> list[Alert]:
    """Return our alerts that the message refers to; the identifier decides where the sender's spelling differs."""
    identifiers = [reference.identifier for reference in cap.references]
    if not identifiers:
        return []
    return list(session.scalars(select(Alert).where(Alert.cap_identifier.in_(identifiers)).order_by(Alert.id)))


def _known_cap(session: Session, cap: CapAlert) -> Alert | None:
    return session.scalar(
        select(Alert)
        .where(
            Alert.cap_sender == cap.sender[:300],
            Alert.cap_identifier == cap.identifier[:300],
            Alert.cap_sent == cap.sent,
            Alert.state.not_in(FINAL_ALERT_STATES),
        )
        .order_by(Alert.id.desc())
        .limit(1)
    )


def _lock_key(session: Session, key: str | None) -> None:
    """Let only one transaction at a time draft the same message, so that a message that comes twice makes one draft."""
    if key is not None:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:room, :key)"), {"room": _CAP_LOCK, "key": number})


def _may_write(actor: Actor) -> None:
    ALERT.next_state(DRAFT, "edit", actor)


def _officer_id(actor: Actor) -> int:
    if actor.id is None:
        raise Refused("Only a named officer can draft an alert.", code="nameless")
    return actor.id


def fault_json(fault: CapFault) -> dict[str, Any]:
    """Return a fault as the API and the pages show it: `field` is the element's path, `line` its line in the file."""
    return {
        "field": fault.element,
        "line": fault.line,
        "value": fault.value,
        "problem": fault.problem,
        "params": fault.params,
        "mend": fault.message,
    }


def cap_faults(faults: tuple[CapFault, ...]) -> SeveralFaults:
    """Return CAP faults as the error that the edges show."""
    error = SeveralFaults(
        [fault_json(fault) for fault in faults], "The CAP message cannot be used; each fault is named."
    )
    error.code = "cap-refused"
    return error


def parse_time(value: str, field: str) -> datetime:
    """Read an ISO 8601 time with an offset; raises InvalidInput."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidInput(field, value, "write it like 2026-11-21T03:00:00+09:00") from None
    if at.tzinfo is None:
        raise InvalidInput(field, value, "add the offset from UTC, for example +09:00")
    return at
