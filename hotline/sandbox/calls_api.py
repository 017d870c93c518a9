"""Twilio's Calls API over the exchange: create, list, fetch, with the paths, fields and errors the official SDK relies on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from itertools import islice
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from hotline.sandbox.calls import Call, call_as_twilio
from hotline.sandbox.exchange import Exchange, make_call
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.refusals import MAGIC_TO_CALL, Refusal
from hotline.sandbox.search import parse_call_search
from hotline.sandbox.settings import API_VERSION
from hotline.sandbox.twilio_api import CARRIER, MAX_FORM_FIELDS, guarded, hang_up, parse_callback

logger = logging.getLogger(__name__)

EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)
EVENTS = ("initiated", "ringing", "answered", "completed")
LONGEST_RING_S = 600


def add_routes(app: web.Application) -> None:
    """Register the API on the application."""
    base = f"/{API_VERSION}/Accounts/{{account}}"
    app.router.add_post(f"{base}/Calls.json", guarded(create))
    app.router.add_get(f"{base}/Calls.json", guarded(list_calls))
    app.router.add_get(f"{base}/Calls/{{sid}}.json", guarded(fetch))


async def create(request: web.Request) -> web.StreamResponse:
    """Take one call in, with every fault that is set for its number."""
    carrier, exchange = request.app[CARRIER], request.app[EXCHANGE]
    form = await _read_fields(request)
    to = form[0].get("To", "").strip()
    attempt = carrier.faults.next_attempt(to)
    try:
        call = _parse(form, attempt)
        _refuse(request, call)
    except Refusal as refusal:
        carrier.counts.refused[refusal.code] += 1
        raise
    if carrier.strike("answer_lost_before", to, attempt):
        return hang_up(request)
    try:
        exchange.place(call)
    except OSError as problem:
        logger.exception("journal cannot be written")
        raise Refusal(20500) from problem
    text = json.dumps(call_as_twilio(call, carrier.settings.account_sid))
    if late := carrier.strike("answer_delay", to, attempt):
        await asyncio.sleep(late.value / 1000)
    if carrier.strike("answer_lost_after", to, attempt):
        return hang_up(request)
    if carrier.strike("http_500_after", to, attempt):
        raise Refusal(20500)
    return web.Response(text=text, status=201, content_type="application/json")


async def _read_fields(request: web.Request) -> tuple[dict[str, str], list[str]]:
    """Return a form's fields and its StatusCallbackEvents, of which there may be several."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}, []
    try:
        text = (await request.read()).decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as problem:
        raise Refusal(20001, f"more than {MAX_FORM_FIELDS} fields") from problem
    return dict(pairs), [value for name, value in pairs if name == "StatusCallbackEvent"]


def _refuse(request: web.Request, call: Call) -> None:
    carrier = request.app[CARRIER]
    if carrier.strike("http_429", call.to, call.attempt):
        raise Refusal(20429)
    if carrier.strike("http_500_before", call.to, call.attempt):
        raise Refusal(20500)
    if rule := carrier.strike("refusal", call.to, call.attempt):
        raise Refusal(rule.value, call.to)
    if code := MAGIC_TO_CALL.get(call.to):
        raise Refusal(code, call.to)
    if request.app[EXCHANGE].full or (carrier.handsets.get(call.to) is None and carrier.handsets.full):
        raise Refusal(20429)


def _parse(fields: tuple[Mapping[str, str], list[str]], attempt: int) -> Call:
    """Check the form of a create request; raises ``Refusal`` with Twilio's code for the first fault."""
    form, events = fields
    to, sender, url = (form.get(name, "").strip() for name in ("To", "From", "Url"))
    if not to:
        raise Refusal(21201)
    if not NUMBER.fullmatch(to):
        raise Refusal(21217, to)
    if not sender:
        raise Refusal(21213)
    if not NUMBER.fullmatch(sender):
        raise Refusal(21212, sender)
    if not url or not parse_callback(url):
        raise Refusal(21205, url)
    ring = form.get("Timeout", "60")
    if not ring.isascii() or not ring.isdigit() or len(ring) > 4 or not 1 <= int(ring) <= LONGEST_RING_S:
        raise Refusal(20001, "Timeout must be 1 to 600 seconds")
    if unknown := [event for event in events if event not in EVENTS]:
        raise Refusal(20001, f"StatusCallbackEvent {unknown[0]}")
    return make_call(
        to=to, sender=sender, url=url, callback_url=parse_callback(form.get("StatusCallback", "").strip()),
        events=events or ["completed"], ring_s=int(ring), attempt=attempt,
    )  # fmt: skip


async def fetch(request: web.Request) -> web.StreamResponse:
    """Show one call."""
    call = request.app[EXCHANGE].get(request.match_info["sid"])
    if call is None:
        raise Refusal(20404, request.path)
    return web.json_response(call_as_twilio(call, request.app[CARRIER].settings.account_sid))


async def list_calls(request: web.Request) -> web.StreamResponse:
    """List calls, newest first, by To, From, Status and day or second of the start, in pages."""
    carrier, query = request.app[CARRIER], request.query
    search = parse_call_search(query)
    exchange: Exchange = request.app[EXCHANGE]
    matching = (
        call
        for call in reversed(list(exchange))
        if (not search.to or call.to == search.to)
        and (not search.sender or call.sender == search.sender)
        and (not query.get("Status") or call.status == query["Status"])
        # A call that has not begun has no start, and no filter by start finds it.
        and (search.started is None or (call.started is not None and search.started(float(int(call.started)))))
        and not carrier.strike("list_lag", call.to, call.attempt)
    )
    first = search.page * search.page_size
    found = list(islice(matching, first, first + search.page_size + 1))
    kept = {name: value for name, value in query.items() if name not in ("Page", "PageSize")}
    following = {**kept, "Page": str(search.page + 1), "PageSize": str(search.page_size)}
    account = carrier.settings.account_sid
    return web.json_response(
        {
            "calls": [call_as_twilio(call, account) for call in found[: search.page_size]],
            "next_page_uri": f"{request.path}?{urlencode(following)}" if len(found) > search.page_size else None,
            "page": search.page,
            "page_size": search.page_size,
            "uri": request.path_qs,
        }
    )
