"""Menus kept in versions: one draft, one published, the rest retired; a call keeps the version it began with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.calls.menus import Menu, default_menu, queues_of, read_menu
from hotline.calls.models import CallMenu
from hotline.calls.states import MENUS
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, NotFound, Refused
from hotline.core.states import Lifecycle, Transition
from hotline.queues.models import Queue

MENU_VERSION = Lifecycle(
    "menu",
    [
        Transition("draft", "save", "draft", MENUS),
        Transition("draft", "publish", "published", MENUS),
        Transition("published", "replace", "retired", MENUS),
        Transition("retired", "restore", "draft", MENUS),
        Transition("retired", "put back", "published", MENUS),
        Transition("retired", "put back drill", "drill", MENUS),
        Transition("drill", "replace", "retired", MENUS),
    ],
)
"""draft: being written · published: what callers hear · retired: heard by calls that began with it, and for going back.
drill: heard by calls of drills alone, while a drill of disaster mode is on."""
MAX_SHOWN = 50


def published(session: Session, *, drill: bool = False) -> tuple[int | None, Menu]:
    """Return what new callers hear, with its id; none and the menu of the software where nothing was published yet.

    `drill` is for calls of drills: they hear the menu of a drill of disaster mode, while one is on.
    """
    heard = ("drill", "published") if drill else ("published",)
    row = session.scalar(select(CallMenu).where(CallMenu.state.in_(heard)).order_by(CallMenu.state).limit(1))
    return (row.id, read_menu(row.content)) if row is not None else (None, default_menu())


def menu_of(session: Session, menu_id: int | None) -> Menu:
    """Return the version that a call began with."""
    if menu_id is None:
        return default_menu()
    return read_menu(session.get_one(CallMenu, menu_id).content)


def versions(session: Session) -> Sequence[CallMenu]:
    """Return the versions, the latest first."""
    return session.scalars(select(CallMenu).order_by(CallMenu.version.desc()).limit(MAX_SHOWN)).all()


def draft(session: Session, *, lock: bool = False) -> CallMenu | None:
    """Return the draft, if there is one; `lock` keeps others from changing it until commit."""
    statement = select(CallMenu).where(CallMenu.state == "draft")
    return session.scalar(statement.with_for_update() if lock else statement)


def changed(row: CallMenu, clock: Clock, actor: Actor) -> None:
    """Note that a draft is another one now, so that nobody publishes what they have not looked at."""
    MENU_VERSION.next_state(row.state, "save", actor)
    row.edits, row.author_id, row.updated_at = row.edits + 1, actor.id, clock.now()


def save_draft(
    session: Session, clock: Clock, actor: Actor, content: dict[str, Any], *, edits: int, note: str = ""
) -> CallMenu:
    """Keep a draft; `edits` is what the editor saw (0: none yet). Raises SeveralFaults, or Conflict when it changed meanwhile."""
    _may(actor)
    read_menu(content)
    row = draft(session, lock=True)
    if row is None:
        if edits:
            raise Conflict("The draft was published or removed meanwhile; load the page again.")
        number = (session.scalar(select(func.max(CallMenu.version))) or 0) + 1
        row = CallMenu(version=number, state="draft", content=content, edits=1)
        session.add(row)
    elif row.edits != edits:
        raise Conflict("Somebody else changed the draft meanwhile; load the page again.", code="menu-changed")
    else:
        row.content = content
        changed(row, clock, actor)
    row.note, row.author_id, row.updated_at = note.strip()[:200], actor.id, clock.now()
    audit.record(session, clock, actor, "menu.saved", "call_menu", _id(session, row), after={"version": row.version})
    return row


def publish(session: Session, clock: Clock, actor: Actor, menu_id: int, *, edits: int) -> CallMenu:
    """Let new callers hear a draft; the one before it is retired. Raises Conflict unless it is as it was looked at."""
    _may(actor)
    row = session.get(CallMenu, menu_id, with_for_update=True)
    if row is None:
        raise NotFound("menu", menu_id)
    target = MENU_VERSION.next_state(row.state, "publish", actor)
    if row.edits != edits:
        raise Conflict("The draft was changed since you looked at it; look again.", code="menu-changed")
    check_queues(session, read_menu(row.content))
    before = session.scalar(select(CallMenu).where(CallMenu.state == "published").with_for_update())
    if before is not None:
        before.state = MENU_VERSION.next_state(before.state, "replace", actor)
        session.flush()
    row.state, row.published_at, row.updated_at = target, clock.now(), clock.now()
    audit.record(
        session, clock, actor, "menu.published", "call_menu", row.id,
        before={"version": before.version if before else None}, after={"version": row.version},
    )  # fmt: skip
    return row


def check_queues(session: Session, menu: Menu) -> None:
    """Refuse a menu that leads to a queue which is not there or takes nobody; raises Refused with their names."""
    known = set(session.scalars(select(Queue.code).where(Queue.active)))
    gone = sorted(queues_of(menu) - known)
    if gone:
        raise Refused(
            f"These queues are not open: {', '.join(gone)}.", code="menu-queue-gone", params={"names": ", ".join(gone)}
        )


def get_menu(session: Session, menu_id: int) -> CallMenu:
    """Return a version; raises NotFound."""
    row = session.get(CallMenu, menu_id)
    if row is None:
        raise NotFound("menu", menu_id)
    return row


def restore(session: Session, clock: Clock, actor: Actor, menu_id: int) -> CallMenu:
    """Begin a new draft with the content of an older version. Raises Refused while another draft is being written."""
    _may(actor)
    old = get_menu(session, menu_id)
    if draft(session) is not None:
        raise Refused("There is a draft already; publish it first.", code="menu-draft-exists")
    if old.state == "retired":
        MENU_VERSION.next_state(old.state, "restore", actor)
    return save_draft(session, clock, actor, dict(old.content), edits=0, note=f"as version {old.version}")


def _may(actor: Actor) -> None:
    if not actor.may(MENUS):
        raise Forbidden(f"Menus need the permission {MENUS}.")


def _id(session: Session, row: CallMenu) -> int:
    session.flush()
    return row.id
