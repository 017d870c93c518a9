"""The handsets in the browser: one page, its JSON, its events and its static files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import phonenumbers
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, select_autoescape
from yarl import URL

from hotline.sandbox import control, inbound, roaming
from hotline.sandbox.calls import Call
from hotline.sandbox.calls_api import EXCHANGE
from hotline.sandbox.conferences_api import OPERATOR, ROOMS
from hotline.sandbox.control import controlled, read_object, whole
from hotline.sandbox.faults import fault_json
from hotline.sandbox.handsets import NUMBER, Handset
from hotline.sandbox.live import HEARTBEAT_S, HUB
from hotline.sandbox.mailroom import Mail
from hotline.sandbox.messages import DELIVERED, INBOUND, Message
from hotline.sandbox.refusals import DELIVERY_ERRORS, MAGIC_DELIVERY, MAGIC_TO, NEVER_SENT
from hotline.sandbox.rooms import Rooms
from hotline.sandbox.segments import count_parts
from hotline.sandbox.settings import BadInput, SandboxSettings
from hotline.sandbox.sounds import Sounds
from hotline.sandbox.twilio_api import CARRIER, Handler, authorised

HERE = Path(__file__).parent
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
FONTS = ("pretendard/pretendardvariable-dynamic-subset.css", "pretendard/pretendard.css")
"""Style sheets that bring a font with Hangul, the first that is there; without one the system's fonts serve."""
MAX_LIST_PAGE = 100
MAX_TEXTS = 100
WALL_TEXTS = 3
STATIC_SUFFIXES = {".css", ".js", ".svg", ".woff2"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
        "connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

SETTINGS: web.AppKey[SandboxSettings] = web.AppKey("settings", SandboxSettings)
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
TEMPLATES: web.AppKey[Environment] = web.AppKey("templates", Environment)


def add_routes(app: web.Application, settings: SandboxSettings) -> None:
    """Register the page and everything it asks for."""
    app[SETTINGS] = settings
    app[TEMPLATES] = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape())
    app.router.add_get("/", browser(show_page))
    app.router.add_get("/static/{name}", browser(file_server(HERE / "static")))
    if settings.vendor_dir and settings.vendor_dir.is_dir():
        app.router.add_get("/vendor/{name:.+}", browser(file_server(settings.vendor_dir)))
    app.router.add_get("/page/handsets", browser(controlled(list_handsets)))
    app.router.add_get("/page/handsets/{number}", browser(controlled(show_handset)))
    app.router.add_post("/page/handsets/{number}/reply", browser(controlled(reply)))
    app.router.add_post("/page/handsets/{number}/state", browser(controlled(change_state)))
    app.router.add_post("/page/handsets/{number}/land", browser(controlled(land)))
    app.router.add_post("/page/handsets/{number}/call", browser(controlled(use_call)))
    app.router.add_get("/page/wall", browser(controlled(show_wall)))
    app.router.add_get("/page/events", browser(events))
    app.router.add_get("/page/sounds/{name}", browser(play_sound))


def browser(handler: Handler) -> Handler:
    """Answer only under this machine's own name, so that no foreign page can reach it, with strict headers."""

    async def guard(request: web.Request) -> web.StreamResponse:
        settings = request.app[SETTINGS]
        try:
            host = URL(f"http://{request.host}").host
        except ValueError:
            host = None
        if host not in LOOPBACK and host != settings.host:
            raise web.HTTPMisdirectedRequest(text="This practice carrier answers only under its own address.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
            response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        return response

    return guard


def file_server(root: Path) -> Handler:
    """Serve files of one folder, by suffix, never outside it."""
    folder = root.resolve()

    async def serve(request: web.Request) -> web.StreamResponse:
        path = (folder / request.match_info["name"]).resolve()
        if not path.is_relative_to(folder) or path.suffix not in STATIC_SUFFIXES or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={**HEADERS, hdrs.CACHE_CONTROL: "no-cache"})

    return serve


