"""A list of missions from CSV: all of it or nothing, every faulty row named, and the same file again changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput, TooLarge
from hotline.missions import duty, keeping
from hotline.missions.importing import COLUMNS, MAX_BYTES, MissionReport, import_missions
from hotline.missions.models import Mission


def row(post: int = 1, **more: str) -> dict[str, str]:
    return {
        "code": f"post-{post}", "name_ko": f"제{post} 공관", "name_en": f"Post {post}", "country": "CN", "city": "Beijing",
        "lat": "39.95", "lon": "116.46", "zone": "Asia/Shanghai", "phone": "+861055550100", "emergency_phone": "+8613055550100",
        "languages": "ko|zh|en", "regions": "Beijing|Tianjin", "kind": "consulate", "email": "duty@example.org",
        "hours": "Mo-Fr 09:00-12:00,13:30-17:30; PH off",
        "number": f"+8610555{post:05d}", "pool_number": f"+822555{post:05d}",
        "duty_name": "당직", "duty_phone": "+8613055550100", **more,
    }  # fmt: skip


def file_of(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode(encoding)


def take(session: Session, clock: FrozenClock, data: bytes) -> MissionReport:
    return import_missions(session, clock, SYSTEM, data)


def count(session: Session) -> int:
    return session.scalar(select(func.count(Mission.id))) or 0


def test_a_list_of_180_is_taken_over_and_the_same_again_changes_nothing(db: Database, clock: FrozenClock) -> None:
    data = file_of(*(row(number, partner="post-180" if number == 1 else "") for number in range(1, 181)))
    with db.transaction() as session:
        first = take(session, clock, data)
        assert (first.created_count, first.refused) == (180, [])
        entries = session.scalar(select(func.count(AuditEntry.seq)))
    with db.transaction() as session:
        again = take(session, clock, data)
        assert (again.created_count, again.updated_count, again.unchanged_count) == (0, 0, 180)
        assert session.scalar(select(func.count(AuditEntry.seq))) == (entries or 0) + 1
        mission = session.scalars(select(Mission).where(Mission.code == "post-1")).one()
        partner = session.get_one(Mission, mission.partner_id)
        assert (partner.code, mission.languages, mission.regions) == (
            "post-180",
            ["ko", "zh", "en"],
            ["Beijing", "Tianjin"],
        )
        assert [line.pool_number for line in duty.lines_of(session, mission.id)] == ["+82255500001"]
        assert [one.name for one in duty.duty_of(session, mission.id)] == ["당직"]
        kept = keeping.hours_of(session, mission.id)
        assert kept is not None and kept.hours == "Mo-Fr 09:00-12:00,13:30-17:30"


def test_one_bad_row_stops_the_whole_list_and_every_fault_is_named(db: Database, clock: FrozenClock) -> None:
    data = file_of(
        row(1),
        row(2, hours="Mo-Fr 9-17"),
        row(3, zone="Asia/Peking", country="China"),
        row(4, lat="north"),
        row(1),
        row(6, partner="nowhere"),
        row(7, number="+861055500001"),
    )
    with db.transaction() as session:
        report = take(session, clock, data)
        assert count(session) == 0
        assert session.scalar(select(func.count(AuditEntry.seq))) == 0
    named = [(fault["line"], fault["field"]) for fault in report.refused]
    assert named == [(3, "hours"), (4, "country"), (4, "zone"), (5, "lat"), (6, "code"), (8, "number"), (7, "partner")]
    assert all(fault["mend"] for fault in report.refused)


def test_a_changed_row_is_counted_as_changed(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        take(session, clock, file_of(row(1), row(2)))
        report = take(session, clock, file_of(row(1, city="Tianjin"), row(2)))
        assert (report.updated_count, report.unchanged_count) == (1, 1)


def test_the_korean_code_page_is_read(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        assert take(session, clock, file_of(row(1), encoding="cp949")).created_count == 1
        assert session.scalars(select(Mission.name_ko)).one() == "제1 공관"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "without code"),
        (b"code,name_ko\nx,y\n", "without name_en"),
        (file_of(row(1)).replace(b"duty_phone", b"fax"), "with fax"),
        (b"\xff\xfe\x00c\x00o", "UTF-8"),
        (file_of(row(1)) + b'"never ended', "not CSV"),
        (file_of() + b"a," * 40 + b"\n", "the header has"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(db: Database, clock: FrozenClock, data: bytes, said: str) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput, match=said):
        take(session, clock, data)


def test_sizes_are_limited(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session, pytest.raises(TooLarge, match="MB"):
        take(session, clock, b"x" * (MAX_BYTES + 1))


def exceptions_of(session: Session, clock: FrozenClock) -> list[tuple[str, str, str, str]]:
    mission_id = session.scalars(select(Mission.id)).one()
    found = keeping.spells_of(session, mission_id, clock.now().date())
    return [(one.first.isoformat(), one.last.isoformat(), one.hours, one.note) for one in found]


def test_days_with_hours_of_their_own_come_along_also_in_ranges_and_a_second_time(
    db: Database, clock: FrozenClock
) -> None:
    data = file_of(
        row(
            exceptions="2026-12-24/2026-12-31 off (moving house) | 2027-01-04 10:00-12:00|2026-11-01/2026-11-23 off (typhoon)"
        )
    )
    with db.transaction() as session:
        assert take(session, clock, data).refused == []
        today = clock.now().date().isoformat()
        assert exceptions_of(session, clock) == [
            (today, "2026-11-23", "off", "typhoon"), ("2026-12-24", "2026-12-31", "off", "moving house"),
            ("2027-01-04", "2027-01-04", "10:00-12:00", ""),
        ]  # fmt: skip
    clock.advance(timedelta(days=60))
    with db.transaction() as session:
        again = take(session, clock, data)
        assert (again.unchanged_count, again.refused) == (1, []), "what is over is passed over"


@pytest.mark.parametrize(
    ("cell", "mend"),
    [
        ("tomorrow off", "write a day"),
        ("2026-13-40 off", "write a day"),
        ("2026-12-24", "write a day"),
        ("2026-12-31/2026-12-24 off", "the first day or a later one"),
        ("2026-12-24/2027-04-24 off", "at most 92 days"),
        ("2026-12-24 noon", "write `off`"),
        ("2036-12-24 off", "three years ahead"),
        ("|".join(["2026-12-24 off"] * 61), "at most 60"),
    ],
)
def test_a_wrong_day_is_named_with_its_column(db: Database, clock: FrozenClock, cell: str, mend: str) -> None:
    with db.transaction() as session:
        (fault,) = take(session, clock, file_of(row(exceptions=cell))).refused
        assert fault["field"] == "exceptions" and mend in fault["mend"], fault
        assert count(session) == 0
