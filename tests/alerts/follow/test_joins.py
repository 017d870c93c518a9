"""Whoever enters the area of a live alert gets it too: once, until it expires, whatever dies or is emptied in between."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import func, select, text

from alerts import approval
from alerts.dispatch import ending
from alerts.follow import joins
from alerts.models import AlertWatch, AudienceSnapshot
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from tests.alerts.follow.conftest import ELSEWHERE, HERE, NORTH, THERE, WIDE, Chain
from tests.factories import NOW


def test_whoever_enters_gets_the_alert_once(chain: Chain) -> None:
    chain.person()
    enters, stays_out = chain.person(ELSEWHERE), chain.person(ELSEWHERE)
    alert = chain.first()
    assert joins.sweep(chain.services) == 0
    chain.move(enters, HERE)
    assert joins.sweep(chain.services) == 1
    assert chain.variants(alert)[enters] == "alert"
    for place in (ELSEWHERE, HERE, (6.0, 6.0)):
        chain.move(enters, place)
        assert joins.sweep(chain.services) == 0
    assert stays_out not in chain.states(alert)
    chain.send(alert)


def test_somebody_new_who_registers_inside_gets_it(chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    new = chain.person(HERE, language="en")
    assert joins.sweep(chain.services) == 1
    assert new in chain.states(alert)


def test_a_finished_alert_is_set_going_again_and_counts_those_who_joined(chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    assert ending.finish(chain.services, alert)
    enters = chain.person(HERE)
    assert joins.sweep(chain.services) == 1
    again = chain.alert(alert)
    assert (again.state, again.finished_at) == ("dispatching", None)
    chain.send(alert)
    assert ending.finish(chain.services, alert)
    with chain.services.db.transaction() as session:
        assert session.get_one(AudienceSnapshot, alert).joined == 1
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_id == alert).order_by(AuditEntry.seq)
        )
        assert list(actions) == ["alert.started", "alert.finished", "alert.resumed", "alert.finished"]
    assert chain.states(alert)[enters] == "sent"
    assert chain.services.redis.exists(f"job-latch:alerts.dispatch:{alert}")


def test_an_alert_that_reached_nobody_at_first_reaches_whoever_comes(chain: Chain) -> None:
    alert = chain.add()
    assert chain.start(alert) == "finished"
    person = chain.person()
    assert joins.sweep(chain.services) == 1
    assert chain.states(alert) == {person: "queued"}


@pytest.mark.parametrize("end", ["expired", "stopped", "replaced", "cancelled by a cancel"])
def test_an_alert_that_is_not_live_any_more_takes_nobody_in(chain: Chain, end: str) -> None:
    chain.person()
    alert = chain.first()
    if end == "expired":
        chain.clock.advance(timedelta(hours=7))
    elif end == "stopped":
        with chain.services.db.transaction() as session:
            approval.cancel(session, chain.clock, SYSTEM, alert)
    else:
        chain.start(chain.add("Update" if end == "replaced" else "Cancel", NORTH if end == "replaced" else None))
    late = chain.person(HERE)
    joins.sweep(chain.services)
    assert late not in chain.states(alert)
    with chain.services.db.transaction() as session:
        assert session.get(AlertWatch, alert) is None


def test_who_enters_the_area_of_an_update_gets_the_alert_of_the_update(chain: Chain) -> None:
    chain.person()
    chain.first()
    update = chain.add("Update", WIDE)
    chain.start(update)
    new = chain.person(THERE)
    assert joins.sweep(chain.services) == 1
    assert chain.variants(update)[new] == "alert"


def test_a_transaction_that_commits_late_is_not_missed(chain: Chain) -> None:
    """The position is written before the alert's audience is gathered and becomes visible only after it."""
    slow = chain.person(ELSEWHERE)
    url = chain.services.settings.database_url
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE positions SET lat = 5, lon = 5, cell = 0 WHERE traveller_id IN (SELECT id FROM travellers WHERE phone = %s)",
            (slow,),
        )
        alert = chain.add()
        chain.start(alert)
        chain.person(ELSEWHERE)
        joins.sweep(chain.services)
        assert slow not in chain.states(alert)
        connection.commit()
    assert joins.sweep(chain.services) == 1
    assert slow in chain.states(alert)


