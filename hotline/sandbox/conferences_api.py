"""Twilio's Conferences and Participants APIs over the rooms."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import web

from hotline.sandbox.call_forms import Form, read_fields, read_manner, read_room, read_target
from hotline.sandbox.calls import Call, Source
from hotline.sandbox.calls_api import EXCHANGE, answer, paged, take
from hotline.sandbox.conferences import Conference, Party, conference_as_twilio, new_party, party_as_twilio
from hotline.sandbox.exchange import make_call
from hotline.sandbox.following import Operator
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.rooms import Rooms
from hotline.sandbox.search import parse_call_search
from hotline.sandbox.settings import API_VERSION
from hotline.sandbox.twilio_api import CARRIER, guarded
from hotline.sandbox.verbs import Dial, Pause, Play, Redirect, Say

ROOMS: web.AppKey[Rooms] = web.AppKey("rooms", Rooms)
OPERATOR: web.AppKey[Operator] = web.AppKey("operator", Operator)
ANNOUNCEMENT = (Say, Play, Pause, Redirect)


def add_routes(app: web.Application) -> None:
    """Register the API on the application."""
    base = f"/{API_VERSION}/Accounts/{{account}}/Conferences"
    one = f"{base}/{{conference}}"
    app.router.add_get(f"{base}.json", guarded(list_conferences))
    app.router.add_get(f"{one}.json", guarded(fetch))
    app.router.add_post(f"{one}.json", guarded(update))
    app.router.add_get(f"{one}/Participants.json", guarded(list_parties))
    app.router.add_post(f"{one}/Participants.json", guarded(create_party))
    app.router.add_get(f"{one}/Participants/{{party}}.json", guarded(fetch_party))
    app.router.add_post(f"{one}/Participants/{{party}}.json", guarded(update_party))
    app.router.add_delete(f"{one}/Participants/{{party}}.json", guarded(delete_party))


def find_conference(request: web.Request) -> Conference:
    """Return the conference of the path, by its identifier or, while it is on, its name; raises ``Refusal`` 20404."""
    conference = request.app[ROOMS].find(request.match_info["conference"])
    if conference is None:
        raise Refusal(20404, request.path)
    return conference


def _find_party(request: web.Request) -> tuple[Conference, Party]:
    conference, key = find_conference(request), request.match_info["party"]
    party = conference.parties.get(key) or next(
        (each for each in conference.parties.values() if each.label == key), None
    )
    if party is None or not key:
        raise Refusal(20404, request.path)
    return conference, party


def _shown(request: web.Request, conference: Conference) -> web.Response:
    return web.json_response(conference_as_twilio(conference, request.app[CARRIER].settings.account_sid))


async def list_conferences(request: web.Request) -> web.StreamResponse:
    """List conferences, newest first, by FriendlyName and Status, in pages."""
    search, query = parse_call_search(request.query), request.query
    found = [
        each
        for each in reversed(request.app[ROOMS].all())
        if query.get("FriendlyName") in (None, "", each.name) and query.get("Status") in (None, "", each.status)
    ]
    first, account = search.page * search.page_size, request.app[CARRIER].settings.account_sid
    rows = [conference_as_twilio(each, account) for each in found[first : first + search.page_size]]
    more = len(found) > first + search.page_size
    return paged(request, "conferences", rows, search.page, search.page_size, more=more)


async def fetch(request: web.Request) -> web.StreamResponse:
    """Show one conference."""
    return _shown(request, find_conference(request))


async def update(request: web.Request) -> web.StreamResponse:
    """End a conference (Status=completed) or let an announcement be heard by all (AnnounceUrl)."""
    form, conference = await read_fields(request), find_conference(request)
    status, url = form.get("Status"), form.address("AnnounceUrl")
    if status not in ("", "completed") or not (status or url):
        raise Refusal(20001, "Status must be completed, or AnnounceUrl given")
    if status:
        request.app[ROOMS].end(conference)
    else:
        announce(request, conference, list(conference.parties.values()), Source(url, form.method("AnnounceMethod")))
    return _shown(request, conference)


def announce(request: web.Request, conference: Conference, parties: list[Party], source: Source) -> None:
    """Let a document be heard by some of those in a conference, each on a task that ends with the document."""
    operator, loop = request.app[OPERATOR], asyncio.get_running_loop()
    fields = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
    for party in parties:
        speaking = operator.announce(party.call, Source(source.url, source.method, fields), ANNOUNCEMENT)
        operator.keep(loop.create_task(speaking), party.call)


async def list_parties(request: web.Request) -> web.StreamResponse:
    """List who is in a conference, by Muted, Hold and Coaching, in pages."""
    conference, query, search = find_conference(request), request.query, parse_call_search(request.query)
    wanted = {name: query[name] == "true" for name in ("Muted", "Hold", "Coaching") if query.get(name)}
    found = [
        each
        for each in conference.parties.values()
        if all(getattr(each, name.lower()) == value for name, value in wanted.items())
    ]
    first, account = search.page * search.page_size, request.app[CARRIER].settings.account_sid
    rows = [party_as_twilio(conference, each, account) for each in found[first : first + search.page_size]]
    more = len(found) > first + search.page_size
    return paged(request, "participants", rows, search.page, search.page_size, more=more)


async def create_party(request: web.Request) -> web.StreamResponse:
    """Call somebody into a conference, which is opened when there is none of this name."""
    form, key = await read_fields(request), request.match_info["conference"]
    rooms, account = request.app[ROOMS], request.app[CARRIER].settings.account_sid
    known = rooms.find(key)
    if known.final if known is not None else key.startswith("CF"):
        raise Refusal(20404, request.path)
    room = read_room(form, known.name if known is not None else key)

    call = await take(request, form, lambda attempt: _read_leg(form, attempt))
    if isinstance(call, web.StreamResponse):
        return call
    conference = rooms.open(room)
    conference.expected += 1
    exchange = request.app[EXCHANGE]
    call.on_answer = lambda leg: exchange.begin(leg, Source(verbs=(Dial(room=room),)))
    call.on_end.append(lambda leg: rooms.give_up(conference))
    party = new_party(call, room, time.time())
    return await answer(request, call, json.dumps(party_as_twilio(conference, party, account, "queued")))


def _read_leg(form: Form, attempt: int) -> Call:
    to, sender = read_target(form.get("To")), form.get("From")
    if not sender:
        raise Refusal(21213)
    if not NUMBER.fullmatch(sender) and not sender.startswith("client:"):
        raise Refusal(21212, sender)
    return make_call(to=to, sender=sender, attempt=attempt, **read_manner(form))


async def fetch_party(request: web.Request) -> web.StreamResponse:
    """Show one who is in a conference."""
    conference, party = _find_party(request)
    return web.json_response(party_as_twilio(conference, party, request.app[CARRIER].settings.account_sid))


async def update_party(request: web.Request) -> web.StreamResponse:
    """Mute, hold, coach, announce, or say what happens when this participant leaves."""
    form = await read_fields(request)
    conference, party = _find_party(request)
    if request.app[CARRIER].strike("http_500_before", party.call.handset, party.call.attempt):
        raise Refusal(20500)
    changes: dict[str, object] = {
        "muted": form.flag("Muted", party.muted),
        "end_on_exit": form.flag("EndConferenceOnExit", party.end_on_exit),
        "coach": form.get("CallSidToCoach", party.coach),
        "coaching": form.flag("Coaching", party.coaching),
    }
    if changes["coaching"] and not changes["coach"]:
        raise Refusal(20001, "Coaching needs CallSidToCoach")
    if form.get("HoldUrl") or not form.flag("Hold", True):
        party.hold_music = form.address("HoldUrl"), form.method("HoldMethod")
    if form.get("WaitUrl"):
        party.wait = form.address("WaitUrl"), form.method("WaitMethod")
    request.app[ROOMS].modify(conference, party, hold=form.flag("Hold", party.hold), **changes)
    if url := form.address("AnnounceUrl"):
        announce(request, conference, [party], Source(url, form.method("AnnounceMethod")))
    return web.json_response(party_as_twilio(conference, party, request.app[CARRIER].settings.account_sid))


async def delete_party(request: web.Request) -> web.StreamResponse:
    """Send somebody out of a conference; the call goes on after its Dial."""
    _, party = _find_party(request)
    request.app[ROOMS].dismiss(party, "participant_kicked_via_api")
    return web.Response(status=204)
