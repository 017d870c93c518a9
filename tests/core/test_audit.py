"""The audit trail: chained, append-only, and honest about tampering."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import GENESIS, AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database


def _record(db: Database, clock: FrozenClock, action: str = "thing.changed", **more: object) -> None:
    with db.transaction() as session:
        audit.record(session, clock, SYSTEM, action, "thing", 1, **more)  # type: ignore[arg-type]


def test_entries_are_chained_from_the_genesis_hash(db: Database, clock: FrozenClock) -> None:
    for number in range(3):
        _record(db, clock, after={"number": number})
    with db.transaction() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
        assert [entry.seq for entry in entries] == [1, 2, 3]
        assert entries[0].prev_hash == GENESIS
        assert [entry.prev_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
        assert audit.verify(session) == audit.ChainReport(3, None)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"]
)
def test_the_database_refuses_to_change_the_trail(db: Database, clock: FrozenClock, statement: str) -> None:
    _record(db, clock)
    with pytest.raises(DBAPIError, match="append-only"), db.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET actor_name = 'nobody' WHERE seq = 2",
        "UPDATE audit_entries SET after = '{\"number\": 99}' WHERE seq = 2",
        "DELETE FROM audit_entries WHERE seq = 2",
    ],
)
def test_verify_names_the_first_entry_changed_behind_the_trigger(
    db: Database, clock: FrozenClock, tampering: str
) -> None:
    for number in range(4):
        _record(db, clock, after={"number": number})
    with psycopg.connect(db.url, autocommit=True) as raw:
        raw.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
        raw.execute(tampering)  # type: ignore[call-overload]
    with db.transaction() as session:
        assert audit.verify(session, batch_size=2).broken_at_seq == 2


def test_entry_keeps_who_when_what_before_and_after(db: Database, clock: FrozenClock) -> None:
    officer = Actor(kind="officer", id=7, name="Kim", via="api")
    with db.transaction() as session:
        audit.record(
            session,
            clock,
            officer,
            "alert.edited",
            "alert",
            12,
            before={"expires": clock.now()},
            after={"roles": {"b", "a"}},
        )
    with db.transaction() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor_kind, entry.actor_id, entry.actor_name, entry.via) == ("officer", 7, "Kim", "api")
        assert (entry.subject_kind, entry.subject_id, entry.at) == ("alert", 12, clock.now())
        assert entry.before == {"expires": clock.now().isoformat()}
        assert entry.after == {"roles": ["a", "b"]}
        assert entry.hash == entry.computed_hash()


def test_concurrent_writers_never_fork_the_chain(db: Database, clock: FrozenClock) -> None:
    def write() -> None:
        for _ in range(10):
            _record(db, clock)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with db.transaction() as session:
        assert audit.verify(session) == audit.ChainReport(40, None)


def test_values_that_are_no_json_are_refused(db: Database, clock: FrozenClock) -> None:
    with pytest.raises(TypeError, match="JSON"):
        _record(db, clock, after={"bad": object()})
