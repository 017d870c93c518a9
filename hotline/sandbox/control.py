"""The control API: faults, the judge's record, handsets and behaviour, as JSON under ``/control``.

It takes the account's own credentials (basic) or the token that the handset page carries; both are made for one
process on one machine.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web

from hotline.sandbox.carrier import Carrier
from hotline.sandbox.faults import KINDS, fault_json
from hotline.sandbox.mailroom import Mailroom
from hotline.sandbox.messages import INBOUND, OUTBOUND, REPLY, Message
from hotline.sandbox.settings import BadInput
from hotline.sandbox.twilio_api import CARRIER, Handler, authorised

PAGE_TOKEN: web.AppKey[str] = web.AppKey("page_token", str)
MAILROOM: web.AppKey[Mailroom] = web.AppKey("mailroom", Mailroom)

MAX_RECORD_PAGE = 5000
MAX_DUPLICATES = 1000
YIELD_EVERY = 5000

DIRECTIONS = {
    "outbound": (OUTBOUND,),
    "reply": (REPLY,),
    "inbound": (INBOUND,),
    "all": (OUTBOUND, REPLY, INBOUND),
}
"""What ``direction`` may ask for; ``outbound`` is what clients created, ``reply`` what answered a handset."""

Reader = Callable[[web.Request], Awaitable[object]]


def add_routes(app: web.Application) -> None:
    """Register the control API."""
    routes: list[tuple[str, str, Reader]] = [
        ("GET", "/control/faults", list_faults),
        ("POST", "/control/faults", set_fault),
        ("DELETE", "/control/faults", clear_faults),
        ("DELETE", "/control/faults/{id:[0-9]{1,12}}", clear_fault),
        ("GET", "/control/messages", list_record),
        ("GET", "/control/mails", list_mail_record),
        ("GET", "/control/summary", summarise),
        ("GET", "/control/counters", counters),
        ("GET", "/control/behaviour", read_behaviour),
        ("PATCH", "/control/behaviour", change_behaviour),
        ("POST", "/control/handsets", add_handsets),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, controlled(handler))


def controlled(handler: Reader) -> Handler:
    """Check who asks, and turn a ``BadInput`` of the reader into 400 with its words."""

    async def guard(request: web.Request) -> web.StreamResponse:
        token = request.headers.get("X-Sandbox-Token", "")
        if not authorised(request) and not hmac.compare_digest(token.encode(), request.app[PAGE_TOKEN].encode()):
            return web.json_response({"error": "credentials are missing or wrong"}, status=401)
        try:
            return web.json_response(await handler(request))
        except BadInput as problem:
            return web.json_response({"error": str(problem)}, status=400)

    return guard


async def read_object(request: web.Request) -> dict[str, object]:
    """Return the JSON object of a request; raises ``BadInput`` when it is none."""
    try:
        values = await request.json()
    except ValueError as problem:
        raise BadInput("the body must be JSON") from problem
    if not isinstance(values, dict):
        raise BadInput("the body must be a JSON object")
    return values


def whole(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of the query; raises ``BadInput`` naming it when out of bounds."""
    text = request.query.get(name, str(default))
    if not text.isdecimal() or len(text) > 16 or not least <= int(text) <= most:
        raise BadInput(f"{name}: must be a whole number from {least} to {most}")
    return int(text)


async def list_faults(request: web.Request) -> object:
    """Return the rules in force and the kinds that exist."""
    rules = request.app[CARRIER].faults.rules()
    return {"faults": [fault_json(rule) for rule in rules], "kinds": {kind: KINDS[kind] for kind in KINDS}}


async def set_fault(request: web.Request) -> object:
    """Set one rule from ``kind, to, value, share, seed, times``."""
    return fault_json(request.app[CARRIER].faults.add(await read_object(request)))


async def clear_faults(request: web.Request) -> object:
    """Clear the rules of ``to`` and ``kind``, or all."""
    query = request.query
    return {"cleared": request.app[CARRIER].faults.clear(to=query.get("to"), kind=query.get("kind"))}


async def clear_fault(request: web.Request) -> object:
    """Clear one rule."""
    return {"cleared": request.app[CARRIER].faults.clear(fault_id=int(request.match_info["id"]))}


def record_json(message: Message) -> dict[str, object]:
    """Return one line of the judge's record; times are seconds since 1970 UTC."""
    return {
        "seq": message.seq,
        "sid": message.sid,
        "direction": message.direction,
        "from": message.sender,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "segments": message.segments,
        "created": message.created,
        "sent": message.sent,
        "updated": message.updated,
        "callback_url": message.callback_url,
        "messaging_service_sid": message.service_sid,
    }


