"""Escalation: a responsible official owes an answer by a deadline, and until then the case cannot be closed.

Who that is, and within what time, follows from a table of rules. A question that is not answered in time climbs to the next
level by itself; at the top it is asked again. Each step is on record, and whoever is asked is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.permissions import permissions_of
from hotline.cases.escalation_models import Escalation, EscalationRule, EscalationStep
from hotline.cases.judging import RISKS
from hotline.cases.models import Case, CaseEntry
from hotline.cases.states import ANSWER, ASKED, CASE, CLOSED, ESCALATION, IN_HAND, OPEN, WORK
from hotline.cases.working import get_case
from hotline.core import audit, live
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.ids import reference
from hotline.core.phone import parse_e164
from hotline.core.services import Services
from hotline.notices import store

JOB, EVERY_S = "cases.climb", 30
MAX_QUESTION_CHARS, MAX_ANSWER_CHARS = 2_000, 4_000
MAX_LEVEL = 5
MAX_REMINDERS = 50
"""At the top of the ladder; after that only the list of overdue questions shows it."""
REOPEN_WITHIN = timedelta(days=14)
BATCH = 50
TEXT_VALID = timedelta(hours=24)
_TEXT = (
    "[영사콜센터] {reference} 사건에 대한 답변을 {due} UTC까지 부탁드립니다. "
    "Your answer on {reference} is due by {due} UTC."
)


def rule_for(
    rules: Iterable[EscalationRule], *, country: str, risks: Collection[str], level: int
) -> EscalationRule | None:
    """Return the rule that holds for a case at a level: risk goes before country, both before one, the shortest time first."""
    fitting = [
        rule
        for rule in rules
        if rule.level == level and rule.country in ("", country) and (not rule.risk or rule.risk in risks)
    ]
    order = {risk: place for place, risk in enumerate(RISKS)}
    return min(
        fitting,
        key=lambda rule: (not rule.risk, not rule.country, rule.deadline_minutes, order.get(rule.risk, 0), rule.id),
        default=None,
    )


def live_rules(session: Session) -> list[EscalationRule]:
    """Return the rules that hold now, the general ones first."""
    found = select(EscalationRule).where(EscalationRule.removed_at.is_(None))
    return list(session.scalars(found.order_by(EscalationRule.country, EscalationRule.risk, EscalationRule.level)))


def rules_with_somebody(session: Session) -> list[EscalationRule]:
    """Return the live rules whose official is still here and may answer; a question to anybody else would wait for nobody."""
    rules = live_rules(session)
    officers = session.scalars(select(Officer).where(Officer.id.in_({rule.official_id for rule in rules})))
    here = {each.id for each in officers if each.disabled_at is None and ANSWER in permissions_of(each.roles)}
    return [rule for rule in rules if rule.official_id in here]


def _lowest(rules: Iterable[EscalationRule], case: Case, above: int) -> EscalationRule | None:
    """Return the rule of the lowest level above one that has any for a case."""
    known = list(rules)
    found = (
        rule_for(known, country=case.country, risks=case.risks, level=level)
        for level in range(above + 1, MAX_LEVEL + 1)
    )
    return next((each for each in found if each is not None), None)


def set_rule(  # noqa: PLR0913  # the values of one row of the table, all by name
    session: Session,
    clock: Clock,
    actor: Actor,
    *,
    country: str,
    risk: str,
    level: int,
    official_id: int,
    deadline_minutes: int,
    phone: str,
) -> EscalationRule:
    """Set who answers at a level; the rule that stood there before ends. Raises InvalidInput."""
    country = country.strip().upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InvalidInput("country", country, "use a country code of two letters, or leave it empty")
    if risk and risk not in RISKS:
        raise InvalidInput("risk", risk, f"use one of {', '.join(RISKS)}, or leave it empty")
    if not 1 <= level <= MAX_LEVEL:
        raise InvalidInput("level", level, f"use 1 to {MAX_LEVEL}")
    if not 5 <= deadline_minutes <= 20_160:
        raise InvalidInput("deadline_minutes", deadline_minutes, "use 5 minutes to 14 days (20,160)")
    number = parse_e164(phone.strip(), "KR").e164 if phone.strip() else ""
    officer = session.get(Officer, official_id)
    if officer is None or officer.disabled_at is not None or ANSWER not in permissions_of(officer.roles):
        raise InvalidInput("official_id", official_id, "choose an officer who may answer")
    before = session.scalar(
        select(EscalationRule)
        .where(
            EscalationRule.country == country, EscalationRule.risk == risk, EscalationRule.level == level,
            EscalationRule.removed_at.is_(None),
        )
        .with_for_update()
    )  # fmt: skip
    if before is not None:
        before.removed_at = clock.now()
        session.flush()
    rule = EscalationRule(
        country=country, risk=risk, level=level, official_id=official_id, deadline_minutes=deadline_minutes, phone=number,
        made_at=clock.now(),
    )  # fmt: skip
    session.add(rule)
    session.flush()
    audit.record(
        session, clock, actor, "escalation_rule.made", "escalation_rule", rule.id,
        after={"country": country, "risk": risk, "level": level, "official_id": official_id, "minutes": deadline_minutes},
    )  # fmt: skip
    return rule


def remove_rule(session: Session, clock: Clock, actor: Actor, rule_id: int) -> None:
    """End a rule; what was asked by it goes on. Raises NotFound."""
    rule = session.get(EscalationRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound("rule", rule_id)
    if rule.removed_at is None:
        rule.removed_at = clock.now()
        audit.record(session, clock, actor, "escalation_rule.removed", "escalation_rule", rule.id)


def escalate(session: Session, clock: Clock, actor: Actor, case_id: int, *, question: str) -> Escalation:
    """Ask the responsible official; anybody who works on cases may. Raises Refused without a rule, or when one is asked."""
    words = question.strip()
    if not 1 <= len(words) <= MAX_QUESTION_CHARS:
        raise InvalidInput("question", words, f"ask in 1 to {MAX_QUESTION_CHARS} characters")
    if not actor.may(WORK):
        raise Forbidden(f"Asking an official needs the permission {WORK}.")
    case = get_case(session, case_id, lock=True)
    if case.state == CLOSED:
        raise Refused("The case is closed.", code="case-closed")
    if open_question(session, case.id) is not None:
        raise Refused("An official has been asked already.", code="asked-already")
    rule = _lowest(rules_with_somebody(session), case, 0)
    if rule is None:
        raise Refused("No official is set for such a case.", code="no-rule")
    now = clock.now()
    escalation = Escalation(
        case_id=case.id, state=ASKED, question=words, asked_by_id=actor.id, asked_at=now, level=rule.level,
        official_id=rule.official_id, due_at=now + timedelta(minutes=rule.deadline_minutes),
    )  # fmt: skip
    session.add(escalation)
    session.flush()
    _step(session, clock, case, escalation, rule, "asked", actor=actor, body=words)
    audit.record(
        session, clock, actor, "case.escalated", "case", case.id,
        after={"escalation": escalation.id, "official_id": rule.official_id, "due_at": escalation.due_at},
    )  # fmt: skip
    return escalation


def answer(session: Session, clock: Clock, actor: Actor, escalation_id: int, *, words: str) -> Escalation:
    """Answer as an official who was asked, at this level or one before; the person sees it. Raises Forbidden, Refused."""
    body = words.strip()
    if not 1 <= len(body) <= MAX_ANSWER_CHARS:
        raise InvalidInput("answer", body, f"answer in 1 to {MAX_ANSWER_CHARS} characters")
    found = session.get(Escalation, escalation_id)
    if found is None:
        raise NotFound("escalation", escalation_id)
    case = get_case(session, found.case_id, lock=True)
    escalation = session.get_one(Escalation, escalation_id, with_for_update=True, populate_existing=True)
    asked = session.scalars(select(EscalationStep.official_id).where(EscalationStep.escalation_id == escalation.id))
    if actor.id not in set(asked):
        raise Forbidden("Only an official who was asked answers this.", code="not-your-answer")
    escalation.state = ESCALATION.next_state(escalation.state, "answer", actor)
    escalation.answer, escalation.answered_by_id, escalation.answered_at = body, actor.id, clock.now()
    _entry(session, clock, case, "answered", actor.id, body, {"escalation": escalation.id})
    audit.record(session, clock, actor, "escalation.answered", "case", case.id, after={"escalation": escalation.id})
    return escalation


def climb(services: Services) -> int:
    """Move every overdue question one level up, or ask the top again, and return how many; the scheduler's job."""
    clock, done = services.clock, 0
    with services.db.transaction() as session:
        due = select(Escalation.id, Escalation.case_id).where(
            Escalation.state == ASKED, Escalation.due_at <= clock.now(), Escalation.reminders < MAX_REMINDERS
        )
        found = session.execute(due.order_by(Escalation.due_at).limit(BATCH)).tuples().all()
    for escalation_id, case_id in found:
        with services.db.transaction() as session:
            moved = _climb_one(session, clock, escalation_id, case_id)
        if moved:
            done += 1
            live.notify(services.redis, "cases")
            live.notify(services.redis, f"case:{case_id}")
    return done


