"""Rosters from CSV: every row is taken or named, a look changes nothing, the same file again changes nothing."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, TooLarge
from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.volunteers import importing, keeping
from overflow.volunteers.importing import Report, import_roster
from overflow.volunteers.models import Volunteer
from tests.overflow.volunteers.making import make_volunteer

WRITER = Actor("officer", None, "writer", frozenset({"volunteers.write"}))
ROSTER = (
    "이름,전화번호,언어,기능,시간대,안내 언어\n"
    "김하늘,010-9000-0001,ko|en,visa:2,,\n"
    "Ana Ruiz,+34600000001,es en,,Europe/Madrid,en\n"
    "박가람,12,ko,,,\n"
    "이나래,010-9000-0001,ko,,,\n"
    "최다온,010-9000-0005,korean language,,Mars/Base,\n"
)


def _taken(services: Services, data: bytes, *, dry: bool = False, invite: bool = False) -> Report:
    return import_roster(services, WRITER, data, dry=dry, invite=invite)


def _count(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Volunteer)) or 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_good_rows_are_taken_and_every_bad_one_is_named(services: Services, encoding: str) -> None:
    report = _taken(services, ROSTER.encode(encoding))
    assert (report.rows, report.created_count, report.refused_count) == (5, 2, 3)
    assert [(row["line"], row["field"]) for row in report.refused] == [
        (4, "phone"), (5, "phone"), (6, "languages"), (6, "zone"),
    ]  # fmt: skip
    assert report.refused[1]["mend"] == "line 2 has the same number"
    with services.db.transaction() as session:
        kim = session.scalars(select(Volunteer).where(Volunteer.phone == "+821090000001")).one()
        assert (kim.name, kim.state, kim.languages, kim.skills) == ("김하늘", "applied", ["en", "ko"], {"visa": 2})
        assert kim.phone_verified_at is None and kim.consent_at is None, "a list proves nothing about anybody"


def test_a_look_says_the_same_and_changes_nothing(services: Services) -> None:
    looked = _taken(services, ROSTER.encode(), dry=True, invite=True)
    assert looked.created_count == 2 and _count(services) == 0
    assert _taken(services, ROSTER.encode()).to_json() == looked.to_json()


def test_the_same_file_again_changes_nothing_and_an_empty_cell_leaves_what_is_kept(services: Services) -> None:
    _taken(services, ROSTER.encode())
    again = _taken(services, ROSTER.encode())
    assert (again.created_count, again.updated_count, again.unchanged_count) == (0, 0, 2)
    changed = _taken(services, b"name,phone,languages,site\nKim,010-9000-0001,ko,Seoul\n")
    assert changed.updated_count == 1
    with services.db.transaction() as session:
        kim = session.scalars(select(Volunteer).where(Volunteer.phone == "+821090000001")).one()
        assert (kim.name, kim.site, kim.skills) == ("Kim", "Seoul", {"visa": 2})


def test_whoever_is_new_gets_a_link_once(services: Services) -> None:
    with services.db.transaction() as session:
        make_volunteer(session, phone="+34600000001")
    _taken(services, ROSTER.encode(), invite=True)
    with services.db.transaction() as session:
        sent = session.scalars(select(Notice)).all()
        assert [(notice.phone, notice.purpose) for notice in sent] == [("+821090000001", "volunteer")]
        assert f"{services.settings.public_url}/v/" in sent[0].body and sent[0].secret


def test_a_file_that_cannot_be_read_changes_nothing(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput) as fault:
        _taken(services, b"name,phone\nKim,010-9000-0001\n")
    assert fault.value.field == "header" and "languages" in fault.value.mend
    with pytest.raises(TooLarge):
        _taken(services, b"x" * (importing.MAX_BYTES + 1))
    monkeypatch.setattr(importing, "MAX_ROWS", 2)
    with pytest.raises(TooLarge):
        _taken(services, ROSTER.encode())
    assert _count(services) == 0


MANY = "name,phone,languages\n" + "".join(f"Kim {n},010-9100-{n:04},ko\n" for n in range(7)) + "Kim,010-9100-0001,ko\n"


@pytest.mark.parametrize("dry", [True, False])
def test_a_list_is_taken_in_batches_so_that_nobody_waits_for_the_trail(
    services: Services, monkeypatch: pytest.MonkeyPatch, dry: bool
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 3)
    add, seen = keeping.add, list[int]()

    def adding(session: Session, *given: Any, **more: Any) -> Volunteer:
        if len(seen) % 3 == 0:  # before the first row of a batch the trail is free, and what came before is kept
            with services.db.transaction() as other:
                other.execute(text("SET LOCAL lock_timeout = '3s'"))
                audit.record(other, services.clock, WRITER, "volunteer.changed", "volunteer", None)
        seen.append(_count(services))
        return add(session, *given, **more)

    monkeypatch.setattr(keeping, "add", adding)
    report = _taken(services, MANY.encode(), dry=dry)
    assert (report.rows, report.created_count, report.refused_count) == (8, 7, 1)
    assert report.refused[0]["mend"] == "line 3 has the same number", "also where that line was in another batch"
    assert seen == ([0] * 7 if dry else [0, 0, 0, 3, 3, 3, 6])
    assert _count(services) == (0 if dry else 7)


def test_what_was_taken_before_an_import_broke_off_is_on_the_trail(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 3)
    add, calls = keeping.add, count()

    def adding(session: Session, *given: Any, **more: Any) -> Volunteer:
        if next(calls) == 4:
            raise RuntimeError("the machine is switched off")
        return add(session, *given, **more)

    monkeypatch.setattr(keeping, "add", adding)
    with pytest.raises(RuntimeError):
        _taken(services, MANY.encode())
    assert _count(services) == 3
    with services.db.transaction() as session:
        line = session.scalars(select(audit.AuditEntry).where(audit.AuditEntry.action == "volunteers.imported")).one()
        assert line.after == {"created": 3, "updated": 0, "unchanged": 0, "refused": 0, "completed": False}
