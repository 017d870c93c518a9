"""What disaster mode does to the menu: an announcement with a question whether the caller is there, who goes before all others.

The question stands in front of the menu that is published, which is put back at the end. A drill's menu is heard by
calls of drills alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.calls import menu_store
from hotline.calls.menus import MAX_TEXT, Menu, read_menu
from hotline.calls.models import CallMenu
from hotline.calls.states import MENUS
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import CHANGED_BY_HAND, ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents.fields import refuse
from hotline.incidents.filling import fill, incident_of, number_of, place_of, read_text, texts_of
from hotline.incidents.holding import refuse_held
from hotline.queues.models import Queue

KIND = "menu"
MAX_ANNOUNCEMENT = 900
_QUESTION = {
    "ko": " 지금 {place}에 계시면 {here}번, 그 밖의 용무는 {other}번을 누르세요.",
    "en": " If you are in {place} now, press {here}. For anything else, press {other}.",
}
assert MAX_ANNOUNCEMENT + 500 <= MAX_TEXT, "an announcement with its question is a node's text"
DRILL_STATE = "drill"


def question(
    menu: Menu, texts: Mapping[str, str], place: Mapping[str, str], queue: str, priority: int
) -> dict[str, Any]:
    """Return the content of a menu that asks, behind the choice of language where there is one, whether the caller is there."""
    free = [key for key in "1234567890" if key != menu.danger_key]
    here, other = free[0], free[1]
    said = {
        language: texts[language].rstrip() + _QUESTION[language].format(place=place[language], here=here, other=other)
        for language in ("ko", "en")
    }
    content = menu.model_dump(mode="json")
    nodes, entry = content["nodes"], content["nodes"][menu.entry]

    def asking(target: str) -> str:
        name = f"here_{target}"[:40]
        nodes[name] = {
            "say": dict(said), "keys": {here: {"queue": queue, "priority": priority}, other: {"go": target}},
        }  # fmt: skip
        return name

    chooses_language = [choice for choice in entry["keys"].values() if choice["go"] and choice["language"]]
    if chooses_language:
        for choice in chooses_language:
            choice["go"] = asking(choice["go"])
    else:
        content["entry"] = asking(menu.entry)
    return content


def _check(session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept: dict[str, Any] = texts_of(params, ("text_ko", "text_en"), MAX_ANNOUNCEMENT, faults)
    kept["queue"] = str(params.get("queue") or "")
    if session.scalar(select(Queue.id).where(Queue.code == kept["queue"], Queue.active)) is None:
        faults.append(InvalidInput("queue", kept["queue"], "choose a queue that is open"))
    kept["priority"] = number_of(params, "priority", 0, 9, faults)
    refuse(faults, "The step has faults.")
    return kept


def _queues(session: Session) -> list[tuple[str, str]]:
    ko = str(get_locale()) == "ko"
    found = session.scalars(select(Queue).where(Queue.active).order_by(Queue.code).limit(50))
    return [("", "–"), *((queue.code, queue.name_ko if ko else queue.name_en) for queue in found)]


def _describe(session: Session, params: Mapping[str, Any]) -> str:
    return gettext(
        "Everybody hears “%(text)s” and is asked whether they are there; who presses 1 goes to the queue %(queue)s with priority"
        " %(priority)s.",
        text=read_text(params), queue=dict(_queues(session)).get(params["queue"], params["queue"]), priority=params["priority"],
    )  # fmt: skip


def _apply(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    incident = incident_of(session, incident_id)
    texts = {language: fill(params[f"text_{language}"], incident, language) for language in ("ko", "en")}
    before = _standing(session, incident.drill)
    refuse_held(session, incident_id, KIND, lambda _kept, drill: drill == incident.drill)
    beneath = read_menu(before.content) if before is not None else menu_store.published(session)[1]
    content = question(
        beneath, texts, {each: place_of(incident, each) for each in texts}, params["queue"], params["priority"]
    )
    menu_store.check_queues(session, read_menu(content))
    now = services.clock.now()
    if before is not None:
        before.state = menu_store.MENU_VERSION.next_state(before.state, "replace", actor.trusted_with(MENUS))
        session.flush()
    number = (session.scalar(select(func.max(CallMenu.version))) or 0) + 1
    row = CallMenu(
        version=number, state=DRILL_STATE if incident.drill else "published", content=content, edits=1, author_id=actor.id,
        note=f"#{incident.id} {incident.name_ko}"[:200], updated_at=now, published_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, services.clock, actor, "menu.question_set", "call_menu", row.id,
        before={"version": before.version if before is not None else None},
        after={"version": row.version, "incident": incident_id},
    )  # fmt: skip
    return {"menu": row.id, "before": before.id if before is not None else None}


def _revert(
    session: Session, services: Services, actor: Actor, incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    """Put the menu back that was heard before; refused where another one was published since."""
    who, drill = actor.trusted_with(MENUS), incident_of(session, incident_id).drill
    now_heard = _standing(session, drill)
    if (now_heard is None or now_heard.id != kept["menu"]) and not kept["force"]:
        raise Refused("Another menu was published since.", code=CHANGED_BY_HAND)
    if now_heard is not None:
        now_heard.state = menu_store.MENU_VERSION.next_state(now_heard.state, "replace", who)
        session.flush()
    former = session.get(CallMenu, kept["before"], with_for_update=True) if kept["before"] is not None else None
    if former is not None:
        former.state = menu_store.MENU_VERSION.next_state(former.state, "put back drill" if drill else "put back", who)
        former.published_at = services.clock.now()
        session.flush()
    audit.record(
        session, services.clock, actor, "menu.question_removed", "call_menu", kept["menu"],
        after={"version": former.version if former is not None else None},
    )  # fmt: skip


def _standing(session: Session, drill: bool) -> CallMenu | None:
    state = DRILL_STATE if drill else "published"
    return session.scalar(select(CallMenu).where(CallMenu.state == state).with_for_update())


MENU = ModeStep(
    KIND, gettext_noop("Menu with announcement and “1 if you are there”"), 10, _describe, _apply, _revert, _check,
    (
        ModeField("text_ko", gettext_noop("Announcement in Korean"), most=MAX_ANNOUNCEMENT),
        ModeField("text_en", gettext_noop("Announcement in English"), most=MAX_ANNOUNCEMENT),
        ModeField("queue", gettext_noop("Queue of those who are there"), "choice", options=_queues),
        ModeField("priority", gettext_noop("Their priority, 0 to 9"), "number", most=9),
    ),
)  # fmt: skip
EXPLANATIONS = {
    "mode.menu.queue": gettext_noop("Choose a queue that is open."),
    "mode.menu.priority": gettext_noop("Give 0 to 9."),
}
ACTIONS = {
    "menu.question_set": gettext_noop("disaster mode put its question before the call menu"),
    "menu.question_removed": gettext_noop("disaster mode took its question out of the call menu"),
}