def _climb_one(session: Session, clock: Clock, escalation_id: int, case_id: int) -> bool:
    case = get_case(session, case_id, lock=True)
    row = session.get_one(Escalation, escalation_id, with_for_update=True, populate_existing=True)
    if row.state != ASKED or row.due_at > clock.now():
        return False
    rules = rules_with_somebody(session)
    rule = _lowest(rules, case, row.level)
    if rule is not None:
        row.state = ESCALATION.next_state(row.state, "climb", SYSTEM)
        kind, row.level, row.official_id = "climbed", rule.level, rule.official_id
        minutes = rule.deadline_minutes
    else:
        row.state = ESCALATION.next_state(row.state, "remind", SYSTEM)
        kind, row.reminders = "reminded", row.reminders + 1
        rule = rule_for(rules, country=case.country, risks=case.risks, level=row.level)
        # Whoever stands there now is asked, and may answer: the one before may have left the house or the post.
        row.official_id = rule.official_id if rule is not None else row.official_id
        minutes = rule.deadline_minutes if rule is not None else 60
    row.due_at = clock.now() + timedelta(minutes=minutes)
    _step(session, clock, case, row, rule, kind)
    audit.record(
        session, clock, SYSTEM, f"escalation.{kind}", "case", case.id,
        after={"escalation": row.id, "level": row.level, "official_id": row.official_id, "due_at": row.due_at},
    )  # fmt: skip
    return True


