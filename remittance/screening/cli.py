"""`hotline screening`: lists that are too large for one request, and a look at all that is open."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.core.actor import SYSTEM
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.services import Services, make_services
from hotline.platform import preflight
from remittance.screening import holding, lists
from remittance.screening.list_files import MAX_BYTES, read_list

MAX_ROUNDS = 100

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def screening() -> None:
    """Sanctions lists and what is compared with them."""


@screening.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--list", "code", required=True, help="Name of the list, such as ofac-sdn; a newer version replaces an older one."
)
@click.option("--aliases", type=_FILE, help="OFAC's ALT.CSV, from the same day.")
@click.option("--addresses", type=_FILE, help="OFAC's ADD.CSV, from the same day.")
@click.option(
    "--smaller", is_flag=True, help="The list is meant to have less than half of the entries of the version before."
)
def import_command(file: Path, code: str, aliases: Path | None, addresses: Path | None, smaller: bool) -> None:
    """Take FILE over as the newest version of a list: OFAC's SDN.CSV, or a table with the columns name, aliases, born, country,
    program and reference. A file with a fault is refused whole, and each faulty line is named; ends with 1 then.
    """
    files = [file, *(each for each in (aliases, addresses) if each is not None)]
    for each in files:
        if each.stat().st_size > MAX_BYTES:
            raise click.ClickException(f"{each} has more than {MAX_BYTES // 1_000_000} MB.")
    services = _services()
    try:
        read = read_list(
            file.read_bytes(),
            aliases=aliases.read_bytes() if aliases else b"",
            addresses=addresses.read_bytes() if addresses else b"",
        )
        with services.db.transaction() as session:
            version, new = lists.take(session, services.clock, SYSTEM, code, read, smaller=smaller)
            told = (version.id, version.entries, version.added, version.gone)
    except SeveralFaults as error:
        for fault in error.faults:
            click.echo(f"{fault['field']}: {fault['value']!r}: {fault['mend']}")
        raise click.ClickException(error.message) from error
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    finally:
        services.db.dispose()
    if not new:
        click.echo(f"This is version {told[0]} of {code}, which holds already; nothing was changed.")
        return
    click.echo(f"Version {told[0]} of {code} holds: {told[1]:,} entries, {told[2]:,} new or changed, {told[3]:,} gone.")
    click.echo("Open remittances are compared with it within the next minutes.")


@screening.command()
def sweep() -> None:
    """Look into every open remittance that waits for it; workers do so by themselves every minute."""
    services = _services()
    done = 0
    try:
        for _ in range(MAX_ROUNDS):
            count = holding.sweep(services)
            done += count
            if count < holding.MAX_A_RUN:
                break
    finally:
        services.db.dispose()
    click.echo(f"Looked into {done} remittances.")


def _services() -> Services:
    settings = preflight.read_settings()
    preflight.check_migrations(settings.database_url)
    return make_services(settings, pool_size=2)
