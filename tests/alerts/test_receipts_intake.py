"""Taking receipts in: many requests share a commit, each answers only after its own, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from alerts.receipts import intake
from alerts.receipts.intake import IncomingReceipt, ReceiptWriter, append
from hotline.core import group_commit
from hotline.core.errors import Unavailable
from hotline.core.services import Services
from tests.factories import NOW

REQUESTS = 24


def receipt(nth: int = 0) -> IncomingReceipt:
    return IncomingReceipt(nth, f"SM{nth}", "delivered", None, "+821012345678", NOW)


def kept(services: Services) -> list[int]:
    with services.db.connection() as connection:
        return [row[0] for row in connection.execute("SELECT message_id FROM receipts ORDER BY id").fetchall()]


@pytest.fixture
def writer(services: Services) -> Iterator[ReceiptWriter]:
    made = ReceiptWriter(services.settings.database_url)
    yield made
    made.close()


def in_threads(number: int, act: Any) -> list[Unavailable | None]:
    """Run `act(n)` in so many threads at once; the refusal that each met, if any."""
    outcome: list[Unavailable | None] = [None] * number
    start = threading.Barrier(number)

    def run(nth: int) -> None:
        start.wait(60)
        try:
            act(nth)
        except Unavailable as error:
            outcome[nth] = error

    threads = [threading.Thread(target=run, args=(nth,)) for nth in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return outcome


def test_every_answered_receipt_is_committed(services: Services, writer: ReceiptWriter) -> None:
    seen: list[bool] = []

    def request(nth: int) -> None:
        writer.append([receipt(nth)])
        seen.append(nth in kept(services))

    assert in_threads(8, request) == [None] * 8
    assert seen == [True] * 8


def test_requests_that_arrive_during_a_commit_share_the_next_one(
    services: Services, writer: ReceiptWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    first_is_in, let_go = threading.Event(), threading.Event()
    real = ReceiptWriter._insert

    def insert(self: ReceiptWriter, batch: Any) -> None:
        sizes.append(len(batch))
        first_is_in.set()
        assert let_go.wait(60)
        real(self, batch)

    monkeypatch.setattr(ReceiptWriter, "_insert", insert)
    first = threading.Thread(target=writer.append, args=([receipt(999)],))
    first.start()
    assert first_is_in.wait(60)
    others = [threading.Thread(target=writer.append, args=([receipt(nth)],)) for nth in range(REQUESTS)]
    for thread in others:
        thread.start()
    while len(writer._waiting) < REQUESTS:  # each thread puts its row down before it waits
        first.join(0.001)
    let_go.set()
    for thread in [first, *others]:
        thread.join(120)
    assert sizes == [1, REQUESTS]
    assert sorted(kept(services)) == [*range(REQUESTS), 999]


def test_a_full_queue_refuses_at_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ReceiptWriter(services.settings.database_url, max_waiting=2)
    with pytest.raises(Unavailable) as refused:
        writer.append([receipt(nth) for nth in range(3)])
    assert refused.value.code == "receipts-full"
    writer.append([receipt(1), receipt(2)])
    writer.close()
    assert kept(services) == [1, 2]


def test_a_request_does_not_wait_longer_than_its_limit(services: Services) -> None:
    writer = ReceiptWriter(services.settings.database_url, wait_s=0.2)
    writer.append([receipt(1)])
    with services.db.connection() as connection:
        connection.execute("LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable) as refused:
            writer.append([receipt(2)])
        assert refused.value.code == "receipts-slow"
    writer.append([receipt(3)])
    assert kept(services) == [1, 2, 3]
    writer.close()


def test_a_lost_connection_is_made_anew_and_nothing_is_lost(services: Services, writer: ReceiptWriter) -> None:
    writer.append([receipt(1)])
    with services.db.connection() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'hotline-receipts' AND datname = current_database()"
        )
    writer.append([receipt(2)])
    assert kept(services) == [1, 2]


def test_a_database_that_is_away_is_told_to_every_waiting_request(
    services: Services, writer: ReceiptWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("no such server")

    monkeypatch.setattr(group_commit.psycopg, "connect", refuse)
    outcome = in_threads(6, lambda nth: writer.append([receipt(nth)]))
    assert [type(error) for error in outcome] == [Unavailable] * 6
    monkeypatch.undo()
    writer.append([receipt(7)])
    assert kept(services) == [7]


def test_an_unexpected_fault_answers_the_requests_and_the_writer_goes_on(
    services: Services, writer: ReceiptWriter
) -> None:
    poisoned = IncomingReceipt(1, "SM\x00", "delivered", None, None, NOW)
    with pytest.raises(Unavailable):
        writer.append([poisoned])
    writer.append([receipt(2)])
    assert kept(services) == [2]


def test_a_closed_writer_has_written_everything_and_refuses_more(services: Services, writer: ReceiptWriter) -> None:
    writer.append([receipt(1)])
    writer.close()
    with pytest.raises(Unavailable):
        writer.append([receipt(2)])
    assert kept(services) == [1]


def test_the_commit_waits_for_the_disk_whatever_the_servers_default(services: Services, writer: ReceiptWriter) -> None:
    writer.append([receipt(1)])
    assert writer._connection is not None
    row = writer._connection.execute("SHOW synchronous_commit").fetchone()
    assert row == ("on",)


def test_one_process_has_one_writer(services: Services) -> None:
    assert in_threads(8, lambda nth: append(services, receipt(nth))) == [None] * 8
    writer = services.rooms[intake.ROOM]
    append(services, receipt(9))
    assert services.rooms[intake.ROOM] is writer
    writer.close()
    assert len(kept(services)) == 9
