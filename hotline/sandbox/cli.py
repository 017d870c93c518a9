"""The command ``hotline sandbox``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hotline.sandbox import bots
from hotline.sandbox.client import SandboxClient, SandboxError
from hotline.sandbox.server import run
from hotline.sandbox.settings import Behaviour, SandboxSettings

INBOUND_PATH = "/webhooks/twilio/sms/inbound"


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless you mean it."
)
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free port.")
@click.option("--smsc-port", default=None, type=click.IntRange(0, 65535), help="Port for SMPP; none without it, 0 any.")
@click.option("--mail-port", default=None, type=click.IntRange(0, 65535), help="Port for SMTP; none without it, 0 any.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Keeps DIR/sandbox/journal.jsonl.")
@click.option("--vendor-dir", type=click.Path(path_type=Path), help="Front-end packages; the font is taken from here.")
@click.option(
    "--public-url", envvar="HOTLINE_PUBLIC_URL", default="", help="The service, which gets handsets' answers."
)
@click.option("--service-number", envvar="TWILIO_FROM", default="+15005550006", show_default=True)
@click.option("--sent-ms", default=40, show_default=True, type=click.IntRange(0, 600_000))
@click.option("--delivered-ms", default=250, show_default=True, type=click.IntRange(0, 600_000))
@click.option("--jitter-ms", default=0, show_default=True, type=click.IntRange(0, 600_000))
@click.option("--parts-per-s", default=0, show_default=True, type=click.IntRange(0, 100_000), help="0 is unlimited.")
@click.option("--max-messages", default=1_000_000, show_default=True, type=click.IntRange(100, 20_000_000))
def sandbox(  # noqa: PLR0913 - one argument per option
    host: str,
    port: int,
    smsc_port: int | None,
    mail_port: int | None,
    data_dir: Path | None,
    vendor_dir: Path | None,
    public_url: str,
    service_number: str,
    sent_ms: int,
    delivered_ms: int,
    jitter_ms: int,
    parts_per_s: int,
    max_messages: int,
) -> None:
    """Run the practice carrier: Twilio's API, SMPP, a mail server, and handsets in the browser. Nothing leaves this machine.

    Credentials come from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.
    """
    account_sid, auth_token = os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", "")
    if not account_sid or not auth_token:
        raise click.ClickException("set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, the same as for the service")
    settings = SandboxSettings(
        host=host,
        port=port,
        smsc_port=smsc_port,
        mail_port=mail_port,
        account_sid=account_sid,
        auth_token=auth_token,
        data_dir=data_dir,
        vendor_dir=vendor_dir,
        inbound_url=public_url.rstrip("/") + INBOUND_PATH if public_url else "",
        public_url=public_url.rstrip("/"),
        service_number=service_number,
        behaviour=Behaviour(sent_ms=sent_ms, delivered_ms=delivered_ms, jitter_ms=jitter_ms, parts_per_s=parts_per_s),
        max_messages=max_messages,
    )
    try:
        run(settings)
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"the practice carrier cannot run: {problem}") from problem


@click.command("call-bots")
@click.option("--url", envvar="HOTLINE_SANDBOX_URL", required=True, help="Where the practice carrier is.")
@click.option("--to", "number", envvar="TWILIO_FROM", required=True, help="The number to call.")
@click.option("--calls", default=100, show_default=True, type=click.IntRange(1, bots.MAX_CALLS))
@click.option(
    "--per-s", default=5.0, show_default=True, type=click.FloatRange(0.01, 200), help="Calls a second, on average."
)
@click.option("--keys", default="1", show_default=True, help="Pressed one by one, each when a question is asked.")
@click.option("--talk-s", default=10.0, show_default=True, type=click.FloatRange(0, 3600), help="After the last key.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--limit-s", default=120.0, show_default=True, type=click.FloatRange(1, 7200))
def call_bots(
    url: str, number: str, calls: int, per_s: float, keys: str, talk_s: float, seed: int, limit_s: float
) -> None:
    """Let bots call a number of the practice carrier, and phones that begin with +82199 answer as agents; say what they met.

    Credentials come from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.
    """
    client = SandboxClient(url, os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", ""))
    plan = bots.Plan(to=number, calls=calls, per_s=per_s, keys=keys, talk_s=talk_s, seed=seed, limit_s=limit_s)
    try:
        met = bots.run(client, plan)
    except (SandboxError, ValueError, OSError) as problem:
        raise click.ClickException(str(problem)) from problem
    finally:
        client.close()
    for line in met.lines():
        click.echo(line)
