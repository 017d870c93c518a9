"""An announced call is taken in: whose it is, what was said of it, what is decided, and one durable row before the answer."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from hotline.core.errors import Forbidden
from hotline.core.services import Services
from hotline.core.signed_body import REPLAY_WINDOW_S, is_signed
from overflow.forwarding import intake, late, reading, standing
from overflow.forwarding.decision import CENTRE, TAKE, Decision, decide
from overflow.forwarding.intake import Kept
from overflow.forwarding.keys import token_hash, token_of
from overflow.forwarding.reading import Announced, notice
from overflow.forwarding.standing import Line, Standing
from overflow.forwarding.words import plain

log = structlog.get_logger(__name__)

TOKEN_LIVES = timedelta(seconds=120)
_MAX_TIMESTAMP_DIGITS = 12
_CODE = re.compile(r"[a-z0-9-]{2,40}")
_NAME = re.compile(r"[\x21-\x7e]{1,100}")
_FACTS = """
SELECT (SELECT path FROM number_flags
         WHERE phone = %(caller)s AND phone <> '' AND lifted_at IS NULL AND until > %(now)s
         ORDER BY path <> 'blocked' LIMIT 1),
       %(caller)s <> '' AND EXISTS (SELECT FROM calls
         WHERE phone = %(caller)s AND direction = 'in' AND started_at BETWEEN %(now)s - %(reach)s AND %(now)s + %(reach)s)
"""
_KEPT = """
SELECT answer, token_hash <> '' FROM forwardings
 WHERE mission_id = %s AND idempotency_key = %s AND content_hash = %s
"""


class Webhook(NamedTuple):
    """A request as it came, nothing of it believed yet."""

    mission: str
    key_id: str
    timestamp: str
    signature: str
    name: str
    body: bytes


class ClockWrong(Forbidden):
    """Rightly signed, but the timestamp is too far from our time; `off_by_s` is positive where the sender's clock is ahead."""

    def __init__(self, off_by_s: int, now: datetime) -> None:
        ahead = "ahead of" if off_by_s > 0 else "behind"
        super().__init__(
            f"The signature is right, but its timestamp is {abs(off_by_s)} seconds {ahead} our time; at most "
            f"{REPLAY_WINDOW_S} are taken. Set the exchange's clock (NTP), and sign each call anew.",
            code="clock-wrong",
        )
        self.off_by_s, self.server_time = off_by_s, now


def take(services: Services, given: Webhook) -> str:
    """Decide about an announced call and return the answer as JSON text; a repetition gets the very same.

    Raises Forbidden unless the mission's exchange has signed it with a good key and a right clock.
    """
    now = services.clock.now()
    mission = standing.of(services, given.mission) if _CODE.fullmatch(given.mission) else None
    demand_signed(mission, given, now)
    assert mission is not None
    announced = reading.read(given.body, now, mission.country)
    return keep(services, mission, given, announced, now)


def demand_signed(mission: Standing | None, given: Webhook, now: datetime) -> None:
    """Raise Forbidden unless the call is signed; only who knows the secret learns more than that.

    The signature comes before the time: it proves that a technician asks, who is then told how far the clock is off.
    """
    key = mission.keys.get(given.key_id) if mission is not None else None
    signed = (
        key is not None
        and given.signature.startswith("v2=")  # the first form does not cover the call's name
        and is_signed(key.secret, given.timestamp, given.body, given.signature, idempotency_key=given.name)
    )
    if key is None or not signed:
        log.warning("webhook.refused", path="/webhooks/overflow")
        raise Forbidden("The signature of this request is missing or wrong.", code="bad-signature")
    if key.valid_until is not None and key.valid_until <= now:
        raise Forbidden(f"The key {given.key_id} has ended; sign with a newer one.", code="key-ended")
    if not (given.timestamp.isascii() and given.timestamp.isdigit() and len(given.timestamp) <= _MAX_TIMESTAMP_DIGITS):
        raise Forbidden("X-Hotline-Timestamp is no Unix time in whole seconds.", code="clock-wrong")
    off_by_s = int(given.timestamp) - int(now.timestamp())
    if abs(off_by_s) > REPLAY_WINDOW_S:
        raise ClockWrong(off_by_s, now)


def without_database(services: Services, given: Webhook) -> dict[str, Any]:
    """Return the static answer: take everything. Raises Forbidden where a remembered key shows that the call is forged.

    Nothing of the body is read, and where no key is remembered nothing can be told from this answer but our own number.
    """
    mission = standing.remembered(services, given.mission)
    if mission is not None and given.key_id in mission.keys:
        demand_signed(mission, given, services.clock.now())
    line = mission.line_of("") if mission is not None else None
    return {
        "version": reading.VERSION,
        "decision": TAKE,
        "rule": {"kind": "static", "number": None},
        "why": "Nothing can be looked up right now; every call is taken.",
        "destination": _destination(services, CENTRE, _pool(services, line), ""),
        "token": None,
        "notices": [notice("not-recorded")],
    }


