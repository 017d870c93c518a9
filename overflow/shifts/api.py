"""`/api/v1/shifts`: planning shifts, listing a period, changing and cancelling, and coverage against need."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hotline.auth.identity import actor
from hotline.core import jobs, live
from hotline.core.description import MAX_ID, PAGE_LIMIT, query, takes
from hotline.core.errors import InvalidInput, SeveralFaults
from hotline.core.services import current
from hotline.core.web import permit
from overflow.shifts import coverage, forms, missing, people, planning, reading, sending, wall
from overflow.shifts.models import Shift
from overflow.shifts.planning import Change, Wanted
from overflow.shifts.states import PARTS, READ, STATES, WRITE
from overflow.shifts.wall import Wall

blueprint = APIBlueprint("api_shifts", __name__, url_prefix="/api/v1", tag="Shifts")
MAX_PERIOD = timedelta(days=92)
_DAY: dict[str, Any] = {"format": "date"}
_TIME: dict[str, Any] = {"pattern": "^[0-9]{1,2}:[0-9]{2}$"}


class ShiftIn(BaseModel):
    """A shift at local times: day and clock times of `zone` (IANA; the person's own where it is left out).

    An end not after the start lies on the next day.
    """

    model_config = ConfigDict(extra="forbid")

    agent_id: int = Field(ge=1, le=MAX_ID)
    day: str = Field(json_schema_extra=_DAY)
    start: str = Field(json_schema_extra=_TIME)
    end: str = Field(json_schema_extra=_TIME)
    zone: str | None = None


class ShiftChange(BaseModel):
    """What shall change of the shift as it stood in `version`; fields left out stay. People who were told read the reason."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=32_767)
    agent_id: int | None = Field(None, ge=1, le=MAX_ID)
    day: str | None = Field(None, json_schema_extra=_DAY)
    start: str | None = Field(None, json_schema_extra=_TIME)
    end: str | None = Field(None, json_schema_extra=_TIME)
    zone: str | None = None
    reason: str = ""


class PublishIn(BaseModel):
    """Drafts that begin from `since` until before `until` are published: people are told, once."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    until: AwareDatetime


class ShiftOut(BaseModel):
    """A shift: local times as planned, and the instants (UTC) they mean; notes say what a change of clocks did to them."""

    id: int
    agent_id: int
    zone: str
    day: str
    start: str
    end: str
    part: str = Field(json_schema_extra={"enum": list(PARTS)})
    starts_at: datetime
    ends_at: datetime
    start_note: Literal["", "moved", "first"]
    end_note: Literal["", "moved", "first"]
    state: str = Field(json_schema_extra={"enum": list(STATES)})
    version: int
    reason: str
    published_at: datetime | None
    ended_at: datetime | None
    missed_at: datetime | None


class ShiftList(BaseModel):
    """Shifts, the earliest first; `next_after` goes into `after` for the following page, where there is one."""

    shifts: list[ShiftOut]
    next_after: int | None


class PublishOut(BaseModel):
    """The shifts that people are told of, and those left as drafts because a rule forbids them now."""

    published: list[int]
    left: list[int]


class HourOut(BaseModel):
    """An hour of the day: people needed and planned, by what they can (empty: anybody)."""

    starts_at: datetime
    ends_at: datetime
    hour: int
    needed: dict[str, int]
    there: dict[str, int]


class CoverageOut(BaseModel):
    """A day of the centre's zone, hour by hour; drafts count."""

    day: str
    zone: str
    hours: list[HourOut]


@blueprint.get("/shifts")
@blueprint.output(ShiftList)
@blueprint.doc(summary="List the shifts that touch a period of at most 92 days; the coming week where none is given")
@takes(
    query("since", {"type": "string", "format": "date-time"}, "Only shifts that end after it"),
    query("until", {"type": "string", "format": "date-time"}, "Only shifts that begin before it"),
    query("agent_id", {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "Only shifts of this agent"),
    query("state", {"type": "string", "enum": list(STATES)}, "Only shifts in this state"),
    query(
        "after",
        {"type": "integer", "minimum": 1, "maximum": MAX_ID},
        "Only shifts that come after the one with this id",
    ),
    query("limit", PAGE_LIMIT, "Rows of the page"),
)
@permit(READ)
def index() -> ResponseReturnValue:
    """List shifts."""
    since = _moment("since") or current().clock.now()
    until = _moment("until") or min(since, datetime.max.replace(tzinfo=since.tzinfo) - MAX_PERIOD) + timedelta(days=7)
    if not since < until <= since + MAX_PERIOD:
        raise InvalidInput("until", until.isoformat(), f"lie after since, by at most {MAX_PERIOD.days} days")
    state = request.args.get("state", "")
    if state and state not in STATES:
        raise InvalidInput("state", state, f"use one of {', '.join(STATES)}")
    limit, agent_id = _number("limit", 200) or 50, _number("agent_id", MAX_ID)
    with current().db.transaction() as session:
        found = reading.page(
            session, since, until, states=(state,) if state else STATES, agent_id=agent_id, after=_number("after", MAX_ID),
            limit=limit + 1,
        )  # fmt: skip
    following = found[limit - 1].id if len(found) > limit else None
    return jsonify(shifts=[_plain(each) for each in found[:limit]], next_after=following)


@blueprint.post("/shifts")
@blueprint.input(ShiftIn, location="json", arg_name="given")
@blueprint.output(ShiftOut, status_code=201)
@blueprint.doc(
    summary="Plan a shift as a draft",
    responses={404: "There is no such agent", 409: "It breaks a rule, which `code` names"},
)
@permit(WRITE)
def create(given: ShiftIn) -> ResponseReturnValue:
    """Plan a shift."""
    services = current()
    with services.db.transaction() as session:
        zone = given.zone or people.person(session, given.agent_id).zone
        shift = planning.make(session, services.clock, actor(), Wanted(given.agent_id, _wall(given, zone)))
    live.notify(services.redis, missing.TOPIC)
    response = jsonify(_plain(shift))
    response.status_code = 201
    response.headers["Location"] = url_for("api_shifts.show", shift_id=shift.id)
    return response


@blueprint.post("/shifts/publish")
@blueprint.input(PublishIn, location="json", arg_name="given")
@blueprint.output(PublishOut)
@blueprint.doc(summary="Publish the drafts of a period of at most 92 days; people are told by text")
@permit(WRITE)
def publish(given: PublishIn) -> ResponseReturnValue:
    """Publish drafts."""
    services = current()
    if not given.since < given.until or given.until - given.since > MAX_PERIOD:
        raise InvalidInput("until", given.until.isoformat(), f"lie after since, by at most {MAX_PERIOD.days} days")
    with services.db.transaction() as session:
        done = planning.publish(session, services.clock, actor(), given.since, given.until)
    _tell()
    return jsonify(published=[each.id for each in done.told], left=[each.id for each, _ in done.left])


@blueprint.get("/shifts/coverage")
@blueprint.output(CoverageOut)
@blueprint.doc(summary="Show who is needed and who is planned on a day of the centre's zone; today where none is given")
@takes(query("day", {"type": "string", "format": "date"}, "The day"))
@permit(READ)
def show_coverage() -> ResponseReturnValue:
    """Show coverage."""
    services = current()
    zone = ZoneInfo(services.settings.home_zone)
    given = request.args.get("day")
    day = wall.read_day(given) if given is not None else services.clock.now().astimezone(zone).date()
    with services.db.transaction() as session:
        (found,) = coverage.days(session, zone, day, 1)
    hours = [
        {
            "starts_at": hour.starts_at.isoformat(), "ends_at": hour.ends_at.isoformat(), "hour": hour.hour,
            "needed": dict(hour.needed), "there": dict(hour.there),
        }
        for hour in found.hours
    ]  # fmt: skip
    return jsonify(day=day.isoformat(), zone=zone.key, hours=hours)


@blueprint.get("/shifts/<int:shift_id>")
@blueprint.output(ShiftOut)
@blueprint.doc(summary="Show one shift")
@permit(READ)
def show(shift_id: int) -> ResponseReturnValue:
    """Show one shift."""
    with current().db.transaction() as session:
        return jsonify(_plain(reading.get(session, shift_id)))


@blueprint.patch("/shifts/<int:shift_id>")
@blueprint.input(ShiftChange, location="json", arg_name="given")
@blueprint.output(ShiftOut)
@blueprint.doc(
    summary="Move a shift, or give it to somebody else",
    responses={409: "It breaks a rule, is over, or somebody else changed it meanwhile"},
)
@permit(WRITE)
def change(shift_id: int, given: ShiftChange) -> ResponseReturnValue:
    """Change a shift."""
    services = current()
    with services.db.transaction() as session:
        kept = reading.get(session, shift_id)
        wanted = Wall(
            given.zone or kept.zone, wall.read_day(given.day) if given.day is not None else kept.day,
            wall.read_clock_time(given.start, "start") if given.start is not None else kept.starts,
            wall.read_clock_time(given.end, "end") if given.end is not None else kept.ends,
        )  # fmt: skip
        asked = Change(given.version, wanted, given.agent_id, given.reason)
        shift = planning.change(session, services.clock, actor(), shift_id, asked)
    _tell()
    return jsonify(_plain(shift))


@blueprint.delete("/shifts/<int:shift_id>")
@blueprint.output(ShiftOut)
@blueprint.doc(
    summary="Cancel a shift; it stays on record, and whoever was told of it is told why",
    responses={409: "It is over or cancelled already"},
)
@takes(query("reason", {"type": "string", "maxLength": 300}, "Why; needed where somebody was told of it"))
@permit(WRITE)
def cancel(shift_id: int) -> ResponseReturnValue:
    """Cancel a shift."""
    services = current()
    with services.db.transaction() as session:
        shift = planning.cancel(session, services.clock, actor(), shift_id, request.args.get("reason", ""))
    _tell()
    return jsonify(_plain(shift))


def _tell() -> None:
    live.notify(current().redis, missing.TOPIC)
    jobs.enqueue(current(), sending.JOB)


def _wall(given: ShiftIn, zone: str) -> Wall:
    """Return the local times; raises SeveralFaults that name every one that cannot be read."""
    read: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for name, reader in (
        ("day", lambda: wall.read_day(given.day)),
        ("start", lambda: wall.read_clock_time(given.start, "start")),
        ("end", lambda: wall.read_clock_time(given.end, "end")),
    ):
        try:
            read[name] = reader()
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    if faults:
        raise SeveralFaults(faults)
    return Wall(zone, read["day"], read["start"], read["end"])


def _moment(name: str) -> datetime | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given) if len(given) <= 40 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year <= 2200:
        raise InvalidInput(name, given, "give a moment with its offset, such as 2026-11-21T03:00:00+00:00")
    return found


def _number(name: str, most: int) -> int | None:
    given = request.args.get(name)
    return None if given is None else forms.number(given, name, least=1, most=most)


def _plain(shift: Shift) -> dict[str, Any]:
    names = ("id", "agent_id", "zone", "part", "start_note", "end_note", "state", "version", "reason")
    times = ("starts_at", "ends_at", "published_at", "ended_at", "missed_at")
    return {
        **{name: getattr(shift, name) for name in names},
        **{name: getattr(shift, name).isoformat() if getattr(shift, name) else None for name in times},
        "day": shift.day.isoformat(), "start": wall.clock_time(shift.starts), "end": wall.clock_time(shift.ends),
    }  # fmt: skip
