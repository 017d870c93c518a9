"""The commands `hotline up` and `hotline doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hotline.platform import diagnosis
from hotline.platform import up as up_module

DEFAULT_PORT = 8000
DEFAULT_DATA_DIR = Path(".data")

_data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    default=DEFAULT_DATA_DIR,
    envvar="HOTLINE_DATA_DIR",
    show_default=True,
    help="Directory of the embedded servers, the logs and the secrets.",
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="Port of the console."
)
@_data_option
@click.option("--demo", is_flag=True, help="Load demo data; its accounts are written to DATA/demo.json.")
@click.option("--servers-only", is_flag=True, help="Start only PostgreSQL and Valkey, and print their addresses.")
@click.option("--verbose", is_flag=True, help="Show every line of every process.")
@click.option("--with-parent", is_flag=True, help="Stop when the process that started this one ends, however it ends.")
def up(host: str, port: int, data_dir: Path, demo: bool, servers_only: bool, verbose: bool, with_parent: bool) -> None:
    """Start the whole service on this machine, and stop it with Ctrl-C.

    The database and Redis are started too, unless HOTLINE_DATABASE_URL and HOTLINE_REDIS_URL name others.
    """
    options = up_module.UpOptions(
        host=host,
        port=port,
        data_dir=data_dir,
        demo=demo,
        servers_only=servers_only,
        verbose=verbose,
        with_parent=with_parent,
    )
    sys.exit(up_module.run(options))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@_data_option
def doctor(port: int, data_dir: Path) -> None:
    """Check everything the service needs, and say how to mend what is missing."""
    findings = diagnosis.examine(port=port, data_dir=data_dir)
    click.echo(diagnosis.table(findings))
    sys.exit(1 if any(finding.verdict == "FAIL" for finding in findings) else 0)
