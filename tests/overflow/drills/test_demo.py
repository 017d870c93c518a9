"""The made-up round and training calls are made once, and only from what is there."""

from __future__ import annotations

from hotline.core.actor import SYSTEM
from overflow.drills import demo
from tests.factories import make_officer
from tests.overflow.drills.conftest import Rows, World


def test_a_finished_round_one_failing_line_and_two_training_calls_are_made_once(world: World, rows: Rows) -> None:
    with world.services.db.transaction() as session:
        make_officer(session, name=demo.TRAINER, roles=("senior_agent",))
        make_officer(session, name=demo.TRAINEE, roles=("mission_officer",))
    for _ in range(2):
        demo.load(world.services, SYSTEM)
    assert rows.value("SELECT report ->> 'failed' FROM line_test_rounds WHERE state = 'finished'") == "1"
    assert len(world.alarms()) == 1
    assert rows.value("SELECT string_agg(state, ',' ORDER BY id) FROM training_calls") == "held,scheduled"


def test_without_accounts_there_are_no_training_calls(world: World, rows: Rows) -> None:
    demo.load(world.services, SYSTEM)
    assert rows.value("SELECT count(*) FROM training_calls") == 0
