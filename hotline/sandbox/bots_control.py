"""The control API of the bots: one run is started, looked at and stopped under ``/control/bots``."""

from __future__ import annotations

from aiohttp import web

from hotline.sandbox.bots import Fleet, parse_plan
from hotline.sandbox.control import controlled, read_object

FLEET: web.AppKey[Fleet] = web.AppKey("fleet", Fleet)


def add_routes(app: web.Application) -> None:
    """Register the control API."""
    app.router.add_post("/control/bots", controlled(start))
    app.router.add_get("/control/bots", controlled(report))
    app.router.add_delete("/control/bots", controlled(stop))


async def start(request: web.Request) -> object:
    """Start a run from a plan."""
    request.app[FLEET].start(parse_plan(await read_object(request)))
    return request.app[FLEET].report()


async def report(request: web.Request) -> object:
    """Return what the bots of the latest run met."""
    return request.app[FLEET].report()


async def stop(request: web.Request) -> object:
    """Stop the run; calls that are on hang up."""
    await request.app[FLEET].stop()
    return request.app[FLEET].report()
