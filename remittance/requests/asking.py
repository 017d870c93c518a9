"""Asking for emergency money: in the console, by telephone with the script, by API, or on the person's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.cases.persons import get_person, members
from hotline.cases.states import CLOSED
from hotline.cases.working import get_case
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.phone import to_reachable
from hotline.incidents.models import Incident
from hotline.incidents.states import OPEN as OPEN_INCIDENT
from hotline.missions import missions, staff
from remittance.money.amounts import Money
from remittance.requests import moving, policies
from remittance.requests.access import bound_to_missions
from remittance.requests.models import IDENTITIES, Policy, Remittance, RemittanceChange
from remittance.requests.reference import new_reference
from remittance.requests.states import CANCELLED, EXPIRED, FINAL, LASTS, PAID, REFUNDED, REJECTED, REQUESTED, WRITE

MAX_NAME_CHARS, MAX_WORDS_CHARS, MAX_KEY_CHARS, REFERENCE_TRIES = 120, 1_000, 80, 5
LANGUAGES = ("ko", "en")
HOME = "KR"
"""Where relatives are: a number of theirs may be written as at home."""
ENDED_WITHOUT_CASH = (REJECTED, EXPIRED, CANCELLED, REFUNDED)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for. `wanted` is what the traveller is to be handed; `key` makes a repetition the same request.

    `consent`: the traveller allows us to speak with the relative.
    """

    key: str
    case_id: int
    mission_id: int
    wanted: Money
    reason: str
    payee_name: str
    identity: str
    words: str = ""
    identity_words: str = ""
    payee_born_on: date | None = None
    payee_phone: str = ""
    payee_language: str = "ko"
    payer_name: str = ""
    payer_phone: str = ""
    payer_language: str = "ko"
    consent: bool = False
    incident_id: int | None = None


@dataclass(frozen=True)
class Written:
    """Both numbers as they are kept, and by which door the request came."""

    payee_phone: str
    payer_phone: str
    via: str


def ask(session: Session, clock: Clock, actor: Actor, wish: Wish, *, via: str = "console") -> Remittance:
    """Write down a request, in its case; the same key again returns what was written.

    Raises SeveralFaults naming every field, Refused where the policy forbids it (another one is open, or the incident's limit is
    reached), NotFound for an unknown case, mission or incident.
    """
    if actor.kind == "officer" and not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    if (found := _same(session, actor, wish)) is not None:
        return found
    policy = policies.current(session, clock.now())
    case = get_case(session, wish.case_id, lock=True)
    _place(session, actor, wish, case)
    payee_phone, payer_phone = _check(wish, policy, clock.now())
    person_id = _person(session, case)
    _eligible(session, policy, wish, person_id)
    one = _insert(session, clock, actor, wish, policy, case, person_id, Written(payee_phone, payer_phone, via))
    audit.record(
        session, clock, actor, "remittance.requested", "remittance", one.id,
        after={"case_id": case.id, "mission_id": one.mission_id, "wanted_minor": one.wanted_minor, "currency": one.currency},
    )  # fmt: skip
    return one


def _same(session: Session, actor: Actor, wish: Wish) -> Remittance | None:
    """Return what was written under this key before; requests with one key wait for each other until commit.

    Raises InvalidInput for a key that is none, Refused for one under which somebody else, or something else, was asked for.
    """
    if not 1 <= len(wish.key.strip()) <= MAX_KEY_CHARS:
        raise InvalidInput("key", wish.key, f"use 1 to {MAX_KEY_CHARS} characters")
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 38))"), {"key": wish.key})
    found = session.scalar(select(Remittance).where(Remittance.request_key == wish.key))
    if found is None:
        return None
    asker = actor.id if actor.kind == "officer" else None
    asked = (found.requested_by_id, found.case_id, found.mission_id, found.wanted_minor, found.currency)
    if asked != (asker, wish.case_id, wish.mission_id, wish.wanted.minor, wish.wanted.currency):
        raise Refused("This key stands for another request.", code="key-taken")
    return found


def _place(session: Session, actor: Actor, wish: Wish, case: Case) -> None:
    """Raise unless the mission can pay, the incident is open and of the case's kind, and the actor may ask for it there."""
    mission = missions.get(session, wish.mission_id)
    if mission.closed_at is not None:
        raise Refused("This mission is closed. Choose another.", code="mission-closed")
    if wish.incident_id is not None:
        incident = session.get(Incident, wish.incident_id)
        if incident is None:
            raise NotFound("incident", wish.incident_id)
        if incident.state != OPEN_INCIDENT or incident.drill != case.drill:
            raise Refused("This incident is over, or a drill of another kind.", code="incident-not-open")
    if bound_to_missions(actor):
        if not staff.works_at(session, actor, wish.mission_id):
            raise Forbidden("Only those who work at this mission may ask for it.", code="not-your-mission")
        if case.country not in {mission.country, *mission.countries}:
            raise NotFound("case", wish.case_id)


def _person(session: Session, case: Case) -> int:
    """Return whom the case is about, as the one they are merged into, and keep other requests for them waiting until commit."""
    if case.state == CLOSED:
        raise Refused("The case is closed. Reopen it first.", code="case-closed")
    person = get_person(session, case.person_id)
    return get_person(session, person.merged_into_id or person.id, lock=True).id


