"""Twilio's Messages API over the carrier: the paths, fields, errors and paging the official SDK relies on."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from hotline.sandbox.carrier import Carrier, Order
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.messages import Message, as_twilio
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.search import Search, find_page, parse_search
from hotline.sandbox.settings import API_VERSION, MAX_TEXT_CHARACTERS

logger = logging.getLogger(__name__)

CARRIER: web.AppKey[Carrier] = web.AppKey("carrier", Carrier)

_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_CALLBACK_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?][\x21-\x7e]*)?"
)
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
MAX_URL_CHARACTERS = 4000
MAX_FORM_FIELDS = 200
LONGEST_VALIDITY_S = 36_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    """Register the API on the application; every handler checks the credentials first."""
    base = f"/{API_VERSION}/Accounts/{{account}}"
    app.router.add_post(f"{base}/Messages.json", guarded(create))
    app.router.add_get(f"{base}/Messages.json", guarded(list_messages))
    app.router.add_get(f"{base}/Messages/{{sid}}.json", guarded(fetch))
    app.router.add_post(f"{base}/Messages/{{sid}}.json", guarded(redact))
    app.router.add_delete(f"{base}/Messages/{{sid}}.json", guarded(delete))


@lru_cache(maxsize=8)
def basic_header(account_sid: str, auth_token: str) -> bytes:
    """Return the only Authorization header a carrier with these credentials takes."""
    return b"Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode())


def authorised(request: web.Request) -> bool:
    """Whether the request carries the account's credentials, compared in constant time."""
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    settings = request.app[CARRIER].settings
    return hmac.compare_digest(given, basic_header(settings.account_sid, settings.auth_token))


def refusal_response(refusal: Refusal) -> web.Response:
    """Return a refusal in Twilio's shape."""
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else None
    return web.json_response(refusal.body(), status=refusal.status, headers=headers)


def guarded(handler: Handler) -> Handler:
    """Check credentials and account before the body is read, and give refusals Twilio's shape."""

    async def guard(request: web.Request) -> web.StreamResponse:
        try:
            _check_account(request)
            return await handler(request)
        except Refusal as refusal:
            return refusal_response(refusal)

    return guard


