"""The audit trail stays whole whatever numbers and texts come into it."""

from __future__ import annotations

import pytest

from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from tests.hostile.conftest import Call, Things

COORDINATES = ["-0.0", "-0", "-0e0", "1e-7", "5e-324", "1E1", "0.1"]
NUMBERS = [-0.0, 1e16, 1.5e300, -1e22, 1e-300, 10**40, 0.1 + 0.2, True, None]


def test_no_coordinate_breaks_the_chain(call: Call, things: Things, db: Database) -> None:
    for latitude in COORDINATES:
        assert call("PATCH", f"/api/v1/missions/{things.mission}", f'{{"lat": {latitude}}}').status_code == 200
        place = f'{{"lat": {latitude}, "lon": {latitude}}}'
        assert call("POST", f"/api/v1/travellers/{things.traveller}/positions", place).status_code == 200
        with db.transaction() as session:
            assert audit.verify(session).broken_at_seq is None, latitude


def test_every_number_comes_back_as_it_was_hashed(db: Database, clock: FrozenClock) -> None:
    for number in NUMBERS:
        with db.transaction() as session:
            audit.record(
                session, clock, SYSTEM, "test.done", "test", 1, before={"a": [number]}, after={"b": {"c": number}}
            )
    with db.transaction() as session:
        assert audit.verify(session) == audit.ChainReport(len(NUMBERS), None)


def test_what_is_no_number_never_gets_into_the_trail(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session, pytest.raises(ValueError, match="not JSON compliant"):
        audit.record(session, clock, SYSTEM, "test.done", "test", 1, after={"a": float("nan")})
