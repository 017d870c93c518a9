"""`/live/events`: server-sent events; served by the live process alone, so that open pages never starve the console."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from hotline.core import live
from hotline.core.errors import InvalidInput
from hotline.core.services import current
from hotline.core.web import SIGNED_IN, permit

blueprint = Blueprint("live", __name__)
MAX_TOPICS = 8
_TOPIC = re.compile(r"[a-z]{1,20}(:[0-9]{1,19})?")


@blueprint.get("/live/events")
@permit(SIGNED_IN)
def events() -> ResponseReturnValue:
    """Stream hints for the topics named in `?topic=alert:12&topic=alerts` (at most eight)."""
    topics = request.args.getlist("topic")
    if not topics or len(topics) > MAX_TOPICS or not all(_TOPIC.fullmatch(topic) for topic in topics):
        raise InvalidInput("topic", topics, f"name 1 to {MAX_TOPICS} topics such as alerts or alert:12")
    response = Response(live.stream(current().redis, topics), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.after_request
def allow_console(response: Response) -> Response:
    """Let the console's own origin read the stream where the live process answers on another port."""
    if request.headers.get("Origin") == current().settings.public_url:
        response.headers["Access-Control-Allow-Origin"] = current().settings.public_url
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Vary"] = "Origin"
    return response
