"""The page of menus as a whole: what is heard now, versions, lines and announcements, and what was refused on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.calls import menu_form, menu_store, words
from hotline.calls.models import CallAnnouncement, CallLine, CallMenu
from hotline.calls.presenting import queue_names
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.explain import explain, explain_fields
from hotline.core.services import current
from hotline.missions.models import Mission

MAX_MISSIONS, MAX_LINES, MAX_ANNOUNCEMENTS = 400, 300, 50


def page(error: HotlineError | None = None) -> ResponseReturnValue:
    """Return the page of menus, with what was refused and what was written."""
    with current().db.transaction() as session:
        menu_id, menu = menu_store.published(session)
        versions = menu_store.versions(session)
        context = {
            "tree": menu, "menu_id": menu_id, "written": menu_form.written_of(menu), "versions": versions,
            "draft": menu_store.draft(session), "queues": queue_names(session), "authors": authors_of(session, versions),
            **_lines_and_announcements(session, error),
        }  # fmt: skip
    return render_template(
        "calls/menus.html", **context, words=words, error=explain(error, "menu") if error else None
    ), error.status if error else 200


def authors_of(session: Session, versions: Sequence[CallMenu]) -> dict[int, str]:
    """Return the names of those who wrote the versions."""
    ids = {each.author_id for each in versions if each.author_id is not None}
    rows = session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(ids)))
    return dict(rows.tuples().all())


def _lines_and_announcements(session: Session, error: HotlineError | None) -> dict[str, Any]:
    """Return what the menu's page shows of lines and announcements; a refused form keeps what was written."""
    lines = session.scalars(select(CallLine).order_by(CallLine.number).limit(MAX_LINES)).all()
    missions = session.scalars(
        select(Mission).where(Mission.closed_at.is_(None)).order_by(Mission.name_en).limit(MAX_MISSIONS)
    )
    holding = CallAnnouncement.ends_at > current().clock.now()
    announced = select(CallAnnouncement).where(holding).order_by(CallAnnouncement.id.desc()).limit(MAX_ANNOUNCEMENTS)
    chosen = next((line for line in lines if str(line.id) == request.args.get("line")), None)
    by_id = {each.id: each for each in missions}
    return {
        "lines": lines, "missions": by_id, "announcements": session.scalars(announced).all(), "line": chosen,
        "values": request.form if error is not None else _values(chosen, by_id),
        "errors": explain_fields(error, "menu") if isinstance(error, InvalidInput) else {},
        "posted": request.form.get("form", "") if error is not None else "line" if chosen is not None else "",
    }  # fmt: skip


def _values(line: CallLine | None, missions: dict[int, Mission]) -> dict[str, str]:
    if line is None:
        return {}
    mission = missions.get(line.mission_id or 0)
    return {
        "number": line.number, "mission": mission.code if mission is not None else "", "drill": "1" if line.drill else "",
        "greeting_ko": line.greeting.get("ko", ""), "greeting_en": line.greeting.get("en", ""),
    }  # fmt: skip
