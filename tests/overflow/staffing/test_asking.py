"""What-if questions: checked by field, played once with progress, ended in time, and never more than a few at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.staffing import asking, simulation
from overflow.staffing.asking import FIELDS, Question, ask, find, play, read, sweep
from overflow.staffing.models import WhatIf
from tests.factories import make_officer

SMALL: dict[str, Any] = {"per_hour": 60, "factor": 6, "hours": 1, "agents": 6, "volunteers_b": 30}


@pytest.fixture
def chief(services: Services) -> Actor:
    with services.db.transaction() as session:
        return actor_of(make_officer(session, roles=("duty_chief",)), "console")


def _asked(services: Services, chief: Actor, **more: Any) -> int:
    with services.db.transaction() as session:
        return ask(session, services.clock, chief, read(SMALL | more)).id


def _found(services: Services, what_if_id: int) -> WhatIf:
    with services.db.transaction() as session:
        found = find(session, what_if_id)
        session.expunge(found)
        return found


def test_what_is_not_given_is_as_usual() -> None:
    assert read({}) == Question(**{name: field.usual for name, field in FIELDS.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", ["", "x", "-1", "1e3", "٣", "9" * 30, None, True, [], "nan", "1.2.3", 1e9])
def test_every_field_says_what_it_takes(name: str, value: Any) -> None:
    with pytest.raises(SeveralFaults) as caught:
        read({name: value})
    (fault,) = caught.value.faults
    assert fault["field"] == name
    assert f"from {FIELDS[name].least:g} to" in str(fault["mend"])


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SeveralFaults) as caught:
        read({"agents": "many", "hours": "0", "redial": "1.5"})
    assert [fault["field"] for fault in caught.value.faults] == ["hours", "agents", "redial"]


def test_more_calls_than_can_be_played_are_refused() -> None:
    with pytest.raises(SeveralFaults, match="faults") as caught:
        read({"per_hour": 2_000, "factor": 50, "hours": 48})
    assert "150,000" in str(caught.value.faults[0]["mend"])


def test_both_answers_are_played_and_the_one_with_help_is_better(services: Services, chief: Actor) -> None:
    asked = _asked(services, chief)
    assert play(services, asked) == "done"
    found = _found(services, asked)
    without, with_help = found.curves["a"], found.curves["b"]
    assert (found.state, found.progress) == ("done", 100)
    assert without["minutes"] == list(range(-30, 180, 15)) == with_help["minutes"]
    assert all(len(without[name]) == 14 for name in ("wait_s", "abandoned", "occupancy", "per_hour", "on_duty"))
    assert with_help["total"]["wait_s"] < without["total"]["wait_s"]
    assert with_help["total"]["abandoned"] < without["total"]["abandoned"] / 2
    assert max(with_help["on_duty"]) == 36
    assert max(without["on_duty"]) == 6
    assert play(services, asked) == "not-waiting"


def test_progress_is_written_down(services: Services, chief: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TOLD_EVERY_S", 0.0)
    asked, seen = _asked(services, chief), []
    real = asking.simulate

    def watched(*args: Any, **more: Any) -> Any:
        seen.append(_found(services, asked).progress)
        return real(*args, **more)

    monkeypatch.setattr(asking, "simulate", watched)
    play(services, asked)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[3] == 50  # three days of the first answer are done


def test_a_question_that_takes_too_long_ends(services: Services, chief: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "DEADLINE_S", -1.0)
    slow = _asked(services, chief)
    assert play(services, slow) == "failed"
    assert _found(services, slow).failure == "too_slow"
    monkeypatch.undo()
    monkeypatch.setattr(simulation, "MAX_CALLS", 100)
    long = _asked(services, chief)
    assert play(services, long) == "failed"
    assert _found(services, long).failure == "too_long"


def test_nobody_has_more_than_three_open(services: Services, chief: Actor) -> None:
    for _ in range(3):
        _asked(services, chief)
    with pytest.raises(Refused) as caught:
        _asked(services, chief)
    assert caught.value.code == "what-ifs-open"
    with services.db.transaction() as session:
        other = actor_of(make_officer(session, roles=("duty_chief",)), "console")
    assert _asked(services, other)


def test_the_sweep_brings_back_what_waits_and_gives_up_what_was_lost(
    services: Services, clock: FrozenClock, chief: Actor
) -> None:
    waiting, lost, old = _asked(services, chief), _asked(services, chief), _asked(services, chief)
    with services.db.transaction() as session:
        _set(session, lost, state="running", begun_at=clock.now() - timedelta(minutes=11))
        _set(session, old, state="done", asked_at=clock.now() - timedelta(days=31))
    assert sweep(services) == 1
    assert _found(services, waiting).state == "waiting"
    assert _found(services, lost).failure == "lost"
    with services.db.transaction() as session, pytest.raises(NotFound):
        find(session, old)


def _set(session: Session, what_if_id: int, **values: Any) -> None:
    found = find(session, what_if_id)
    for name, value in values.items():
        setattr(found, name, value)
