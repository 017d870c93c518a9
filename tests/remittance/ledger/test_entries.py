"""Entries by hand: asked for with a reason, posted by another officer's yes, refused, withdrawn; reversals go the same way."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, Refused
from remittance.ledger import entries
from remittance.ledger.balances import balances
from remittance.ledger.closing import ask as ask_month
from remittance.ledger.closing import close as close_month
from remittance.ledger.models import LedgerEntry, LedgerJournal
from remittance.ledger.posting import Line
from remittance.money.amounts import Money
from tests.factories import NOW
from tests.remittance.ledger.making import LAST_MONTH, Books, at_once

_forms = itertools.count(1)


def wish(books: Books, **change: Any) -> entries.Wish:
    lines = [Line(books.fees, Money(1_500, "KRW")), Line(books.bank, Money(-1_500, "KRW"))]
    values: dict[str, Any] = {
        "key": f"form-{next(_forms)}",
        "occurred_at": NOW,
        "memo": "bank charges",
        "reason": "on the statement",
        "lines": lines,
    } | change
    return entries.Wish(**values)


def act(books: Books, stage: Callable[..., LedgerEntry], actor: Actor, *more: Any) -> LedgerEntry:
    def run(session: Session) -> LedgerEntry:
        return stage(session, books.clock, actor, *more)

    with books.services.db.transaction() as session:
        return run(session)


def asked(books: Books, actor: Actor | None = None, **change: Any) -> int:
    return act(books, entries.ask, actor or books.one, wish(books, **change)).id


def test_a_second_officer_posts_what_the_first_asked_for(books: Books) -> None:
    entry_id = asked(books)
    with books.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LedgerJournal)) == 0, "nothing is posted before"
    entry = act(books, entries.agree, books.two, entry_id)
    assert (entry.state, entry.asked_by_id, entry.decided_by_id) == ("posted", books.one.id, books.two.id)
    with books.services.db.transaction() as session:
        journal = session.get_one(LedgerJournal, entry.journal_id)
        assert (journal.key, journal.about_kind, journal.about_id, journal.actor_id) == (
            f"entry:{entry_id}", "ledger_entry", entry_id, books.two.id,
        )  # fmt: skip
        assert balances(session, [books.fees]) == {books.fees: 1_500}
        actions = session.scalars(select(audit.AuditEntry.action).order_by(audit.AuditEntry.seq)).all()
        assert actions[-2:] == ["ledger.entry.ask", "ledger.entry.agree"]
    assert books.check().sound


def test_one_form_sent_twice_or_five_times_at_once_is_one_entry(books: Books) -> None:
    first = asked(books, key="one")
    assert asked(books, key="one") == first
    same = wish(books, key="two")
    made = at_once([partial(act, books, entries.ask, books.one, same) for _ in range(5)])
    assert len({each.id for each in made}) == 1
    for change, actor in (({"memo": "other charges"}, books.one), ({}, books.two)):
        with pytest.raises(Refused) as told:
            asked(books, actor, key="one", **change)
        assert told.value.code == "entry-key-taken"
    act(books, entries.agree, books.two, first)
    assert asked(books, key="one") == first, "also after it was posted"
    with pytest.raises(InvalidInput):
        asked(books, key="")
    with books.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 2


def test_nobody_agrees_to_their_own_and_nobody_reads_only_and_writes(books: Books) -> None:
    entry_id = asked(books)
    for actor, code in ((books.one, "four-eyes"), (books.auditor, "forbidden")):
        with pytest.raises(Forbidden) as told:
            act(books, entries.agree, actor, entry_id)
        assert told.value.code == code
    with pytest.raises(Forbidden):
        asked(books, books.auditor)


def test_two_yeses_at_once_post_one_journal(books: Books) -> None:
    entry_id = asked(books)
    results = at_once([partial(act, books, entries.agree, books.two, entry_id) for _ in range(4)])
    assert sum(not isinstance(result, HotlineError) for result in results) == 1
    with books.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LedgerJournal)) == 1


def test_refused_with_a_reason_or_withdrawn_it_is_never_posted(books: Books) -> None:
    refused, taken_back = asked(books), asked(books)
    with pytest.raises(InvalidInput, match="note"):
        act(books, entries.refuse, books.two, refused, "")
    with pytest.raises(Forbidden):
        act(books, entries.refuse, books.one, refused, "mine")
    assert act(books, entries.refuse, books.two, refused, "the bank took it back").note == "the bank took it back"
    with pytest.raises(Forbidden) as told:
        act(books, entries.withdraw, books.two, taken_back)
    assert told.value.code == "not-yours"
    assert act(books, entries.withdraw, books.one, taken_back).state == "withdrawn"
    for entry_id in (refused, taken_back):
        with pytest.raises(Refused) as wrong:
            act(books, entries.agree, books.two, entry_id)
        assert wrong.value.code == "wrong-state"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": " "}, "reason"), ({"reason": "r" * 1_001}, "reason"), ({"memo": ""}, "memo"), ({"memo": "a\x00"}, "memo"),
        ({"occurred_at": NOW + timedelta(days=3)}, "occurred_at"), ({"lines": []}, "lines"),
    ],
)  # fmt: skip
def test_what_posting_would_refuse_is_refused_when_it_is_asked(
    books: Books, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as told:
        asked(books, **change)
    assert told.value.field == field


def test_lines_of_another_currency_or_account_are_refused(books: Books) -> None:
    with pytest.raises(InvalidInput, match="is in KRW"):
        asked(books, lines=[Line(books.fees, Money(1, "HKD")), Line(books.due, Money(-1, "HKD"))])
    with pytest.raises(NotFound):
        asked(books, lines=[Line(999_999, Money(1, "KRW")), Line(books.bank, Money(-1, "KRW"))])
    with pytest.raises(NotFound):
        act(books, entries.agree, books.two, 999_999)


def test_a_reversal_is_asked_for_once_and_posted_by_another(books: Books) -> None:
    origin = books.deposit("d1", at=LAST_MONTH).journal_id
    entry = act(books, entries.ask_reversal, books.one, origin, "wrong depositor")
    with pytest.raises(Refused) as told:
        act(books, entries.ask_reversal, books.two, origin, "again")
    assert told.value.code == "reversal-waiting"
    done = act(books, entries.agree, books.two, entry.id)
    with books.services.db.transaction() as session:
        assert session.get_one(LedgerJournal, done.journal_id).reverses_id == origin
        assert balances(session, [books.bank]) == {books.bank: 0}
    for wrong, code in ((origin, "already-reversed"), (done.journal_id, "is-reversal")):
        with pytest.raises(Refused) as refusal:
            act(books, entries.ask_reversal, books.one, wrong, "again")
        assert refusal.value.code == code


def test_a_month_with_an_entry_that_waits_is_not_closed(books: Books) -> None:
    books.deposit("d1", at=LAST_MONTH)
    entry_id = asked(books, occurred_at=LAST_MONTH)
    with pytest.raises(Refused) as told, books.services.db.transaction() as session:
        ask_month(session, books.clock, books.one, "2026-10")
    assert told.value.code == "entries-waiting"
    act(books, entries.agree, books.two, entry_id)
    with books.services.db.transaction() as session:
        ask_month(session, books.clock, books.one, "2026-10")
    with books.services.db.transaction() as session:
        close_month(session, books.clock, books.two, "2026-10")
    late = asked(books, occurred_at=LAST_MONTH)
    with pytest.raises(Refused) as closed:
        act(books, entries.agree, books.two, late)
    assert closed.value.code == "period-closed"


def test_entries_do_not_pile_up_without_end(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MAX_WAITING", 2)
    asked(books)
    asked(books)
    with pytest.raises(Refused) as told:
        asked(books)
    assert told.value.code == "too-many-entries"
