"""What if it dies here, comes twice, or at the same time: lists stay whole, and no list is passed over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from remittance.requests import effects, moving
from remittance.screening import cli, examining, holding, lists
from remittance.screening.models import SanctionEntry, SanctionList, ScreeningCheck, ScreeningFinding, ScreeningMark
from tests.remittance.requests.making import make_remittance
from tests.remittance.screening.making import HEAD, ROWS, make_list

LISTED = {"payee_name": "오덕삼"}


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


def test_a_list_that_dies_half_way_leaves_the_one_before(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        first = make_list(session, clock)

    def die(name: str) -> list[int]:
        raise OSError(name)

    monkeypatch.setattr(lists, "key_numbers", die)
    with pytest.raises(OSError, match="OH, Deoksam"), services.db.transaction() as session:
        make_list(session, clock, ROWS.replace("1970", "1971") + "Somebody New,,,XX,TEST,T-4\n")
    with services.db.transaction() as session:
        assert [each.id for each in lists.holding(session)] == [first.id]
        entries = session.scalars(select(SanctionEntry)).all()
        assert len(entries) == 3 and all(each.until_list_id is None for each in entries)
        assert {each.reference for each in lists.candidates(session, "오덕삼")} == {"T-2"}


def test_one_file_sent_by_several_at_once_is_one_version(services: Services, clock: FrozenClock) -> None:
    def send(_: int) -> int:
        with services.db.transaction() as session:
            return make_list(session, clock).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    with services.db.transaction() as session:
        assert len(session.scalars(select(SanctionList)).all()) == 1


def test_looking_that_dies_before_its_end_leaves_nothing_and_is_done_again(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock, **LISTED)

    def die(*_: Any) -> None:
        raise OSError("the process dies")

    with monkeypatch.context() as broken:
        broken.setattr(examining, "_record", die)
        with pytest.raises(OSError, match="dies"):
            holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "requested"
        for table in (ScreeningCheck, ScreeningFinding, ScreeningMark):
            assert session.scalars(select(table)).all() == []
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "on_hold"


def test_one_that_cannot_be_held_keeps_no_other_waiting(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        bad = make_remittance(session, clock, **LISTED)
        good = make_remittance(session, clock, payer_phone="+82 10-2000-0012", **LISTED)

    def refuse(_session: Any, _clock: Any, one: Any, _step: Any) -> None:
        if one.id == bad.id:
            raise Refused("No.", code="no")

    monkeypatch.setitem(effects.EFFECTS, "test", refuse)
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, bad.id).state == "requested" and moving.get(session, good.id).state == "on_hold"
    monkeypatch.delitem(effects.EFFECTS, "test")
    assert holding.sweep(services) == 1


def test_a_fact_about_nothing_is_passed_over(services: Services) -> None:
    holding.on_moved(services, {"remittance_id": 999_999})


def test_the_command_takes_over_names_faults_and_sweeps(
    services: Services, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_services", lambda: services)
    with services.db.transaction() as session:
        one = make_remittance(session, clock, **LISTED)
    file = tmp_path / "list.csv"
    file.write_text("name,reference\n,T-1\n", encoding="utf-8")
    refused = CliRunner().invoke(cli.screening, ["import", str(file), "--list", "test"])
    assert refused.exit_code == 1 and "name (list line 2)" in refused.output and "refused whole" in refused.output
    file.write_text(HEAD + ROWS, encoding="utf-8")
    taken = CliRunner().invoke(cli.screening, ["import", str(file), "--list", "test"])
    assert taken.exit_code == 0 and "3 entries, 3 new or changed, 0 gone" in taken.output
    assert "nothing was changed" in CliRunner().invoke(cli.screening, ["import", str(file), "--list", "test"]).output
    file.write_text(HEAD + "김덕배,,,XX,TEST,T-9\n", encoding="utf-8")
    small = CliRunner().invoke(cli.screening, ["import", str(file), "--list", "test"])
    assert small.exit_code == 1 and "would shrink" in small.output
    assert "Looked into 1 remittances" in CliRunner().invoke(cli.screening, ["sweep"]).output
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "on_hold"
