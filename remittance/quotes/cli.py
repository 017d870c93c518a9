"""`hotline rates`: exchange rates from a file, by hand or every afternoon by the machine's own timer."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, SeveralFaults
from hotline.core.services import make_services
from hotline.platform.preflight import read_settings
from remittance.quotes import rates as on_record
from remittance.quotes.rate_files import MAX_BYTES
from remittance.quotes.states import READ, WRITE

CLI = Actor(kind="system", id=None, name="command line", permissions=frozenset({READ, WRITE}), via="cli")


@click.group()
def rates() -> None:
    """Exchange rates."""


@rates.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Take over the rates in FILE: the European Central Bank's (XML or CSV), or a table base,quoted,rate,day; all or none.

    The bank's count at once, a table's when an officer agrees to them. The same file again changes nothing. Exits with 1 when
    the file was refused.
    """
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    services = make_services(read_settings(), pool_size=1)
    try:
        with services.db.transaction() as session:
            done = on_record.bring_in(session, services.clock, CLI, data)
    except SeveralFaults as error:
        for fault in error.faults:
            click.echo(f"{fault['field']}: {fault['value']!r}: {fault['mend']}")
        click.echo("Nothing was changed.")
        raise SystemExit(1) from error
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    finally:
        services.db.dispose()
        services.redis.close()
    click.echo(f"{done.new} new, {done.known} on record before.")
    if done.new and not done.counts:
        click.echo("They count when an officer agrees to them.")
