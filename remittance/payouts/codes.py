"""Pickup codes: made when the money is ready, replaced on request, tried a few times, and never kept in a readable form.

A try is written down in a transaction of its own, which is committed before anybody learns whether the code was right:
whatever is rolled back or killed afterwards, nobody guesses more often than `MAX_WRONG_TRIES`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.config import Settings
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from hotline.missions import missions
from hotline.notices import store
from remittance.payouts.models import PickupCode
from remittance.payouts.states import (
    BEING_CHECKED,
    CODE_DIGITS,
    MAX_CODES_A_DAY,
    MAX_WRONG_TRIES,
    NOTICE_LIFE,
    PROOFS,
    TEXT,
    VOICE,
    WAYS,
)
from remittance.requests import access
from remittance.requests.models import Remittance
from remittance.requests.states import LASTS, READY, UNDER_WATCH, WRITE
from remittance.screening import holding

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_TEXTS = {
    "ko": "[외교부] {number} 수령 코드 {code}({hours}시간 유효). {mission}에서 신분증과 함께 제시하세요. 시간이 지나면 "
    "새 코드를 요청하세요. 직원이 전화로 코드를 묻지 않습니다.",
    "en": "Consular hotline: pickup code {code} for {number}, good for {hours} h. Show it with your passport at {mission}. After "
    "that, ask us for a new one. Nobody of ours asks for it by telephone.",
}


def first(session: Session, clock: Clock, settings: Settings, actor: Actor, one: Remittance) -> PickupCode | None:
    """Make the first code of a locked remittance that is ready and send it; None where there is no telephone to send it to.

    Whoever has no telephone, or one that others may read, is told a code by voice later (`replace`). Each code is good for
    `Settings.pickup_code_hours`, and never longer than the money is ready.
    """
    if not one.payee_phone or one.duress in UNDER_WATCH:
        return None
    made, code = _make(session, clock, settings, one, TEXT, None)
    _send(session, clock, one, made, code)
    return made


def replace(
    services: Services, session: Session, actor: Actor, remittance_id: int, *, way: str, proof: str = ""
) -> tuple[PickupCode, str]:
    """Make a new code; the one before is dead at once. Returns the code itself, to be told by voice or shown nowhere.

    Raises Refused where it is not ready, is being checked (`being-checked`), has no telephone for a text, or one that others may
    read (`by-voice-alone`), had too many codes within a day (`too-many-codes`), or the one before was locked by this very
    officer's tries; InvalidInput for how the traveller proved who they are.
    """
    clock = services.clock
    if not actor.may(WRITE) or actor.id is None:
        raise Forbidden(f"This needs the permission {WRITE}.")
    if way not in WAYS:
        raise InvalidInput("way", way, f"use one of {', '.join(WAYS)}")
    if way == VOICE and proof not in PROOFS:
        raise InvalidInput("proof", proof, f"say how they proved who they are: {', '.join(PROOFS)}")
    one = access.demand(session, actor, remittance_id, lock=True)
    if one.state != READY:
        raise Refused("There is a code only while the money is ready.", code="not-ready")
    if way == TEXT and not one.payee_phone:
        raise Refused("There is no telephone number to send it to.", code="no-telephone")
    if way == TEXT and one.duress in UNDER_WATCH:
        # Why is not said: what the private interview gave stays with reviewers.
        raise Refused("No text can be sent here. Tell the code by voice.", code="by-voice-alone")
    if not holding.may_go_out(session, clock, one):
        raise Refused("It is still being checked.", code=BEING_CHECKED)
    before = live(session, one.id, lock=True)
    if before is not None and before.locked_at is not None and before.tried_by_id == actor.id:
        raise Refused("Whoever tried the code last cannot make the next one.", code="same-officer-code")
    since = clock.now() - DAY
    made_lately = select(func.count()).where(PickupCode.remittance_id == one.id, PickupCode.made_at > since)
    if (session.scalar(made_lately) or 0) >= MAX_CODES_A_DAY:
        raise Refused(f"At most {MAX_CODES_A_DAY} codes a day.", code="too-many-codes")
    if before is not None:
        end(before, clock, "replaced")
        session.flush()
    made, code = _make(session, clock, services.settings, one, way, actor.id)
    made.proof = proof if way == VOICE else ""
    if way == TEXT:
        _send(session, clock, one, made, code)
    audit.record(
        session, clock, actor, "pickup_code.made", "remittance", one.id,
        after={"nth": made.nth, "way": way, "proof": made.proof},
    )  # fmt: skip
    return made, spoken(code)


def attempt(services: Services, actor: Actor, one: Remittance, code: str) -> int:
    """Try a code in a transaction of its own; the code's id when it is right.

    Call it while no transaction is open. Raises Refused: `no-code`, `code-expired` (nothing is counted), `code-locked`,
    `wrong-code` (with how many tries are `left`).
    """
    clock = services.clock
    with services.db.transaction() as session:
        known = live(session, one.id, lock=True)
        usable = known is not None and known.locked_at is None and known.expires_at > clock.now()
        if known is not None and usable:
            known.tried_by_id = actor.id
            if _right(services.settings, known, code):
                return known.id
            known.wrong_tries += 1
            if known.wrong_tries >= MAX_WRONG_TRIES:
                known.locked_at = clock.now()
            left = MAX_WRONG_TRIES - known.wrong_tries
            audit.record(
                session, clock, actor, "pickup_code.wrong", "remittance", one.id,
                after={"nth": known.nth, "tries_left": left},
            )  # fmt: skip
    if known is None:
        raise Refused("There is no code that is valid now.", code="no-code")
    if known.expires_at <= clock.now():
        raise _too_old(known)
    if known.locked_at is not None:
        raise Refused("The code is locked after too many wrong tries.", code="code-locked")
    raise Refused(f"The code is wrong; {left} tries are left.", code="wrong-code", params={"left": left})


def still_right(
    session: Session, clock: Clock, settings: Settings, one: Remittance, code_id: int, code: str
) -> PickupCode:
    """Return the code that was right a moment ago, locked, if it still is; raises Refused where it was replaced meanwhile."""
    known = demand_live(session, clock, one, code_id)
    if not _right(settings, known, code):
        raise Refused("The code was replaced meanwhile.", code="no-code")
    return known


def demand_live(session: Session, clock: Clock, one: Remittance, code_id: int) -> PickupCode:
    """Return a code by its id, locked; raises Refused when it was replaced, locked, used, or is too old (`code-expired`)."""
    known = live(session, one.id, lock=True)
    if known is None or known.id != code_id or known.locked_at is not None:
        raise Refused("The code was replaced or locked meanwhile.", code="no-code")
    if known.expires_at <= clock.now():
        raise _too_old(known)
    return known


def live(session: Session, remittance_id: int, *, lock: bool = False) -> PickupCode | None:
    """Return the code that has not ended, be it locked or too old."""
    statement = select(PickupCode).where(PickupCode.remittance_id == remittance_id, PickupCode.ended_at.is_(None))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def end(code: PickupCode, clock: Clock, why: str) -> None:
    """End a code: `replaced`, `used`, or `over`; its hash goes too."""
    code.ended_at, code.ended_why, code.code_hash = clock.now(), why, ""


def spoken(code: str) -> str:
    """Return a code in two groups, as it is written and told."""
    return f"{code[:4]}-{code[4:]}"


def _too_old(code: PickupCode) -> Refused:
    words = "The code is too old; a new one has to be made."
    return Refused(words, code="code-expired", params={"nth": code.nth})


def _make(
    session: Session, clock: Clock, settings: Settings, one: Remittance, way: str, by_id: int | None
) -> tuple[PickupCode, str]:
    last = session.scalar(select(func.max(PickupCode.nth)).where(PickupCode.remittance_id == one.id)) or 0
    now = clock.now()
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    ends = min(one.due_at or now + LASTS[READY], now + timedelta(hours=settings.pickup_code_hours))
    made = PickupCode(
        remittance_id=one.id, nth=last + 1, way=way, made_at=now, made_by_id=by_id, expires_at=ends,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.code_hash = _hash(settings, made, code)
    session.flush()
    return made, code


def _send(session: Session, clock: Clock, one: Remittance, made: PickupCode, code: str) -> None:
    mission = missions.get(session, one.mission_id)
    place = mission.name_ko if one.payee_language == "ko" else mission.name_en
    body = _TEXTS["ko" if one.payee_language == "ko" else "en"].format(
        number=one.number, code=spoken(code), mission=place[:80], hours=max(1, (made.expires_at - made.made_at) // HOUR),
    )  # fmt: skip
    store.publish(
        session, clock, phone=one.payee_phone, body=body, purpose="code", dedupe_key=f"pickup:{made.id}",
        expires_at=min(made.expires_at, clock.now() + NOTICE_LIFE),
    )  # fmt: skip


def _right(settings: Settings, known: PickupCode, code: str) -> bool:
    digits = "".join(char for char in unicodedata.normalize("NFKC", code[:40]) if char not in " -–\u00a0")
    return bool(known.code_hash) and hmac.compare_digest(known.code_hash, _hash(settings, known, digits))


def _hash(settings: Settings, code: PickupCode, digits: str) -> str:
    """Return the hash keyed with the installation's secret: eight digits are guessed from a plain hash in a moment."""
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.new(secret, f"pickup:{code.remittance_id}:{code.id}:{digits}".encode(), hashlib.sha256).hexdigest()