async def show_page(request: web.Request) -> web.StreamResponse:
    """Show the page; beyond loopback it asks for the account's credentials first."""
    settings = request.app[SETTINGS]
    if settings.host not in LOOPBACK and not authorised(request):
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="practice carrier"'})
    vendor = settings.vendor_dir
    font = next((f"/vendor/{name}" for name in FONTS if vendor and (vendor / name).is_file()), None)
    text = (
        request.app[TEMPLATES]
        .get_template("handsets.html")
        .render(
            token=request.app[control.PAGE_TOKEN],
            font=font,
            delivery_errors=DELIVERY_ERRORS,
            magic={**MAGIC_TO, **MAGIC_DELIVERY},
        )
    )
    return web.Response(text=text, content_type="text/html")


def country_of(handset: Handset) -> str:
    """Return the handset's country (ISO 3166 alpha-2), from its number where nobody has said; remembered."""
    if not handset.country:
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(handset.number))
        except phonenumbers.NumberParseException:
            region = None
        handset.country = region if region and len(region) == 2 else "??"
    return handset.country


def handset_json(handset: Handset, mails: Sequence[Mail] = ()) -> dict[str, object]:
    """Return one row of the list, with the latest text or mail."""
    last = text_json(handset.texts[-1]) if handset.texts else None
    if mails and (last is None or mails[-1].at > handset.texts[-1].created):
        mail = mails[-1]
        last = {"body": f"✉ {mail.subject}", "status": DELIVERED, "at": mail.at, "updated": mail.at}
    return {
        "number": handset.number,
        "name": handset.name,
        "country": country_of(handset),
        "language": handset.language,
        "place": handset.place,
        "email": handset.email,
        "unread": handset.unread,
        "off": handset.off,
        "opted_out": handset.opted_out,
        "texts": len(handset.texts),
        "last": last,
    }


def text_json(message: Message) -> dict[str, object]:
    """Return one text as the phone shows it; ``at`` is seconds since 1970 UTC."""
    parts = count_parts(message.body)
    return {
        "seq": message.seq,
        "sid": message.sid,
        "mine": message.direction == INBOUND,
        "from": message.sender,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "never_sent": message.error_code in NEVER_SENT,
        "segments": parts.segments,
        "units": parts.units,
        "encoding": parts.encoding,
        "at": message.created,
        "updated": message.updated,
    }


async def list_handsets(request: web.Request) -> object:
    """Return one page of handsets: ``q``, ``offset``, ``limit``."""
    carrier = request.app[CARRIER]
    offset, limit = whole(request, "offset", 0, 0, 1_000_000), whole(request, "limit", 40, 1, MAX_LIST_PAGE)
    found, more = carrier.handsets.search(request.query.get("q", "")[:80], offset, limit)
    return {
        "handsets": [handset_json(each, request.app[control.MAILROOM].of(each.number)) for each in found],
        "more": more,
        "total": len(carrier.handsets),
    }


async def show_wall(request: web.Request) -> object:
    """Return the ``count`` latest active handsets matching ``q``, each with its last texts, in one answer."""
    count = whole(request, "count", 8, 1, 12)
    found, _ = request.app[CARRIER].handsets.search(request.query.get("q", "")[:80], 0, count)
    return {
        "handsets": [
            {**handset_json(each), "mails": [], "conversation": [text_json(text) for text in each.texts[-WALL_TEXTS:]]}
            for each in found
        ]
    }


def _find(request: web.Request) -> Handset:
    number = request.match_info["number"]
    handset = request.app[CARRIER].handsets.get(number)
    if handset is None:
        raise BadInput(f"no handset has the number {number[:20]}" if NUMBER.fullmatch(number) else "not a number")
    return handset


async def show_handset(request: web.Request) -> object:
    """Return a handset with its latest texts, oldest first; ``before`` a seq pages back, ``read`` takes the badge."""
    handset = _find(request)
    before = whole(request, "before", 10**15, 1, 10**15)
    texts = [text for text in handset.texts if text.seq < before]
    if request.query.get("read") == "1":
        request.app[CARRIER].mark_read(handset)
    mails = request.app[control.MAILROOM].of(handset.number)
    return {
        **handset_json(handset, mails),
        "conversation": [text_json(text) for text in texts[-MAX_TEXTS:]],
        "earlier": len(texts) > MAX_TEXTS,
        "mails": [asdict(mail) for mail in mails[-MAX_TEXTS:]],
        "call": call_json(request.app[EXCHANGE].of(handset.number), request.app[ROOMS]),
        "numbers": [{"number": each.number, "name": each.name} for each in request.app[EXCHANGE].numbers.all()],
        "faults": _faults_of(request, handset.number),
        "countries": list(roaming.NETWORKS),
    }


