"""What the provider calls while a volunteer is called: what to say, which key was pressed, how the call went.

Refused without a valid signature, before anything is parsed. Nobody hears an error page: every failure behind the signature ends
in a sentence that points to the link in our text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from hotline.calls import fields
from hotline.core import jobs, live
from hotline.core.errors import HotlineError, InvalidInput, NotFound
from hotline.core.services import Services, current
from hotline.core.web import SIGNED, permit
from hotline.notices import lanes
from hotline.providers.twilio_signature import require_twilio_signature
from overflow.surge import answering, looking, reports, speech
from overflow.surge.calling import PATH
from overflow.surge.models import AskedPerson, Callout, CalloutCall
from overflow.surge.moving import topic_of
from overflow.surge.speech import AGAIN_KEY, KEYS, Turn
from overflow.surge.states import OPEN_CALLOUTS
from overflow.surge.wording import moment, task_of
from overflow.volunteers.models import Volunteer

log = structlog.get_logger(__name__)

blueprint = Blueprint("twilio_callouts", __name__, url_prefix=PATH)
_SMALL = re.compile(r"[0-9]{1,3}")


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in how a call goes; 204 once it is on the disk."""
    services = current()
    call_id, sid, word = fields.given_id("call"), fields.call_sid(), fields.status()
    with services.db.transaction() as session:
        callout_id = reports.heard(session, services, call_id, sid, word)
    if callout_id is not None:
        live.notify(services.redis, topic_of(callout_id))
    return Response(status=204)


@blueprint.post("/say")
@require_twilio_signature
@permit(SIGNED)
def say() -> ResponseReturnValue:
    """Say what is asked and wait for a key."""
    return _spoken(lambda services: _ask(services, _turn()))


@blueprint.post("/key")
@require_twilio_signature
@permit(SIGNED)
def key() -> ResponseReturnValue:
    """Take the key that was pressed; the same key again changes nothing."""

    def answer(services: Services) -> str:
        turn, pressed = _turn(), request.form.get("Digits", "")[:1]
        if pressed == AGAIN_KEY:
            return _ask(services, Turn(turn.call_id, 0, turn.again + 1))
        if pressed not in KEYS:
            return _ask(services, Turn(turn.call_id, turn.misses + 1, turn.again), wrong=True)
        with services.db.transaction() as session:
            _, person, volunteer = _heard_by(session, turn)
            callout_id, speaks = person.callout_id, volunteer.speaks
            outcome = answering.answer(session, services, person.id, KEYS[pressed], "voice")
        lanes.hurry(services)
        jobs.enqueue(services, looking.JOB)
        live.notify(services.redis, topic_of(callout_id))
        return speech.told(speaks, outcome)

    return _spoken(answer)


def _ask(services: Services, turn: Turn, *, wrong: bool = False) -> str:
    with services.db.transaction() as session:
        callout, _, volunteer = _heard_by(session, turn)
        if callout.state not in OPEN_CALLOUTS:
            return speech.told(volunteer.speaks, "over")
        until = moment(callout.until_at, volunteer.zone, volunteer.speaks)
        return speech.ask(
            services.settings.public_url + PATH, turn, language=volunteer.speaks, drill=callout.drill,
            task=task_of(callout.task, volunteer.speaks), until=until, wrong=wrong,
        )  # fmt: skip


def _heard_by(session: Session, turn: Turn) -> tuple[Callout, AskedPerson, Volunteer]:
    """Return whom the call was made to; raises NotFound, also for another number than the one that was called."""
    row = session.get(CalloutCall, turn.call_id)
    if row is None or not row.phone or row.phone != fields.telephone("To"):
        raise NotFound("call", turn.call_id)
    person = session.get_one(AskedPerson, row.person_id)
    return session.get_one(Callout, person.callout_id), person, session.get_one(Volunteer, person.volunteer_id)


def _turn() -> Turn:
    """Read which call it is from the address, which we made and the provider signed."""
    values = {}
    for name in ("misses", "again"):
        given = request.args.get(name, "0")
        if not given.isascii() or not _SMALL.fullmatch(given):
            raise InvalidInput(name, given, "give the numbers as in our own address")
        values[name] = int(given)
    return Turn(fields.given_id("call"), values["misses"], values["again"])


def _spoken(answer: Callable[[Services], str]) -> Response:
    try:
        twiml = answer(current())
    except (HotlineError, OperationalError, PoolTimeout) as error:
        log.warning("surge.call_page_failed", error=type(error).__name__)
        twiml = speech.apology()
    return Response(twiml, content_type="text/xml; charset=utf-8")
