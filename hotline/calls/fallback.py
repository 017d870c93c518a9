"""When the database is away: the caller hears the emergency text and is connected to the duty number, from settings alone.

Nothing here asks SQL or Redis. Each such call is written as a line into a file of this machine, and `reconcile` makes calls of
the lines once the database is back.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select
from twilio.twiml.voice_response import Dial, VoiceResponse

from hotline.calls.fields import Ring
from hotline.calls.models import Call, Leg
from hotline.calls.speaking import PATH
from hotline.calls.states import CALL, ENDED, MENU, OVER
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.config import Settings
from hotline.core.outbox import publish
from hotline.core.services import Services
from hotline.providers.speech import digits, spoken, voice_of

log = structlog.get_logger(__name__)

JOB = "calls.reconcile_fallback"
FILE = "fallback-calls.jsonl"
MAX_LINES = 10_000
DUTY_RING_S = 40


def document(settings: Settings) -> str:
    """Return the emergency text in Korean and English, then the duty number; the hotline's number where no duty number is set."""
    response = VoiceResponse()
    number = duty_number(settings)
    texts = {"ko": settings.voice_emergency_ko, "en": settings.voice_emergency_en}
    for language, text in texts.items():
        response.say(spoken(text.replace("{number}", digits(number))), language=voice_of(language))
    if number:
        caller_id = settings.twilio_voice_from or settings.twilio_from
        options = {"caller_id": caller_id} if caller_id else {}
        dial = Dial(
            timeout=DUTY_RING_S, action=f"{settings.public_url}{PATH}/fallback-ended", method="POST", **options
        )  # fmt: skip
        dial.number(number)
        response.append(dial)
    else:
        response.hangup()
    return str(response)


def ended(settings: Settings, dialled: str) -> str:
    """Return what follows on the duty number: nothing after a talk, else the text again with the number to call."""
    response = VoiceResponse()
    if dialled not in ("completed", "answered"):
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
    line = json.dumps({**ring._asdict(), "at": at.isoformat(), "why": why}) + "\n"
    try:
        path = settings.data_dir / FILE
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        log.exception("calls.fallback_not_written", error=type(error).__name__, sid=ring.sid)


def reconcile(services: Services) -> int:
    """Make calls of the lines that were written while the database was away; the job. How many were new."""
    folder = services.settings.data_dir
    waiting, taken = folder / FILE, folder / f"{FILE}.taken"
    if not taken.exists():
        if not waiting.exists():
            return 0
        waiting.rename(taken)  # what comes meanwhile begins a new file
    made = 0
    with services.db.transaction() as session:
        for ring, at, why in _lines(taken):
            found = session.scalar(select(Call).where(Call.provider_sid == ring.sid))
            if found is not None:
                found.fallback = True
                if found.state == MENU:
                    found.state = CALL.next_state(found.state, "forward", SYSTEM)
                    found.forward_to = duty_number(services.settings)
                continue
            call = Call(
                provider_sid=ring.sid, direction="in", state=ENDED, phone=ring.phone, called=ring.called,
                forwarded_from=ring.forwarded_from, started_at=at, heard_at=at, ended_at=at, end_reason="fallback",
                fallback=True, forward_to=duty_number(services.settings), language="", danger=False, drill=False, skills=[],
                priority=0, queue="", recorded=False,
            )  # fmt: skip
            session.add(call)
            session.flush()
            session.add(
                Leg(
                    call_id=call.id, role="caller", state=OVER, provider_sid=ring.sid, to=ring.phone, created_at=at, ended_at=at
                )
            )  # fmt: skip
            publish(
                session, services.clock, "CallFellBack",
                {"call_id": call.id, "phone": ring.phone, "at": at.isoformat(), "why": why},
            )  # fmt: skip
            made += 1
        if made:
            audit.record(
                session, services.clock, SYSTEM, "call.reconciled", "call", None, after={"calls": made}
            )  # fmt: skip
    taken.unlink()
    return made


def _lines(path: Path) -> list[tuple[Ring, datetime, str]]:
    """Read the file; a line that a power cut has torn is logged and left out."""
    found: list[tuple[Ring, datetime, str]] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if len(found) >= MAX_LINES:
                log.error("calls.fallback_file_too_long", lines=MAX_LINES)
                break
            try:
                row = json.loads(line)
                ring = Ring(row["sid"][:64], row["phone"][:20], row["called"][:20], row["forwarded_from"][:20])
                found.append((ring, datetime.fromisoformat(row["at"]), str(row["why"])[:40]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.warning("calls.fallback_line_torn", error=type(error).__name__)
    return found
