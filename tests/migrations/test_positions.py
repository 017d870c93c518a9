"""Positions that were held before sightings existed go on being held, each with an end."""

from __future__ import annotations

import psycopg

from hotline.core import migrate

PEOPLE = """
INSERT INTO travellers (id, name, phone, phone_region, created_at, updated_at)
SELECT n, 'x', '+82102000000' || n, 'KR', now(), now() FROM generate_series(1, 4) n
"""
POSITIONS = """
INSERT INTO positions (traveller_id, lat, lon, cell, country, precision, source, observed_at, valid_until) VALUES
    (1, 14.6, 121, 7, 'PH', 'exact', 'import', now() - interval '200 days', NULL),
    (2, 35.7, 139.7, 8, 'JP', 'city', 'api', now() - interval '1 day', now() + interval '2 days'),
    (3, 35.7, 139.7, 8, 'JP', 'city', 'api', now() - interval '1 day', now() - interval '2 days'),
    (4, NULL, NULL, NULL, 'ZZ', 'exact', 'erased', now(), NULL)
"""
HELD = """
SELECT p.traveller_id, p.valid_until > now(), p.valid_until = s.valid_until, p.recheck_at = s.valid_until, s.source
  FROM positions p LEFT JOIN sightings s USING (traveller_id) ORDER BY 1
"""


def test_what_was_held_is_taken_over_with_an_end_and_stays_when_going_back(database_url: str) -> None:
    migrate.downgrade(database_url, "0002")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(PEOPLE)
        connection.execute(POSITIONS)
    migrate.upgrade(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(HELD).fetchall() == [
            (1, True, True, True, "import"), (2, True, True, True, "api"), (3, False, True, True, "api"),
            (4, None, None, None, None),
        ]  # fmt: skip
    migrate.downgrade(database_url, "0002")
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute("SELECT traveller_id FROM positions WHERE lat IS NOT NULL ORDER BY 1").fetchall()
        assert rows == [(1,), (2,), (3,)]
    migrate.upgrade(database_url)
    assert not migrate.pending(database_url)
