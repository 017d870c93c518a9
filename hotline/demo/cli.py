"""`hotline demo load`."""

from __future__ import annotations

import os

import click

from hotline.core import jobs
from hotline.core.errors import HotlineError
from hotline.core.services import make_services
from hotline.demo.load import load
from hotline.platform.preflight import read_settings
from hotline.platform.problem import SetupProblem


@click.group()
def demo() -> None:
    """Made-up people to practise with."""


@demo.command("load")
def load_command() -> None:
    """Load officers, missions and travellers that do not exist; their accounts are written to DATA/demo.json.

    May be repeated: what is there stays. Refuses to run for a service that others can reach.
    """
    services = make_services(read_settings(), pool_size=2)
    try:
        done = load(services, os.environ.get("HOTLINE_SANDBOX_URL", "").rstrip("/"), jobs.registry().demo)
    except HotlineError as error:
        what, _, mend = error.message.partition(". ")
        raise SetupProblem(what, mend) from error
    except OSError as error:
        raise SetupProblem(
            f"the demo files cannot be written ({error.strerror})", "Check the data directory"
        ) from error
    finally:
        services.db.dispose()
        services.redis.close()
    click.echo(
        f"{done.officers} accounts, {done.missions} missions and {done.travellers:,} travellers were made; "
        f"the accounts are in {done.accounts_file}."
    )
