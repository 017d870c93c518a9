"""`hotline ledger`: the books computed anew, sealed, and written out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hotline.core.services import Services, make_services
from hotline.platform import preflight
from remittance.ledger import exporting, sealing
from remittance.ledger.checking import check as check_books
from remittance.ledger.months import is_period

UNSOUND = 1
"""Exit code when something is wrong with the books."""


@click.group()
def ledger() -> None:
    """The books of remittance."""


@ledger.command()
def check() -> None:
    """Compute the books anew and say in plain words what is wrong; ends with 1 when something is."""
    services = _services()
    try:
        with services.db.connection() as connection:
            checked = check_books(connection, services.clock.now())
    finally:
        services.db.dispose()
    click.echo(
        f"Read {checked.journals} journals with {checked.postings} postings; followed {checked.sealed} links of the chain."
    )
    for finding in checked.findings:
        click.echo(f"WRONG: {finding}")
    if checked.sound:
        click.echo("The books are sound: every journal balances, nothing was changed, and the closed months agree.")
        return
    click.echo("Tell the auditor before anything else is posted; nothing was mended.")
    sys.exit(UNSOUND)


@ledger.command()
def seal() -> None:
    """Seal the journals that wait for it; workers do so by themselves every few seconds."""
    services = _services()
    sealed = 0
    try:
        for _ in range(sealing.MAX_BATCHES):
            with services.db.transaction() as session:
                done = sealing.seal(session, services.clock)
            sealed += done
            if done < sealing.MAX_BATCH:
                break
    finally:
        services.db.dispose()
    click.echo(f"Sealed {sealed} journals.")


@ledger.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--format", "kind", type=click.Choice(["csv", "beancount"]), default="csv", show_default=True)
@click.option("--period", default="", help="One month, such as 2026-11; CSV only.")
def export(file: Path, kind: str, period: str) -> None:
    """Write the journal to FILE as CSV, or all of the books as plain text for beancount."""
    if period and (kind != "csv" or not is_period(period)):
        raise click.UsageError("--period names a month such as 2026-11 and goes with --format csv")
    services = _services()
    try:
        pieces = exporting.csv_lines(services.db, period) if kind == "csv" else exporting.beancount_lines(services.db)
        with file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(pieces)
    finally:
        services.db.dispose()
    click.echo(f"Wrote {file}.")


def _services() -> Services:
    settings = preflight.read_settings()
    preflight.check_migrations(settings.database_url)
    return make_services(settings, pool_size=2)