def keep(services: Services, mission: Standing, given: Webhook, announced: Announced, now: datetime) -> str:
    """Decide about a call that is believed, keep it durably, and return the answer as JSON text.

    Raises Unavailable when it cannot be written in time.
    """
    service_key = services.settings.secret_key.get_secret_value()
    line, notices = _line(mission, announced)
    name = _name(given, notices)
    content_hash = announced.content_hash(name)
    token = token_of(service_key, mission.mission_id, name, content_hash)
    with services.db.connection() as connection:
        asked = {"caller": announced.caller, "now": now, "reach": late.REACH}
        found = connection.execute(_FACTS, asked).fetchone()
        assert found is not None, "a SELECT without FROM is one row"
    flagged, has_called = found
    decision = decide(
        mission.facts(now, reason=announced.reason, language=announced.language, flagged=flagged or "", line=line),
        mission.rules,
    )
    answer, with_token = _answer(services, decision, line, notices), decision.action == TAKE
    row = Kept(
        mission_id=mission.mission_id, line_id=line.id if line else None, idempotency_key=name, content_hash=content_hash,
        key_id=given.key_id, reason=announced.reason, caller=announced.caller, called=announced.called,
        pool=_pool(services, line), language=announced.language, reference=announced.reference, exchange_at=announced.at,
        decision=decision.action, rule_id=decision.number, rule_kind=decision.kind,
        explanation=json.dumps([step.as_json() for step in decision.steps]), answer=json.dumps(answer),
        token_hash=token_hash(token) if with_token else "", received_at=now,
    )  # fmt: skip
    forwarding_id = intake.append(services, row)
    if forwarding_id is None:
        answer, with_token = _kept(services, row)
    elif with_token and has_called:
        with services.db.connection() as connection:
            late.attach(connection, forwarding_id, now)
    return json.dumps(_with_token(services, answer, token if with_token else ""), sort_keys=True)


def _kept(services: Services, row: Kept) -> tuple[dict[str, Any], bool]:
    """Return what was answered before to the same call, and whether a token went along."""
    with services.db.connection() as connection:
        before = connection.execute(_KEPT, (row.mission_id, row.idempotency_key, row.content_hash)).fetchone()
    assert before is not None, "what was not written anew is there"
    return before[0], before[1]


def _name(given: Webhook, notices: list[dict[str, Any]]) -> str:
    """Return the call's name; without one, or with one that cannot be kept, the whole body names it."""
    if _NAME.fullmatch(given.name):
        return given.name
    notices.append(notice("key-missing"))
    return hashlib.sha256(given.name.encode() + b"\n" + given.body).hexdigest()


def _line(mission: Standing, announced: Announced) -> tuple[Line | None, list[dict[str, Any]]]:
    notices, line = list(announced.notices), mission.line_of(announced.called)
    if line is None:
        notices.append(notice("no-line"))
    elif announced.called and line.number != announced.called:
        notices.append(notice("called-unknown", field="called"))
    return line, notices


def _answer(services: Services, decision: Decision, line: Line | None, notices: list[dict[str, Any]]) -> dict[str, Any]:
    number = decision.telephone or _pool(services, line)
    if any(step.outcome == "blocked" for step in decision.steps):
        notices.append(notice("hand-back-impossible"))
    return {
        "version": reading.VERSION,
        "decision": decision.action,
        "rule": {"kind": decision.kind, "number": decision.number},
        "why": plain(decision.last),
        "destination": _destination(services, decision.to, number, ""),
        "notices": notices,
    }


def _with_token(services: Services, answer: dict[str, Any], token: str) -> dict[str, Any]:
    where = answer["destination"]
    return answer | {
        "token": token or None,
        "token_lives_s": int(TOKEN_LIVES.total_seconds()) if token else None,
        "destination": _destination(services, where["to"], where["number"] or "", token),
    }


def _destination(services: Services, to: str, number: str, token: str) -> dict[str, str | None]:
    """Return where the exchange sends the call: a number, and for the centre a SIP address where we have a domain."""
    domain = services.settings.overflow_sip_domain
    sip = f"sip:{number}@{domain}" if to == CENTRE and domain else None
    if sip and token:
        sip += f"?X-Hotline-Context={token}"
    return {"to": to, "number": number if to != "nobody" else None, "sip": sip}


def _pool(services: Services, line: Line | None) -> str:
    """Return the number of ours for a line; the centre's own where it has none, so that no call is left without one."""
    return (line.pool if line is not None else "") or services.settings.hotline_number
