"""The command ``hotline bots``: have many calls placed on a running practice carrier, and say what they met."""

from __future__ import annotations

import json
import os
import time

import click
import requests

from hotline.sandbox.client import SandboxClient, SandboxError

POLL_S = 0.5
AGENTS = "+8288*"


@click.command()
@click.option("--url", envvar="HOTLINE_SANDBOX_URL", required=True, help="The running practice carrier.")
@click.option("--to", default="+15005550006", show_default=True, help="The number that is called.")
@click.option("--calls", default=100, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--per-s", default=2.0, show_default=True, type=click.FloatRange(0.001, 1000), help="Mean arrivals.")
@click.option(
    "--at-once", default=5_000, show_default=True, type=click.IntRange(1, 10_000), help="Most calls at a time."
)
@click.option("--keys", default="", help="Answers to the service's questions in order, separated by commas, as 1,2.")
@click.option("--think-ms", default=300, show_default=True, type=click.IntRange(0, 3_600_000))
@click.option("--patience-s", default=0.0, type=click.FloatRange(0, 3600), help="Mean; 0 waits for ever.")
@click.option(
    "--talk-s", default=5.0, show_default=True, type=click.FloatRange(0, 3600), help="Mean; 0 lets agents end."
)
@click.option("--longest-s", default=600.0, show_default=True, type=click.FloatRange(1, 3600))
@click.option("--seed", default=0, type=click.IntRange(0, 2**53), help="The same seed is the same stream.")
@click.option("--agents", default=AGENTS, show_default=True, help="Telephones that pick up and press 1; empty: none.")
def bots(url: str, keys: str, patience_s: float, talk_s: float, longest_s: float, agents: str, **plan: object) -> None:
    """Place calls like a Poisson stream, answer agents' telephones, and print what was met as JSON."""
    account_sid, auth_token = os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", "")
    if not account_sid or not auth_token:
        raise click.ClickException("set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, the same as for the service")
    plan |= {
        "patience_ms": round(patience_s * 1000),
        "talk_ms": round(talk_s * 1000),
        "longest_ms": round(longest_s * 1000),
    }
    plan["keys"] = [each.strip() for each in keys.split(",")] if keys else []
    carrier = SandboxClient(url, account_sid, auth_token)
    try:
        if agents:
            carrier.set_habit(agents, "answer", after_ms=1_000, keys="1", keys_after_ms=500)
        click.echo(json.dumps(_run(carrier, plan), indent=2))
    except (SandboxError, requests.RequestException) as problem:
        raise click.ClickException(str(problem)) from problem
    finally:
        carrier.close()


def _run(carrier: SandboxClient, plan: dict[str, object]) -> dict[str, object]:
    """Start a run and wait for its end; an interrupted one is stopped. Every call has a longest time, so it ends."""
    carrier.start_bots(**plan)
    try:
        while (report := carrier.bots())["running"]:
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        report = carrier.stop_bots()
    return report
