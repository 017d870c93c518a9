"""`hotline overflow …`: give an exchange a key, end one, and check an exchange's way from end to end."""

from __future__ import annotations

import click
from sqlalchemy import select

from hotline.core.errors import HotlineError
from hotline.missions.models import Mission
from hotline.platform.commands import CLI, command_services
from overflow.forwarding import client, keys


@click.group()
def overflow() -> None:
    """Embassies' exchanges that forward calls to the centre."""


@overflow.command("key")
@click.argument("mission")
def give_key(mission: str) -> None:
    """Give the exchange of MISSION (its code) a new key and print it; those before stay good for two weeks."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            mission_id = session.scalar(select(Mission.id).where(Mission.code == mission))
            if mission_id is None:
                raise click.ClickException(
                    f"There is no mission with the code {mission}; `hotline overflow key` takes its code."
                )
            secret = services.settings.secret_key.get_secret_value()
            made = keys.add(session, services.clock, CLI, secret, mission_id)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    url = services.settings.public_url
    click.echo(f"address  {url}/webhooks/overflow/{mission}\nkey      {made.key_id}\nsecret   {made.secret}")
    click.echo("Hand this to the technician over a safe way; the secret is not shown again.", err=True)


@overflow.command("end-key")
@click.argument("mission")
@click.argument("key_id")
def end_key(mission: str, key_id: str) -> None:
    """End a key of the exchange of MISSION at once."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            mission_id = session.scalar(select(Mission.id).where(Mission.code == mission))
            keys.end(session, services.clock, CLI, mission_id or 0, key_id)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"The key {key_id} is no longer good.")


@overflow.command("check")
@click.argument("mission")
@click.option("--url", required=True, help="Our public address, such as https://hotline.example.org")
@click.option("--key-id", required=True)
@click.option(
    "--secret",
    envvar="HOTLINE_EXCHANGE_SECRET",
    prompt=True,
    hide_input=True,
    help="Better given by HOTLINE_EXCHANGE_SECRET.",
)
@click.option("--called", default="", help="The mission's line that is forwarded, in international form.")
def check(mission: str, url: str, key_id: str, secret: str, called: str) -> None:
    """Check the way from the exchange of MISSION to us; ends with 1 when something is to be mended."""
    sender = client.Exchange(url=url, mission=mission, key_id=key_id, secret=secret)
    if not client.show(client.check(sender, called=called)):
        raise SystemExit(1)
