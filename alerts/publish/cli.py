"""`hotline signers …`: whose signatures on incoming CAP are believed."""

from __future__ import annotations

from pathlib import Path

import click

from alerts.publish import signers as stage
from hotline.core.errors import HotlineError
from hotline.core.keypair import MAX_FILE_BYTES
from hotline.platform.commands import CLI, command_services


@click.group()
def signers() -> None:
    """Certificates whose signatures on CAP messages are believed."""


@signers.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Whose certificate it is, as officers shall read it.")
def add(file: Path, name: str) -> None:
    """Believe the certificate in FILE (PEM). Compare the fingerprint that is printed with its owner, by telephone."""
    with file.open("rb") as opened:
        pem = opened.read(MAX_FILE_BYTES)
    services = command_services()
    try:
        with services.db.transaction() as session:
            row = stage.trust(session, services.clock, CLI, name=name, pem=pem)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"Certificate {row.id} of {row.name} is trusted until {row.valid_until:%Y-%m-%d}.")
    click.echo(f"SHA-256 {row.fingerprint}")


@signers.command("list")
def list_command() -> None:
    """Show the certificates that are trusted now."""
    services = command_services()
    with services.db.transaction() as session:
        for row in stage.list_signers(session):
            click.echo(f"{row.id}\t{row.name}\tuntil {row.valid_until:%Y-%m-%d}\t{row.fingerprint}")


@signers.command("remove")
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Stop believing certificate NUMBER at once."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            row = stage.distrust(session, services.clock, CLI, number)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"The certificate of {row.name} is trusted no more.")
