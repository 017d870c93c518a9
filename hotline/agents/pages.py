"""The pages of agents: who is on duty and doing what, and what an agent can and where they sit."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline.agents import keeping, presence, reading, words
from hotline.agents.keeping import AgentFacts
from hotline.agents.models import Agent
from hotline.agents.states import BREAKS, STATES, WRITE
from hotline.auth.identity import actor
from hotline.auth.models import Officer
from hotline.core import live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.explain import explain
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import page_number, permit

blueprint = Blueprint("agents", __name__, template_folder="templates")
PAGE_ROWS = 100
"""Open pages fetch their part again with every change of anybody's presence, and thousands of volunteers are agents too."""


@blueprint.get("/agents")
@permit("agents.read")
def list_page() -> ResponseReturnValue:
    """List agents by what they are doing."""
    return _list()


@blueprint.get("/agents/rows")
@permit("agents.read")
def rows() -> ResponseReturnValue:
    """Return the list alone, for open pages."""
    return render_template("agents/_rows.html", **_context())


def _list(error: HotlineError | None = None) -> ResponseReturnValue:
    page = render_template("agents/list.html", **_context(), error=explain(error, "agent") if error else None)
    return page, error.status if error else 200


def _context() -> dict[str, Any]:
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    page = page_number()
    with current().db.transaction() as session:
        skip = (page - 1) * PAGE_ROWS
        found = reading.list_agents(session, state=state, skip=skip, most=PAGE_ROWS + 1)
        addable = reading.officers_without(session) if actor().may(WRITE) else []
        groups = reading.groups(session)
    return {
        "rows": found[:PAGE_ROWS], "page": page, "more": len(found) > PAGE_ROWS,
        "state": state, "words": words, "breaks": BREAKS, "addable": addable, "groups": groups,
        "states": STATES,
    }  # fmt: skip


@blueprint.post("/agents/<int:agent_id>/state")
@permit("agents.manage")
def set_state(agent_id: int) -> ResponseReturnValue:
    """Let a supervisor change somebody's state."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            presence.choose(
                session, services.clock, agent_id, form.get("state", ""), form.get("reason", ""), actor=actor()
            )
    except NotFound:
        raise
    except HotlineError as error:
        return _list(error)
    live.notify_desk(services.redis, agent_id)
    live.notify(services.redis, "agents")
    flash(gettext("Done."), "good")
    return redirect(url_for("agents.list_page"))


@blueprint.get("/agents/officers/<int:officer_id>")
@permit("agents.write")
def edit(officer_id: int) -> ResponseReturnValue:
    """Show what is kept about an agent, or the form that makes an officer one."""
    return _form(officer_id)


@blueprint.post("/agents/officers/<int:officer_id>")
@permit("agents.write")
def save(officer_id: int) -> ResponseReturnValue:
    """Keep what was written about an agent."""
    services = current()
    try:
        with services.db.transaction() as session:
            keeping.keep_agent(session, services.clock, actor(), officer_id, _facts())
    except NotFound:
        raise
    except HotlineError as error:
        return _form(officer_id, error)
    live.notify(services.redis, "agents")
    flash(gettext("Saved."), "good")
    return redirect(url_for("agents.list_page"))


@blueprint.post("/agents/groups")
@permit("agents.write")
def save_group() -> ResponseReturnValue:
    """Keep a group and its site."""
    services, form = current(), request.form
    try:
        with services.db.transaction() as session:
            keeping.keep_group(
                session, services.clock, actor(), form.get("name", ""), form.get("site", ""),
                outsourced=form.get("outsourced") == "1",
            )  # fmt: skip
    except HotlineError as error:
        return _list(error)
    flash(gettext("Saved."), "good")
    return redirect(url_for("agents.list_page"))


def _form(officer_id: int, error: HotlineError | None = None) -> ResponseReturnValue:
    with current().db.transaction() as session:
        officer = session.get(Officer, officer_id)
        if officer is None:
            raise NotFound("officer", officer_id)
        agent = presence.agent_of(session, officer_id)
        groups = reading.groups(session)
    page = render_template(
        "agents/edit.html", officer=officer, given=request.form if error else _kept(agent), words=words,
        groups=[(group.id, f"{group.name} · {site}") for group, site in groups],
        error=explain(error, "agent") if error else None, field=getattr(error, "field", ""),
    )  # fmt: skip
    return page, error.status if error else 200


def _kept(agent: Agent | None) -> dict[str, Any]:
    if agent is None:
        return {"via": "browser", "max_duty_minutes": 720, "max_misses": 3, "languages": "ko", "active": "1"}
    return {
        "group_id": agent.group_id, "via": agent.via, "phone": agent.phone,
        "skills": ", ".join(f"{skill}:{level}" for skill, level in sorted(agent.skills.items())),
        "languages": ", ".join(agent.languages), "max_duty_minutes": agent.max_duty_minutes,
        "max_misses": agent.max_misses, "active": "1" if agent.active else "",
    }  # fmt: skip


def _facts() -> AgentFacts:
    form = request.form
    return AgentFacts(
        group_id=_number("group_id"), via=form.get("via", ""), phone=form.get("phone", "").strip(),
        skills=read_skills(form.get("skills", "")), languages=_listed(form.get("languages", "")),
        max_duty_minutes=_number("max_duty_minutes"), max_misses=_number("max_misses"),
        active=form.get("active") == "1",
    )  # fmt: skip


def _listed(written: str) -> list[str]:
    return [each.strip() for each in written[:1000].split(",") if each.strip()]


def read_skills(written: str) -> dict[str, int]:
    """Return `visa:3, senior:1` as levels by skill; raises InvalidInput."""
    found = {}
    for each in _listed(written):
        name, _, level = each.partition(":")
        if not (level.strip().isascii() and level.strip().isdigit() and len(level.strip()) == 1):
            raise InvalidInput("skills", each, "write name:level")
        found[name.strip()] = int(level)
    return found


def _number(name: str) -> int:
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InvalidInput(name, given, "write a number")
    return int(given)
