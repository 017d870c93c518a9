"""Looking into a request and deciding it: the private interview, identity, consent; yes or no by somebody who did not ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.phone import to_reachable
from hotline.missions import missions
from remittance.requests.access import demand
from remittance.requests.asking import HOME
from remittance.requests.models import DURESS, IDENTITIES, Remittance, RemittanceChange
from remittance.requests.moving import demand_version, move
from remittance.requests.states import APPROVE, HOLDABLE, REMITTANCE, REVIEW, UNDER_REVIEW, WITH_MONEY

MAX_NAME_CHARS = 120
UNDER_PRESSURE = "under_pressure"
LIFTS = tuple(f"lift_{state}" for state in HOLDABLE)
"""Events that make nobody a part of it: whoever took a hold off before looked at it with fresh eyes, and may again."""


def take_up(session: Session, clock: Clock, actor: Actor, remittance_id: int) -> Remittance:
    """Begin to look into a request."""
    one = demand(session, actor, remittance_id, lock=True)
    move(session, clock, actor, one, "review")
    one.reviewed_by_id = actor.id
    return one


def note(session: Session, clock: Clock, actor: Actor, remittance_id: int, given: Mapping[str, Any]) -> Remittance:
    """Write down what the review found: identity, interview, the relative and the consent; only while it is under review.

    The same by the same person again changes nothing. Raises InvalidInput naming the field. Of the interview only the result is
    kept, and only reviewers see it.
    """
    if not actor.may(REVIEW):
        raise Forbidden(f"This needs the permission {REVIEW}.")
    one = demand(session, actor, remittance_id, lock=True)
    if one.state != UNDER_REVIEW:
        raise Refused("Only a request under review is looked into.", code="not-under-review")
    for name, allowed in (("identity", IDENTITIES), ("duress", DURESS)):
        if given.get(name) not in allowed:
            raise InvalidInput(name, given.get(name), f"use one of {', '.join(allowed)}")
    words, payer = str(given.get("identity_words", "")).strip(), " ".join(str(given.get("payer_name", "")).split())
    if one.duress == UNDER_PRESSURE and given["duress"] != UNDER_PRESSURE:
        raise Refused("What the interview gave stays. Hold or reject it.", code="interview-stays")
    if given["identity"] == "second_factor" and not words:
        raise InvalidInput("identity_words", words, "say by what else they proved who they are")
    if len(words) > 200 or len(payer) > MAX_NAME_CHARS:
        raise InvalidInput("payer_name", payer, f"write at most {MAX_NAME_CHARS} characters")
    phone = str(given.get("payer_phone", "")).strip()
    if phone and not given.get("consent"):
        raise InvalidInput("consent", False, "nobody is called without it: ask the traveller, or leave the number out")
    number, consent = to_reachable(phone, HOME, field="payer_phone") if phone else "", bool(given.get("consent"))
    found = (given["identity"], words, given["duress"], payer, number)
    kept = (one.identity, one.identity_words, one.duress, one.payer_name, one.payer_phone)
    if found == kept and consent == (one.payer_consent_at is not None) and _noted_last(session, actor, one):
        return one
    one.identity, one.identity_words, one.duress, one.payer_name, one.payer_phone = found
    one.payer_consent_at = (one.payer_consent_at or clock.now()) if consent else None
    one.reviewed_by_id, one.version, one.updated_at = actor.id, one.version + 1, clock.now()
    session.add(
        RemittanceChange(
            remittance_id=one.id, at=clock.now(), before=one.state, after=one.state, event="note", by_id=actor.id
        )
    )
    audit.record(session, clock, actor, "remittance.noted", "remittance", one.id, after={"identity": one.identity})
    return one


def _noted_last(session: Session, actor: Actor, one: Remittance) -> bool:
    """Say whether the last thing that happened to a remittance is a note by the actor: then the same again is a repetition."""
    last = session.scalar(
        select(RemittanceChange)
        .where(RemittanceChange.remittance_id == one.id)
        .order_by(RemittanceChange.id.desc())
        .limit(1)
    )
    return last is not None and last.event == "note" and last.by_id == actor.id


def approve(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, *, version: int | None = None
) -> Remittance:
    """Say yes, as somebody who did not ask for it.

    Raises Refused while the interview, the relative or the consent is missing, where the interview was not free, or where rates
    on record put the amount past the incident's limit (the room of quotes weighs it, here and again at the quote).
    """
    one = demand(session, actor, remittance_id, lock=True)
    demand_version(one, version)
    _somebody_else(actor, one)
    missing = [
        name
        for name, there in (
            ("interview", one.duress != "not_asked"), ("payer_name", bool(one.payer_name)),
            ("payer_phone", bool(one.payer_phone)), ("consent", one.payer_consent_at is not None),
        )
        if not there
    ]  # fmt: skip
    if missing:
        raise Refused(
            f"Still missing: {', '.join(missing)}.", code="review-incomplete", params={"missing": tuple(missing)}
        )
    if one.duress == UNDER_PRESSURE:
        raise Refused("Whoever is under pressure is not helped by money. Put it on hold.", code="under-pressure")
    move(session, clock, actor, one, "approve")
    one.approved_by_id, one.approved_at = actor.id, clock.now()
    session.flush()
    return one


def decide(
    session: Session,
    clock: Clock,
    actor: Actor,
    remittance_id: int,
    event: str,
    *,
    reason: str,
    version: int | None = None,
) -> Remittance:
    """Reject, send back, cancel, or hold with a reason, by the table."""
    if event not in ("reject", "send_back", "cancel", "hold", "reject_held", "refund_held"):
        raise InvalidInput("event", event, "use reject, send_back, cancel, hold, reject_held or refund_held")
    one = demand(session, actor, remittance_id, lock=True)
    demand_version(one, version)
    if event == "reject":
        _somebody_else(actor, one)
    if event in ("reject_held", "refund_held"):
        REMITTANCE.next_state(one.state, event, actor)  # first: whoever may not learns nothing of what is held
        off_the_case(session, actor, one)
        money = one.held_state in WITH_MONEY
        if money == (event == "reject_held"):
            why = "Money is there: order its refund." if money else "No money came: reject it."
            raise Refused(why, code="held-with-money" if money else "held-without-money")
    return move(session, clock, actor, one, event, reason=reason, needs_reason=True)


def lift(session: Session, clock: Clock, actor: Actor, remittance_id: int, *, reason: str) -> Remittance:
    """Take a hold off, as somebody who had no part in the case; it goes on where it stood."""
    one = demand(session, actor, remittance_id, lock=True)
    if one.held_state not in HOLDABLE:
        raise Refused("It is not on hold.", code="not-held")
    off_the_case(session, actor, one)
    return move(session, clock, actor, one, f"lift_{one.held_state}", reason=reason, needs_reason=True)


def reroute(
    session: Session, clock: Clock, actor: Actor, remittance_id: int, mission_id: int, *, reason: str
) -> Remittance:
    """Have another mission pay it out."""
    one = demand(session, actor, remittance_id, lock=True)
    if missions.get(session, mission_id).closed_at is not None:
        raise Refused("This mission is closed. Choose another.", code="mission-closed")
    if actor.id is not None and actor.id == one.requested_by_id:
        raise Refused("Whoever asked for it does not choose who pays.", code="same-officer")
    if mission_id == one.mission_id:
        raise InvalidInput("mission_id", mission_id, "choose another mission than the present one")
    before, one.mission_id = one.mission_id, mission_id  # effects look at the mission that is to pay
    session.flush()
    move(
        session, clock, actor, one, "reroute", reason=reason, needs_reason=True, before=before, after_mission=mission_id
    )
    return one


def _somebody_else(actor: Actor, one: Remittance) -> None:
    if actor.id is not None and actor.id == one.requested_by_id:
        raise Refused("Whoever asked for it cannot decide it.", code="same-officer")
    if not actor.may(APPROVE) and actor.kind != "system":
        raise Forbidden(f"This needs the permission {APPROVE}.")


def off_the_case(session: Session, actor: Actor, one: Remittance) -> None:
    """Raise Refused for anybody on the case: a hold is lifted by fresh eyes only.

    On the case is who owns it, and who ever did anything to the remittance: asked, reviewed, approved, quoted, decided about a
    deposit, paid out, or put it on hold.
    """
    if actor.id is None:
        return
    part = select(RemittanceChange.id).where(
        RemittanceChange.remittance_id == one.id,
        RemittanceChange.by_id == actor.id,
        RemittanceChange.event.not_in(LIFTS),
    )
    owner_id = session.scalar(select(Case.owner_id).where(Case.id == one.case_id))
    if owner_id == actor.id or session.scalar(part.limit(1)) is not None:
        raise Refused("Whoever had a part in it cannot lift its hold.", code="had-a-part")
