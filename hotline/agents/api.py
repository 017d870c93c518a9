"""`/api/v1/agents`: list, read, keep, and change what an agent is doing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from hotline.agents import keeping, presence, reading
from hotline.agents.keeping import AgentFacts
from hotline.agents.reading import AgentRow
from hotline.agents.states import STATES
from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.description import MAX_ID, query, takes
from hotline.core.services import current
from hotline.core.web import permit

blueprint = APIBlueprint("api_agents", __name__, url_prefix="/api/v1", tag="Agents")


class _Strict(BaseModel):
    """Unknown fields are mistakes that somebody wants to hear of."""

    model_config = ConfigDict(extra="forbid")


class AgentIn(_Strict):
    """What is kept about an agent; skills have levels 1 to 5, languages are ISO 639 codes."""

    officer_id: int = Field(ge=1, le=MAX_ID)
    group_id: int = Field(ge=1, le=MAX_ID)
    via: Literal["phone", "browser"] = "browser"
    phone: str = Field("", max_length=40)
    skills: dict[str, int] = Field(default_factory=dict)
    languages: list[str] = Field(default_factory=list)
    max_duty_minutes: int = Field(720, ge=15, le=keeping.MAX_DUTY_MINUTES)
    max_misses: int = Field(3, ge=1, le=20)
    active: bool = True


class StateIn(_Strict):
    """What an agent wants to do; `reason` goes with not_ready."""

    state: Literal["ready", "not_ready", "offline"]
    reason: str = Field("", max_length=20)


class AgentOut(BaseModel):
    """An agent and what they are doing; `next_state` was chosen during a call and applies afterwards."""

    id: int
    officer_id: int
    name: str
    group_id: int
    group: str
    site: str
    outsourced: bool
    via: str
    skills: dict[str, int]
    languages: list[str]
    active: bool
    state: str
    reason: str
    state_since: datetime
    next_state: str | None
    duty_since: datetime | None
    misses: int


class AgentList(BaseModel):
    """All agents, those with calls first."""

    agents: list[AgentOut]


@blueprint.get("/agents")
@blueprint.output(AgentList)
@blueprint.doc(summary="List agents and what they are doing")
@takes(query("state", {"type": "string", "enum": list(STATES)}, "Only agents in this state"))
@permit("agents.read")
def index() -> ResponseReturnValue:
    """List agents."""
    with current().db.transaction() as session:
        found = reading.list_agents(session, state=request.args.get("state", ""))
    return jsonify(agents=[agent_json(row) for row in found])


@blueprint.get("/agents/<int:agent_id>")
@blueprint.output(AgentOut)
@blueprint.doc(summary="Show one agent", responses={404: "There is no such agent"})
@permit("agents.read")
def show(agent_id: int) -> ResponseReturnValue:
    """Show one agent."""
    return _answer(agent_id)


@blueprint.post("/agents")
@blueprint.input(AgentIn, location="json", arg_name="given")
@blueprint.output(AgentOut)
@blueprint.doc(summary="Make an officer an agent, or change what is kept of one", responses={404: "No such officer"})
@permit("agents.write")
def keep(given: AgentIn) -> ResponseReturnValue:
    """Keep an agent."""
    services, values = current(), given.model_dump()
    officer_id = values.pop("officer_id")
    with services.db.transaction() as session:
        agent = keeping.keep_agent(session, services.clock, actor(), officer_id, AgentFacts(**values))
    live.notify(services.redis, "agents")
    return _answer(agent.id)


@blueprint.post("/agents/<int:agent_id>/state")
@blueprint.input(StateIn, location="json", arg_name="given")
@blueprint.output(AgentOut)
@blueprint.doc(
    summary="Become ready, not ready or off duty; during a call it applies afterwards",
    responses={403: "It is somebody else's state", 404: "There is no such agent", 409: "The time on duty is over"},
)
@permit("agents.read")
def set_state(agent_id: int, given: StateIn) -> ResponseReturnValue:
    """Choose one's own state, or as a supervisor somebody else's."""
    services = current()
    with services.db.transaction() as session:
        presence.choose(session, services.clock, agent_id, given.state, given.reason, actor=actor())
    jobs.enqueue(services, "queues.assign")  # by its name: queues stand above this room
    live.notify_desk(services.redis, agent_id)
    live.notify(services.redis, "agents")
    return _answer(agent_id)


def _answer(agent_id: int) -> ResponseReturnValue:
    with current().db.transaction() as session:
        return jsonify(agent_json(reading.agent_row(session, agent_id)))


def agent_json(row: AgentRow) -> dict[str, Any]:
    """Return an agent as the API shows them; no telephone number, times are ISO 8601 in UTC."""
    agent = row.agent
    plain = (
        "id", "officer_id", "group_id", "via", "skills", "languages", "active", "state", "reason", "next_state", "misses",
    )  # fmt: skip
    return {name: getattr(agent, name) for name in plain} | {
        "name": row.name,
        "group": row.group.name,
        "site": row.site,
        "outsourced": row.group.outsourced,
        "state_since": agent.state_since.isoformat(),
        "duty_since": agent.duty_since.isoformat() if agent.duty_since else None,
    }
