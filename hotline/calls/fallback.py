"""When the database is away: the caller hears the emergency text and is connected to the duty number, from settings alone.

Nothing here asks SQL or Redis. Each such call is written as a line into a file of this machine, and `reconcile` makes calls of
the lines once the database is back.
"""

from __future__ import annotations

import fcntl
import json
import os
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import Dial, VoiceResponse

from hotline.calls.fields import Ring
from hotline.calls.meaning import meant_for
from hotline.calls.models import Call, CallLine, Leg
from hotline.calls.speaking import PATH
from hotline.calls.states import CALL, ENDED, MENU, OVER, WAITING
from hotline.cases import contacts
from hotline.cases.contacts import NewContact
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.config import Settings
from hotline.core.errors import InvalidInput, Refused
from hotline.core.outbox import publish
from hotline.core.services import Services
from hotline.providers.speech import digits, spoken, voice_of
from hotline.queues import callbacks, entering
from hotline.queues.models import Callback, Queue
from hotline.queues.states import OPEN

log = structlog.get_logger(__name__)

JOB = "calls.reconcile_fallback"
FILE, TAKEN = "fallback-calls.jsonl", "fallback-calls.jsonl.taken"
BATCH = 500
DUTY_RING_S = 40
SETTLED_WITHIN = timedelta(minutes=3)
REACHED = ("completed", "answered")
OURS, MAX_OURS = "fallback:", 10
"""How the origin of callbacks begins that an outage made, and how many of one number are settled at most: one for each queue."""


def document(settings: Settings, ring: Ring | None = None) -> str:
    """Return the emergency text in Korean and English, then the duty number; only the text where none is set.

    A call that the duty telephone itself sends to us (`ring`) is not sent back there: it would go in a circle until it ends.
    """
    response = VoiceResponse()
    number = duty_number(settings)
    texts = {"ko": settings.voice_emergency_ko, "en": settings.voice_emergency_en}
    for language, text in texts.items():
        response.say(spoken(text.replace("{number}", digits(number))), language=voice_of(language))
    if number and not (ring is not None and _comes_back(settings, ring)):
        caller_id = settings.twilio_voice_from or settings.twilio_from
        options = {"caller_id": caller_id} if caller_id else {}
        dial = Dial(
            timeout=DUTY_RING_S, action=f"{settings.public_url}{PATH}/fallback-ended", method="POST", **options
        )  # fmt: skip
        # A voicemail is a pick-up: whoever answers presses 1, and who was put through to nobody is called back.
        dial.number(number, url=f"{settings.public_url}{PATH}/forward-screen?call=0", method="POST")
        response.append(dial)
    else:
        response.hangup()
    return str(response)


def _comes_back(settings: Settings, ring: Ring) -> bool:
    """Say whether a call comes from the duty telephone, forwarded or by its own hand; then it shows its number or ours."""
    ours = {duty_number(settings), settings.twilio_voice_from, settings.twilio_from} - {""}
    return ring.phone in ours or ring.forwarded_from in ours


def ended(settings: Settings, dialled: str) -> str:
    """Return what follows on the duty number: nothing after a talk, else the text again with the number to call."""
    response = VoiceResponse()
    if dialled not in REACHED:
        texts = {"ko": settings.voice_emergency_ko, "en": settings.voice_emergency_en}
        for language, text in texts.items():
            response.say(spoken(text.replace("{number}", digits(duty_number(settings)))), language=voice_of(language))
    response.hangup()
    return str(response)


def duty_number(settings: Settings) -> str:
    """Return the telephone that is rung when nothing else works: the voice duty number, else the first duty number."""
    return settings.voice_duty_number or next(iter(settings.duty_phones), "")


def write_down(settings: Settings, ring: Ring, at: datetime, why: str) -> None:
    """Append one call to this machine's file; a full disk is logged and never costs the caller the answer."""
    _append(settings, {**ring._asdict(), "at": at.isoformat(), "why": why[:40]})


def write_end(settings: Settings, sid: str, dialled: str, at: datetime) -> None:
    """Append how the duty number was reached."""
    _append(settings, {"sid": sid, "dialled": dialled, "at": at.isoformat()})


