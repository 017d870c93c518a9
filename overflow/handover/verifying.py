"""Whoever holds a hand-over checks it: on a public page, which tells nothing that was not given to it, or by a command."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput
from hotline.core.explain import explain
from hotline.core.services import Services, current, make_services
from hotline.core.web import PUBLIC, permit
from hotline.platform import preflight
from overflow.handover import composing, signing, words
from overflow.handover.models import HandoverSummary
from overflow.handover.signing import Verdict

blueprint = Blueprint("handover_check", __name__, template_folder="templates")
MAX_CERTIFICATES = 100


@blueprint.get("/handovers/verify")
@permit(PUBLIC)
def form() -> ResponseReturnValue:
    """Show the form."""
    return render_template("handover/verify.html", verdict=None, error=None, words=words)


@blueprint.post("/handovers/verify")
@permit(PUBLIC)
def check() -> ResponseReturnValue:
    """Check the file or the pasted mail, and show what it says."""
    file = request.files.get("file")
    given = file.read(signing.MAX_ENVELOPE_BYTES + 1) if file is not None and file.filename else b""
    given = given or request.form.get("mail", "").encode(errors="replace")
    try:
        verdict = verify(current(), given)
    except InvalidInput as error:
        page = render_template("handover/verify.html", verdict=None, error=explain(error, "handover"), words=words)
        return page, error.status
    shown = json.dumps(verdict.summary, indent=2, ensure_ascii=False, sort_keys=True)
    return render_template("handover/verify.html", verdict=verdict, shown=shown, error=None, words=words)


def verify(services: Services, given: bytes) -> Verdict:
    """Check an envelope against the keys of this service, those of earlier years included; raises InvalidInput."""
    with services.db.transaction() as session:
        ours = our_fingerprints(session)
    pair = composing.key_pair(services)
    if pair is not None:
        ours.add(pair.fingerprint)
    return signing.verify(given, ours)


def our_fingerprints(session: Session) -> set[str]:
    """Return the fingerprints of all certificates that this service has signed hand-overs with."""
    found = session.scalars(
        select(HandoverSummary.fingerprint).where(HandoverSummary.fingerprint != "").distinct().limit(MAX_CERTIFICATES)
    )
    return set(found)


@click.group()
def handover() -> None:
    """Hand-overs to missions."""


@handover.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_command(file: Path) -> None:
    """Check the signed hand-over in FILE: the file from its page, or the mail that brought it."""
    with file.open("rb") as opened:
        given = opened.read(signing.MAX_ENVELOPE_BYTES + 1)
    settings = preflight.read_settings()
    preflight.check_migrations(settings.database_url)
    try:
        verdict = verify(make_services(settings, pool_size=1), given)
    except InvalidInput as error:
        raise click.ClickException(error.message) from error
    click.echo(words.VERDICTS[verdict.outcome][0])
    if verdict.fingerprint:
        click.echo(f"SHA-256 of the certificate {verdict.fingerprint}")
    click.echo(json.dumps(verdict.summary, indent=2, ensure_ascii=False, sort_keys=True))
    if verdict.outcome != signing.TRUSTED:
        raise SystemExit(1)
