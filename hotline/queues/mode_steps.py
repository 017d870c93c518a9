"""What disaster mode does in the centre: other queues are throttled, and a note stands on the wallboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import CHANGED_BY_HAND, ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents.fields import refuse
from hotline.incidents.filling import fill, incident_of, number_of, read_text, texts_of
from hotline.incidents.holding import refuse_held
from hotline.queues.models import Queue, WallboardNote

MAX_NOTE = 300
MAX_QUEUES = 50
_THROTTLED = ("callback_after_s", "overflow_action", "overflow_queue_id", "overflow_wait_s", "version")


def _queues(session: Session) -> list[tuple[str, str]]:
    """Return the queues that can be throttled."""
    ko = str(get_locale()) == "ko"
    found = session.scalars(select(Queue).where(Queue.active).order_by(Queue.code).limit(MAX_QUEUES))
    return [(queue.code, queue.name_ko if ko else queue.name_en) for queue in found]


def _check_throttle(session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    codes = list(dict.fromkeys(str(code) for code in params.get("queues") or []))[: MAX_QUEUES + 1]
    known = set(session.scalars(select(Queue.code).where(Queue.code.in_(codes))))
    if not codes or set(codes) - known or len(codes) > MAX_QUEUES:
        faults.append(InvalidInput("queues", ", ".join(codes)[:60], "choose queues that exist"))
    kept = {"queues": codes, "after_s": number_of(params, "after_s", 1, 3_600, faults)}
    refuse(faults, "The step has faults.")
    return kept


def _describe_throttle(session: Session, params: Mapping[str, Any]) -> str:
    names = dict(_queues(session))
    return gettext(
        "Who waits longer than %(seconds)s s in these queues is offered a callback that keeps the place: %(queues)s",
        seconds=params["after_s"], queues=", ".join(names.get(code, code) for code in params["queues"]),
    )  # fmt: skip


def _throttle(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the queues; a drill touches none, because no queue is a drill's alone."""
    if incident_of(session, incident_id).drill:
        return {"queues": {}, "rehearsed": True}
    kept: dict[str, Any] = {}
    now, seconds = services.clock.now(), params["after_s"]
    found = session.scalars(
        select(Queue).where(Queue.code.in_(params["queues"])).order_by(Queue.id).with_for_update()
    ).all()
    ours = {str(queue.id) for queue in found}
    refuse_held(session, incident_id, "throttle", lambda theirs, _drill: bool(ours & set(theirs.get("queues", {}))))
    for queue in found:
        before = {name: getattr(queue, name) for name in _THROTTLED}
        queue.callback_after_s = min(queue.callback_after_s or seconds, seconds)
        queue.overflow_action, queue.overflow_queue_id, queue.overflow_wait_s = "callback", None, seconds
        queue.version, queue.updated_at = queue.version + 1, now
        session.flush()
        after = {name: getattr(queue, name) for name in _THROTTLED}
        audit.record(session, services.clock, actor, "queue.throttled", "queue", queue.id, before=before, after=after)
        kept[str(queue.id)] = {"before": before, "version": queue.version}
    if not kept:
        raise Refused("None of these queues is there any more.", code="mode-no-queue")
    return {"queues": kept}


def _release(
    session: Session, services: Services, actor: Actor, _incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    """Give the queues the rules back that they had; refused where somebody changed one since."""
    rows = {
        queue.id: queue
        for queue in session.scalars(
            select(Queue).where(Queue.id.in_([int(key) for key in kept["queues"]])).order_by(Queue.id).with_for_update()
        )
    }
    changed = [row.code for key, row in rows.items() if row.version != kept["queues"][str(key)]["version"]]
    if changed and not kept["force"]:
        raise Refused(
            f"Changed since: {', '.join(changed)}.", code=CHANGED_BY_HAND, params={"what": ", ".join(changed)}
        )
    for queue_id, queue in rows.items():
        before = {name: value for name, value in kept["queues"][str(queue_id)]["before"].items() if name != "version"}
        was = {name: getattr(queue, name) for name in before}
        for name, value in before.items():
            setattr(queue, name, value)
        queue.version, queue.updated_at = queue.version + 1, services.clock.now()
        audit.record(session, services.clock, actor, "queue.released", "queue", queue.id, before=was, after=before)


def _check_note(_session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept = texts_of(params, ("text_ko", "text_en"), MAX_NOTE, faults)
    refuse(faults, "The step has faults.")
    return kept


def _describe_note(_session: Session, params: Mapping[str, Any]) -> str:
    return gettext("A note on the wallboard: %(text)s", text=read_text(params))


def _put_note(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    incident = incident_of(session, incident_id)
    note = WallboardNote(
        incident_id=incident_id, text_ko=fill(params["text_ko"], incident, "ko"),
        text_en=fill(params["text_en"], incident, "en"), drill=incident.drill, since=services.clock.now(), by_id=actor.id,
    )  # fmt: skip
    session.add(note)
    session.flush()
    return {"note": note.id}


def _take_note(
    session: Session, services: Services, _actor: Actor, _incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    note = session.get(WallboardNote, kept["note"], with_for_update=True)
    if note is not None and note.until is None:
        note.until = services.clock.now()


def notes_now(session: Session) -> list[WallboardNote]:
    """Return the notes that stand on the wallboard, the latest first; at most ten."""
    statement = select(WallboardNote).where(WallboardNote.until.is_(None)).order_by(WallboardNote.id.desc())
    return list(session.scalars(statement.limit(10)))


THROTTLE = ModeStep(
    "throttle", gettext_noop("Other queues are throttled"), 50, _describe_throttle, _throttle, _release, _check_throttle,
    (
        ModeField("queues", gettext_noop("Queues"), "choices", options=_queues, most=MAX_QUEUES),
        ModeField("after_s", gettext_noop("Seconds until a callback is offered"), "number", most=3_600),
    ),
)  # fmt: skip
WALLBOARD = ModeStep(
    "wallboard", gettext_noop("Note on the wallboard"), 30, _describe_note, _put_note, _take_note, _check_note,
    (
        ModeField("text_ko", gettext_noop("Text in Korean"), most=MAX_NOTE),
        ModeField("text_en", gettext_noop("Text in English"), most=MAX_NOTE),
    ),
)  # fmt: skip
EXPLANATIONS = {
    "mode-no-queue": gettext_noop("None of these queues is there any more."),
    "mode.throttle.queues": gettext_noop("Choose queues of the list."),
    "mode.throttle.after_s": gettext_noop("Give 1 to 3,600 seconds."),
}
ACTIONS = {
    "queue.throttled": gettext_noop("queue throttled by disaster mode"),
    "queue.released": gettext_noop("queue given its own rules back"),
}