def _check_account(request: web.Request) -> None:
    if not authorised(request):
        raise Refusal(20003)
    if request.match_info["account"] != request.app[CARRIER].settings.account_sid:
        raise Refusal(20404, request.path)


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form; like Twilio, take any other content type for one without fields.

    Bytes that are no UTF-8 become replacement characters. Raises ``Refusal`` for more than 200 fields.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    text = (await request.read()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError as problem:
        raise Refusal(20001, f"more than {MAX_FORM_FIELDS} fields") from problem


async def create(request: web.Request) -> web.StreamResponse:
    """Accept one text, with every fault that is set for its number."""
    carrier = request.app[CARRIER]
    order = parse_order(await read_form(request))
    attempt = carrier.refuse_or_draw(order)
    struck = carrier.faults.any
    if struck and carrier.strike("answer_lost_before", order.to, attempt):
        return hang_up(request)
    try:
        message = carrier.accept(order, attempt)
    except OSError as problem:
        logger.exception("journal cannot be written")
        raise Refusal(20500) from problem
    # The answer is made before any delay: Twilio's first status is the one at acceptance, however late it arrives.
    text = json.dumps(as_twilio(message, carrier.settings.account_sid))
    if struck:
        if late := carrier.strike("answer_delay", order.to, attempt):
            await asyncio.sleep(late.value / 1000)
        if carrier.strike("answer_lost_after", order.to, attempt):
            return hang_up(request)
        if carrier.strike("http_500_after", order.to, attempt):
            raise Refusal(20500)
    return web.Response(text=text, status=201, content_type="application/json")


def hang_up(request: web.Request) -> web.Response:
    """Close the connection without a byte of answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def parse_order(form: Mapping[str, str]) -> Order:
    """Check the form of a create request; raises ``Refusal`` with Twilio's code for the first fault."""
    to, body = form.get("To", "").strip(), form.get("Body", "")
    service_sid, sender = form.get("MessagingServiceSid", "").strip(), form.get("From", "").strip()
    if not to:
        raise Refusal(21604)
    if not NUMBER.fullmatch(to):
        raise Refusal(21211, to)
    if service_sid and not _SERVICE_SID.fullmatch(service_sid):
        raise Refusal(20404, service_sid)
    if not service_sid and not sender:
        raise Refusal(21603)
    if sender and not _SENDER.fullmatch(sender):
        raise Refusal(21212, sender)
    if not body:
        raise Refusal(21602)
    if len(body) > MAX_TEXT_CHARACTERS:
        raise Refusal(21617)
    return Order(
        to=to,
        sender=sender,
        body=body,
        service_sid=service_sid or None,
        callback_url=parse_callback(form.get("StatusCallback", "").strip()),
        validity_s=_parse_validity(form.get("ValidityPeriod")),
    )


def parse_callback(url: str) -> str:
    """Return an address of the service as it was given, empty for none; raises ``Refusal`` 21609."""
    if not url:
        return ""
    found = _CALLBACK_URL.fullmatch(url)
    if found is None or len(url) > MAX_URL_CHARACTERS or not 0 < int(found["port"] or 80) < 65_536:
        raise Refusal(21609, url)
    return url


def _parse_validity(text: str | None) -> int:
    if text is None or text == "":
        return LONGEST_VALIDITY_S
    if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 9 or int(text) > LONGEST_VALIDITY_S:
        raise Refusal(20001, "ValidityPeriod must be a whole number of seconds up to 36000")
    if int(text) < 1:
        raise Refusal(30012)
    return int(text)


def _find(request: web.Request) -> Message:
    message = request.app[CARRIER].ledger.get(request.match_info["sid"])
    if message is None:
        raise Refusal(20404, request.path)
    return message


async def fetch(request: web.Request) -> web.StreamResponse:
    """Show one text."""
    carrier = request.app[CARRIER]
    return web.json_response(as_twilio(_find(request), carrier.settings.account_sid))


async def redact(request: web.Request) -> web.StreamResponse:
    """Empty the body of a finished text, the one change Twilio allows besides cancelling a scheduled one."""
    message, carrier = _find(request), request.app[CARRIER]
    form = await read_form(request)
    if form.get("Body") != "" or not message.final:
        raise Refusal(20001, "only Body= of a finished message can be redacted")
    carrier.redact(message)
    return web.json_response(as_twilio(message, carrier.settings.account_sid))


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a finished text from the record."""
    message = _find(request)
    if not message.final:
        raise Refusal(20001, "a message that is still being sent cannot be deleted")
    request.app[CARRIER].delete(message)
    return web.Response(status=204)


async def list_messages(request: web.Request) -> web.StreamResponse:
    """List texts, newest first, by To, From and day or second of sending, in pages."""
    carrier = request.app[CARRIER]
    search = parse_search(request.query)
    found, last_seen = find_page(carrier, search)
    account = carrier.settings.account_sid
    rows = [as_twilio(message, account) for message in found]
    return web.json_response({"messages": rows, **_paging(request, search, last_seen, len(rows))})


def _paging(request: web.Request, search: Search, last_seen: int | None, count: int) -> dict[str, object]:
    """Describe the page; ``last_seen`` None means that nothing follows."""
    path = request.path
    kept = {name: value for name, value in request.query.items() if name not in ("Page", "PageToken", "PageSize")}

    def address(page: int, token: int | None) -> str:
        query = {**kept, "PageSize": str(search.page_size), "Page": str(page)}
        if token is not None:
            query["PageToken"] = f"PB{token}"
        return f"{path}?{urlencode(query)}"

    first = address(0, None)
    return {
        "first_page_uri": first,
        "next_page_uri": None if last_seen is None else address(search.page + 1, last_seen),
        "previous_page_uri": None if search.page == 0 else first,
        "page": search.page,
        "page_size": search.page_size,
        "start": search.page * search.page_size,
        "end": search.page * search.page_size + max(0, count - 1),
        "uri": request.path_qs,
    }
