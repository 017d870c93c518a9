"""The migrations lead to the models, up and down, with rows in place."""

from __future__ import annotations

import warnings

import psycopg
from alembic import command
from sqlalchemy import create_engine, inspect

from hotline.core import migrate
from hotline.core.db import Base, sqlalchemy_url
from hotline.platform.embedded import EmbeddedPostgres
from tests.factories import make_officer


def test_head_equals_the_models(database_url: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Alembic cannot compare the xid8 type and one operator class; both are tested below
        command.check(migrate.alembic_config(database_url))
    assert not migrate.pending(database_url)


def test_every_model_table_exists(database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(database_url))
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_down_and_up_again_with_rows_in_place(database_url: str, db: object, clock: object) -> None:
    from hotline.core.db import Database

    database = Database(database_url)
    with database.transaction() as session:
        make_officer(session)
    database.dispose()
    migrate.downgrade(database_url, "base")
    assert migrate.pending(database_url)
    with psycopg.connect(database_url) as connection:
        left = connection.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace").fetchone()
        assert left == (0,)
    migrate.upgrade(database_url)
    assert not migrate.pending(database_url)


def test_positions_are_stamped_with_the_writing_transaction(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO travellers (id, name, phone, phone_region, created_at, updated_at) "
            "VALUES (1, 'x', '+821020000001', 'KR', now(), now())"
        )
        connection.execute("INSERT INTO positions (traveller_id, source, observed_at) VALUES (1, 'test', now())")
        first = connection.execute("SELECT changed_xid::text::bigint FROM positions").fetchone()
        connection.execute("UPDATE positions SET country = 'PH'")
        second = connection.execute("SELECT changed_xid::text::bigint FROM positions").fetchone()
        assert first is not None and second is not None and second[0] > first[0]


def test_an_empty_database_is_pending(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("bare")
    assert migrate.pending(url)
    postgres.drop_database("bare")


def test_approvals_from_before_variants_keep_what_was_agreed(database_url: str) -> None:
    """A digest that fitted fits the new shape too, and one that did not is not made to fit by the way."""
    from alerts.approval import digest_of

    migrate.downgrade(database_url, "0001")
    texts, areas = {"ko": "홍수", "en": "Flood"}, [{"description": "x", "polygons": [], "circles": []}]
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO officers (id, name, display_name, created_at) VALUES (1, 'a', 'A', now())")
        for alert_id, digest in ((1, digest_of(areas, texts, False)), (2, "0" * 64)):
            connection.execute(
                "INSERT INTO alerts (id, state, version, source, headline, event, status, msg_type, scope, category, urgency,"
                " severity, certainty, expires, author_id, created_at, updated_at) OVERRIDING SYSTEM VALUE VALUES (%s,"
                " 'finished', 1, 'hand', 'x', 'x', 'Actual', 'Alert', 'Public', 'Met', 'Past', 'Minor', 'Likely', now(), 1,"
                " now(), now())",
                (alert_id,),
            )
            connection.execute(
                "INSERT INTO alert_texts (alert_id, language, body) VALUES (%s, 'en', 'Flood')", (alert_id,)
            )
            connection.execute(
                "INSERT INTO approvals (alert_id, officer_id, at, areas, texts, digest, audience_estimate, drill, expires)"
                " VALUES (%s, 1, now(), %s, %s, %s, 1, false, now())",
                (alert_id, psycopg.types.json.Jsonb(areas), psycopg.types.json.Jsonb(texts), digest),
            )
    migrate.upgrade(database_url)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT texts, digest FROM approvals ORDER BY alert_id").fetchall()
        assert [kept for kept, _ in rows] == [{"alert": texts}] * 2
        assert rows[0][1] == digest_of(areas, {"alert": texts}, False)
        assert rows[1][1] == "0" * 64
        assert connection.execute("SELECT DISTINCT variant FROM alert_texts").fetchall() == [("alert",)]
    migrate.downgrade(database_url, "0001")
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT texts, digest FROM approvals WHERE alert_id = 1").fetchone()
        assert row == (texts, digest_of(areas, texts, False))
    migrate.upgrade(database_url)
