"""Claims at scale use their index, never walk over what is done, and never give one row to two lanes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from alerts.dispatch import claims, doubt, ending, sweep
from alerts.dispatch.claims import CLAIM_ANY, claim
from alerts.dispatch.results import _RECORD_ANY, _RECORD_SENDING
from alerts.dispatch.severity import OTHERS_WAITING
from alerts.dispatch.terms import Terms
from hotline.core.db import Database
from hotline.platform.embedded import EmbeddedPostgres
from tests.alerts.dispatch.conftest import Running
from tests.factories import NOW, make_alert, make_officer

MILLION = 1_000_000
TYPES = {
    "alert_id": "bigint",
    "after_id": "bigint",
    "now": "timestamptz",
    "since": "timestamptz",
    "most": "int",
    "lease_until": "timestamptz",
    "held_until": "timestamptz",
    "state": "text",
    "provider": "text",
    "sender": "text",
    "senders": "text[]",
    "ids": "bigint[]",
    "numbers": "smallint[]",
    "outcomes": "text[]",
    "states": "text[]",
    "sids": "text[]",
    "statuses": "text[]",
    "codes": "text[]",
    "again": "timestamptz[]",
}


def plan_of(
    connection: psycopg.Connection[Any], statement: str, values: dict[str, Any], *, general: bool = False
) -> dict[str, Any]:
    """Run the statement as a prepared one and return its plan with the pages it touched; the caller rolls back.

    `general` asks for the plan the server settles on after a few executions, which knows none of the values.
    """
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    for number, name in enumerate(names, start=1):
        statement = statement.replace(f"%({name})s", f"${number}")
    types = ", ".join(TYPES[name] for name in names)
    mode = "force_generic_plan" if general else "force_custom_plan"
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(f"SET LOCAL plan_cache_mode = {mode}")
    cursor.execute(f"PREPARE examined ({types}) AS {statement}")
    places = ", ".join("%s" for _ in names)
    cursor.execute(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE examined ({places})", [values[name] for name in names]
    )
    row = cursor.fetchone()
    cursor.execute("DEALLOCATE examined")
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


@pytest.fixture(scope="module")
def million(postgres: EmbeddedPostgres) -> Iterator[tuple[Database, int]]:
    """A database in which one alert has a million waiting messages; every test takes its changes back."""
    database = Database(postgres.create_database("a_million", template="hotline_template"), pool_size=2)
    with database.transaction() as session:
        alert_id = make_alert(session, author=make_officer(session), state="dispatching").id
    with database.connection() as connection:
        connection.execute("SET LOCAL statement_timeout = '240s'")
        connection.execute(
            """INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts)
               SELECT %s, n, '+8210' || (30000000 + n), 'PH', 'ko', 1 FROM generate_series(1, %s) n""",
            (alert_id, MILLION),
        )
        connection.execute("ANALYZE messages")
    yield database, alert_id
    database.dispose()
    postgres.drop_database("a_million")


def values_for(alert_id: int, after_id: int) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "after_id": after_id,
        "now": NOW,
        "most": 256,
        "lease_until": NOW,
        "held_until": NOW,
        "state": "withdrawn",
        "since": NOW,
        "provider": "twilio",
        "sender": "+15005550006",
    }


STATEMENTS = {
    "claim": CLAIM_ANY,
    "look": claims.LOOK_ANY,
    "withdraw": ending._TAKE_BACK,
    "anything open": str(ending._ANY_OPEN).replace(":alert_id", "%(alert_id)s"),
    "leases over": doubt._LEASES_OVER,
    "doubts due": doubt._PICK,
    "is a doubt due": sweep._DOUBT_DUE,
    "open alerts": sweep._OPEN,
    "left behind": sweep._LEFT_BEHIND,
    "others waiting": OTHERS_WAITING,
}


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("name", STATEMENTS)
@pytest.mark.parametrize("done", [False, True])
def test_no_statement_of_the_dispatch_walks_over_a_million_rows(
    million: tuple[Database, int], name: str, done: bool, general: bool
) -> None:
    """Also not when the statistics are old: they say "queued" while nearly everything has been sent."""
    database, alert_id = million
    with database.connection() as connection:
        row = connection.execute("SELECT min(id) FROM messages").fetchone()
        assert row is not None
        after_id = int(row[0]) + (MILLION // 2 if done else 0)
        if done:
            # Only what the statement could mistake for its own needs to be done; half a million rows would take minutes.
            connection.execute("UPDATE messages SET state = 'sent' WHERE id <= %s", (int(row[0]) + 30_000,))
        plan = plan_of(connection, STATEMENTS[name], values_for(alert_id, after_id), general=general)
        connection.rollback()
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "messages"]
    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Index Only Scan", "ModifyTable"}
    assert pages(plan) < 256 * 80, "more than a few dozen pages for each row of a batch"


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("statement", [_RECORD_SENDING, _RECORD_ANY, claims.MARK_CHOSEN])
def test_recording_finds_messages_by_their_ids(million: tuple[Database, int], statement: str, general: bool) -> None:
    database, alert_id = million
    with database.connection() as connection:
        connection.execute(CLAIM_ANY, values_for(alert_id, 0) | {"most": 2_000})
        found = connection.execute("SELECT message_id FROM attempts ORDER BY message_id LIMIT 256").fetchall()
        ids = [message_id for (message_id,) in found]
        columns = {
            "ids": ids,
            "numbers": [1] * 256,
            "outcomes": ["accepted"] * 256,
            "states": ["sent"] * 256,
            "sids": [f"SM{message_id}" for message_id in ids],
            "statuses": ["queued"] * 256,
            "codes": [None] * 256,
            "again": [None] * 256,
            "now": NOW,
            "lease_until": NOW,
            "provider": "twilio",
            "senders": ["+15005550006"] * 256,
        }
        if statement == claims.MARK_CHOSEN:
            connection.execute("DELETE FROM attempts")
        plan = plan_of(connection, statement, columns, general=general)
        connection.rollback()
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "messages" and "Scan" in node["Node Type"]]
    assert {scan.get("Index Name") for scan in scans} <= {"pk_messages", None}
    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Bitmap Heap Scan"}
    assert sum(node["Actual Rows"] for node in nodes(plan) if node["Node Type"] == "ModifyTable") >= 256
    assert pages(plan) < 256 * 80


def test_a_claim_uses_the_index_of_waiting_messages(million: tuple[Database, int]) -> None:
    database, alert_id = million
    with database.connection() as connection:
        plan = plan_of(connection, CLAIM_ANY, values_for(alert_id, 0))
        connection.rollback()
    assert "ix_messages_waiting" in {node.get("Index Name") for node in nodes(plan)}


def test_a_lane_that_goes_on_from_its_last_id_does_not_walk_over_what_is_done(million: tuple[Database, int]) -> None:
    database, alert_id = million
    with database.connection() as connection:
        row = connection.execute("SELECT min(id) + 50_000 FROM messages").fetchone()
        assert row is not None
        connection.execute("UPDATE messages SET state = 'sent' WHERE id <= %s", row)
        going_on = plan_of(connection, CLAIM_ANY, values_for(alert_id, int(row[0])))
        from_start = plan_of(connection, CLAIM_ANY, values_for(alert_id, 0))
        connection.rollback()
    assert pages(going_on) < pages(from_start)


def test_a_row_that_another_lane_holds_is_skipped(running: Running, db: Database) -> None:
    terms = Terms.of(running.services.settings)
    first_id = running.rows()[0].id
    with db.connection() as holding:
        holding.execute("SELECT 1 FROM messages WHERE id = %s FOR UPDATE", (first_id,))
        with running.services.db.connection() as connection:
            claimed = claim(
                connection, running.clock.now(), terms, "twilio", running.alert_id, drill=False, after_id=0, most=10
            )
    assert [each.id for each in claimed] == [row.id for row in running.rows()[1:]]


def test_an_attempt_number_exists_only_once(running: Running, db: Database) -> None:
    values = {"message": running.rows()[0].id, "now": running.clock.now()}
    statement = (
        "INSERT INTO attempts (message_id, number, provider, started_at) VALUES (%(message)s, 1, 'twilio', %(now)s)"
    )
    with db.connection() as connection:
        connection.execute(statement, values)
    with pytest.raises(psycopg.errors.UniqueViolation), db.connection() as connection:
        connection.execute(statement, values)


def test_claims_come_in_the_order_of_the_ids_and_carry_their_attempt(running: Running) -> None:
    terms = Terms.of(running.services.settings)
    with running.services.db.connection() as connection:
        claimed = claims.claim(
            connection, running.clock.now(), terms, "twilio", running.alert_id, drill=False, after_id=0, most=2
        )
    assert [each.id for each in claimed] == [row.id for row in running.rows()[:2]]
    assert [each.attempt for each in claimed] == [1, 1]
    assert [row.attempts for row in running.rows()] == [1, 1, 0]
    assert running.outcomes() == [None, None]
