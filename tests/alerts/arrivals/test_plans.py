"""Hot statements of roaming and arrivals are answered by their indexes, also by general plans and with many rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from alerts.arrivals import sweep
from hotline.core.db import Database
from hotline.roaming import fold
from tests.factories import NOW

PEOPLE, CROSSINGS = 20_000, 60_000


@pytest.fixture
def filled(db: Database) -> Database:
    """Many people, their crossings and arrivals, nearly all of them done with."""
    with db.connection() as connection:
        connection.execute(
            """INSERT INTO travellers (id, name, phone, phone_region, created_at, updated_at) OVERRIDING SYSTEM VALUE
               SELECT n, 'T', '+8210' || lpad(n::text, 8, '0'), 'KR', %s, %s FROM generate_series(1, %s) n""",
            (NOW, NOW, PEOPLE),
        )
        connection.execute(
            """INSERT INTO crossings (traveller_id, country, home, at, seen_until, received_at, considered)
               SELECT 1 + n %% %s, (ARRAY['PH','JP','KR'])[1 + n %% 3], n %% 3 = 2, %s - n * interval '1 min',
                      %s - n * interval '1 min', %s, n > 50 FROM generate_series(1, %s) n""",
            (PEOPLE, NOW, NOW, NOW, CROSSINGS),
        )
        connection.execute(
            """INSERT INTO arrivals (traveller_id, phone, country, arrived_at, due_at, state, decided_at)
               SELECT 1 + n %% %s, '+8210' || lpad((1 + n %% %s)::text, 8, '0'), 'PH', %s - n * interval '1 min', %s,
                      CASE WHEN n <= 50 THEN 'waiting' ELSE 'greeted' END, CASE WHEN n > 50 THEN %s END
                 FROM generate_series(1, %s) n""",
            (PEOPLE, PEOPLE, NOW, NOW, NOW, CROSSINGS),
        )
        connection.execute("ANALYZE travellers, crossings, arrivals")
    return db


def plan(connection: psycopg.Connection[Any], statement: str, values: object) -> str:
    return "\n".join(row[0] for row in connection.execute("EXPLAIN " + statement, values).fetchall())  # type: ignore[call-overload]


def test_new_crossings_and_due_arrivals_are_found_by_their_indexes(filled: Database) -> None:
    with filled.connection() as connection:
        taking = plan(connection, sweep._TAKE, {"most": 5_000, "settle": 20})
        due = plan(connection, sweep._DUE, {"now": NOW, "most": 1_000})
    assert "ix_crossings_new" in taking
    assert "ix_arrivals_waiting" in due
    assert "Seq Scan on crossings" not in taking
    assert "Seq Scan on arrivals" not in due


def test_what_is_known_of_a_number_is_read_for_the_batch_only(filled: Database) -> None:
    values = {"phones": [f"+8210{nth:08}" for nth in range(1, 101)], "since": NOW - timedelta(days=120)}
    with filled.connection() as connection:
        for statement in (sweep._GREETED, sweep._HOMES, sweep._LAST):
            shown = plan(connection, statement, values)
            assert "Seq Scan on travellers" not in shown, shown
            assert "Seq Scan on arrivals" not in shown, shown
            assert "Seq Scan on crossings" not in shown, shown


def test_folding_finds_people_by_number_and_their_last_crossing_by_time(filled: Database) -> None:
    with filled.connection() as connection:
        connection.execute("INSERT INTO carriers (code, name, style, created_at) VALUES ('one', 'One', 'plmn', now())")
        connection.execute(
            """INSERT INTO roaming_batches (carrier_id, call_hash, events, refused, received_at)
               SELECT 1, n::text, jsonb_build_array(jsonb_build_object('phone', '+8210' || lpad(n::text, 8, '0'),
                      'country', 'PH', 'at', now())), 0, now() FROM generate_series(1, 200) n"""
        )
        connection.execute("ANALYZE roaming_batches")
        ids = [row[0] for row in connection.execute("SELECT id FROM roaming_batches").fetchall()]
        connection.execute(fold._EVENTS, (ids,))
        connection.execute("ANALYZE incoming_events")
        knowing = plan(connection, fold._KNOWN, None)
        counting = plan(connection, fold._COUNT, None)
        connection.execute(fold._KNOWN)
        connection.execute("ANALYZE known")
        crossing = plan(connection, fold._CROSS, {"now": NOW})
    assert "ix_travellers_phone" in knowing
    assert "ix_travellers_phone" in counting
    assert "Seq Scan on crossings" not in crossing