def _check(wish: Wish, policy: Policy, now: datetime) -> tuple[str, str]:
    """Return both numbers in E.164; raises SeveralFaults."""
    faults: list[InvalidInput] = []
    texts = (
        ("payee_name", wish.payee_name, MAX_NAME_CHARS, True), ("payer_name", wish.payer_name, MAX_NAME_CHARS, False),
        ("words", wish.words, MAX_WORDS_CHARS, False),
        ("identity_words", wish.identity_words, 200, wish.identity == "second_factor"),
    )  # fmt: skip
    for name, given, most, needed in texts:
        if len(given) > most or (needed and not given.strip()):
            faults.append(InvalidInput(name, given, f"write {1 if needed else 0} to {most} characters"))
    choices = (
        ("reason", wish.reason, policy.reasons), ("identity", wish.identity, IDENTITIES),
        ("payee_language", wish.payee_language, LANGUAGES), ("payer_language", wish.payer_language, LANGUAGES),
        ("currency", wish.wanted.currency, policy.payout_currencies),
    )  # fmt: skip
    faults += [
        InvalidInput(name, given, f"use one of {', '.join(allowed)}")
        for name, given, allowed in choices
        if given not in allowed
    ]
    if wish.wanted.minor <= 0:
        faults.append(InvalidInput("amount", str(wish.wanted), "ask for more than nothing"))
    elif wish.wanted.currency == policy.limit_currency and wish.wanted.minor > policy.limit_minor:
        faults.append(
            InvalidInput(
                "amount", str(wish.wanted), f"at most {Money(policy.limit_minor, policy.limit_currency)} an incident"
            )
        )
    if wish.payee_born_on is not None and not date(1900, 1, 1) <= wish.payee_born_on <= now.date():
        faults.append(InvalidInput("payee_born_on", wish.payee_born_on, "give a day of the past since 1900"))
    if wish.payer_phone and not wish.consent:
        faults.append(
            InvalidInput("consent", False, "nobody is called without it: ask the traveller, or leave the number out")
        )
    payee_phone = _phone("payee_phone", wish.payee_phone, None, faults)
    payer_phone = _phone("payer_phone", wish.payer_phone, HOME, faults)
    if faults:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])
    return payee_phone, payer_phone


def _phone(name: str, given: str, region: str | None, faults: list[InvalidInput]) -> str:
    if not given.strip():
        return ""
    try:
        return to_reachable(given, region, field=name)
    except InvalidInput as error:
        faults.append(error)
        return ""


def _eligible(session: Session, policy: Policy, wish: Wish, person_id: int) -> None:
    """Raise Refused where the person has one already, or the incident's limit would be passed.

    Whoever was merged into this person counts as this person, and a request without an incident counts by its case.
    """
    by_case = Remittance.case_id == wish.case_id
    same = (
        Remittance.person_id.in_([person_id, *members(session, person_id)]),
        by_case if wish.incident_id is None else or_(by_case, Remittance.incident_id == wish.incident_id),
    )
    going_on = session.scalars(
        select(Remittance.number).where(*same, Remittance.state.not_in(FINAL), Remittance.state != PAID)
    ).all()
    if len(going_on) >= policy.open_per_person:
        raise Refused(
            f"{going_on[0]} is still open for this person and incident.",
            code="remittance-open",
            params={"number": going_on[0]},
        )
    had = session.scalar(
        select(func.coalesce(func.sum(Remittance.wanted_minor), 0)).where(
            *same, Remittance.state.not_in(ENDED_WITHOUT_CASH), Remittance.currency == policy.limit_currency
        )
    )
    if wish.wanted.currency == policy.limit_currency and int(had or 0) + wish.wanted.minor > policy.limit_minor:
        left = Money(max(0, policy.limit_minor - int(had or 0)), policy.limit_currency)
        raise Refused(
            f"The limit of this incident leaves {left}.", code="remittance-limit", params={"left": left.grouped()}
        )


def _insert(
    session: Session,
    clock: Clock,
    actor: Actor,
    wish: Wish,
    policy: Policy,
    case: Case,
    person_id: int,
    written: Written,
) -> Remittance:
    now = clock.now()
    number = session.scalar(text("SELECT nextval(pg_get_serial_sequence('remittances', 'id'))"))
    assert isinstance(number, int)
    one = Remittance(
        id=number, number=f"R-{now:%Y}-{number:06d}", reference=_reference(session), request_key=wish.key,
        case_id=case.id, person_id=person_id, incident_id=wish.incident_id, mission_id=wish.mission_id, policy_id=policy.id,
        drill=case.drill, state=REQUESTED, reason=wish.reason, words=wish.words.strip(), wanted_minor=wish.wanted.minor,
        currency=wish.wanted.currency, payee_name=" ".join(wish.payee_name.split()), payee_born_on=wish.payee_born_on,
        payee_phone=written.payee_phone, payee_language=wish.payee_language, identity=wish.identity,
        identity_words=wish.identity_words.strip(), payer_name=" ".join(wish.payer_name.split()),
        payer_phone=written.payer_phone, payer_language=wish.payer_language, payer_consent_at=now if wish.consent else None,
        requested_at=now, requested_by_id=actor.id if actor.kind == "officer" else None, requested_via=written.via,
        due_at=now + LASTS[REQUESTED], updated_at=now,
    )  # fmt: skip
    session.add(one)
    session.flush()
    moving.tell(
        session,
        clock,
        RemittanceChange(
            remittance_id=one.id, at=now, before="", after=REQUESTED, event="request", by_id=one.requested_by_id
        ),
    )
    return one


def _reference(session: Session) -> str:
    """Return a reference that nobody has; the unique index would refuse the one in thirty thousand million that somebody has."""
    for _ in range(REFERENCE_TRIES):
        made = new_reference()
        if session.scalar(select(Remittance.id).where(Remittance.reference == made)) is None:
            return made
    raise Refused("No free reference was found. Try again.", code="no-reference")
