"""`hotline carrier …`: add carriers and give them keys."""

from __future__ import annotations

import click

from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.platform.commands import CLI, command_services
from hotline.roaming import carriers
from hotline.roaming.mapping import STYLES


@click.group()
def carrier() -> None:
    """The mobile carriers that send roaming events."""


@carrier.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--style", type=click.Choice(sorted(STYLES)), required=True, help="How the carrier writes its events.")
def add(code: str, name: str, style: str) -> None:
    """Add a carrier under the CODE that stands in its address, and print its first key."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            made = carriers.add(session, services.clock, CLI, code=code, name=name, style=style)
            key = carriers.add_key(session, services.clock, CLI, _service_key(services), made)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    _show(key, services.settings.public_url, code)


@carrier.command("key")
@click.argument("code")
def add_key(code: str) -> None:
    """Give the carrier CODE a new key and print it; the keys before it stay good for two weeks."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            key = carriers.add_key(
                session, services.clock, CLI, _service_key(services), carriers.by_code(session, code)
            )
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    _show(key, services.settings.public_url, code)


@carrier.command("end-key")
@click.argument("key_id")
def end_key(key_id: str) -> None:
    """End a key at once."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            carriers.end_key(session, services.clock, CLI, key_id)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"The key {key_id} is no longer good.")


def _service_key(services: Services) -> str:
    return services.settings.secret_key.get_secret_value()


def _show(key: carriers.NewKey, public_url: str, code: str) -> None:
    click.echo(f"address  {public_url}/webhooks/roaming/{code}\nkey      {key.key_id}\nsecret   {key.secret}")
    click.echo("Hand this to the carrier over a safe way; the secret is not shown again.", err=True)
