"""`hotline statements`: taking a bank's file over, and whether the books agree with the bank."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import select

from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.services import Services, make_services
from hotline.platform import preflight
from remittance.banks.models import BankAccount
from remittance.deposits import checking, importing, placing
from remittance.deposits.statement import demand_size

CLI = Actor(kind="system", id=None, name="command line", via="cli")
DIFFERS = 1
"""Exit code when an account is not what the bank says."""
MAX_ROUNDS = 200


@click.group()
def statements() -> None:
    """Banks' statements."""


@statements.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "code", default="", help="Short name of the bank account whose table (CSV) it is.")
def import_command(file: Path, code: str) -> None:
    """Take FILE over (CAMT.053, MT940 or a table) and find the remittances of its deposits.

    A file with faults is refused whole, and each fault named with its line. The same file again changes nothing.
    """
    services = _services()
    try:
        demand_size(file.stat().st_size)
        taken = importing.take(
            services,
            CLI,
            file.read_bytes(),
            name=file.name[: importing.MAX_NAME_CHARS],
            bank_account_id=_account(services, code),
        )
        for _ in range(MAX_ROUNDS):
            if not placing.place_new(services):
                break
    except SeveralFaults as error:
        told = "\n".join(
            f"{fault['field']}: {fault['value']} cannot be used; {fault['mend']}" for fault in error.faults
        )
        raise click.ClickException(f"{error.message}\n{told}") from error
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    finally:
        services.db.dispose()
        services.redis.close()
    if not taken.new:
        click.echo("This file was taken over before; nothing was changed.")
        return
    click.echo(f"Took over {taken.statements} statements with {taken.entries} new entries; {taken.known} were known.")


@statements.command()
def check() -> None:
    """Say whether each bank account is, in the books, what its last statement says; ends with 1 when one is not."""
    services = _services()
    try:
        with services.db.transaction() as session:
            found = checking.bank_balances(session)
    finally:
        services.db.dispose()
        services.redis.close()
    differing = [one for one in found if not one.agrees]
    for one in differing:
        click.echo(f"WRONG: {checking.sentence(one)}")
    if differing:
        sys.exit(DIFFERS)
    click.echo(f"The books agree with the last statements of {len(found)} bank accounts.")


def _account(services: Services, code: str) -> int | None:
    if not code:
        return None
    with services.db.transaction() as session:
        found = session.scalar(select(BankAccount.id).where(BankAccount.code == code))
    if found is None:
        raise click.ClickException(f"There is no bank account {code}.")
    return found


def _services() -> Services:
    settings = preflight.read_settings()
    preflight.check_migrations(settings.database_url)
    return make_services(settings, pool_size=2)
