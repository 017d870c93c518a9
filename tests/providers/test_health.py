"""Shares move in small steps, away from who fails or is slow, back to who does well, and never when all are alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers import health
from hotline.providers.health import LEAST_SHARE, Pulse, Recent, decide, judge, note
from hotline.providers.models import Provider, ProviderPulse


def recent(name: str, *, share: int = 100, answered: int = 100, failed: int = 0, mean_ms: float = 100) -> Recent:
    return Recent(name, share, answered, failed, int(mean_ms * answered))


def steps(*providers: Recent) -> dict[str, tuple[int, str]]:
    return {each.name: (after, why) for each, after, why in decide(providers)}


def test_one_that_fails_loses_a_small_step() -> None:
    assert steps(recent("a", answered=90, failed=10), recent("b")) == {"a": (90, "fails")}


def test_one_that_is_much_slower_than_the_others_loses_a_step() -> None:
    assert steps(recent("a", mean_ms=4000), recent("b", mean_ms=300)) == {"a": (90, "slow")}
    assert steps(recent("a", mean_ms=900), recent("b", mean_ms=50)) == {}, "quick enough for anybody"


def test_nothing_moves_when_all_are_slow_or_all_fail() -> None:
    assert steps(recent("a", mean_ms=9000), recent("b", mean_ms=8000)) == {}
    assert steps(recent("a", answered=50, failed=50), recent("b", answered=50, failed=50)) == {}


def test_nothing_moves_away_from_the_only_one() -> None:
    assert steps(recent("a", answered=10, failed=90)) == {}


def test_one_that_does_well_drifts_back() -> None:
    assert steps(recent("a", share=40), recent("b")) == {"a": (45, "well")}
    assert steps(recent("a", share=98), recent("b")) == {"a": (100, "well")}
    assert steps(recent("a", share=40, answered=0), recent("b")) == {"a": (45, "well")}, "also without any texts"


def test_a_few_texts_are_no_reason() -> None:
    assert steps(recent("a", answered=5, failed=5), recent("b")) == {}


@given(
    st.lists(
        st.builds(
            Recent, st.sampled_from("abcd"), st.integers(0, 100), st.integers(0, 500), st.integers(0, 500),
            st.integers(0, 5_000_000),
        ),
        max_size=4, unique_by=lambda each: each.name,
    )
)  # fmt: skip
def test_every_step_is_small_and_somebody_always_keeps_a_share(providers: list[Recent]) -> None:
    taken = steps(*providers)
    for each in providers:
        after = taken.get(each.name, (each.share, ""))[0]
        assert min(each.share, LEAST_SHARE) <= after <= 100
        assert abs(after - each.share) <= 10
    losing = {name for name, (after, _) in taken.items() if after < next(p.share for p in providers if p.name == name)}
    assert len(losing) < max(1, len(providers))


def test_steps_are_taken_and_audited(services: Services, clock: FrozenClock, db: Database) -> None:
    tell(db, clock, Pulse("a", 50, 50, 0, 5.0), Pulse("b", 100, 0, 0, 5.0))
    assert judge(services) == 1
    with db.transaction() as session:
        shares = {each.name: each.share for each in session.scalars(select(Provider))}
        entry = session.scalars(select(AuditEntry)).one()
    assert shares == {"a": 90, "b": 100}
    assert (entry.action, entry.subject_kind, entry.actor_kind) == ("provider.share_changed", "provider", "system")
    assert (entry.before, entry.after) == ({"share": 100}, {"share": 90, "why": "fails", "provider": "a"})


def test_a_minute_of_quiet_lets_the_share_drift_back_to_the_full(
    services: Services, clock: FrozenClock, db: Database
) -> None:
    tell(db, clock, Pulse("a", 50, 50, 0, 5.0), Pulse("b", 100, 0, 0, 5.0))
    for _ in range(30):
        judge(services)
    with db.transaction() as session:
        assert {each.name: each.share for each in session.scalars(select(Provider))}["a"] == LEAST_SHARE
    clock.advance(timedelta(minutes=2))
    for _ in range(30):
        judge(services)
    with db.transaction() as session:
        assert {each.name: each.share for each in session.scalars(select(Provider))}["a"] == 100


def test_old_stretches_are_forgotten(services: Services, clock: FrozenClock, db: Database) -> None:
    tell(db, clock, Pulse("a", 1, 0, 0, 0.1))
    clock.advance(health.KEEP + timedelta(minutes=1))
    judge(services)
    with db.transaction() as session:
        assert session.scalars(select(ProviderPulse)).all() == []


def test_what_several_lanes_tell_adds_up(clock: FrozenClock, db: Database) -> None:
    for _ in range(3):
        tell(db, clock, Pulse("a", 10, 1, 2, 0.5))
    with db.transaction() as session:
        pulse = session.scalars(select(ProviderPulse)).one()
    assert (pulse.answered, pulse.failed, pulse.throttled, pulse.answer_ms) == (30, 3, 6, 1500)


@pytest.mark.parametrize("times", [1, 3])
def test_away_is_since_the_first_time_and_over_with_the_first_answer(
    clock: FrozenClock, db: Database, times: int
) -> None:
    first = clock.now()
    for _ in range(times):
        with db.connection() as connection:
            note(connection, clock.now(), [], ["a"])
        clock.advance(timedelta(seconds=10))
    with db.transaction() as session:
        assert session.scalars(select(Provider)).one().away_since == first
    tell(db, clock, Pulse("a", 1, 0, 0, 0.1))
    with db.transaction() as session:
        assert session.scalars(select(Provider)).one().away_since is None


def tell(db: Database, clock: FrozenClock, *pulses: Pulse) -> None:
    with db.connection() as connection:
        note(connection, clock.now(), pulses, [])
