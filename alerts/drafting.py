"""From a warning to a draft: read from CAP or written by hand, edited under a version, every change on the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.cap.faults import CapFault, CapRefused
from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.cap.schema import schema_remarks
from alerts.draft_fields import PLAIN_FIELDS, DraftChanges, DraftFields, apply_changes, summary_of_areas
from alerts.follow import chain, drafts
from alerts.models import Alert
from alerts.publish.signers import seal_json, seal_warnings, seals_now
from alerts.reading import get_alert
from alerts.responsible import choose_mission
from alerts.states import ALERT, CANCELLED, DRAFT, REJECTED
from alerts.variants import flat
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, Refused, SeveralFaults
from hotline.geo.area import Area

DEFAULT_VALIDITY = timedelta(hours=6)
_CAP_LOCK = 0x41_4C


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

    With `follows` it is an update or the all-clear of that alert, with what stays the same filled in from it.

    Raises InvalidInput or SeveralFaults for bad fields, Forbidden when the actor may not write alerts, Refused when the
    alert to follow cannot be followed.
    """
    _may_write(actor)
    known = _made_with(session, idempotency_key)
    if known is not None:
        return known
    if fields.follows is not None:
        if session.get(Alert, fields.follows) is None:
            raise InvalidInput("follows", fields.follows, "name an alert that exists")
        alert = drafts.draft_following(session, clock, actor, fields.follows, fields.msg_type, source=source)
        alert.idempotency_key = idempotency_key
        apply_changes(session, alert, fields)
        session.flush()
        return alert
    if fields.msg_type != "Alert":
        raise InvalidInput("follows", None, "name the alert that an update or a cancel follows")
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
    alert.fresh = True
    session.add(alert)
    changed = apply_changes(session, alert, fields)
    choose_mission(session, alert)
    session.flush()
    audit.record(session, clock, actor, "alert.drafted", "alert", alert.id, after=changed | {"source": source})
    return alert


def draft_from_cap(
    session: Session,
    clock: Clock,
    actor: Actor,
    data: bytes,
    *,
    source: str,
    idempotency_key: str | None = None,
    same_feed: Collection[int] = (),
) -> list[Alert]:
    """Read a CAP file and make a draft of each alert in it; a message that is an alert here already is returned as it is.

    An Update or a Cancel follows the alert that it refers to; an Update of something unknown is a new alert, with a remark.
    `same_feed` are the alerts that came from the feed that this message comes from.

    The same `idempotency_key` again returns the draft it made the first time, whatever has become of that draft.

    Raises SeveralFaults naming every fault with its line, and Refused for messages that announce nothing new (Ack, Error,
    a Cancel of something unknown): making a *new* alert of a Cancel is a mistake that others have made in public.
    """
    _may_write(actor)
    made = _made_with(session, idempotency_key)
    if made is not None:
        return [made]
    try:
        reading = read_cap(data)
    except CapRefused as refused:
        raise cap_faults(refused.faults) from refused
    if reading.refused:
        raise cap_faults(reading.refused)
    warnings = [fault_json(fault) for fault in (*reading.warnings, *schema_remarks(data))]
    document = data.decode("utf-8", "replace").replace("\x00", "")
    made_of = []
    for cap, seal in zip(reading.alerts, seals_now(session, clock, data, reading.alerts), strict=True):
        origin = chain.Origin(seal, same_feed)
        _refuse_non_warnings(session, cap, origin)
        _lock_key(session, f"cap:{cap.sender}:{cap.identifier}:{cap.sent.isoformat()}")
        known = _known_cap(session, cap)
        made_of.append(known or _draft_of(session, clock, actor, cap, source, document, warnings, origin))
    if idempotency_key and len(made_of) == 1 and made_of[0].idempotency_key is None:
        made_of[0].idempotency_key = idempotency_key
    return made_of


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
    before = {name: getattr(alert, name) for name in (*PLAIN_FIELDS, "precisions")} | {
        "texts": flat(alert.texts_by_variant(), alert.main_variant)
    }
    changed = apply_changes(session, alert, changes)
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


