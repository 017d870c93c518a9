"""Lists are kept in versions, the newest holds, the same file changes nothing, and a name is found among a hundred thousand."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, text

from hotline.auth.permissions import ROLES
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from remittance.screening import clearing, lists, thresholds
from remittance.screening.comparing import asked_numbers
from remittance.screening.list_files import THING, Given, ListFile, read_list
from remittance.screening.models import SanctionEntry, SanctionName
from remittance.screening.rules import DEFAULTS
from remittance.screening.states import CLEAR, LISTS, READ, RULES
from tests.remittance.requests.making import make_actor, make_remittance
from tests.remittance.screening.making import HEAD, ROWS, make_finding, make_list


def test_the_same_file_again_changes_nothing(services: Services, clock: FrozenClock) -> None:
    file = read_list((HEAD + ROWS).encode())
    with services.db.transaction() as session:
        first, new = lists.take(session, clock, SYSTEM, "test", file)
        again, newer = lists.take(session, clock, SYSTEM, "test", file)
        assert (first.id, new) == (again.id, True) and not newer
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "screening.list_taken")).one().after == {
            "list": "test", "entries": 3, "added": 3, "gone": 0, "digest": file.digest,
        }  # fmt: skip


def test_the_newest_version_holds_and_what_did_not_change_is_kept_once(services: Services, clock: FrozenClock) -> None:
    changed = ROWS.replace("1970", "1970;1971").replace("Brightwater Made-Up Trading Ltd,,,XX,TEST,T-3\n", "")
    with services.db.transaction() as session:
        make_list(session, clock)
        second = make_list(session, clock, changed + "Somebody New,,,XX,TEST,T-4\n")
        assert (second.entries, second.added, second.gone) == (3, 2, 1)
        entries = session.scalars(select(SanctionEntry).order_by(SanctionEntry.id)).all()
        assert [(each.reference, each.until_list_id) for each in entries] == [
            ("T-1", None), ("T-2", second.id), ("T-3", second.id), ("T-2", None), ("T-4", None),
        ]  # fmt: skip
        found = lists.candidates(session, "OH DEOKSAM")
        assert {(each.reference, tuple(each.born)) for each in found} == {("T-2", ("1970", "1971"))}
        assert lists.candidates(session, "Brightwater Made-Up Trading") == []
        assert [each.id for each in lists.holding(session)] == [second.id] and len(lists.history(session)) == 2


def test_lists_stand_beside_each_other(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock, code="first")
        make_list(session, clock, "김덕배,,,XX,TEST,T-1\n", code="second")
        assert [each.code for each in lists.holding(session)] == ["first", "second"]
        assert {each.code for each in lists.candidates(session, "오덕삼")} == {"first"}


def test_a_list_that_loses_half_is_taken_only_where_that_is_meant(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        with pytest.raises(Refused) as error:
            make_list(session, clock, "김덕배,,,XX,TEST,T-9\n")
        assert error.value.code == "list-shrinks"
        assert make_list(session, clock, "김덕배,,,XX,TEST,T-9\n", smaller=True).gone == 3


def test_whoever_decides_findings_takes_no_list_over_and_sets_no_rule(services: Services, clock: FrozenClock) -> None:
    file = read_list((HEAD + ROWS).encode())
    with services.db.transaction() as session:
        for role in ("agent", "auditor", "mission_officer", "duty_chief", "finance_officer"):
            with pytest.raises(Forbidden):
                lists.take(session, clock, make_actor(session, clock, role), "test", file)
            with pytest.raises(Forbidden):
                thresholds.keep(session, clock, make_actor(session, clock, role), DEFAULTS)
        officer = make_actor(session, clock, "administrator")
        with pytest.raises(InvalidInput):
            lists.take(session, clock, officer, "Not A Code", file)
        assert lists.take(session, clock, officer, "test", file)[0].imported_by_id == officer.id
        assert thresholds.keep(session, clock, officer, DEFAULTS).kept_by_id == officer.id
        one = make_remittance(session, clock)
        finding = make_finding(session, clock, one)
        with pytest.raises(Forbidden):
            clearing.clear(session, clock, officer, finding.id, reason="No")
    settings = {LISTS, RULES}
    assert {role for role, may in ROLES.items() if may & settings and may & {READ, CLEAR}} == set()


def test_ships_are_kept_but_no_person_is_compared_with_them(services: Services, clock: FrozenClock) -> None:
    file = ListFile("ofac", (Given("1", "MADE UP STAR", THING), Given("2", "Made Up Person")), "0" * 64)
    with services.db.transaction() as session:
        assert lists.take(session, clock, SYSTEM, "test", file)[0].entries == 2
        assert session.scalars(select(SanctionName.name)).all() == ["Made Up Person"]
        assert all(each.name != "MADE UP STAR" for each in lists.candidates(session, "Made Up Star"))


@pytest.mark.long
def test_among_a_hundred_thousand_names_the_index_leaves_a_few(services: Services, clock: FrozenClock) -> None:
    dice = random.Random(38)
    parts = [
        "".join(dice.choice("bcdfghklmnprstvz") + dice.choice("aeiou") for _ in range(dice.randint(1, 4)))
        for _ in range(4_000)
    ]
    people = tuple(
        Given(f"N-{number}", " ".join(dice.choice(parts) for _ in range(dice.randint(2, 4))).title())
        for number in range(99_998)
    )
    wanted = (Given("W-1", "QUORBANI, Zelimkhan Tarek"), Given("W-2", "오덕삼"))
    with services.db.transaction() as session:
        lists.take(session, clock, SYSTEM, "test", ListFile("table", people + wanted, "1" * 64))
    with services.db.transaction() as session:
        session.execute(text("ANALYZE sanction_names, sanction_entries"))
        for asked, reference in (("Zelimhan Tarik Kurbani", "W-1"), ("OH DEOK SAM", "W-2")):
            found = lists.candidates(session, asked)
            assert reference in {each.reference for each in found} and len(found) <= lists.MAX_CANDIDATES
        keys = asked_numbers("Zelimhan Tarik Kurbani")
        values = {"keys": keys, "asked": len(keys), "most": lists.MAX_CANDIDATES}
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(session.execute(text(f"EXPLAIN {lists.CANDIDATES.text}"), values).scalars())
        assert "ix_sanction_names_keys" in plan and "Seq Scan on sanction_names" not in plan
        near = session.scalar(
            text("SELECT count(*) FROM sanction_names WHERE live AND keys && CAST(:keys AS integer[])"), {"keys": keys}
        )
        assert near is not None and near < 10_000, "a tenth of the list at most is looked at"
