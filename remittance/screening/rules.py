"""Rules against fraud: what is counted, from which number on it is worth a look or a hold, and what the counts mean; pure.

Money of relatives is asked for by people who were robbed, and by gangs that hold people: jumps of requests at one place were
linked to scam compounds. No rule proves anything, so each only brings a finding that a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hotline.core.errors import InvalidInput, SeveralFaults
from remittance.screening.states import HOLD, NOTE

DEPOSITOR_MANY, PAYER_PHONE_MANY, PAYEE_AGAIN = "depositor_many", "payer_phone_many", "payee_again"
CLUSTER, CLUSTER_PLACE, COUNTRY_JUMP = "cluster", "cluster_place", "country_jump"
FAR_MISSION, SAME_DEVICE = "far_mission", "same_device"
MUTUAL = (DEPOSITOR_MANY, PAYER_PHONE_MANY, PAYEE_AGAIN, SAME_DEVICE)
"""What they find about one remittance they find about those that they counted with it too; others count what came before."""
OFF = "off"
CHOICES = (OFF, NOTE, HOLD)


@dataclass(frozen=True)
class Number:
    """One number of a rule and its bounds."""

    name: str
    least: int
    most: int


USUAL_DAYS = 90
"""Days before a cluster's hours from which follows what is usual."""
_COUNT, _DAYS = Number("count", 2, 50), Number("days", 1, 365)
_HOURS, _TIMES = Number("hours", 1, 720), Number("times", 1, 50)
RULES: dict[str, tuple[Number, ...]] = {
    DEPOSITOR_MANY: (_COUNT, _DAYS, Number("incident", 2, 50)),
    PAYER_PHONE_MANY: (_COUNT, _DAYS, Number("incident", 2, 50)),
    PAYEE_AGAIN: (_DAYS,),
    SAME_DEVICE: (_COUNT, _DAYS),
    CLUSTER: (_COUNT, _HOURS, _TIMES),
    CLUSTER_PLACE: (_COUNT, _HOURS, _TIMES, Number("km", 1, 200)),
    COUNTRY_JUMP: (_COUNT, _HOURS, _TIMES),
    FAR_MISSION: (),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    DEPOSITOR_MANY: {"severity": HOLD, "count": 3, "days": 30, "incident": 10},
    PAYER_PHONE_MANY: {"severity": HOLD, "count": 3, "days": 30, "incident": 10},
    PAYEE_AGAIN: {"severity": HOLD, "days": 90},
    SAME_DEVICE: {"severity": NOTE, "count": 3, "days": 7},
    CLUSTER: {"severity": HOLD, "count": 4, "hours": 24, "times": 3},
    CLUSTER_PLACE: {"severity": HOLD, "count": 4, "hours": 24, "times": 3, "km": 25},
    COUNTRY_JUMP: {"severity": NOTE, "count": 4, "hours": 720, "times": 3},
    FAR_MISSION: {"severity": NOTE},
}
"""A relative may help a couple, so two travellers are nothing and three are. Within one incident that was declared a mother pays
for her children and a travel agency for its group, so that those of the same incident are only noted until they are `incident`
people; more than a family and a small group are looked at first. A jump from 9 to 57 cases a year in one country is under one a
month that becomes nearly five: no day shows it, a month does, and a month holds nobody's money. Four strangers robbed at one
place in a day, and three times what is usual there, are an event that nobody declared an incident, or a compound. Three requests
from one address with one browser may be a lent telephone, so they are only noted."""


@dataclass(frozen=True)
class Fact:
    """What a rule found: how severe, the numbers for whoever decides, and a key that is another one when more was found."""

    rule: str
    severity: str
    numbers: dict[str, Any]
    key: str


