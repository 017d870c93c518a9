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
