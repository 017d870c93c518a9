"""`hotline vouchers`: the key that signs payout vouchers."""

from __future__ import annotations

import click

from hotline.core.clock import SystemClock
from hotline.core.config import load_settings
from remittance.payouts import keys


@click.group()
def vouchers() -> None:
    """Vouchers of payouts."""


@vouchers.command()
def key() -> None:
    """Show the certificate that vouchers are signed with, making the key where there is none yet."""
    found = keys.load(load_settings(), SystemClock().now())
    click.echo(f"SHA-256 of the certificate: {found.fingerprint}")
    click.echo("Give this certificate to whoever checks vouchers; the key stays here.")
    click.echo(found.pem)
