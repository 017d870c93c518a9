"""`hotline missions import`: the list of all missions from a file."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.core.actor import Actor
from hotline.core.errors import HotlineError
from hotline.core.services import make_services
from hotline.missions.importing import MAX_BYTES, import_missions
from hotline.platform.preflight import read_settings

CLI = Actor(
    kind="system", id=None, name="command line", permissions=frozenset({"missions.read", "missions.write"}), via="cli"
)


@click.group()
def missions() -> None:
    """Embassies and consulates."""


@missions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Take over the missions in FILE (CSV with a header), all of them or none.

    Known missions (by code) are brought up to date; the same file again changes nothing. Exits with 1 when rows were refused.
    """
    if file.stat().st_size > MAX_BYTES:
        raise click.ClickException(f"{file} has more than {MAX_BYTES // 1_000_000} MB.")
    services = make_services(read_settings(), pool_size=1)
    try:
        with services.db.transaction() as session:
            done = import_missions(session, services.clock, CLI, file.read_bytes())
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    finally:
        services.db.dispose()
        services.redis.close()
    for fault in done.refused:
        click.echo(f"Line {fault['line']}: {fault['field']} {fault['value']!r}: {fault['mend']}")
    if done.refused:
        click.echo("Nothing was changed.")
        raise SystemExit(1)
    click.echo(f"{done.created_count} new, {done.updated_count} changed, {done.unchanged_count} as they were.")