def many_travellers(
    rule: str,
    rules: Mapping[str, Mapping[str, Any]],
    others: Mapping[int, int],
    mine: int,
    explained: Collection[int] = (),
) -> Fact | None:
    """Judge one depositor, one telephone number of relatives, or one device, for several travellers.

    `others` are other remittances by id with the person each is for; `mine` is the person of this one. `explained` are those
    of the others that belong to the same declared incident: as long as few enough are left without them, and all together stay
    below the rule's `incident`, the finding is only noted.
    """
    set_to = rules[rule]
    people = {*others.values(), mine}
    if set_to["severity"] == OFF or len(people) < set_to["count"]:
        return None
    strangers = {person for number, person in others.items() if number not in explained} | {mine}
    if len(strangers) < set_to["count"] and len(people) < set_to.get("incident", 0):
        set_to = {**set_to, "severity": NOTE}
    return _fact(rule, set_to, others, count=len(people), days=set_to["days"])


def payee_again(rules: Mapping[str, Mapping[str, Any]], sure: list[int], likely: list[int]) -> Fact | None:
    """Judge one payee who stands as several people: `sure` remittances have the same birth too, `likely` ones only the name."""
    set_to = rules[PAYEE_AGAIN]
    if set_to["severity"] == OFF or not (sure or likely):
        return None
    severity = set_to if sure else {"severity": NOTE}
    return _fact(PAYEE_AGAIN, severity, [*sure, *likely], births=len(sure), days=set_to["days"])


def cluster(rules: Mapping[str, Mapping[str, Any]], here: list[int], before: int, rule: str = CLUSTER) -> Fact | None:
    """Judge requests at one mission, or from one place, within the rule's hours.

    `here` are the others' within the hours; `before` came in the `USUAL_DAYS` before them, and tell what is usual.
    """
    set_to = rules[rule]
    if set_to["severity"] == OFF:
        return None
    count, usual = len(here) + 1, before * set_to["hours"] / (USUAL_DAYS * 24)
    if count < set_to["count"] or count < set_to["times"] * usual:
        return None
    more = {name: set_to[name] for name in ("hours", "km") if name in set_to}
    return _fact(rule, set_to, here, count=count, usual=round(usual, 1), **more)


def without_same(facts: Iterable[Fact | None]) -> list[Fact]:
    """Return clusters without those whose requests one before them counts too, as gravely: nobody decides one thing twice."""
    kept: list[Fact] = []
    for fact in facts:
        if fact is not None and not any(_says_as_much(each, fact) for each in kept):
            kept.append(fact)
    return kept


def _says_as_much(one: Fact, other: Fact) -> bool:
    grave = (one.severity, other.severity) != (NOTE, HOLD)
    return grave and set(other.numbers["remittances"]) <= set(one.numbers["remittances"])


def far_mission(rules: Mapping[str, Mapping[str, Any]], country: str, looked_after: set[str]) -> Fact | None:
    """Judge a mission that pays where the case is not: `looked_after` are the countries it is responsible for."""
    set_to = rules[FAR_MISSION]
    if set_to["severity"] == OFF or country in ("", "ZZ") or country in looked_after:
        return None
    return Fact(FAR_MISSION, set_to["severity"], {"country": country}, f"{country}:{','.join(sorted(looked_after))}")


def _fact(rule: str, set_to: Mapping[str, Any], others: Any, **numbers: Any) -> Fact:
    found = sorted(others)
    return Fact(rule, set_to["severity"], numbers | {"remittances": found[-50:]}, ",".join(str(each) for each in found))


def checked(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all rules with whole numbers, as they are kept; raises SeveralFaults naming each number that cannot be used."""
    faults: list[InvalidInput] = []
    kept: dict[str, dict[str, Any]] = {}
    for rule, numbers in RULES.items():
        mine = given.get(rule)
        mine = mine if isinstance(mine, Mapping) else {}
        if mine.get("severity") not in CHOICES:
            faults.append(InvalidInput(f"{rule}.severity", mine.get("severity"), f"use one of {', '.join(CHOICES)}"))
        kept[rule] = {"severity": mine.get("severity")}
        for number in numbers:
            value = _whole(mine.get(number.name))
            if value is None or not number.least <= value <= number.most:
                mend = f"use {number.least} to {number.most}"
                faults.append(InvalidInput(f"{rule}.{number.name}", mine.get(number.name), mend))
            kept[rule][number.name] = value
    if faults:
        raise SeveralFaults([{"field": each.field, "value": each.shown_value, "mend": each.mend} for each in faults])
    return kept


def _whole(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
