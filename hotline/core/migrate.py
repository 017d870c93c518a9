"""Bringing the database to the code's version, and saying plainly when it is not there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from hotline.core.db import CONNECT_TIMEOUT_S, sqlalchemy_url

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config(database_url: str) -> Config:
    """Return the Alembic configuration for a database; there is no ini file to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply every pending migration."""
    command.upgrade(alembic_config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take migrations back to `revision`."""
    command.downgrade(alembic_config(database_url), revision)


def head_revision() -> str:
    """Return the newest revision the code knows."""
    script = ScriptDirectory.from_config(alembic_config(""))
    head = script.get_current_head()
    assert head is not None
    return head


def current_revision(database_url: str) -> str | None:
    """Return the revision the database stands at, or None for an empty one."""
    engine = create_engine(sqlalchemy_url(database_url), connect_args={"connect_timeout": CONNECT_TIMEOUT_S})
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def pending(database_url: str) -> bool:
    """Say whether the database is behind (or ahead of) the code."""
    return current_revision(database_url) != head_revision()
