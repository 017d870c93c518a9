"""The service's own web server with more routes that only check a signature, for the comparison.

`python -m benchmarks.receipts_server PORT` serves until it is terminated; settings come from the environment.
"""

from __future__ import annotations

import sys

from flask import Blueprint, Flask, Response, jsonify
from flask.typing import ResponseReturnValue

from hotline.core import processes
from hotline.core.config import load_settings
from hotline.core.services import current
from hotline.core.web import SIGNED, permit
from hotline.providers.twilio_signature import require_twilio_signature
from hotline.roaming.webhooks import signed_call
from overflow.forwarding import standing, taking
from overflow.forwarding import webhooks as overflow_webhooks
from wsgi import create_app

PATH, CARRIERS_PATH = "/webhooks/benchmark/signed", "/webhooks/benchmark/roaming"
EXCHANGES_PATH = "/webhooks/benchmark/exchange"
_INSERT = "INSERT INTO bare_inserts (mission, name, body, received_at) VALUES (%s, %s, %s::jsonb, %s)"
blueprint = Blueprint("benchmark", __name__)


@blueprint.post(PATH)
@require_twilio_signature
@permit(SIGNED)
def signed() -> ResponseReturnValue:
    """Answer as the status webhook does, without having kept anything."""
    return Response(status=204)


@blueprint.post(f"{CARRIERS_PATH}/<carrier>")
@permit(SIGNED)
def signed_by_carrier(carrier: str) -> ResponseReturnValue:
    """Check a carrier's signature and answer as its webhook does, without having read or kept anything."""
    signed_call(carrier)
    return jsonify({"accepted": 1, "refused": 0}), 202


@blueprint.post(f"{EXCHANGES_PATH}/<mission>")
@permit(SIGNED)
def signed_by_exchange(mission: str) -> ResponseReturnValue:
    """Check an exchange's signature and insert what it sent as it is, durably, without having read or decided anything."""
    services, given = current(), overflow_webhooks.given(mission)
    now = services.clock.now()
    taking.demand_signed(standing.of(services, given.mission), given, now)
    with services.db.connection() as connection:
        connection.execute(_INSERT, (given.mission, given.name, given.body.decode(), now))
    return jsonify({"decision": "take"})


def make_app() -> Flask:
    """The web application as it is in service, and the route above."""
    app: Flask = create_app()
    app.register_blueprint(blueprint)
    return app


if __name__ == "__main__":
    settings = load_settings()
    processes.serve(
        make_app, host="127.0.0.1", port=int(sys.argv[1]), workers=settings.web_workers, threads=settings.web_threads,
        name="benchmark",
    )  # fmt: skip
