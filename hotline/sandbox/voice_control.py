"""The control API of calls: the judge's record, numbers, habits of handsets, alerts; and forgetting everything."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from hotline.sandbox.bots_control import FLEET
from hotline.sandbox.calls import Call, call_entry
from hotline.sandbox.conferences import conference_entry
from hotline.sandbox.control import MAILROOM, MAX_RECORD_PAGE, Reader, controlled, read_object
from hotline.sandbox.habits import habit_json
from hotline.sandbox.numbers import line_json
from hotline.sandbox.recordings import recording_entry
from hotline.sandbox.settings import BadInput
from hotline.sandbox.twilio_api import CARRIER
from hotline.sandbox.voice import Voice

VOICE: web.AppKey[Voice] = web.AppKey("voice", Voice)


def add_routes(app: web.Application) -> None:
    """Register the control API."""
    routes: list[tuple[str, str, Reader]] = [
        ("GET", "/control/calls", list_calls),
        ("GET", "/control/conferences", list_conferences),
        ("GET", "/control/recordings", list_recordings),
        ("GET", "/control/alerts", list_alerts),
        ("GET", "/control/numbers", list_numbers),
        ("POST", "/control/numbers", put_numbers),
        ("GET", "/control/habits", list_habits),
        ("POST", "/control/habits", put_habit),
        ("DELETE", "/control/habits", clear_habits),
        ("POST", "/control/reset", reset),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, controlled(handler))


def call_record(call: Call) -> dict[str, object]:
    """Return one line of the judge's record, with everything that was said and pressed."""
    heard = [asdict(line) for line in call.heard]
    return {
        **call_entry(call)["c"],
        "lines": call.lines,
        "heard": heard,
        "wants_key": call.wants_key,
        "place": call.place,
    }


async def list_calls(request: web.Request) -> object:
    """Return the calls to and from ``to`` (all without it), oldest first, with everything that was said and pressed."""
    to = request.query.get("to")
    calls = [call for call in request.app[VOICE].exchange if to in (None, call.handset)]
    return {"calls": [call_record(call) for call in calls[-MAX_RECORD_PAGE:]]}


async def list_conferences(request: web.Request) -> object:
    """Return all conferences, oldest first, with the calls that are in them."""
    rooms = request.app[VOICE].rooms.all()[-MAX_RECORD_PAGE:]
    return {"conferences": [{**conference_entry(each)["k"], "calls": list(each.parties)} for each in rooms]}


async def list_recordings(request: web.Request) -> object:
    """Return all recordings, oldest first, with what was said while they ran."""
    return {"recordings": [recording_entry(each)["r"] for each in list(request.app[VOICE].recorder)[-MAX_RECORD_PAGE:]]}


async def list_alerts(request: web.Request) -> object:
    """Return the service's latest mistakes, oldest first, with Twilio's numbers."""
    return {"alerts": [asdict(each) for each in request.app[VOICE].operator.alerts]}


async def list_numbers(request: web.Request) -> object:
    """Return the numbers that can be called."""
    return {"numbers": [line_json(each) for each in request.app[VOICE].exchange.numbers.all()]}


async def put_numbers(request: web.Request) -> object:
    """Add or replace numbers: a JSON list of ``{number, name, voice_url, fallback_url, status_callback, forwards_to}``."""
    try:
        entries = await request.json()
    except ValueError as problem:
        raise BadInput("the body must be JSON") from problem
    return {"numbers": request.app[VOICE].exchange.numbers.put_all(entries)}


async def list_habits(request: web.Request) -> object:
    """Return the habits that are set."""
    return {"habits": [habit_json(each) for each in request.app[VOICE].exchange.habits.all()]}


async def put_habit(request: web.Request) -> object:
    """Set one habit from ``to, way, after_ms, keys, keys_after_ms, talk_ms``."""
    return habit_json(request.app[VOICE].exchange.habits.put(await read_object(request)))


async def clear_habits(request: web.Request) -> object:
    """Clear the habit of ``to``, or all."""
    return {"cleared": request.app[VOICE].exchange.habits.clear(request.query.get("to"))}


async def reset(request: web.Request) -> object:
    """Forget texts, calls, mails, faults and counts."""
    await request.app[FLEET].stop()
    request.app[VOICE].clear()
    request.app[CARRIER].reset()
    request.app[MAILROOM].clear()
    return {"reset": True}
