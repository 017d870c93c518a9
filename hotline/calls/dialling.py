"""Carrying out: planned legs are dialled and orders given to the provider, outside any transaction, each attempt recorded first.

A dial whose answer was lost is in doubt and looked up by number and time; only when the record is whole and shows no such call is
the telephone rung again. Orders (hang up, redirect, hold) say what shall be, so that giving one twice does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.calls import agent_leg, moving, queueing, reports
from hotline.calls.events import ORDERS_JOB
from hotline.calls.models import Call, CallOrder, Leg
from hotline.calls.reading import call_of_leg, legs_of
from hotline.calls.speaking import PATH, conference_name
from hotline.calls.states import DOUBT, LEG, OVER, PLACING, PLANNED
from hotline.core import jobs, live
from hotline.core.actor import SYSTEM
from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_calls import Command, Done, call_control
from hotline.providers.twilio_voice import voice_provider
from hotline.providers.voice import CallQuery, CallRequest, CallResult, FoundCall
from hotline.queues import assigning

log = structlog.get_logger(__name__)

JOB = ORDERS_JOB
BATCH, MAX_ROUNDS = 32, 20
LEASE_S, DOUBT_WAIT_S, SKEW_S, RETRY_S = 30, 4, 60, 2
MAX_DIALS, MAX_ORDERS = 3, 5
_CLAIM_LEGS = text(
    "UPDATE call_legs SET state = 'placing', attempts = attempts + 1, placed_at = :now, due_at = :lease WHERE id IN ("
    " SELECT id FROM call_legs WHERE state = 'planned' AND due_at <= :now ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED)"
    ' RETURNING id, attempts, "to", sender, role'
)
_LOST = text(
    "UPDATE call_legs SET state = 'doubt', due_at = :now WHERE id IN ("
    " SELECT id FROM call_legs WHERE state = 'placing' AND due_at <= :now LIMIT :most FOR UPDATE SKIP LOCKED)"
)
_CLAIM_DOUBTS = text(
    "UPDATE call_legs SET due_at = :lease WHERE id IN ("
    " SELECT id FROM call_legs WHERE state = 'doubt' AND due_at <= :now ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)"
    ' RETURNING id, attempts, "to", sender, placed_at'
)
_CLAIM_ORDERS = text(
    "UPDATE call_orders SET state = 'sending', attempts = attempts + 1, due_at = :lease WHERE id IN ("
    " SELECT id FROM call_orders WHERE state IN ('waiting', 'sending') AND due_at <= :now ORDER BY id LIMIT :most"
    " FOR UPDATE SKIP LOCKED) RETURNING id"
)


def carry_out(services: Services) -> int:
    """Dial, look up and give orders until nothing is due; the job. How many things were done."""
    try:
        voice_provider(services)
    except NotConfigured as fault:
        log.warning("calls.not_configured", fault=str(fault))
        return 0
    done = 0
    for _ in range(MAX_ROUNDS):
        count = _dial(services) + _give(services) + _look_up(services)
        done += count
        if not count:
            return done
    jobs.enqueue(services, JOB)
    return done


def _drop_stale(services: Services) -> None:
    """Drop telephones that were to be rung for a reservation which ran out meanwhile: their agents may be in another call."""
    with services.db.transaction() as session:
        due = session.execute(
            select(Leg.id, Leg.token)
            .where(Leg.state == PLANNED, Leg.due_at <= services.clock.now(), Leg.token != "")
            .order_by(Leg.due_at, Leg.id)
            .limit(BATCH)
        ).all()
        kept = queueing.kept(session, services, [row.token for row in due])
    stale = [row.id for row in due if row.token not in kept]
    for leg_id in stale:
        with services.db.transaction() as session:
            call, leg = call_of_leg(session, leg_id)
            if leg.state == PLANNED and not queueing.kept(session, services, [leg.token]):
                _drop(session, services, call, leg)
    if stale:
        assigning.kick(services)


def _dial(services: Services) -> int:
    _drop_stale(services)
    now = services.clock.now()
    with services.db.transaction() as session:
        session.execute(_LOST, {"now": now, "most": BATCH})
        rows = session.execute(
            _CLAIM_LEGS, {"now": now, "lease": now + timedelta(seconds=LEASE_S), "most": BATCH}
        ).all()
    if not rows:
        return 0
    requests = [_request(services.settings, *row) for row in rows]
    for result in voice_provider(services).place(requests):
        with services.db.transaction() as session:
            _placed(session, services, result)
    return len(rows)


def _request(settings: Settings, leg_id: int, attempt: int, to: str, sender: str, role: str) -> CallRequest:
    base = f"{settings.public_url}{PATH}"
    page = {"caller": "person", "agent": "agent"}.get(role, "party")
    ring_s = settings.voice_agent_ring_s if role == "agent" else settings.voice_ring_s
    return CallRequest(
        leg_id, attempt, to, sender, f"{base}/{page}?leg={leg_id}", f"{base}/status?leg={leg_id}", ring_s
    )  # fmt: skip


def _placed(session: Session, services: Services, result: CallResult) -> None:
    """Write down what came of one dial; a webhook may have been faster, and is then right."""
    call, leg = call_of_leg(session, result.message_id)
    if leg.attempts != result.attempt:
        return
    now = services.clock.now()
    if result.outcome is Outcome.ACCEPTED:
        leg.provider_sid = leg.provider_sid or result.provider_sid
        if leg.state == PLACING:
            leg.state, leg.status, leg.due_at = LEG.next_state(leg.state, "ring", SYSTEM), "queued", None
        if not agent_leg.still_wanted(call, leg):
            moving.release_leg(session, services, call, leg)  # the call went on while the telephone was being dialled
        return
    if leg.state != PLACING:
        return
    leg.error_code = (result.error_code or "")[:10]
    if result.outcome is Outcome.UNANSWERED:
        leg.state, leg.due_at = LEG.next_state(leg.state, "lose", SYSTEM), now + timedelta(seconds=DOUBT_WAIT_S)
    elif not agent_leg.still_wanted(call, leg):
        _drop(session, services, call, leg)
    elif result.outcome is Outcome.REFUSED or leg.attempts >= MAX_DIALS:
        _give_up(session, services, call, leg)
    else:
        wait_s = max(RETRY_S, min(result.retry_after_s or 0.0, 60.0))
        leg.state, leg.due_at = LEG.next_state(leg.state, "postpone", SYSTEM), now + timedelta(seconds=wait_s)


def _give_up(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """A number that cannot be called: the agent's queue hears `dead_number`, a call of ours ends."""
    was = leg.state
    leg.state, leg.status, leg.ended_at = LEG.next_state(leg.state, "end", SYSTEM), "failed", services.clock.now()
    leg.due_at = None
    session.flush()
    if leg.role == "caller":
        agent_leg.told_of_callback(session, services, call, "dead_number")
        moving.end_call(session, services, call, "failed")
    else:
        agent_leg.over(session, services, call, leg, was)


