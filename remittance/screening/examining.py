"""Looking into a remittance: its names against the lists, its circumstances against the rules, and the hold that follows.

Whatever is done here can be done again: a name is compared once with each version of the lists, a finding is raised once, and
what was cleared for a person is not raised for them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.cases.persons import members
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from remittance.deposits.models import BankEntry
from remittance.names.likeness import MAX_CHARS
from remittance.requests import moving
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import HOLDABLE, OPEN
from remittance.screening import finders, lists, thresholds
from remittance.screening.comparing import Alike, digest, judge, score
from remittance.screening.models import ScreeningCheck, ScreeningFinding, ScreeningMark
from remittance.screening.rules import Fact
from remittance.screening.standing import blocked
from remittance.screening.states import CLEARED, DEPOSITOR, HOLD, PAYEE, PAYER, ROLES
from remittance.screening.states import OPEN as RAISED

LIST = "list"
MOST_DEPOSITS = 50
MOST_HITS = 20
"""Findings of one comparison: a name that is like more listed ones is decided by the nearest of them."""


@dataclass(frozen=True)
class Subject:
    """Somebody in a remittance: their part in it, their name, and their birth where it is known."""

    role: str
    name: str
    born_on: date | None = None


def subjects(session: Session, one: Remittance) -> list[Subject]:
    """Return those whom a remittance names, and those whose deposits the bank's statement brought for it."""
    paid = session.scalars(
        select(BankEntry.payer)
        .where(BankEntry.remittance_id == one.id, BankEntry.amount_minor > 0, BankEntry.payer != "")
        .order_by(BankEntry.id)
        .limit(MOST_DEPOSITS)
    )
    named = (
        Subject(PAYEE, one.payee_name, one.payee_born_on),
        Subject(PAYER, one.payer_name),
        *(Subject(DEPOSITOR, _clip(each)) for each in paid),
    )
    return [each for each in named if each.name.strip()]


def _clip(name: str) -> str:
    return " ".join(name.split())[:MAX_CHARS]


def screen_name(
    session: Session, clock: Clock, remittance_id: int, role: str, name: str, born_on: date | None = None
) -> list[ScreeningFinding]:
    """Compare somebody of a remittance with the lists; the findings that this raises. In the caller's transaction.

    `role` is payee, payer or depositor. Nothing is held here: `look_into` does so in a transaction of its own.
    """
    if role not in ROLES:
        raise InvalidInput("role", role, f"use one of {', '.join(ROLES)}")
    one = moving.get(session, remittance_id, lock=True)
    if one.drill or not name.strip():
        return []
    raised = _compare(session, clock, one, [Subject(role, _clip(name), born_on)])
    _record(session, clock, raised)
    return raised


def names_pass(session: Session, one: Remittance) -> bool:
    """Compare whomever a locked remittance names and that was not done for yet; False where what is found would hold it.

    Nothing is written: `look_into` does that, and writes the audit trail after it moved the remittance, so that nobody waits for
    the trail while they hold an account.
    """
    version = lists.newest(session)
    if one.drill or not version:
        return True
    return not any(
        alike.severity == HOLD and not _known(session, one, LIST, _pair_of(each, listed, alike))
        for each in _not_compared(session, one, subjects(session, one), version)
        for listed, alike in _hits(each, lists.candidates(session, each.name))
    )


def rules_pass(session: Session, clock: Clock, one: Remittance) -> bool:
    """Ask the rules about a locked remittance here and now; False where what they find would hold it. Nothing is written."""
    if one.drill:
        return True
    facts = finders.found(session, clock, one, thresholds.current(session).numbers)
    return not any(fact.severity == HOLD and _would_hold(session, one, fact) for fact in facts)


def _would_hold(session: Session, one: Remittance, fact: Fact) -> bool:
    """Say whether `_raise_fact` would leave a finding that holds; one that is open already is given the fact's severity."""
    before = _found_before(session, one, fact)
    if _was_cleared(fact, before):
        return False
    stands = any(each.state != CLEARED for each in before)
    return stands or not _known(session, one, fact.rule, _pair(fact.rule, fact.key))


def look_into(session: Session, clock: Clock, remittance_id: int) -> Remittance:
    """Compare its names, ask the rules, hold it where something speaks against it, and remember up to where this was done."""
    one = moving.get(session, remittance_id, lock=True)
    rules = thresholds.current(session)
    raised: list[ScreeningFinding] = []
    if not one.drill and one.state in OPEN:
        raised = _compare(session, clock, one, subjects(session, one))
        for fact in finders.found(session, clock, one, rules.numbers):
            raised += _raise_fact(session, clock, one, fact)
        if one.state in HOLDABLE and blocked(session, one.id):
            # Without a reason: whatever stood there would be read to somebody whom it must not warn.
            moving.move(session, clock, SYSTEM, one, "hold")
    session.flush()
    last = session.scalar(select(func.max(RemittanceChange.id)).where(RemittanceChange.remittance_id == one.id))
    values = {"change_id": last or 0, "list_id": lists.newest(session), "rules_id": rules.id, "at": clock.now()}
    session.execute(
        insert(ScreeningMark)
        .values(remittance_id=one.id, **values)
        .on_conflict_do_update(index_elements=["remittance_id"], set_=values)
    )
    _record(session, clock, raised)
    return one


def _not_compared(session: Session, one: Remittance, people: Iterable[Subject], version: int) -> list[Subject]:
    done = set(
        session.execute(
            select(ScreeningCheck.role, ScreeningCheck.name_digest).where(
                ScreeningCheck.remittance_id == one.id, ScreeningCheck.list_id == version
            )
        ).tuples()
    )
    found = {(each.role, digest(each.name, each.born_on)): each for each in people}
    return [each for key, each in found.items() if key not in done]


