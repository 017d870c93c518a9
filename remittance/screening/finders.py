"""What the rules against fraud count, in SQL: other remittances of the same depositor, number, payee or place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.clock import Clock
from hotline.missions.models import Mission
from remittance.deposits.models import BankEntry
from remittance.names.likeness import SAME, likeness
from remittance.requests.models import Remittance
from remittance.screening import places
from remittance.screening.comparing import as_one
from remittance.screening.rules import (
    CLUSTER,
    CLUSTER_PLACE,
    COUNTRY_JUMP,
    DEPOSITOR_MANY,
    OFF,
    PAYEE_AGAIN,
    PAYER_PHONE_MANY,
    SAME_DEVICE,
    USUAL_DAYS,
    Fact,
    cluster,
    far_mission,
    many_travellers,
    payee_again,
    without_same,
)
from remittance.screening.states import NOTE

MAX_COMPARED = 2_000
"""Payees of the latest remittances that are compared with a new one."""

Rules = Mapping[str, Mapping[str, Any]]
SAME_PLACE: dict[str, Callable[[Session, int, datetime], Sequence[int]]] = {}
"""Rooms above tell which other remittances were asked for from the same device since a moment; each under its own name."""


def found(session: Session, clock: Clock, one: Remittance, rules: Rules) -> list[Fact]:
    """Return what the rules find about a remittance, as it stands now."""
    each = (
        _depositor(session, clock, one, rules),
        _payer_phone(session, clock, one, rules),
        _payee(session, clock, one, rules),
        _device(session, clock, one, rules),
        *_clusters(session, one, rules),
        _far(session, one, rules),
    )
    return [fact for fact in each if fact is not None]


def _whole_person() -> Any:
    """Whom a remittance is for, as the person that they were merged into."""
    return func.coalesce(Person.merged_into_id, Person.id)


def whole_person(session: Session, one: Remittance) -> int:
    """Return whom a remittance is for, as the person that they were merged into."""
    return int(session.scalars(select(_whole_person()).where(Person.id == one.person_id)).one())


def _others(one: Remittance, clock: Clock, days: int) -> Any:
    """Return the statement for other remittances of some days: their numbers, people and incidents."""
    return (
        select(Remittance.id, _whole_person(), Remittance.incident_id)
        .join(Person, Person.id == Remittance.person_id)
        .where(
            Remittance.id != one.id,
            Remittance.drill.is_(False),
            Remittance.requested_at >= clock.now() - timedelta(days=days),
        )
        .order_by(Remittance.id.desc())
        .limit(MAX_COMPARED)
    )


def _many(
    session: Session, one: Remittance, rule: str, rules: Rules, rows: Sequence[tuple[int, int, int | None]]
) -> Fact | None:
    others = {number: person for number, person, _ in rows}
    explained = {number for number, _, incident in rows if incident is not None and incident == one.incident_id}
    return many_travellers(rule, rules, others, whole_person(session, one), explained)


def _depositor(session: Session, clock: Clock, one: Remittance, rules: Rules) -> Fact | None:
    """Count travellers for whom one account paid, or one name where the bank told no account; names alone are only noted."""
    mine = session.execute(
        select(BankEntry.payer_account_hash, BankEntry.payer_name_hash)
        .where(BankEntry.remittance_id == one.id, BankEntry.amount_minor > 0)
        .limit(MAX_COMPARED)
    ).all()
    accounts = {account for account, _ in mine if account}
    names = {name for _, name in mine if name}
    bare = {name for account, name in mine if name and not account}
    by_account = BankEntry.payer_account_hash.in_(accounts)
    # One of both is without an account: with one on each side, different accounts are different people of one name.
    by_name = BankEntry.payer_name_hash.in_(bare) | (
        BankEntry.payer_name_hash.in_(names) & (BankEntry.payer_account_hash == "")
    )

    def counted(condition: Any, severity: str) -> Fact | None:
        same = select(BankEntry.remittance_id).where(condition, BankEntry.amount_minor > 0)
        rows = session.execute(_others(one, clock, rules[DEPOSITOR_MANY]["days"]).where(Remittance.id.in_(same)))
        set_to = {DEPOSITOR_MANY: {**rules[DEPOSITOR_MANY], "severity": severity}}
        return _many(session, one, DEPOSITOR_MANY, set_to, rows.tuples().all())

    severity = rules[DEPOSITOR_MANY]["severity"]
    if severity == OFF or not (accounts or names):
        return None
    return counted(by_account, severity) or counted(by_account | by_name, NOTE)


def _payer_phone(session: Session, clock: Clock, one: Remittance, rules: Rules) -> Fact | None:
    if not one.payer_phone:
        return None
    days = rules[PAYER_PHONE_MANY]["days"]
    rows = session.execute(_others(one, clock, days).where(Remittance.payer_phone == one.payer_phone))
    return _many(session, one, PAYER_PHONE_MANY, rules, rows.tuples().all())


def _payee(session: Session, clock: Clock, one: Remittance, rules: Rules) -> Fact | None:
    """Compare the payee with those of other people's remittances: two records of one person pass the limit of each.

    A short name that differs by a letter is nobody's but for an equal birth, and then it may be a twin's.
    """
    if not one.payee_name:
        return None
    statement = (
        _others(one, clock, rules[PAYEE_AGAIN]["days"])
        .with_only_columns(Remittance.id, Remittance.payee_name, Remittance.payee_born_on)
        .where(_whole_person() != whole_person(session, one))
    )
    sure: list[int] = []
    likely: list[int] = []
    for number, name, born_on in session.execute(statement):
        known = one.payee_born_on is not None and born_on is not None
        if (known and born_on != one.payee_born_on) or likeness(one.payee_name, name) < SAME:
            continue
        certain = as_one(one.payee_name, name)
        if known or certain:
            (sure if known and certain else likely).append(number)
    return payee_again(rules, sure, likely)


def _device(session: Session, clock: Clock, one: Remittance, rules: Rules) -> Fact | None:
    since = clock.now() - timedelta(days=rules[SAME_DEVICE]["days"])
    same = {number for name in sorted(SAME_PLACE) for number in SAME_PLACE[name](session, one.id, since)}
    if not same:
        return None
    rows = session.execute(_others(one, clock, rules[SAME_DEVICE]["days"]).where(Remittance.id.in_(same)))
    return _many(session, one, SAME_DEVICE, rules, rows.tuples().all())


def _clusters(session: Session, one: Remittance, rules: Rules) -> list[Fact]:
    """Judge the mission that was asked, and place and country it was asked from; a declared incident explains its own."""
    if one.incident_id is not None:
        return []
    return without_same(
        (_at_mission(session, one, rules), _from_place(session, one, rules), _jump(session, one, rules))
    )


def _from_place(session: Session, one: Remittance, rules: Rules) -> Fact | None:
    """Count other people's requests from the place where the case is, whichever mission they asked."""
    set_to = rules[CLUSTER_PLACE]
    if set_to["severity"] == OFF:
        return None
    found = places.around(session, one, hours=set_to["hours"], km=set_to["km"])
    return None if found is None else cluster(rules, found.here, found.before, CLUSTER_PLACE)