def test_someone_who_moves_while_the_rows_are_written_is_not_missed(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts import gather

    person = chain.person(ELSEWHERE)
    real = gather.people_inside

    def gathered(*given: object, **more: object) -> None:
        real(*given, **more)  # type: ignore[arg-type]
        chain.move(person, HERE)

    monkeypatch.setattr(gather, "people_inside", gathered)
    alert = chain.add()
    chain.start(alert)
    assert person not in chain.states(alert)
    assert joins.sweep(chain.services) == 1


def test_a_sweep_that_dies_before_its_rows_is_repeated_and_one_that_dies_after_them_does_no_harm(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = chain.add()
    chain.start(alert)
    person = chain.person()
    real = joins.join

    def dies(*given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(joins, "join", dies)
    with pytest.raises(KeyboardInterrupt):
        joins.sweep(chain.services)
    assert person not in chain.states(alert)
    monkeypatch.setattr(joins, "join", real)
    chain.services.redis.flushall()
    assert joins.sweep(chain.services) == 1
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE alert_watches SET snapshot = '1:1:'"))  # as if the rows alone had survived
    assert joins.sweep(chain.services) == 0
    assert chain.states(alert) == {person: "queued"}


def test_a_database_restored_from_an_older_copy_is_looked_at_whole(chain: Chain) -> None:
    alert = chain.add()
    chain.start(alert)
    person = chain.person()
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE alert_watches SET snapshot = '999999999:999999999:'"))
    assert joins.sweep(chain.services) == 1
    assert person in chain.states(alert)


def test_two_sweeps_at_once_do_the_work_of_one(chain: Chain) -> None:
    alert = chain.add()
    chain.start(alert)
    chain.person()
    with chain.services.db.transaction() as session:
        assert session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": joins._SWEEP_LOCK})
        assert joins.sweep(chain.services) == 0
    assert joins.sweep(chain.services) == 1
    assert len(chain.states(alert)) == 1


def test_nobody_enters_who_cannot_get_a_text_or_belongs_to_the_other_kind(chain: Chain) -> None:
    alert = chain.add()
    chain.start(alert)
    chain.person(opted_out_at=NOW)
    chain.person(number_bad_at=NOW)
    chain.person(erased_at=NOW)
    chain.person(drill=True)
    gone = chain.person()
    chain.move(gone, None)
    assert joins.sweep(chain.services) == 0
    assert chain.states(alert) == {}


def test_an_exercise_takes_in_drill_people_only(chain: Chain) -> None:
    alert = chain.add(status="Exercise")
    chain.start(alert)
    drill = chain.person(drill=True)
    chain.person()
    assert joins.sweep(chain.services) == 1
    assert chain.states(alert) == {drill: "queued"}


def test_many_enter_two_alerts_at_once_and_each_gets_both(chain: Chain) -> None:
    one = chain.add()
    other = chain.add(follows_id=None, chain_id=None, areas=WIDE)
    for alert in (one, other):
        chain.start(alert)
    for number in range(40):
        chain.person(HERE if number % 2 else THERE)
    assert joins.sweep(chain.services) == 60
    assert (len(chain.states(one)), len(chain.states(other))) == (20, 40)


def test_changed_positions_are_found_by_their_own_index(chain: Chain) -> None:
    with chain.services.db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
                " SELECT 'T', '+8211' || n, 'KR', now(), now() FROM generate_series(1, 20000) n"
            )
        )
        session.execute(
            text(
                "INSERT INTO positions (traveller_id, lat, lon, cell, source, observed_at)"
                " SELECT id, 50, 50, 0, 'test', now() FROM travellers"
            )
        )
    with psycopg.connect(chain.services.settings.database_url, autocommit=True) as connection:
        connection.execute("ANALYZE positions")
        row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        assert row is not None
    chain.person()
    with (
        psycopg.connect(chain.services.settings.database_url) as connection,
        psycopg.ClientCursor(connection) as cursor,
    ):
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + joins.CHANGED, {"since": row[0]})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ix_positions_changed_xid" in plan
    assert "Seq Scan" not in plan


def test_the_watch_of_an_alert_begins_with_its_messages_and_not_before(chain: Chain) -> None:
    alert = chain.add()
    with chain.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AlertWatch)) == 0
    chain.start(alert)
    with chain.services.db.transaction() as session:
        assert session.scalars(select(AlertWatch.alert_id)).all() == [alert]