def _drop(session: Session, services: Services, call: Call, leg: Leg) -> None:
    """A telephone that did not ring, in a call that needs it no more, is not rung again: nobody would be there to speak with."""
    was = leg.state
    leg.state, leg.status, leg.ended_at = LEG.next_state(leg.state, "end", SYSTEM), "canceled", services.clock.now()
    leg.due_at = None
    session.flush()
    if leg.role != "caller":
        agent_leg.over(session, services, call, leg, was)


def _look_up(services: Services) -> int:
    """Clear doubts: the provider's record shows the call, or, read whole and late enough, that there was none."""
    now = services.clock.now()
    with services.db.transaction() as session:
        rows = session.execute(
            _CLAIM_DOUBTS, {"now": now, "lease": now + timedelta(seconds=LEASE_S), "most": BATCH}
        ).all()
    if not rows:
        return 0
    skew, attempts = timedelta(seconds=SKEW_S), {row.id: row.attempts for row in rows}
    queries = [CallQuery(row.id, row.to, row.placed_at - skew, row.sender) for row in rows]
    cleared = 0
    for answer in voice_provider(services).lookup(queries):
        with services.db.transaction() as session:
            leg_id = answer.query.message_id
            cleared += _cleared(session, services, leg_id, attempts[leg_id], answer.found, complete=answer.complete)
    return cleared


def _cleared(
    session: Session, services: Services, leg_id: int, attempt: int, found: tuple[FoundCall, ...], *, complete: bool
) -> bool:
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x48_4F_54_16})  # two doubts, one found call
    call, leg = call_of_leg(session, leg_id)
    if leg.state != DOUBT or leg.attempts != attempt:
        return False
    sids = [each.provider_sid for each in found]
    taken = set(session.scalars(select(Leg.provider_sid).where(Leg.provider_sid.in_(sids))))
    ours = next(
        (each for each in found if each.provider_sid == leg.provider_sid or each.provider_sid not in taken), None
    )
    if ours is not None:
        leg.provider_sid = ours.provider_sid
        reports.advance(session, services, call, leg, reports.Report(ours.provider_sid, ours.status, leg.id))
        if leg.state != OVER and not agent_leg.still_wanted(call, leg):
            moving.release_leg(session, services, call, leg)
        return True
    if not complete:
        return False
    if not agent_leg.still_wanted(call, leg):
        _drop(session, services, call, leg)
    elif leg.attempts >= MAX_DIALS:
        _give_up(session, services, call, leg)
    else:
        leg.state, leg.due_at = LEG.next_state(leg.state, "prove_absent", SYSTEM), services.clock.now()
    return True


@dataclass(frozen=True)
class _Order:
    id: int
    command: Command | None