def _at_mission(session: Session, one: Remittance, rules: Rules) -> Fact | None:
    """Count other people's requests at the mission before this one."""
    return _crowd(session, one, rules, CLUSTER, Remittance.mission_id == one.mission_id)


def _jump(session: Session, one: Remittance, rules: Rules) -> Fact | None:
    """Count other people's requests from cases in this one's country."""
    country = _country(session, one)
    if country in places.NOWHERE:
        return None
    there = Remittance.case_id.in_(select(Case.id).where(Case.country == country))
    return _crowd(session, one, rules, COUNTRY_JUMP, there)


def _crowd(session: Session, one: Remittance, rules: Rules, rule: str, where: Any) -> Fact | None:
    begin = one.requested_at - timedelta(hours=rules[rule]["hours"])
    same = (
        where,
        Remittance.incident_id.is_(None),
        Remittance.drill.is_(False),
        Remittance.id != one.id,
        Remittance.person_id != one.person_id,
    )
    here = session.scalars(
        select(func.max(Remittance.id))
        .where(*same, Remittance.requested_at > begin, Remittance.requested_at <= one.requested_at)
        .group_by(Remittance.person_id)
        .limit(MAX_COMPARED)
    ).all()
    before = session.scalar(
        select(func.count())
        .select_from(Remittance)
        .where(*same, Remittance.requested_at <= begin, Remittance.requested_at > begin - timedelta(days=USUAL_DAYS))
    )
    return cluster(rules, [int(each or 0) for each in here], int(before or 0), rule)


def _country(session: Session, one: Remittance) -> str:
    return session.scalars(select(Case.country).where(Case.id == one.case_id)).one()


def _far(session: Session, one: Remittance, rules: Rules) -> Fact | None:
    country = _country(session, one)
    mission = session.get_one(Mission, one.mission_id)
    return far_mission(rules, country, {mission.country, *mission.countries})
