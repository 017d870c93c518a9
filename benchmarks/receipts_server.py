"""The service's own web server with more routes that only check a signature, for the comparison.

`python -m benchmarks.receipts_server PORT` serves until it is terminated; settings come from the environment.
"""

from __future__ import annotations

import sys

from flask import Blueprint, Flask, Response, jsonify
from flask.typing import ResponseReturnValue

from hotline.core import processes
from hotline.core.config import load_settings
from hotline.core.web import SIGNED, permit
from hotline.providers.twilio_signature import require_twilio_signature
from hotline.roaming.webhooks import signed_call
from wsgi import create_app

PATH, CARRIERS_PATH = "/webhooks/benchmark/signed", "/webhooks/benchmark/roaming"
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