async def list_record(request: web.Request) -> object:
    """Return accepted texts oldest first: ``to``, ``since`` (seconds), ``after`` (seq), ``limit``, ``direction``."""
    carrier, query = request.app[CARRIER], request.query
    limit = whole(request, "limit", 1000, 1, MAX_RECORD_PAGE)
    after = whole(request, "after", 0, 0, 10**15)
    direction = query.get("direction", "outbound")
    if direction not in DIRECTIONS:
        raise BadInput(f"direction: must be one of {', '.join(DIRECTIONS)}")
    try:
        since = float(query.get("since", "0"))
    except ValueError as problem:
        raise BadInput("since: must be seconds since 1970") from problem
    if to := query.get("to"):
        handset = carrier.handsets.get(to)
        texts = (text for text in (handset.texts if handset else []) if text.seq > after)
    else:
        texts = (text for text in carrier.ledger.after(after))
    found: list[Message] = []
    for text in texts:
        if text.created >= since and text.direction in DIRECTIONS[direction]:
            if len(found) == limit:
                return {"messages": [record_json(each) for each in found], "next_after": found[-1].seq}
            found.append(text)
    return {"messages": [record_json(each) for each in found], "next_after": None}


async def list_mail_record(request: web.Request) -> object:
    """Return the mails to the address ``to`` (all without it), oldest first."""
    to = request.query.get("to")
    mails = [mail for mail in request.app[MAILROOM] if to in (None, mail.to)]
    return {"mails": [asdict(mail) for mail in mails[-MAX_RECORD_PAGE:]]}


async def summarise(request: web.Request) -> object:
    """Return totals and every (To, Body) that was accepted more than once.

    ``numbers`` (comma-separated, at most 500) adds the count of texts accepted for each of them.
    """
    carrier = request.app[CARRIER]
    numbers = [each for each in request.query.get("numbers", "").split(",") if each][:500]
    return {
        **counters_json(carrier),
        **await find_duplicates(carrier),
        "per_number": {number: len(_outbound(carrier, number)) for number in numbers},
    }


def _outbound(carrier: Carrier, number: str) -> list[Message]:
    handset = carrier.handsets.get(number)
    return [text for text in handset.texts if text.direction == OUTBOUND] if handset else []


async def find_duplicates(carrier: Carrier) -> dict[str, object]:
    """Look through all handsets, letting other work in between; lists at most 1,000 duplicates."""
    duplicates: list[dict[str, object]] = []
    with_texts = surplus = 0
    for index, handset in enumerate(list(carrier.handsets)):
        if index % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        texts = [text for text in handset.texts if text.direction == OUTBOUND]
        with_texts += bool(texts)
        if len(texts) < 2:
            continue
        for body, count in Counter(text.body for text in texts).items():
            if count > 1:
                surplus += count - 1
                if len(duplicates) < MAX_DUPLICATES:
                    sids = [text.sid for text in texts if text.body == body][:20]
                    duplicates.append({"to": handset.number, "body": body, "count": count, "sids": sids})
    return {"numbers_with_texts": with_texts, "duplicates": duplicates, "surplus": surplus}


def counters_json(carrier: Carrier) -> dict[str, object]:
    """Return the running totals."""
    counts = carrier.counts
    return {
        "accepted": counts.accepted,
        "inbound": counts.inbound,
        "kept": len(carrier.ledger),
        "handsets": len(carrier.handsets),
        "by_status": {status: count for status, count in counts.by_status.items() if count},
        "refused": {str(code): count for code, count in counts.refused.items()},
        "faults_struck": dict(counts.faults),
        "callbacks": {
            **asdict(carrier.callbacks.counts),
            "outstanding": carrier.callbacks.outstanding,
            "withheld": counts.callbacks_withheld,
        },
        "planned": len(carrier.timeline),
    }


async def counters(request: web.Request) -> object:
    """Return the running totals alone, which is cheap at any size."""
    return counters_json(request.app[CARRIER])


async def read_behaviour(request: web.Request) -> object:
    """Return how the carrier behaves when nothing is wrong, and where answers of handsets go."""
    carrier = request.app[CARRIER]
    return {
        **asdict(carrier.behaviour),
        "inbound_url": carrier.inbound_url,
        "service_number": carrier.service_number,
    }


async def change_behaviour(request: web.Request) -> object:
    """Change delays, pace, ``inbound_url`` and ``service_number``."""
    carrier, values = request.app[CARRIER], await read_object(request)
    url, number = values.pop("inbound_url", carrier.inbound_url), values.pop("service_number", carrier.service_number)
    if not isinstance(url, str) or len(url) > 2000 or not (url == "" or url.startswith(("http://", "https://"))):
        raise BadInput("inbound_url: must be an http address")
    if not isinstance(number, str) or not 3 <= len(number) <= 16:
        raise BadInput("service_number: must be a number")
    carrier.behaviour.change(values)
    carrier.inbound_url, carrier.service_number = url, number
    return await read_behaviour(request)


async def add_handsets(request: web.Request) -> object:
    """Add or rename handsets: a JSON list of ``{number, name, country, language, place}``, 64 KiB at a time."""
    try:
        entries = await request.json()
    except ValueError as problem:
        raise BadInput("the body must be JSON") from problem
    if not isinstance(entries, list):
        raise BadInput("the body must be a list of handsets")
    return {"handsets": request.app[CARRIER].handsets.name_all(entries)}
