"""Twilio's Recordings API: recordings of calls and conferences, started, paused, stopped, listed, heard and deleted."""

from __future__ import annotations

import asyncio

from aiohttp import web

from hotline.sandbox.call_forms import read_fields
from hotline.sandbox.calls import IN_PROGRESS, Call
from hotline.sandbox.calls_api import EXCHANGE, paged
from hotline.sandbox.conferences import Conference
from hotline.sandbox.conferences_api import find_conference
from hotline.sandbox.recorder import Recorder
from hotline.sandbox.recordings import COMPLETED, Recording, recording_as_twilio, sound_of
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.search import parse_call_search
from hotline.sandbox.settings import API_VERSION, BadInput
from hotline.sandbox.twilio_api import CARRIER, guarded

RECORDER: web.AppKey[Recorder] = web.AppKey("recorder", Recorder)


def add_routes(app: web.Application) -> None:
    """Register the API on the application."""
    base = f"/{API_VERSION}/Accounts/{{account}}"
    call, room = f"{base}/Calls/{{call}}/Recordings", f"{base}/Conferences/{{conference}}/Recordings"
    app.router.add_post(f"{call}.json", guarded(start))
    app.router.add_get(f"{base}/Recordings.json", guarded(list_recordings))
    for prefix in (call, room):
        app.router.add_get(f"{prefix}.json", guarded(list_recordings))
        app.router.add_post(f"{prefix}/{{sid}}.json", guarded(update))
    for prefix in (f"{base}/Recordings", call, room):
        app.router.add_get(f"{prefix}/{{sid}}.json", guarded(fetch))
        app.router.add_delete(f"{prefix}/{{sid}}.json", guarded(delete))
    # As with Twilio the address without a suffix is the sound, and so is the one with .wav.
    app.router.add_get(f"{base}/Recordings/{{sid}}", guarded(hear))


def _subject(request: web.Request) -> Call | Conference | None:
    if "conference" in request.match_info:
        return find_conference(request)
    if "call" not in request.match_info:
        return None
    call = request.app[EXCHANGE].get(request.match_info["call"])
    if call is None:
        raise Refusal(20404, request.path)
    return call


def _of(request: web.Request) -> list[Recording]:
    subject = _subject(request)
    return [
        each for each in request.app[RECORDER] if subject is None or subject.sid in (each.call_sid, each.conference_sid)
    ]


def _find(request: web.Request) -> Recording:
    sid, found = request.match_info["sid"].removesuffix(".wav"), _of(request)
    recording = next((each for each in found if each.sid == sid), None)
    if sid == "Twilio.CURRENT":
        recording = next((each for each in reversed(found) if each.status != COMPLETED), None)
    if recording is None:
        raise Refusal(20404, request.path)
    return recording


def _shown(request: web.Request, recording: Recording, status: int = 200) -> web.Response:
    account = request.app[CARRIER].settings.account_sid
    return web.json_response(recording_as_twilio(recording, account), status=status)


async def start(request: web.Request) -> web.StreamResponse:
    """Begin to record a call that is on."""
    form, call = await read_fields(request), _subject(request)
    assert isinstance(call, Call)
    if call.status != IN_PROGRESS:
        raise Refusal(21220)
    recording = request.app[RECORDER].start(call, "StartCallRecordingAPI", form.address("RecordingStatusCallback"))
    return _shown(request, recording, 201)


async def list_recordings(request: web.Request) -> web.StreamResponse:
    """List recordings, newest first, by CallSid and ConferenceSid, in pages."""
    search, query = parse_call_search(request.query), request.query
    found = [
        each
        for each in reversed(_of(request))
        if query.get("CallSid") in (None, "", each.call_sid)
        and query.get("ConferenceSid") in (None, "", each.conference_sid)
    ]
    first, account = search.page * search.page_size, request.app[CARRIER].settings.account_sid
    rows = [recording_as_twilio(each, account) for each in found[first : first + search.page_size]]
    return paged(request, "recordings", rows, search.page, search.page_size, more=len(found) > first + search.page_size)


async def fetch(request: web.Request) -> web.StreamResponse:
    """Show one recording."""
    return _shown(request, _find(request))


async def update(request: web.Request) -> web.StreamResponse:
    """Pause a recording, go on with it, or stop it."""
    form, recording = await read_fields(request), _find(request)
    try:
        request.app[RECORDER].change(recording, form.get("Status"))
    except BadInput as problem:
        raise Refusal(20001, str(problem)) from problem
    return _shown(request, recording)


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a recording that has ended."""
    recording = _find(request)
    if recording.status not in (COMPLETED, "absent"):
        raise Refusal(20009)
    request.app[RECORDER].forget(recording)
    return web.Response(status=204)


async def hear(request: web.Request) -> web.StreamResponse:
    """Give the sound of a recording that has ended, as WAV."""
    recording = _find(request)
    if recording.status != COMPLETED:
        raise Refusal(20404, request.path)
    data = await asyncio.get_running_loop().run_in_executor(None, sound_of, recording.duration_s)
    return web.Response(body=data, content_type="audio/x-wav")
