"""Twilio's Calls API over the exchange: create, list, fetch, update, delete, as the official SDK relies on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from itertools import islice
from urllib.parse import urlencode

from aiohttp import web

from hotline.sandbox.call_forms import Form, read_call, read_fields, read_instructions
from hotline.sandbox.calls import CANCELED, IN_PROGRESS, QUEUED, RINGING, Call, Source, call_as_twilio
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.refusals import MAGIC_TO_CALL, Refusal
from hotline.sandbox.search import parse_call_search
from hotline.sandbox.settings import API_VERSION
from hotline.sandbox.twilio_api import CARRIER, guarded, hang_up

logger = logging.getLogger(__name__)

EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)


def add_routes(app: web.Application) -> None:
    """Register the API on the application."""
    base = f"/{API_VERSION}/Accounts/{{account}}"
    app.router.add_post(f"{base}/Calls.json", guarded(create))
    app.router.add_get(f"{base}/Calls.json", guarded(list_calls))
    app.router.add_get(f"{base}/Calls/{{sid}}.json", guarded(fetch))
    app.router.add_post(f"{base}/Calls/{{sid}}.json", guarded(update))
    app.router.add_delete(f"{base}/Calls/{{sid}}.json", guarded(delete))


async def create(request: web.Request) -> web.StreamResponse:
    """Take one call in, with every fault that is set for its number."""
    form = await read_fields(request)

    def make(attempt: int) -> Call:
        return read_call(form, attempt)

    call = await take(request, form, make)
    if isinstance(call, web.StreamResponse):
        return call
    return await answer(request, call, json.dumps(call_as_twilio(call, request.app[CARRIER].settings.account_sid)))


async def take(request: web.Request, form: Form, make: Callable[[int], Call]) -> Call | web.StreamResponse:
    """Let the exchange place a call that ``make`` reads; a fault may end the connection instead. Raises ``Refusal``."""
    carrier, exchange = request.app[CARRIER], request.app[EXCHANGE]
    to = form.get("To")
    attempt = carrier.faults.next_attempt(to)
    try:
        call = make(attempt)
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
    return call


async def answer(request: web.Request, call: Call, text: str) -> web.StreamResponse:
    """Answer a create that was taken, late or never where a fault says so."""
    carrier, to, attempt = request.app[CARRIER], call.to, call.attempt
    if late := carrier.strike("answer_delay", to, attempt):
        await asyncio.sleep(late.value / 1000)
    if carrier.strike("answer_lost_after", to, attempt):
        return hang_up(request)
    if carrier.strike("http_500_after", to, attempt):
        raise Refusal(20500)
    return web.Response(text=text, status=201, content_type="application/json")


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


def find_call(request: web.Request) -> Call:
    """Return the call of the path; raises ``Refusal`` 20404."""
    call = request.app[EXCHANGE].get(request.match_info["sid"])
    if call is None:
        raise Refusal(20404, request.path)
    return call


def shown(request: web.Request, call: Call) -> web.Response:
    """Answer with a call."""
    return web.json_response(call_as_twilio(call, request.app[CARRIER].settings.account_sid))


async def fetch(request: web.Request) -> web.StreamResponse:
    """Show one call."""
    return shown(request, find_call(request))


async def update(request: web.Request) -> web.StreamResponse:
    """End a call (Status), or lead it to another document (Url or Twiml)."""
    form, call, exchange = await read_fields(request), find_call(request), request.app[EXCHANGE]
    status = form.get("Status")
    if status not in ("", "completed", "canceled"):
        raise Refusal(20001, "Status must be completed or canceled")
    if request.app[CARRIER].strike("http_500_before", call.handset, call.attempt):
        raise Refusal(20500)
    if status:
        # Twilio: canceled ends only what has not been answered, and both do nothing to a call that is over.
        if status == "completed" or call.status in (QUEUED, RINGING):
            exchange.finish(call, CANCELED if call.status in (QUEUED, RINGING) else "completed")
        return shown(request, call)
    url, twiml = read_instructions(form)
    if not url and not twiml:
        raise Refusal(20001, "Url, Twiml or Status is needed")
    if call.status != IN_PROGRESS and not (call.status in (QUEUED, RINGING) and call.direction != "inbound"):
        raise Refusal(21220)
    call.fallback_url = form.address("FallbackUrl") or call.fallback_url
    call.callback_url = form.address("StatusCallback") or call.callback_url
    if call.status == IN_PROGRESS:
        exchange.begin(call, Source(url, form.method("Method"), twiml=twiml))
    else:
        call.url, call.twiml, call.method = url, twiml, form.method("Method")
    exchange.note_call(call)
    return shown(request, call)


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a finished call from the record."""
    call = find_call(request)
    if not call.final:
        raise Refusal(20009)
    request.app[EXCHANGE].forget(call)
    return web.Response(status=204)


async def list_calls(request: web.Request) -> web.StreamResponse:
    """List calls, newest first, by To, From, ParentCallSid, Status and day or second of the start, in pages."""
    carrier, query = request.app[CARRIER], request.query
    search = parse_call_search(query)
    exchange: Exchange = request.app[EXCHANGE]
    matching = (
        call
        for call in reversed(list(exchange))
        if (not search.to or call.to == search.to)
        and (not search.sender or call.sender == search.sender)
        and (not query.get("Status") or call.status == query["Status"])
        and (not query.get("ParentCallSid") or call.parent_sid == query["ParentCallSid"])
        # A call that has not begun has no start, and no filter by start finds it.
        and (search.started is None or (call.started is not None and search.started(float(int(call.started)))))
        and not carrier.strike("list_lag", call.to, call.attempt)
    )
    first = search.page * search.page_size
    found = list(islice(matching, first, first + search.page_size + 1))
    account = carrier.settings.account_sid
    rows = [call_as_twilio(call, account) for call in found[: search.page_size]]
    return paged(request, "calls", rows, search.page, search.page_size, more=len(found) > search.page_size)


def paged(
    request: web.Request, name: str, rows: list[dict[str, object]], page: int, size: int, *, more: bool
) -> web.Response:
    """Answer with one page in Twilio's shape."""
    kept = {key: value for key, value in request.query.items() if key not in ("Page", "PageSize")}
    following = {**kept, "Page": str(page + 1), "PageSize": str(size)}
    return web.json_response(
        {
            name: rows,
            "next_page_uri": f"{request.path}?{urlencode(following)}" if more else None,
            "page": page,
            "page_size": size,
            "uri": request.path_qs,
        }
    )
