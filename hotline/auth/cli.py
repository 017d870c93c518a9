"""`hotline officer add` and `hotline token create`: the first officer of a new installation has no console yet."""

from __future__ import annotations

import sys

import click

from hotline.auth import officers, tokens
from hotline.auth.permissions import ROLES
from hotline.core.errors import HotlineError, NotFound
from hotline.platform.commands import CLI, command_services


@click.group()
def officer() -> None:
    """Officers who may sign in."""


@officer.command("add")
@click.argument("name")
@click.option("--display-name", required=True, help="The officer's name as colleagues see it.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES)), help="May be repeated.")
@click.option("--language", default="en", show_default=True, help="ko or en.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def add(name: str, display_name: str, roles: tuple[str, ...], language: str, password_stdin: bool) -> None:
    """Add an officer who signs in as NAME."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )  # fmt: skip
    services = command_services()
    try:
        with services.db.transaction() as session:
            row = officers.add_officer(
                session, services.clock, CLI,
                name=name, display_name=display_name, roles=roles, password=password, language=language,
            )  # fmt: skip
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"Officer {row.name} added with the roles {', '.join(row.roles)}.")


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("officer_name")
@click.option("--label", required=True, help="What the token is for.")
def create(officer_name: str, label: str) -> None:
    """Make a bearer token that acts as OFFICER_NAME and print it once."""
    services = command_services()
    try:
        with services.db.transaction() as session:
            found = officers.find_by_name(session, officer_name)
            if found is None:
                raise NotFound("officer", officer_name)
            made = tokens.create_token(session, services.clock, CLI, found, label)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(made)