def _compare(session: Session, clock: Clock, one: Remittance, people: Iterable[Subject]) -> list[ScreeningFinding]:
    version = lists.newest(session)
    if not version:
        return []  # nothing was compared, so nothing is written down as if it had been
    raised: list[ScreeningFinding] = []
    for each in _not_compared(session, one, people, version):
        near = lists.candidates(session, each.name)
        hits = _hits(each, near)
        _write_check(session, clock, one, each, version, near, hits=len(hits))
        for listed, alike in hits:
            raised += _raise_hit(session, clock, one, each, listed, alike)
    session.flush()
    return raised


def _write_check(
    session: Session,
    clock: Clock,
    one: Remittance,
    each: Subject,
    version: int,
    near: list[lists.Candidate],
    *,
    hits: int,
) -> None:
    session.add(
        ScreeningCheck(
            remittance_id=one.id,
            role=each.role,
            name_digest=digest(each.name, each.born_on),
            list_id=version,
            at=clock.now(),
            compared=len(near),
            hits=hits,
            best_tenths=round(10 * max((score(each.name, listed.name) for listed in near), default=0.0)),
        )
    )


def _hits(each: Subject, near: Iterable[lists.Candidate]) -> list[tuple[lists.Candidate, Alike]]:
    """Return the nearest name of each entry that is taken for this one, the nearest entries first."""
    best: dict[int, tuple[lists.Candidate, Alike]] = {}
    for listed in near:
        alike = judge(each.name, listed.name, each.born_on, listed.born)
        if alike is not None and (listed.entry_id not in best or best[listed.entry_id][1].score < alike.score):
            best[listed.entry_id] = (listed, alike)
    return sorted(best.values(), key=lambda found: (-found[1].score, found[0].entry_id))[:MOST_HITS]


def _pair_of(each: Subject, listed: lists.Candidate, alike: Alike) -> str:
    return _pair(digest(each.name), listed.code, listed.reference, listed.name, alike.born)


def _pair(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _raise_hit(
    session: Session, clock: Clock, one: Remittance, each: Subject, listed: lists.Candidate, alike: Alike
) -> list[ScreeningFinding]:
    finding = ScreeningFinding(
        remittance_id=one.id, person_id=one.person_id, kind=LIST, severity=alike.severity, role=each.role,
        name=each.name, entry_id=listed.entry_id, listed_name=listed.name, score_tenths=round(alike.score * 10),
        born=alike.born, pair=_pair_of(each, listed, alike),
    )  # fmt: skip
    return _raise(session, clock, one, finding)


def _raise_fact(session: Session, clock: Clock, one: Remittance, fact: Fact) -> list[ScreeningFinding]:
    """Raise what a rule found. What is open already takes the new numbers; what was cleared stays cleared until there is more."""
    before = _found_before(session, one, fact)
    if _was_cleared(fact, before):
        return []
    for each in before:
        if each.state == CLEARED:
            continue
        grave = fact.severity == HOLD and each.severity != HOLD
        each.facts, each.severity = fact.numbers, HOLD if grave else each.severity
        return [each] if grave else []
    finding = ScreeningFinding(
        remittance_id=one.id, person_id=one.person_id, kind=fact.rule, severity=fact.severity, facts=fact.numbers,
        pair=_pair(fact.rule, fact.key),
    )  # fmt: skip
    return _raise(session, clock, one, finding)


def _found_before(session: Session, one: Remittance, fact: Fact) -> Sequence[ScreeningFinding]:
    return session.scalars(
        select(ScreeningFinding).where(ScreeningFinding.remittance_id == one.id, ScreeningFinding.kind == fact.rule)
    ).all()


def _was_cleared(fact: Fact, before: Iterable[ScreeningFinding]) -> bool:
    """Say whether all that a rule counts was before the eyes of whoever cleared what it found then."""
    others = set(fact.numbers.get("remittances", ()))
    return bool(others) and any(
        each.state == CLEARED and others <= set(each.facts.get("remittances", ())) for each in before
    )


def _known(session: Session, one: Remittance, kind: str, pair: str) -> bool:
    """Say whether it was raised for this remittance already, or cleared for this person before."""
    whole = finders.whole_person(session, one)
    return (
        session.scalar(
            select(ScreeningFinding.id)
            .where(
                ScreeningFinding.kind == kind,
                ScreeningFinding.pair == pair,
                (ScreeningFinding.remittance_id == one.id)
                | (
                    (ScreeningFinding.state == CLEARED)
                    & ScreeningFinding.person_id.in_([whole, *members(session, whole)])
                ),
            )
            .limit(1)
        )
        is not None
    )


def _raise(session: Session, clock: Clock, one: Remittance, finding: ScreeningFinding) -> list[ScreeningFinding]:
    if _known(session, one, finding.kind, finding.pair):
        return []
    finding.state, finding.raised_at = RAISED, clock.now()
    session.add(finding)
    session.flush()
    return [finding]


def _record(session: Session, clock: Clock, raised: Iterable[ScreeningFinding]) -> None:
    """Write what was raised into the audit trail, last in the transaction."""
    for each in raised:
        audit.record(
            session, clock, SYSTEM, "screening.raised", "screening_finding", each.id,
            after={"remittance_id": each.remittance_id, "kind": each.kind, "severity": each.severity},
        )  # fmt: skip
