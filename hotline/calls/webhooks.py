"""What the provider asks and tells about calls. Refused without a valid signature, before anything is parsed.

A caller never hears an error page: whatever fails or takes too long behind the signature ends in the emergency document, which
needs neither database nor Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.calls import (
    agent_leg,
    arriving,
    choosing,
    conference,
    events,
    fallback,
    fields,
    parties,
    passing_on,
    recordings,
    reports,
    speaking,
    waiting,
)
from hotline.calls.choosing import Pressed
from hotline.calls.events import Reply, Stage
from hotline.calls.going_on import redirected
from hotline.calls.hands import Late, hands
from hotline.calls.reading import get_call
from hotline.calls.speaking import PATH, TAKE_KEY, hang_up, hold
from hotline.core.errors import HotlineError
from hotline.core.services import Services, current
from hotline.core.web import SIGNED, permit, problem
from hotline.providers.twilio_signature import require_twilio_signature
from hotline.queues import assigning

log = structlog.get_logger(__name__)

blueprint = Blueprint("twilio_calls", __name__, url_prefix=PATH)
MAX_AGAIN = 5
REPORTS = frozenset({"status", "conference_event", "recording"})
"""Pages that take in facts and are heard by nobody."""


PARTY_PAGES = frozenset(
    {
        "agent",
        "agent_key",
        "starred",
        "star_key",
        "person",
        "party",
        "party_key",
        "left",
        "forward_screen",
        "forward_key",
    }
)
"""Pages heard by somebody who did not call us: when something is wrong their leg ends, and nobody is rung at night."""


def _xml(twiml: str) -> Response:
    return Response(twiml, content_type="text/xml; charset=utf-8")


@blueprint.errorhandler(HotlineError)
def _not_understood(error: HotlineError) -> ResponseReturnValue:
    """Answer a request that the provider signed and we do not understand: with a document where somebody listens."""
    page = (request.endpoint or "").rpartition(".")[2]
    if page in REPORTS or error.status in (403, 413):
        return problem(error)
    log.warning("calls.not_understood", page=page, error=error.code)
    return _xml(hang_up()) if page in PARTY_PAGES else _fall_back(error.code)


def _spoken(sid: str, key: str, stage: Stage, *, to_caller: bool = True, needs_queue: bool = False) -> Response:
    """Answer with a document within the deadline; else with the emergency document (a caller) or the end (an agent's leg)."""
    services = current()
    pool = hands(services)
    following: list[Callable[[], None]] = []

    def work() -> str | None:
        if needs_queue:
            pool.demand_valkey(services)
        twiml, after = events.take(services, sid, key, stage)
        if after is not None:
            following.append(after)
        return twiml

    try:
        twiml = pool.answer(services, work)
    except Late as error:
        log.warning("calls.late", step=key)
        return _fall_back(type(error).__name__) if to_caller else _once_more(services)
    except (HotlineError, SQLAlchemyError, RedisError) as error:
        log.warning("calls.fallback", error=type(error).__name__, step=key)
        return _fall_back(type(error).__name__) if to_caller else _xml(hang_up())
    except Exception as error:  # outermost line of a request whose answer is heard: never an error page
        log.exception("calls.unexpected_error", step=key)
        return _fall_back(type(error).__name__) if to_caller else _xml(hang_up())
    for after in following:
        pool.later(after)
    if fallback.is_waiting(services.settings):
        pool.later(lambda: _make_up(services))
    return _xml(twiml or hang_up())


def _turn(stage: Stage, *, needs_queue: bool = False) -> Response:
    """Answer what follows on a document to the caller; it is named by that document's number."""
    return _spoken(fields.call_sid(), f"turn:{fields.turn()}", stage, needs_queue=needs_queue)


def _other(step: str, stage: Callable[[Session, str], Reply]) -> Response:
    """Answer somebody whom we rang, by the provider's name of their leg; each step of it comes once."""
    sid = fields.call_sid()
    return _spoken(sid, step, lambda session: stage(session, sid), to_caller=False)


def _once_more(services: Services) -> Response:
    """Have the provider ask again in a second: what takes too long now is kept once it is done, and a repetition gets it.

    Hanging up instead would end the call of an agent whom the late work connects after all.
    """
    given = request.args.to_dict()
    tried = given.pop("again", "0")
    count = int(tried) if tried.isascii() and tried.isdigit() and len(tried) == 1 else MAX_AGAIN
    if count >= MAX_AGAIN:
        return _xml(hang_up())
    query = urlencode({**given, "again": count + 1})
    return _xml(speaking.again(f"{services.settings.public_url}{request.path}?{query}"))


def _make_up(services: Services) -> None:
    """The database is back: this machine's calls of the outage are written down."""
    if fallback.reconcile(services):
        assigning.kick(services)


def _fall_back(why: str) -> Response:
    services, ring = current(), fields.anybody()
    fallback.write_down(services.settings, ring, services.clock.now(), why)
    return _xml(fallback.document(services.settings, ring))


def _taken(sid: str, key: str, stage: Stage) -> Response:
    """Take in a report; 204 once it is on the disk."""
    services = current()
    _twiml, after = events.take(services, sid, key, stage)
    if after is not None:
        hands(services).later(after)
    return Response(status=204)


@blueprint.post("/inbound")
@require_twilio_signature
@permit(SIGNED)
def inbound() -> ResponseReturnValue:
    """Greet a caller and ask the first question."""
    services, ring = current(), fields.ring()
    return _spoken(ring.sid, "inbound", lambda session: arriving.arrive(session, services, ring), needs_queue=True)


@blueprint.post("/menu")
@require_twilio_signature
@permit(SIGNED)
def menu() -> ResponseReturnValue:
    """Take a key of the menu, or none."""
    services, call_id = current(), fields.given_id("call")
    pressed = Pressed(call_id, fields.node(), fields.pressed(), fields.given_id("misses"))
    return _turn(lambda session: choosing.choose(session, services, pressed), needs_queue=True)


@blueprint.post("/wait")
@require_twilio_signature
@permit(SIGNED)
def wait() -> ResponseReturnValue:
    """Answer one round of waiting."""
    services, call_id, key, number = current(), fields.given_id("call"), fields.pressed(), fields.given_id("round")
    return _turn(lambda session: waiting.turn(session, services, call_id, key, number), needs_queue=True)


@blueprint.post("/now")
@require_twilio_signature
@permit(SIGNED)
def now() -> ResponseReturnValue:
    """Say what a call hears in the state it is in; asked after each redirection of ours."""
    services, call_id, order, say = current(), fields.given_id("call"), fields.given_id("order"), fields.sentence()
    return _spoken(fields.call_sid(), f"now:{order}", lambda session: redirected(session, services, call_id, say))


@blueprint.post("/out")
@require_twilio_signature
@permit(SIGNED)
def out() -> ResponseReturnValue:
    """Answer when the person is out of the bridge."""
    services, call_id = current(), fields.given_id("call")
    return _turn(lambda session: waiting.out_of_bridge(session, services, call_id))


@blueprint.post("/dialled")
@require_twilio_signature
@permit(SIGNED)
def dialled() -> ResponseReturnValue:
    """Answer when the telephone outside is done or was not reached."""
    services, call_id, how = current(), fields.given_id("call"), fields.dialled()
    return _turn(lambda session: waiting.forward_ended(session, services, call_id, how))


@blueprint.post("/forward-screen")
@require_twilio_signature
@permit(SIGNED)
def forward_screen() -> ResponseReturnValue:
    """Ask whoever picked up outside to press 1; needs no database."""
    return _xml(parties.forward_screen(current().settings.public_url, fields.given_id("call")))


@blueprint.post("/forward-key")
@require_twilio_signature
@permit(SIGNED)
def forward_key() -> ResponseReturnValue:
    """Connect whoever pressed 1; needs no database. A call of an outage is with somebody from then on, however long they talk."""
    services, key, caller = current(), fields.pressed(), fields.sid("ParentCallSid")
    if key == TAKE_KEY and caller and not fields.given_id("call"):
        fallback.write_end(services.settings, caller, "answered", services.clock.now())
    return _xml(parties.forward_key(key))


@blueprint.post("/recorded")
@require_twilio_signature
@permit(SIGNED)
def recorded() -> ResponseReturnValue:
    """Thank for a message."""
    services, call_id = current(), fields.given_id("call")
    return _turn(lambda session: waiting.message_left(session, services, call_id))


@blueprint.post("/agent")
@require_twilio_signature
@permit(SIGNED)
def agent() -> ResponseReturnValue:
    """Answer an agent who picked up."""
    services, leg_id = current(), fields.given_id("leg")
    return _other("agent", lambda session, sid: agent_leg.picked_up(session, services, leg_id, sid))


@blueprint.post("/agent-key")
@require_twilio_signature
@permit(SIGNED)
def agent_key() -> ResponseReturnValue:
    """Take the key of the agent's screen."""
    services, leg_id, key = current(), fields.given_id("leg"), fields.pressed()
    return _other("agent-key", lambda session, _sid: agent_leg.pressed(session, services, leg_id, key))


@blueprint.post("/left")
@require_twilio_signature
@permit(SIGNED)
def left() -> ResponseReturnValue:
    """End a leg whose conference has ended; its own last word follows."""
    return _xml(hang_up())


@blueprint.post("/starred")
@require_twilio_signature
@permit(SIGNED)
def starred() -> ResponseReturnValue:
    """Ask a volunteer who pressed the star; a leg that has hung up is only answered."""
    services, leg_id, asked = current(), fields.given_id("leg"), fields.given_id("asked") == 1
    if fields.status() != "in-progress":
        return _xml(hang_up())
    step = f"starred:{fields.turn()}"
    return _other(step, lambda session, _sid: passing_on.starred(session, services, leg_id, asked=asked))


@blueprint.post("/star-key")
@require_twilio_signature
@permit(SIGNED)
def star_key() -> ResponseReturnValue:
    """Take the key after the star, or none."""
    services, leg_id, key = current(), fields.given_id("leg"), fields.pressed()
    step = f"star-key:{fields.turn()}"
    return _other(step, lambda session, _sid: passing_on.star_key(session, services, leg_id, key))


@blueprint.post("/person")
@require_twilio_signature
@permit(SIGNED)
def person() -> ResponseReturnValue:
    """Answer a person whom we called."""
    services, leg_id = current(), fields.given_id("leg")
    return _other("person", lambda session, sid: agent_leg.person_answered(session, services, leg_id, sid))


@blueprint.post("/party")
@require_twilio_signature
@permit(SIGNED)
def party() -> ResponseReturnValue:
    """Answer an interpreter, a colleague, a partner or a supervisor who picked up."""
    services, leg_id = current(), fields.given_id("leg")
    return _other("party", lambda session, sid: parties.picked_up(session, services, leg_id, sid))


@blueprint.post("/party-key")
@require_twilio_signature
@permit(SIGNED)
def party_key() -> ResponseReturnValue:
    """Take the key of a party's screen."""
    services, leg_id, key = current(), fields.given_id("leg"), fields.pressed()
    return _other("party-key", lambda session, _sid: parties.pressed(session, services, leg_id, key))


@blueprint.post("/hold")
@require_twilio_signature
@permit(SIGNED)
def hold_sound() -> ResponseReturnValue:
    """Play our sound to whoever is alone in a conference; needs no database."""
    return _xml(hold(current().settings.public_url))


@blueprint.post("/aside")
@require_twilio_signature
@permit(SIGNED)
def aside() -> ResponseReturnValue:
    """Say a sentence to the person alone while the conference goes on."""
    services, call_id, say = current(), fields.given_id("call"), fields.sentence()
    with services.db.transaction() as session:
        call = get_call(session, call_id, lock=False)
    return _xml(speaking.aside(call.language, say))


@blueprint.post("/status")
@require_twilio_signature
@permit(SIGNED)
def status() -> ResponseReturnValue:
    """Take in how a leg goes; ours carry their id, a caller's own is known by the provider's name."""
    services = current()
    leg_id = fields.given_id("leg") if "leg" in request.args else None
    report = reports.Report(fields.call_sid(), fields.status(), leg_id, fields.error_code())
    key = f"status:{report.status}:{fields.small('SequenceNumber')}"
    return _taken(report.sid, key, lambda session: reports.apply(session, services, report))


@blueprint.post("/conference")
@require_twilio_signature
@permit(SIGNED)
def conference_event() -> ResponseReturnValue:
    """Take in who enters and leaves a conference."""
    services, call_id = current(), fields.given_id("call")
    told = conference.Told(
        call_id, fields.sid("ConferenceSid"), fields.word("StatusCallbackEvent"), fields.sid("CallSid"),
        fields.small("SequenceNumber"),
    )  # fmt: skip
    key = f"conference:{told.event}:{told.call_sid}:{told.sequence}"
    return _taken(told.conference_sid or "none", key, lambda session: conference.apply(session, services, told))


@blueprint.post("/recording")
@require_twilio_signature
@permit(SIGNED)
def recording() -> ResponseReturnValue:
    """Take in that a recording is ready."""
    services, call_id = current(), fields.given_id("call")
    found = recordings.Ready(
        call_id, request.args.get("kind", ""), fields.sid("RecordingSid"), fields.word("RecordingStatus"),
        fields.small("RecordingDuration"),
    )  # fmt: skip
    key = f"recording:{found.sid}:{found.status}"
    # A recording of a whole conference names no call.
    return _taken(found.sid or fields.call_sid(), key, lambda session: recordings.apply(session, services, found))


@blueprint.post("/fallback")
@require_twilio_signature
@permit(SIGNED)
def fallback_page() -> ResponseReturnValue:
    """Answer from settings alone when the provider could not reach us or did not understand us."""
    return _fall_back("provider:" + fields.error_code())


@blueprint.post("/fallback-ended")
@require_twilio_signature
@permit(SIGNED)
def fallback_ended() -> ResponseReturnValue:
    """Answer after the duty number; needs no database."""
    services, how = current(), fields.dialled()
    fallback.write_end(services.settings, fields.call_sid(), how, services.clock.now())
    return _xml(fallback.ended(services.settings, how))