def _draft_of(
    session: Session,
    clock: Clock,
    actor: Actor,
    cap: CapAlert,
    source: str,
    document: str,
    warnings: list[dict[str, Any]],
    origin: chain.Origin,
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
        names_by_language=_names_of(cap),
        cap_identifier=cap.identifier[:300],
        cap_sender=cap.sender[:300],
        cap_sent=cap.sent,
        cap_status=cap.status,
        cap_document=document,
        cap_warnings=[*(fault_json(fault) for fault in seal_warnings(origin.seal)), *warnings],
        cap_signature=seal_json(origin.seal),
        cap_references=[reference.raw for reference in cap.references],
        status=cap.status,
        msg_type=cap.msg_type,
        scope=cap.scope,
        category=info.categories[0] if info and info.categories else "Other",
        urgency=info.urgency if info else "Unknown",
        severity=info.severity if info else "Unknown",
        certainty=info.certainty if info else "Unknown",
        onset=info.onset if info else None,
        # What a Cancel says of expiry is about the warning that it ends; the all-clear itself takes its usual time.
        expires=(info.expires if info and cap.msg_type != "Cancel" else None) or now + DEFAULT_VALIDITY,
        areas=Area.from_json(cap.area_json(), "areas").to_json(),
        author_id=_officer_id(actor),
        created_at=now,
        updated_at=now,
    )
    drafts.follow_cap(session, alert, cap, origin)
    drafts.write_texts(alert, drafts.cap_texts(alert, cap))
    alert.fresh = True
    session.add(alert)
    choose_mission(session, alert)
    session.flush()
    audit.record(
        session, clock, actor, "alert.drafted", "alert", alert.id,
        after={"source": source, "cap": [cap.sender, cap.identifier, cap.sent.isoformat()],
               "headline": alert.headline, "follows": alert.follows_id, "areas": summary_of_areas(alert.areas),
               "signature": origin.seal.status},
    )  # fmt: skip
    return alert


def _names_of(cap: CapAlert) -> dict[str, dict[str, str]]:
    """Return what the message calls place and event in each of its languages, by primary language code."""
    names: dict[str, dict[str, str]] = {}
    for info in cap.infos:
        place = ", ".join(dict.fromkeys(area.description for area in info.areas if area.description))
        found = {"place": place[:200], "event": info.event[:200]}
        language = info.language.split("-")[0].lower()
        names.setdefault(language, {}).update({name: value for name, value in found.items() if value})
    return names


def _place_of(cap: CapAlert) -> str:
    descriptions = [part["description"] for part in cap.area_json() if part["description"]]
    return ", ".join(dict.fromkeys(descriptions))[:200]


def _refuse_non_warnings(session: Session, cap: CapAlert, origin: chain.Origin) -> None:
    """Refuse CAP messages that announce nothing, and a Cancel of what is not known here."""
    if cap.msg_type in ("Alert", "Update"):
        return
    if cap.msg_type != "Cancel":
        raise Refused(
            f"This CAP message is an {cap.msg_type}: it is about messages and warns of nothing.", code="cap-not-warning"
        )
    followed = chain.find_followed(session, cap, origin)
    if followed.alert is None:
        stranger = next((each for each in followed.remarks if each["problem"] == "follows_other_sender"), None)
        if stranger is not None:
            raise Refused(stranger["mend"], code="cap-cancel-other-sender", params=stranger["params"])
        why = " ".join(str(remark["mend"]) for remark in followed.remarks if remark["problem"] != "follows_unknown")
        raise Refused(
            f"This CAP message cancels an earlier one, and no alert here came from that. {why}".strip(),
            code="cap-cancel",
        )


def _known_cap(session: Session, cap: CapAlert) -> Alert | None:
    return session.scalar(
        select(Alert)
        .where(
            Alert.cap_sender == cap.sender[:300],
            Alert.cap_identifier == cap.identifier[:300],
            Alert.cap_sent == cap.sent,
            Alert.state.not_in((REJECTED, CANCELLED)),  # an officer ended those and may think again
        )
        .order_by(Alert.id.desc())
        .limit(1)
    )


def _made_with(session: Session, idempotency_key: str | None) -> Alert | None:
    """Return the draft that this key made before; whoever asks for a new key first holds it until the end."""
    if not idempotency_key:
        return None
    _lock_key(session, f"key:{idempotency_key}")
    return session.scalar(select(Alert).where(Alert.idempotency_key == idempotency_key))


def _lock_key(session: Session, key: str | None) -> None:
    """Let only one transaction at a time draft the same message, so that a message that comes twice makes one draft."""
    if key is not None:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:room, :key)"), {"room": _CAP_LOCK, "key": number})


def _may_write(actor: Actor) -> None:
    ALERT.next_state(DRAFT, "edit", actor)


def _officer_id(actor: Actor) -> int | None:
    """Return who is on record as the author; nobody for a draft that the service makes of a feed by itself."""
    if actor.kind == "system":
        return None
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
