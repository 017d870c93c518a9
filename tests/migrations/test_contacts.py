"""Cases that were there get their persons, their history keeps its entries, and going back leaves them as they were."""

from __future__ import annotations

import psycopg

from hotline.core import migrate

ROWS = """
INSERT INTO travellers (id, name, phone, phone_region, created_at, updated_at, erased_at) VALUES
    (1, '김민수', '+821020000001', 'KR', now(), now(), NULL), (2, '', '', 'ZZ', now(), now(), now());
INSERT INTO cases (id, traveller_id, source, state, priority, says, drill, severity, country, opened_at, updated_at) VALUES
    (1, 1, 'alert:1', 'open', 1, 'help', false, 'Severe', 'PH', now(), now()),
    (2, 1, 'alert:2', 'closed', 1, 'help', false, 'Severe', 'PH', now(), now()),
    (3, 2, 'person', 'closed', 1, 'safe', false, 'Severe', 'PH', now(), now());
INSERT INTO case_contacts (case_id, at, kind, body) VALUES (1, now(), 'answer', 'Roof'), (2, now(), 'note', 'x');
"""
PEOPLE = """
SELECT c.id, p.traveller_id, p.name, f.phone, p.erased_at IS NOT NULL
  FROM cases c JOIN persons p ON p.id = c.person_id LEFT JOIN person_phones f ON f.person_id = p.id ORDER BY c.id
"""
UNKNOWN_CALLER = """
WITH who AS (INSERT INTO persons (name, created_at, updated_at) VALUES ('Anna', now(), now()) RETURNING id),
     made AS (INSERT INTO cases (id, person_id, source, state, priority, says, drill, severity, country, opened_at,
                                 updated_at)
              SELECT 9, id, 'contact:1', 'open', 1, 'help', false, 'Unknown', 'ZZ', now(), now() FROM who RETURNING id)
INSERT INTO case_entries (case_id, at, kind) SELECT id, now(), 'note' FROM made
"""


def test_cases_keep_their_history_and_get_their_persons(database_url: str) -> None:
    migrate.downgrade(database_url, "0015")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(ROWS)
    migrate.upgrade(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(PEOPLE).fetchall() == [
            (1, 1, "김민수", "+821020000001", False), (2, 1, "김민수", "+821020000001", False), (3, 2, "", None, True),
        ]  # fmt: skip
        assert connection.execute("SELECT body FROM case_entries ORDER BY id").fetchall() == [("Roof",), ("x",)]
        connection.execute(UNKNOWN_CALLER)
    migrate.downgrade(database_url, "0015")
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT id, traveller_id FROM cases ORDER BY 1").fetchall() == [
            (1, 1),
            (2, 1),
            (3, 2),
        ]
        assert connection.execute("SELECT body FROM case_contacts ORDER BY id").fetchall() == [("Roof",), ("x",)]
        connection.execute("INSERT INTO case_contacts (case_id, at, kind) VALUES (1, now(), 'note')")
    migrate.upgrade(database_url)
    assert not migrate.pending(database_url)
