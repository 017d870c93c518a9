"""`hotline travellers import`: lists that are too large for one request."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hotline.core.errors import HotlineError
from hotline.core.services import make_services
from hotline.people.import_lines import MAX_FILE_BYTES
from hotline.people.import_report import refused_csv
from hotline.people.importing import ImportReport, import_travellers
from hotline.platform.commands import CLI
from hotline.platform.preflight import read_settings

LISTED_IN_FILE = 10_000
SHOWN = 20


@click.group()
def travellers() -> None:
    """The people who receive alerts."""


@travellers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "file_format", type=click.Choice(["csv", "ndjson"]), help="By the file's name when left out.")
@click.option("--region", help="Country (as KR) whose numbers are written without a plus sign.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole report here, as JSON, or its refused rows as CSV where the name ends in .csv.",
)
def import_command(file: Path, file_format: str | None, region: str | None, report: Path | None) -> None:
    """Take over the travellers in FILE (CSV with a header, or one JSON object a line).

    The columns are reference, name, phone, language, lat, lon, precision, place, country, observed_at, valid_until and
    drill, in any order. A row with from_date and to_date tells a leg of a journey (with means, and journey as its key); a
    person has as many of those as they have legs. Known travellers are updated; rows that cannot be used are named and
    the rest is taken over.
    Exits with 1 when rows were refused.
    """
    if file.stat().st_size > MAX_FILE_BYTES:
        raise click.ClickException(f"{file} has more than {MAX_FILE_BYTES // 1_000_000} MB; divide it.")
    chosen = file_format or ("ndjson" if file.suffix in (".ndjson", ".jsonl") else "csv")
    services = make_services(read_settings(), pool_size=1)

    def progress(rows: int) -> None:
        click.echo(f"\r{rows:,} rows", nl=False, err=True)

    try:
        with file.open("rb") as stream:
            done = import_travellers(
                services,
                CLI,
                stream,
                chosen,
                region=region,
                max_listed=LISTED_IN_FILE if report else SHOWN,
                on_progress=progress,
            )
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    finally:
        services.db.dispose()
        services.redis.close()
    click.echo("", err=True)
    if report is not None:
        as_table = report.suffix == ".csv"
        written = refused_csv(done.refused) if as_table else json.dumps(done.to_json(), ensure_ascii=False, indent=1)
        report.write_text(written, encoding="utf-8", newline="")
    _show(done)
    if done.refused_count:
        raise SystemExit(1)


def _show(report: ImportReport) -> None:
    for warning in report.warnings:
        click.echo(f"Note: {warning}")
    for fault in report.refused[:SHOWN]:
        click.echo(f"Line {fault['line']}: {fault['field']} {fault['value']!r}: {fault['mend']}")
    if report.refused_count > SHOWN:
        click.echo(f"… and {report.refused_count - min(SHOWN, len(report.refused)):,} more.")
    click.echo(
        f"{report.accepted_count:,} rows taken over ({report.created_count:,} new, {report.updated_count:,} known), "
        f"{report.refused_count:,} refused."
    )