def open_question(session: Session, case_id: int) -> Escalation | None:
    """Return the question of a case that an official still owes an answer to."""
    return session.scalar(select(Escalation).where(Escalation.case_id == case_id, Escalation.state == ASKED))


def questions_of(session: Session, case_id: int) -> list[Escalation]:
    """Return every question of a case, the latest first."""
    found = select(Escalation).where(Escalation.case_id == case_id).order_by(Escalation.id.desc()).limit(BATCH)
    return list(session.scalars(found))


def waiting_questions(session: Session, *, official_id: int | None = None, limit: int = 200) -> list[Escalation]:
    """Return the questions that wait, the one due first at the head; all, or those that one official was asked."""
    found = select(Escalation).where(Escalation.state == ASKED)
    if official_id is not None:
        asked = select(EscalationStep.escalation_id).where(EscalationStep.official_id == official_id)
        found = found.where(Escalation.id.in_(asked))
    return list(session.scalars(found.order_by(Escalation.due_at, Escalation.id).limit(limit)))


def may_reopen_until(case: Case) -> datetime | None:
    """Return until when (aware UTC) a closed case can be opened again; None for one that is not closed."""
    return case.closed_at + REOPEN_WITHIN if case.closed_at is not None and case.state == CLOSED else None


def reopen(
    session: Session, clock: Clock, actor: Actor, case_id: int, *, reason: str, person_id: int | None = None
) -> Case:
    """Open a closed case again within REOPEN_WITHIN, for the person or by an officer; it goes to its last owner if still here.

    `person_id` is who of the case's people did it by a link of their own.
    Raises Refused after that time, or where a newer open case about the same thing stands in its way.
    """
    words = reason.strip()
    if not 1 <= len(words) <= MAX_QUESTION_CHARS:
        raise InvalidInput("reason", words, f"say in 1 to {MAX_QUESTION_CHARS} characters why")
    if actor.kind != "person" and not actor.may(WORK):
        raise Forbidden(f"Opening a case again needs the permission {WORK}.")
    case = get_case(session, case_id, lock=True)
    until = may_reopen_until(case)
    if until is None:
        return case
    if clock.now() > until:
        raise Refused("The time to open this case again is over.", code="too-late")
    newer = select(Case.id).where(
        Case.traveller_id == case.traveller_id, Case.source == case.source, Case.state != CLOSED, Case.id != case.id
    )
    if session.scalar(newer.limit(1)) is not None:
        raise Refused("There is a newer open case about the same thing.", code="newer-case")
    owner = session.get(Officer, case.owner_id) if case.owner_id is not None else None
    here = owner is not None and owner.disabled_at is None and WORK in permissions_of(owner.roles)
    case.state = CASE.next_state(case.state, "reopen to its owner" if here else "reopen to anybody", SYSTEM)
    assert case.state == (IN_HAND if here else OPEN)
    case.owner_id = case.owner_id if here else None
    case.closed_at = case.closed_reason = None
    case.updated_at = clock.now()
    _entry(session, clock, case, "reopened", actor.id, words, {"person_id": person_id} if person_id else {})
    audit.record(
        session, clock, actor, "case.reopened", "case", case.id,
        before={"state": CLOSED}, after={"state": case.state, "owner_id": case.owner_id},
    )  # fmt: skip
    return case


def _step(
    session: Session,
    clock: Clock,
    case: Case,
    row: Escalation,
    rule: EscalationRule | None,
    kind: str,
    *,
    actor: Actor = SYSTEM,
    body: str = "",
) -> None:
    step = EscalationStep(
        escalation_id=row.id, kind=kind, level=row.level, official_id=row.official_id,
        rule_id=rule.id if rule is not None else None, at=clock.now(), due_at=row.due_at,
    )  # fmt: skip
    session.add(step)
    session.flush()
    if rule is not None and rule.phone:
        text = _TEXT.format(reference=reference("CS", case.id), due=row.due_at.strftime("%Y-%m-%d %H:%M"))
        step.notice_id = store.publish(
            session, clock, phone=rule.phone, body=text, purpose="escalation", dedupe_key=f"escalation:{step.id}",
            expires_at=clock.now() + TEXT_VALID,
        )  # fmt: skip
    _entry(session, clock, case, kind, actor.id, body, {"escalation": row.id, "owner_id": row.official_id})


def _entry(
    session: Session, clock: Clock, case: Case, kind: str, officer_id: int | None, body: str, details: dict[str, object]
) -> None:
    case.updated_at = clock.now()
    entry = CaseEntry(case_id=case.id, at=clock.now(), kind=kind, officer_id=officer_id, body=body, details=details)
    session.add(entry)
    session.flush()
