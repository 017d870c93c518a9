"""Searching, paging, checking and exporting the audit trail."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from werkzeug.datastructures import MultiDict

from hotline.auth.models import Officer
from hotline.console import audit_search
from hotline.console.audit_search import PAGE_ROWS, Wanted, export_csv, read_page, read_wanted
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer

KIM = Actor(kind="officer", id=71, name="Kim_100%")
LEE = Actor(kind="officer", id=72, name="Lee")


def fill(db: Database, clock: FrozenClock, count: int, *, actor: Actor = KIM, action: str = "thing.done") -> None:
    """Write entries one minute apart."""
    with db.transaction() as session:
        for number in range(count):
            clock.advance(timedelta(minutes=1))
            audit.record(
                session, clock, actor, action, "thing", number + 1, before={"n": number}, after={"n": number + 1}
            )


def found(db: Database, wanted: Wanted) -> list[int]:
    with db.transaction() as session:
        return [entry.seq for entry in read_page(session, wanted).entries]


def test_entries_are_found_by_actor_action_subject_and_time(db: Database, clock: FrozenClock) -> None:
    fill(db, clock, 2)
    fill(db, clock, 1, actor=LEE, action="other.done")
    assert found(db, Wanted()) == [3, 2, 1]
    assert found(db, Wanted(actor="lee")) == [3]
    assert found(db, Wanted(action="thing.done")) == [2, 1]
    assert found(db, Wanted(action="other.")) == [3]
    assert found(db, Wanted(subject="thing:2")) == [2]
    assert found(db, Wanted(subject="thing")) == [3, 2, 1]
    assert found(db, Wanted(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=3))) == [2]


def test_signs_that_mean_something_to_the_database_are_only_letters(db: Database, clock: FrozenClock) -> None:
    fill(db, clock, 1)
    assert found(db, Wanted(actor="_100%")) == [1]
    assert found(db, Wanted(actor="%")) == [1]
    assert found(db, Wanted(actor="K%m")) == []


def test_pages_lead_back_and_forth_without_losing_or_repeating_an_entry(db: Database, clock: FrozenClock) -> None:
    fill(db, clock, 2 * PAGE_ROWS + 3)
    with db.transaction() as session:
        first = read_page(session, Wanted())
        second = read_page(session, Wanted(), before=first.older)
        third = read_page(session, Wanted(), before=second.older)
        back = read_page(session, Wanted(), after=third.newer)
    assert [len(page.entries) for page in (first, second, third)] == [PAGE_ROWS, PAGE_ROWS, 3]
    assert (first.newer, third.older) == (None, None)
    seqs = [entry.seq for page in (first, second, third) for entry in page.entries]
    assert seqs == list(range(2 * PAGE_ROWS + 3, 0, -1))
    assert [entry.seq for entry in back.entries] == [entry.seq for entry in second.entries]


def test_form_times_are_in_the_readers_zone() -> None:
    wanted = read_wanted(MultiDict({"since": "2026-11-21T12:00"}), "Asia/Seoul")
    assert wanted.since == NOW


@pytest.mark.parametrize(
    "change", [{"since": "yesterday"}, {"subject": "officer:x"}, {"subject": "officer:" + "9" * 40}]
)
def test_search_that_cannot_be_read_is_refused_with_its_field(change: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_wanted(MultiDict(change), "Asia/Seoul")
    assert caught.value.field in change


def test_faulty_search_is_explained_on_the_page(visitor: Visitor, boss: Officer) -> None:
    answer = visitor.get("/audit?subject=officer:x")
    assert answer.status_code == 422
    assert "Write a kind, or a kind and a number" in answer.get_data(as_text=True)


def test_page_shows_who_did_what_and_the_difference(
    visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock
) -> None:
    visitor.post("/profile", {"language": "en", "zone": "Asia/Manila"})
    page = visitor.get("/audit?action=officer.preferences").get_data(as_text=True)
    assert "Boss" in page
    assert "language or zone changed" in page
    assert "<del>Asia/Seoul</del>" in page
    assert "<ins>Asia/Manila</ins>" in page
    assert f'href="/officers/{boss.id}"' in page


def test_stored_text_cannot_become_part_of_the_page(
    visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        audit.record(session, clock, KIM, "thing.done", "<b>kind</b>", 1, after={"<i>": "<script>alert(1)</script>"})
    page = visitor.get("/audit").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<b>kind" not in page


def test_whole_chain_is_said_to_hold_and_the_check_is_on_record(
    visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock
) -> None:
    fill(db, clock, 2)
    page = visitor.post("/audit/verify", follow_redirects=True).get_data(as_text=True)
    with db.transaction() as session:
        checked = session.scalar(select(func.count()).select_from(AuditEntry)) - 1
    assert f"The chain holds: {checked} entries were checked." in page
    with db.transaction() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert last is not None
    assert (last.action, last.after) == ("audit.verified", {"entries": checked, "broken_at_seq": None})


def test_entry_changed_behind_the_services_back_is_named(
    visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock
) -> None:
    fill(db, clock, 6)
    with db.transaction() as session:
        session.execute(text("ALTER TABLE audit_entries DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit_entries SET actor_name = 'Somebody else' WHERE seq = 4"))
        session.execute(text("ALTER TABLE audit_entries ENABLE TRIGGER USER"))
    page = visitor.post("/audit/verify", follow_redirects=True).get_data(as_text=True)
    assert "The chain is broken at entry 4" in page


def test_export_holds_what_was_searched_in_utc_and_no_formula(db: Database, clock: FrozenClock) -> None:
    fill(db, clock, 1)
    with db.transaction() as session:
        audit.record(session, clock, Actor("officer", 1, "=HYPERLINK(1)"), "thing.done", "thing", 9)
        content, count = export_csv(session, Wanted(subject="thing"))
    rows = list(csv.DictReader(io.StringIO(content)))
    assert (count, [row["seq"] for row in rows]) == (2, ["2", "1"])
    assert rows[0]["actor"] == "'=HYPERLINK(1)"
    assert rows[1]["at"] == "2026-11-21T03:01:00+00:00"
    assert rows[1]["before"] == '{"n": 0}'


def test_export_is_bounded_and_keeps_the_newest(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "MAX_EXPORT_ROWS", 6)
    monkeypatch.setattr(audit_search, "EXPORT_BATCH", 3)
    fill(db, clock, 8)
    with db.transaction() as session:
        content, count = export_csv(session, Wanted())
    assert count == 6
    assert [row["seq"] for row in csv.DictReader(io.StringIO(content))] == ["8", "7", "6", "5", "4", "3"]


def test_export_comes_as_a_file_and_is_itself_on_record(visitor: Visitor, boss: Officer, db: Database) -> None:
    answer = visitor.get("/audit.csv?actor=Boss")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'filename="audit-20261121T0300Z.csv"' in answer.headers["Content-Disposition"]
    with db.transaction() as session:
        assert "audit.exported" in session.scalars(select(AuditEntry.action)).all()


def test_those_without_the_permission_see_nothing_of_the_trail(visitor: Visitor, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="kim", roles=("author",))
    visitor.sign_in("kim")
    for path in ("/audit", "/audit.csv", "/overview/activity"):
        assert visitor.get(path).status_code == 403
    assert visitor.post("/audit/verify").status_code == 403