def call_json(call: Call | None, rooms: Rooms) -> dict[str, object] | None:
    """Return a handset's latest call as the phone shows it; ``with`` are the others who can be talked to."""
    if call is None:
        return None
    mine = call.direction == INBOUND
    place = rooms.of(call)
    return {
        "sid": call.sid, "from": call.to if mine else call.sender, "status": call.status, "over": call.final, "mine": mine,
        "heard": [{**asdict(line), "sound": Sounds.name(line.text)} for line in call.heard],
        "lines": call.lines, "wants_key": call.wants_key, "place": call.place, "at": call.created, "updated": call.updated,
        "started": call.started, "with": [each.handset for each in place.hearers(call)] if place is not None else [],
    }  # fmt: skip


async def use_call(request: web.Request) -> object:
    """Dial, answer, decline, let voicemail answer, press keys, talk or hang up: ``act`` and ``keys`` or ``words``."""
    values, number = await read_object(request), request.match_info["number"]
    if values.get("act") == "dial" and NUMBER.fullmatch(number) and not request.app[CARRIER].handsets.full:
        request.app[CARRIER].handsets.take(number)  # Whoever dials has a telephone, also when nobody has named it.
    handset = _find(request)
    act, words = values.get("act"), values.get("words") or values.get("keys") or ""
    if not isinstance(act, str) or not isinstance(words, str):
        raise BadInput("act, keys and words: must be texts")
    call = request.app[EXCHANGE].act(handset.number, act, words)
    return call_json(call, request.app[ROOMS])


def _faults_of(request: web.Request, number: str) -> list[dict[str, object]]:
    rules = request.app[CARRIER].faults.exact.get(number, {})
    return [fault_json(rule) for rule in rules.values()]


async def reply(request: web.Request) -> object:
    """Send what was typed on a handset to the service."""
    values = await read_object(request)
    body = values.get("body")
    if not isinstance(body, str):
        raise BadInput("body: must be a text")
    return await inbound.answer(request.app[CARRIER], _find(request).number, body)


async def land(request: web.Request) -> object:
    """Have a handset register in a country, and tell the service as a carrier does."""
    country = (await read_object(request)).get("country")
    if not isinstance(country, str):
        raise BadInput("country: must be a code of two letters")
    return await roaming.land(request.app[SETTINGS].data_dir, _find(request).number, country)


async def change_state(request: web.Request) -> object:
    """Switch a handset off or on, or opt it in or out."""
    values, handset = await read_object(request), _find(request)
    chosen: dict[str, bool] = {}
    for name, value in values.items():
        if name not in ("off", "opted_out") or not isinstance(value, bool):
            raise BadInput("only off and opted_out can be set, to true or false")
        chosen[name] = value
    request.app[CARRIER].set_handset(handset, **chosen)
    return handset_json(handset)


async def events(request: web.Request) -> web.StreamResponse:
    """Stream what changes; a browser cannot set headers here, so the page's token comes in the query."""
    if request.query.get("token") != request.app[control.PAGE_TOKEN] and not authorised(request):
        return web.Response(status=401)
    hub = request.app[HUB]
    try:
        queue = hub.join()
    except BadInput as problem:
        return web.Response(status=503, text=str(problem))
    response = web.StreamResponse(
        headers={**HEADERS, hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
    )
    try:
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        while not request.app[CLOSING].is_set():
            await response.write(await _next_event(queue))
    except ConnectionError:
        pass  # The browser went away, which is how every stream ends.
    finally:
        hub.leave(queue)
    return response


async def play_sound(request: web.Request) -> web.StreamResponse:
    """Give a sound that the service played; the page's token comes in the query, as a browser's player sets no headers."""
    if request.query.get("token") != request.app[control.PAGE_TOKEN] and not authorised(request):
        return web.Response(status=401)
    sound = request.app[OPERATOR].sounds.get(request.match_info["name"])
    if sound is None:
        raise web.HTTPNotFound
    return web.Response(body=sound.data, content_type=sound.content_type)


async def _next_event(queue: asyncio.Queue[str]) -> bytes:
    try:
        return f"data: {await asyncio.wait_for(queue.get(), HEARTBEAT_S)}\n\n".encode()
    except TimeoutError:
        return b": still here\n\n"