def _give(services: Services) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        ids = session.scalars(
            _CLAIM_ORDERS, {"now": now, "lease": now + timedelta(seconds=LEASE_S), "most": BATCH}
        ).all()
        prepared = [_prepare(session, services, order_id) for order_id in sorted(ids)]
    if not prepared:
        return 0
    asked = [each.command for each in prepared if each.command is not None]
    answers = {done.key: done for done in call_control(services).carry_out(asked)} if asked else {}
    for each in prepared:
        with services.db.transaction() as session:
            _settle(session, services, each.id, answers.get(each.id))
    return len(prepared)


def _prepare(session: Session, services: Services, order_id: int) -> _Order:
    """Return the request of an order, judged anew: an order about a leg that is over asks nothing any more."""
    order = session.get_one(CallOrder, order_id)
    leg = session.get(Leg, order.leg_id) if order.leg_id is not None else None
    base, details = f"{services.settings.public_url}{PATH}", order.details
    if order.kind == "delete_recording":
        return _Order(order_id, Command(order_id, "delete", recording=str(details["recording_sid"])))
    if leg is None or leg.state == OVER or leg.provider_sid is None:
        return _Order(order_id, None)
    if order.kind == "redirect":
        url = f"{base}/now?{urlencode({'call': order.call_id, 'order': order.id, 'say': details.get('say', '')})}"
        return _Order(
            order_id, Command(order_id, "call", call=leg.provider_sid, fields=(("Url", url), ("Method", "POST")))
        )
    if order.kind == "hang_up":
        return _Order(order_id, Command(order_id, "call", call=leg.provider_sid, fields=(("Status", "completed"),)))
    if order.kind == "record":
        url = f"{base}/recording?{urlencode({'call': order.call_id, 'kind': 'conversation'})}"
        return _Order(
            order_id, Command(order_id, "record", call=leg.provider_sid, fields=(("RecordingStatusCallback", url),))
        )
    call = session.get_one(Call, order.call_id)
    fields = tuple((str(name), str(value)) for name, value in details.items())
    return _Order(
        order_id,
        Command(
            order_id, "participant", call=leg.provider_sid, conference=call.conference_sid,
            conference_name=conference_name(call.id), fields=fields,
        ),
    )  # fmt: skip


def _settle(session: Session, services: Services, order_id: int, done: Done | None) -> None:
    """Write down what came of an order; a leg that the provider no longer knows is looked at as over by its own report."""
    order, now = session.get_one(CallOrder, order_id, with_for_update=True), services.clock.now()
    if done is None or done.ok or done.gone:
        order.state, order.finished_at, order.error = "done", now, (done.error if done else "")[:60]
        if done is not None and done.conference and (call := session.get_one(Call, order.call_id)):
            call.conference_sid = done.conference
    elif order.attempts >= MAX_ORDERS:
        order.state, order.finished_at, order.error = "failed", now, done.error[:60]
        log.error("calls.order_failed", kind=order.kind, error=done.error)
    else:
        order.due_at, order.error = now + timedelta(seconds=RETRY_S), done.error[:60]
    live.notify(services.redis, f"call:{order.call_id}")


SILENT_S = 120
MAX_RECONCILED = 50


def reconcile(services: Services) -> int:
    """Ask the provider about calls of which nothing was heard for long: a last word that was lost is taken from its record."""
    now = services.clock.now()
    with services.db.transaction() as session:
        quiet = session.scalars(
            select(Call.id)
            .where(Call.state != "ended", Call.heard_at < now - timedelta(seconds=SILENT_S))
            .order_by(Call.heard_at)
            .limit(MAX_RECONCILED)
        ).all()
        recent = session.scalars(
            select(Leg.call_id)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.state == "ended", Leg.state.in_(("ringing", "answered", "joined")),
                Call.ended_at < now - timedelta(seconds=SILENT_S), Call.ended_at > now - timedelta(days=1),
            )
            .limit(MAX_RECONCILED)
        ).all()  # fmt: skip
        sids = {
            leg.provider_sid: leg.id
            for call_id in {*quiet, *recent}
            for leg in legs_of(session, call_id)
            if leg.provider_sid and leg.state in ("ringing", "answered", "joined")
        }
    if not sids:
        return 0
    try:
        found = call_control(services).fetch(list(sids))
    except NotConfigured:
        return 0
    moved = 0
    for sid, status in found.items():
        with services.db.transaction() as session:
            call, leg = call_of_leg(session, sids[sid])
            moved += reports.advance(session, services, call, leg, reports.Report(sid, status, leg.id))
            call.heard_at = services.clock.now()
    if moved:
        jobs.enqueue(services, JOB)
        assigning.kick(services)
        live.notify(services.redis, "calls")
    return moved


def unplaced(session: Session, now: datetime) -> int:
    """Return how many legs wait longer than a lease to be dialled or looked up; for the system's own watch."""
    late = now - timedelta(seconds=LEASE_S)
    states = (PLANNED, PLACING, DOUBT)
    return len(session.scalars(select(Leg.id).where(Leg.state.in_(states), Leg.due_at < late).limit(1000)).all())
