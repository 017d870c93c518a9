"""The front door: `create_app()` and the `hotline` command; the only place that knows every room."""

from __future__ import annotations

from pathlib import Path

import click
from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

import alerts.wiring
import hotline.agents.wiring
import hotline.auth.wiring
import hotline.calls.wiring
import hotline.cases.wiring
import hotline.console.wiring
import hotline.core.wiring
import hotline.demo.wiring
import hotline.incidents.wiring
import hotline.missions.wiring
import hotline.notices.wiring
import hotline.people.wiring
import hotline.providers.wiring
import hotline.queues.wiring
import hotline.registration.wiring
import hotline.roaming.wiring
import overflow.wiring
import remittance.wiring
from hotline.auth.identity import authorise, identify, needs_identity, protect_forms, sign_in_redirect
from hotline.core import api, i18n, incoming, jobs, logs, migrate, processes, web
from hotline.core.config import Settings
from hotline.core.registry import Registry
from hotline.core.services import Services, make_services, set_current
from hotline.platform import preflight
from hotline.platform.cli import doctor, up
from hotline.sandbox.bots_cli import bots
from hotline.sandbox.cli import sandbox

HERE = Path(__file__).resolve().parent
ROOMS = (hotline.core.wiring, hotline.auth.wiring, hotline.people.wiring, hotline.missions.wiring, hotline.incidents.wiring,
         hotline.providers.wiring, hotline.notices.wiring, hotline.registration.wiring, hotline.roaming.wiring,
         hotline.cases.wiring, hotline.agents.wiring, hotline.queues.wiring, hotline.calls.wiring, hotline.console.wiring,
         hotline.demo.wiring, alerts.wiring, overflow.wiring, remittance.wiring)  # fmt: skip
PACKAGES = ("hotline", "alerts", "overflow", "remittance")
"""Those with texts of their own."""
LIVE_BLUEPRINTS = ("health", "live", "auth", "console")
"""Beside the stream: health, and what its error answers refer to (the sign-in page and the frame of pages)."""
LIVE_THREADS = 256
"""Windows that one live process serves at once; those beyond look for themselves until one closes."""


def build_registry() -> Registry:
    """Collect what every room brings."""
    registry = Registry()
    for room in ROOMS:
        room.register(registry)
    jobs.set_registry(registry)
    return registry


def create_app(settings: Settings | None = None, *, services: Services | None = None, kind: str = "web") -> APIFlask:
    """Make the web application of one process.

    `kind` is `web` (everything but the live stream) or `live` (the stream alone, on threads of its own).
    Raises RuntimeError when a route declares no permission.
    """
    settings = settings or (services.settings if services else preflight.read_settings())
    serving = services is None
    services = services or make_services(
        settings, pool_size=max(4, settings.web_threads // 2), streams=LIVE_THREADS if kind == "live" else 0
    )
    registry = build_registry()
    app = api.make_app(settings)
    app.extensions["hotline"] = services
    app.extensions["registry"] = registry
    app.extensions["error_page"] = sign_in_redirect
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's documented way to wrap itself
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )
    i18n.install(app, [HERE / package / "translations" for package in PACKAGES])
    for blueprint in registry.blueprints:
        if blueprint.name in LIVE_BLUEPRINTS if kind == "live" else blueprint.name != "live":
            app.register_blueprint(blueprint)
    for provide in registry.context:
        app.context_processor(provide)
    api.describe(app)
    web.install_errors(app)
    protect_forms(app)
    web.install_default_deny(app, authorise)
    incoming.install_incoming_checks(app)
    app.before_request_funcs[None].insert(0, lambda: identify() if needs_identity() else None)
    web.install_security_headers(app, settings.live_url)
    if kind == "web":
        for start in registry.starters + (registry.rehearsals if serving else []):
            start(services)
    return app


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Emergency notification and consular crisis hotline."""


def _ready_services(process: str, pool_size: int = 10) -> Services:
    logs.configure(process)
    settings = preflight.read_settings()
    preflight.check_servers(settings.database_url, settings.redis_url)
    services = make_services(settings, pool_size=pool_size)
    set_current(services)
    return services


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def web_command(host: str, port: int) -> None:
    """Serve the console, the API and the webhooks."""
    settings = _ready_services("web").settings
    preflight.check_port(host, port)
    processes.serve(
        create_app, host=host, port=port, workers=settings.web_workers, threads=settings.web_threads, name="web"
    )


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
def live(host: str, port: int) -> None:
    """Serve live events to open pages."""
    _ready_services("live")
    preflight.check_port(host, port)
    processes.serve(lambda: create_app(kind="live"), host=host, port=port, workers=1, threads=LIVE_THREADS, name="live")


@main.command()
@click.option("--queues", default=None, help="Comma-separated; all by default.")
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
def worker(queues: str | None, burst: bool) -> None:
    """Do background work: dispatch, receipts, outbox."""
    services = _ready_services("worker")
    registry = build_registry()
    served = (queues or services.settings.worker_queues).split(",")
    if "default" in served:
        for start in registry.worker_starters:
            start(services)
    processes.run_worker(services, served, burst=burst)


@main.command()
def scheduler() -> None:
    """Enqueue what is due; one process at a time does so, others stand by."""
    services = _ready_services("scheduler", pool_size=2)
    processes.run_scheduler(services, build_registry())


@main.group()
def db() -> None:
    """The database schema."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Apply pending migrations."""
    settings = preflight.read_settings()
    preflight.check_database(settings.database_url)
    migrate.upgrade(settings.database_url)
    click.echo(f"The database is at revision {migrate.head_revision()}.")


web_command.name = "web"
main.add_command(web_command, "web")
for command in (up, doctor, sandbox, bots, *build_registry().commands):
    main.add_command(command)

if __name__ == "__main__":
    main()
