"""What embassies' exchanges call: refused before the body is read unless signed, answered within a second whatever happens."""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from hotline.calls.hands import Hands, Late
from hotline.core.errors import Forbidden, HotlineError, TooLarge, Unavailable
from hotline.core.services import Services, current
from hotline.core.signed_body import IDEMPOTENCY_HEADER, KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from hotline.core.web import SIGNED, permit, problem
from overflow.forwarding import taking
from overflow.forwarding.reading import MAX_BODY_BYTES
from overflow.forwarding.taking import ClockWrong, Webhook

log = structlog.get_logger(__name__)
blueprint = Blueprint("overflow_webhook", __name__, url_prefix="/webhooks/overflow")

ROOM = "forwarding_hands"
_HEADER_CHARS = 200


@blueprint.post("/<mission>")
@permit(SIGNED)
def announce(mission: str) -> ResponseReturnValue:
    """Say what becomes of a call that the mission's exchange is about to forward."""
    call, services = given(mission), current()
    try:
        told = _hands(services).answer(services, lambda: taking.take(services, call))
    except ClockWrong as error:
        return _clock_wrong(error)
    except (Late, Unavailable, SQLAlchemyError, psycopg.Error) as error:
        log.warning("overflow.static_answer", error=type(error).__name__)
        return _static(services, call)
    except HotlineError:
        raise
    except Exception:  # outermost line while a caller waits: the exchange always learns where to send the call
        log.exception("overflow.unexpected_error")
        return _static(services, call)
    return Response(told, content_type="application/json")


def given(mission: str) -> Webhook:
    """Return the request as it came; the size is checked first, so that nobody can make us hash megabytes."""
    if "Transfer-Encoding" in request.headers:
        raise Forbidden("A webhook must name the length of its body.", code="bad-signature")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLarge(f"An announcement's body is at most {MAX_BODY_BYTES // 1024} KiB.")
    body = request.get_data(cache=False, parse_form_data=False)
    key, timestamp, signature, name = map(_header, (KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER, IDEMPOTENCY_HEADER))
    return Webhook(mission[:40], key, timestamp, signature, name, body)


def _static(services: Services, call: Webhook) -> ResponseReturnValue:
    try:
        answer: dict[str, Any] = taking.without_database(services, call)
    except ClockWrong as error:
        return _clock_wrong(error)
    return jsonify(answer)


def _clock_wrong(error: ClockWrong) -> Response:
    """Return the problem with what a technician needs: how far the clock is off, and our time."""
    response = problem(error)
    told = response.get_json() | {"off_by_s": error.off_by_s, "server_time": error.server_time.isoformat()}
    response.set_data(jsonify(told).get_data())
    return response


def _hands(services: Services) -> Hands:
    """Return threads of our own: a burst of announcements must not keep callers of other lines waiting."""
    found: Hands | None = services.rooms.get(ROOM)
    if found is None:
        found = services.rooms.setdefault(ROOM, Hands())
    return found


def _header(name: str) -> str:
    return request.headers.get(name, "")[:_HEADER_CHARS].replace("\x00", "")