def _append(settings: Settings, row: dict[str, str]) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(settings.data_dir / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, (json.dumps(row) + "\n").encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        log.exception("calls.fallback_not_written", error=type(error).__name__, sid=row["sid"])


def is_waiting(settings: Settings) -> bool:
    """Say whether this machine has calls to make up for."""
    return (settings.data_dir / FILE).exists() or (settings.data_dir / TAKEN).exists()


def reconcile(services: Services) -> int:
    """Make calls of the lines that were written while the database was away; how many lines were taken in.

    Each machine does this for its own file: as a job, and after the first call that is answered as usual again. Calls are
    known by the provider's name, so that a file that was half read is read again from its beginning.
    """
    folder = services.settings.data_dir
    if not is_waiting(services.settings):
        return 0
    with (folder / f"{FILE}.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken = folder / TAKEN
        if not taken.exists():
            if not (folder / FILE).exists():
                return 0
            (folder / FILE).rename(taken)  # what comes meanwhile begins a new file
        done, reached = 0, _reached_in(taken)
        with taken.open(encoding="utf-8", errors="replace") as file:
            while lines := list(islice(file, BATCH)):
                with services.db.transaction() as session:
                    for line in lines:
                        done += _take_in(session, services, line, reached)
        with services.db.transaction() as session:
            audit.record(session, services.clock, SYSTEM, "call.reconciled", "call", None, after={"lines": done})
        taken.unlink()
    return done


def _reached_in(path: Path) -> frozenset[str]:
    """Return the calls that reached the duty number, by the provider's name; a line that is torn names none."""
    found = set()
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
                if row.get("dialled") in REACHED:
                    found.add(str(row["sid"]))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # told of when it is taken in
    return frozenset(found)


def _take_in(session: Session, services: Services, line: str, reached: frozenset[str]) -> bool:
    """Take in one line; one that a power cut has torn is logged and left out."""
    try:
        row = json.loads(line)
        at = datetime.fromisoformat(row["at"])
        if "dialled" in row:
            _reached(session, services, str(row["sid"]), str(row["dialled"]))
            return True
        ring = Ring(
            row["sid"][:64], row["phone"][:20], row["called"][:20], row["forwarded_from"][:20],
            str(row.get("context", ""))[:80], str(row.get("diversion", ""))[:20],
        )  # fmt: skip
        why = str(row["why"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("calls.fallback_line_torn", error=type(error).__name__)
        return False
    found = session.scalar(select(Call).where(Call.provider_sid == ring.sid).with_for_update())
    if found is None:
        _make(session, services, ring, at, why, reached=ring.sid in reached)
    elif not found.fallback:
        _overtaken(session, services, found)
    return True


def _overtaken(session: Session, services: Services, call: Call) -> None:
    """The call was written down after all, too late for its caller, who is with the duty number."""
    call.fallback, call.forward_to = True, duty_number(services.settings)
    if call.state == WAITING:
        entering.leave(session, services.clock, call.queue_ref, "transfer")
    if call.state in (MENU, WAITING):
        call.state = CALL.next_state(call.state, "forward", SYSTEM)
    session.flush()


def _make(session: Session, services: Services, ring: Ring, at: datetime, why: str, *, reached: bool) -> None:
    call = Call(
        provider_sid=ring.sid, direction="in", state=ENDED, phone=ring.phone, called=ring.called,
        forwarded_from=ring.forwarded_from, started_at=at, heard_at=at, ended_at=at,
        end_reason="forwarded" if reached else "fallback",
        fallback=True, forward_to=duty_number(services.settings),
    )  # fmt: skip
    session.add(call)
    session.flush()
    line = session.scalar(select(CallLine).where(CallLine.number == ring.called))
    meant_for(session, services, call, line, ring)
    session.add(
        Leg(
            call_id=call.id, role="caller", state=OVER, provider_sid=ring.sid, to=ring.phone, created_at=at, ended_at=at
        )
    )
    contact = contacts.open_contact(
        session, services.clock, NewContact(kind="call", ref=f"call:{call.id}", direction="in", phone=ring.phone)
    )
    call.contact_id = contact.id
    if not reached:
        _call_back(session, services, call)
    publish(session, services.clock, "CallFellBack", {"call_id": call.id, "at": at.isoformat(), "why": why})
    session.flush()


def _call_back(session: Session, services: Services, call: Call) -> None:
    """Have whoever did not get through called back; a word that they did may still come, within minutes, and settles it.

    Whoever was promised a call for later is called now, by the one who promised: they had a reason to call first.
    """
    queue = session.scalar(select(Queue.code).where(Queue.active).order_by(Queue.id).limit(1))
    if not call.phone or queue is None:
        return
    due, ref = services.clock.now() + SETTLED_WITHIN, f"{OURS}{call.id}"
    try:
        made = callbacks.reserve(session, services.clock, queue=queue, phone=call.phone, at=due, origin_ref=ref)
    except InvalidInput:
        # Nobody can be called at this number; the lines after it must not wait for it for ever.
        log.warning("calls.fallback_number_not_callable", call=call.id)
    else:
        call.callback_id = made.id


def _reached(session: Session, services: Services, sid: str, dialled: str) -> None:
    """The duty number was reached: nobody needs to be called back for the outage.

    A promise from before it stays: whoever holds the duty telephone knows nothing of it.
    """
    call = session.scalar(select(Call).where(Call.provider_sid == sid).with_for_update())
    if call is None or dialled not in REACHED:
        return
    if call.end_reason == "fallback":
        call.end_reason = "forwarded"
    if not call.phone:
        return
    ours = select(Callback.id).where(
        Callback.phone == call.phone,
        Callback.state.in_(OPEN),
        Callback.kind == "time",
        Callback.origin_ref.startswith(OURS),
    )
    for callback_id in session.scalars(ours.limit(MAX_OURS)).all():
        try:
            callbacks.cancel(session, services.clock, SYSTEM, callback_id, event="settle")
        except Refused:
            continue  # it is being called, or was already
