"""`hotline overflow …`: give an exchange a key, end one, and check an exchange's way from end to end."""

from __future__ import annotations

import click
from sqlalchemy import select

from hotline.core.errors import HotlineError
from hotline.missions.models import Mission
from hotline.platform.commands import CLI, command_services
from overflow.forwarding import checking, client, keys


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
@click.option("--url", default="", help="Our public address; at the centre left out.")
@click.option("--key-id", default="", help="The exchange's key; at the centre left out: the newest one is taken.")
@click.option("--secret", envvar="HOTLINE_EXCHANGE_SECRET", default="", help="Better given by HOTLINE_EXCHANGE_SECRET.")
@click.option(
    "--called", default="", help="One line that is forwarded, in international form; else each of the mission."
)
def check(mission: str, url: str, key_id: str, secret: str, called: str) -> None:
    """Check the way from the exchange of MISSION to us; ends with 1 when something is to be mended.

    At the centre the mission's code is enough: its lines are looked at, too. With --key-id nothing but the way is tried, as a
    technician elsewhere does, who has no database of ours.
    """
    if key_id:
        if not url:
            raise click.UsageError("With --key-id name our public address as well: --url https://…")
        secret = secret or click.prompt("Secret", hide_input=True)
        findings = client.check(client.Exchange(url, mission, key_id, secret), called=called)
    else:
        findings = checking.at_the_centre(command_services(), mission, url=url, called=called)
    if not client.show(findings):
        raise SystemExit(1)
